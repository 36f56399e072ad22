/// The parts that a batch is, or would be, split into.
package struct SplitDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let isDryRun: Bool
    package let parts: [Part]

    /// Makes the document of a split.
    ///
    /// - Parameters:
    ///   - batch: The number of the batch that is split.
    ///   - parts: Its parts, ascending by their ids.
    ///   - isDryRun: Whether nothing was changed.
    package init(_ batch: Int64, into parts: [Part], isDryRun: Bool) {
        self.batch = batch
        self.parts = parts
        self.isDryRun = isDryRun
    }

    /// A part of a batch.
    package struct Part: Codable, Sendable, Hashable {
        package let batch: Int64?
        package let idStart: Int64?
        package let idEnd: Int64?
        package let count: Int
        package let weight: Double

        /// Makes a part that is not a batch yet.
        package init(_ part: BatchPart) {
            batch = nil
            idStart = part.ids.first
            idEnd = part.ids.last
            count = part.ids.count
            weight = part.weight
        }

        /// Makes a part that is a batch.
        package init(_ record: BatchRecord) {
            batch = record.id
            idStart = record.ids?.first
            idEnd = record.ids?.last
            count = record.ids?.count ?? 0
            weight = record.weight ?? 0
        }

        enum CodingKeys: String, CodingKey {
            case batch
            case idStart = "id_start"
            case idEnd = "id_end"
            case count, weight
        }
    }

    enum CodingKeys: String, CodingKey {
        case batch
        case isDryRun = "dry_run"
        case parts
    }
}
