import Tranche

/// The items of a source that has no records, as records of their own.
enum ItemRecords {
    static let fields: RecordFields? = try? RecordFields(["id", "item", "weight"])
    private static let chunk = 4096

    /// Reads a batch's items as records.
    static func reader(of batch: Batch) -> ChunkReader<Record> {
        guard let fields else { return ChunkReader { nil } }
        var items = batch.itemStream.makeAsyncIterator()
        return ChunkReader {
            var builder = RecordBlockBuilder(fields)
            while builder.count < chunk, let item = try await items.next() {
                builder.add(item.id, [.integer(item.id), item.item, .real(item.weight)])
            }
            let count = builder.count
            let block = builder.build()
            return count == 0 ? nil : block.records
        }
    }
}
