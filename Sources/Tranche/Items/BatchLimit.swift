/// How large a batch may be.
public struct BatchLimit: Sendable, Hashable {
    /// Most total weight, in the source's unit; above 0; `nil` for any.
    public var weight: Double?
    /// Most items; above 0; `nil` for any.
    public var count: Int?

    /// Makes a limit; without arguments, none.
    public init(weight: Double? = nil, count: Int? = nil) {
        self.weight = weight
        self.count = count
    }

    /// At most this weight, in the source's unit, and this many items; a heavier item is a batch by
    /// itself.
    ///
    /// - Parameters:
    ///   - weight: Most weight; above 0.
    ///   - count: Most items; above 0; `nil` for any.
    /// - Returns: The limit.
    public static func weight(_ weight: Double, count: Int? = nil) -> BatchLimit {
        BatchLimit(weight: weight, count: count)
    }

    /// At most this weight, given as a whole number such as `64 << 20`.
    ///
    /// See the variant with a floating-point weight.
    public static func weight(_ weight: Int, count: Int? = nil) -> BatchLimit {
        BatchLimit(weight: Double(weight), count: count)
    }

    /// At most this many items; above 0.
    public static func count(_ count: Int) -> BatchLimit {
        BatchLimit(count: count)
    }

    /// Whether an item fits into a batch that already holds others.
    func admits(_ item: Item, besides count: Int, weighing weight: Double) -> Bool {
        // An item heavier than the limit is a batch by itself.
        guard count > 0 else { return true }
        if let limit = self.count, count >= limit { return false }
        if let limit = self.weight, weight + item.weight > limit { return false }
        return true
    }

    func validate() throws {
        if let weight, !(weight > 0) || weight.isInfinite {
            throw TrancheError(
                .invalidArgument,
                "the weight limit is \(weight.plain); give a number above 0, or none for no limit"
            )
        }
        if let count, count <= 0 {
            throw TrancheError(
                .invalidArgument,
                "the count limit is \(count); give a number above 0, or none for no limit"
            )
        }
    }
}
