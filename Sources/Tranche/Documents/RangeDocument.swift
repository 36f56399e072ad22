/// A stretch of ids with what stands in it.
package struct RangeDocument: Codable, Sendable, Hashable {
    package let idStart: Int64?
    package let idEnd: Int64?
    package let count: Int
    package let weight: Double

    init(_ range: PlannedRange) {
        idStart = range.ids.first
        idEnd = range.ids.last
        count = range.count
        weight = range.weight
    }

    enum CodingKeys: String, CodingKey {
        case idStart = "id_start"
        case idEnd = "id_end"
        case count, weight
    }
}
