package import FoundationEssentials

/// A stretch of ids with what stands in it.
package struct RangeDocument: Codable, Sendable, Hashable {
    package let idStart: Int64?
    package let idEnd: Int64?
    package let count: Int
    package let weight: Double
    package let from: Date?
    package let to: Date?

    init(_ range: PlannedRange) {
        idStart = range.ids.first
        idEnd = range.ids.last
        count = range.count
        weight = range.weight
        from = range.interval?.from
        to = range.interval?.to
    }

    enum CodingKeys: String, CodingKey {
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight, from, to
    }
}
