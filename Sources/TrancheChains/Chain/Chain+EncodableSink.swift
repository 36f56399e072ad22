public import Tranche

extension Chain where Element: Encodable {
    /// Ends the chain with a sink; each element is written as a record of its properties.
    ///
    /// Fields are named by the type's coding keys. A property that is an array or object becomes
    /// JSON. A record has the id of the item of which its element was made, as several may have.
    ///
    /// - Parameter sink: Where the records are written.
    /// - Returns: What can be run.
    public func write(to sink: some RecordSink) -> SinkChain {
        let records: Chain<Record> = step { context, elements in
            let encoder = RecordEncoder()
            return ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                return try encoder.records(of: chunk, madeOf: context.items(of: chunk))
            }
        }
        return SinkChain(records, sink: sink)
    }
}
