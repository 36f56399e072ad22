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
