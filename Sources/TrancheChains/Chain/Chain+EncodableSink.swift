public import Tranche

extension Chain where Element: Encodable {
    /// Ends the chain with a sink; each element is written as a record of its properties.
    ///
    /// Fields are named by the type's coding keys. A property that is an array or object becomes
    /// JSON. The records are numbered from their batch's first id on: an element has no id.
    ///
    /// - Parameter sink: Where the records are written.
    /// - Returns: What can be run.
    public func write(to sink: some RecordSink) -> SinkChain {
        let records: Chain<Record> = step { context, elements in
            var next = context.batch.idStart
            let encoder = RecordEncoder()
            return ChunkReader {
                guard let chunk = try await elements.next() else { return nil }
                defer { next += Int64(chunk.count) }
                return try encoder.records(of: chunk, from: next)
            }
        }
        return SinkChain(records, sink: sink)
    }
}
