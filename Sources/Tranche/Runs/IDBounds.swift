/// The ids that a run may use, both ends inclusive, either open.
public struct IDBounds: Sendable, Hashable, Codable {
    /// The lowest id; `nil` for no lower end.
    public var lower: Int64?
    /// The highest id; `nil` for no upper end.
    public var upper: Int64?

    /// Makes bounds; without arguments, none.
    public init(lower: Int64? = nil, upper: Int64? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Makes bounds from a Swift range such as `20...80`, `20...`, `...80` or `20..<81`.
    ///
    /// - Parameter range: The range.
    public init(_ range: some RangeExpression<Int64>) {
        switch range {
        case let range as ClosedRange<Int64>:
            self.init(lower: range.lowerBound, upper: range.upperBound)
        case let range as PartialRangeFrom<Int64>: self.init(lower: range.lowerBound)
        case let range as PartialRangeThrough<Int64>: self.init(upper: range.upperBound)
        case let range as PartialRangeUpTo<Int64>: self.init(upper: range.upperBound &- 1)
        default:
            let range = range.relative(to: Int64.min..<Int64.max)
            self.init(lower: range.lowerBound, upper: range.upperBound &- 1)
        }
    }

    /// Whether neither end is set.
    public var isOpen: Bool { lower == nil && upper == nil }

    /// Whether the bounds leave an id in.
    public func contains(_ id: Int64) -> Bool {
        id >= lower ?? .min && id <= upper ?? .max
    }

    /// The bounds as people write them, such as `20...80`.
    public var description: String {
        "\(lower.map(String.init) ?? "")...\(upper.map(String.init) ?? "")"
    }

    func validate() throws {
        if let lower, let upper, lower > upper {
            throw TrancheError(
                .invalidArgument,
                "the bounds \(lower)...\(upper) hold no id: the lower end is above the upper"
            )
        }
    }
}

extension IDBounds: CustomStringConvertible {}

extension IDBounds {
    /// The lowest id within the bounds and above a cursor; `nil` when there is none.
    package static func firstID(after cursor: Int64?, in bounds: IDBounds) -> Int64? {
        let lower = bounds.lower ?? .min
        guard let cursor else { return lower }
        let (next, overflow) = cursor.addingReportingOverflow(1)
        guard !overflow, next <= bounds.upper ?? .max else { return nil }
        return max(lower, next)
    }
}
