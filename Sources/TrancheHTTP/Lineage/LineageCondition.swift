import Tranche

/// A condition on a field of a dataset, as OpenLineage's subset facets have it: literals are text.
///
/// Source: `spec/facets/BaseSubsetDatasetFacet.json`, version 1-0-0.
indirect enum LineageCondition: Sendable, Hashable {
    case compare(String, Comparison, String)
    case binary(LineageCondition, Junction, LineageCondition)

    /// How a field is compared with a literal.
    enum Comparison: String, Sendable {
        case equal = "EQUAL"
        case atLeast = "GREATER_EQUAL_THAN"
        case atMost = "LESS_EQUAL_THAN"
    }

    /// How two conditions make one.
    enum Junction: String, Sendable {
        case and = "AND"
        case or = "OR"
    }

    /// Most ranges of ids that are said one by one.
    private static let mostRanges = 16

    /// That a field is in a range.
    init(_ field: String, in range: ClosedRange<Int64>) {
        guard range.lowerBound < range.upperBound else {
            self = .compare(field, .equal, String(range.lowerBound))
            return
        }
        self = .binary(
            .compare(field, .atLeast, String(range.lowerBound)),
            .and,
            .compare(field, .atMost, String(range.upperBound))
        )
    }

    /// That a field is one of a batch's ids.
    ///
    /// Of a list of ids in more than 16 ranges, as a filter leaves it, the whole range is said.
    init(_ field: String, of batch: BatchRecord) {
        let ranges = batch.itemIDs?.runs ?? []
        guard !ranges.isEmpty, ranges.count <= Self.mostRanges else {
            self.init(field, in: batch.range)
            return
        }
        let parts = ranges.map { LineageCondition(field, in: $0) }
        self = parts.dropFirst().reduce(parts[0]) { .binary($0, .or, $1) }
    }

    /// Appends the condition as JSON.
    ///
    /// - Parameters:
    ///   - bytes: Where it is appended to.
    ///   - field: The field of all comparisons, as JSON.
    func append(to bytes: inout [UInt8], _ field: [UInt8]) {
        switch self {
        case .compare(_, let comparison, let value):
            bytes += #"{"type":"compare","left":{"type":"field","field":"#.utf8
            bytes += field
            bytes += #"},"comparison":""#.utf8
            bytes += comparison.rawValue.utf8
            bytes += #"","right":{"type":"literal","value":"#.utf8
            JSONBytes.append(value.utf8, to: &bytes)
            bytes += "}}".utf8
        case .binary(let left, let junction, let right):
            bytes += #"{"type":"binary","left":"#.utf8
            left.append(to: &bytes, field)
            bytes += #","operator":""#.utf8
            bytes += junction.rawValue.utf8
            bytes += #"","right":"#.utf8
            right.append(to: &bytes, field)
            bytes.append(UInt8(ascii: "}"))
        }
    }
}
