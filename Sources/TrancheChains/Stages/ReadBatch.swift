import Tranche

/// The records of a batch that were read ahead of being written.
struct ReadBatch: Sendable {
    var chunks: [[Record]] = []
    /// What was found that is not a record.
    var faults: [RecordFault] = []

    /// The records, in order.
    ///
    /// - Parameter onFault: Called with content that is not a record, before the first of them.
    /// - Returns: The records.
    func reader(onFault: @escaping (RecordFault) throws -> Void) -> ChunkReader<Record> {
        var (faults, chunks) = (faults[...], chunks[...])
        return ChunkReader {
            while let fault = faults.popFirst() { try onFault(fault) }
            return chunks.popFirst()
        }
    }
}
