import Tranche
import TrancheChains

/// The records of a batch whose own source is a file of CSV, whose items are records that no
/// payload of an event shows.
struct ListedRecords: RecordSupply {
    private let batch: BatchRecord
    private let source: any RecordMetaSource

    /// Takes the records of a batch; `nil` for any other source.
    init?(_ batch: Batch) {
        guard batch.source.definition.table.hasPrefix("csv:"),
            let source = batch.source as? any RecordMetaSource
        else { return nil }
        (self.batch, self.source) = (batch.record, source)
    }

    var fields: RecordFields? { source.fields }

    func place(of id: Int64) -> RecordPlace { RecordPlace(item: id) }

    func records(
        onFault: @escaping (RecordFault) throws -> Void
    ) async throws -> ChunkReader<Record> {
        try await source.records(of: batch, onFault: onFault)
    }
}
