/// The limits of a run from its beginning: how much of it workers hold at once.
///
/// A run that has begun keeps what it has: ``Inventory/setParallelism(_:of:reason:)``,
/// ``Inventory/setPerKey(_:of:reason:)``, ``Inventory/setBudgets(_:of:reason:)`` and
/// ``Inventory/setRank(share:priority:of:reason:)`` change it.
public struct RunLimits: Sendable, Hashable {
    /// Most batches of the run that are held at once; `nil` (the default) for any number.
    public var parallelism: Int?
    /// Maximum number of batches of one key that are held at once, above 0; `nil` (the default) for
    /// any number.
    ///
    /// The source has a key column then; see <doc:Keys>.
    public var perKey: Int?
    /// The named budgets that it refers to; they are there when it begins.
    public var budgets: [String]
    /// How it ranks among those that share its budgets.
    public var rank: BudgetRank

    /// Makes limits.
    public init(
        parallelism: Int? = nil,
        perKey: Int? = nil,
        budgets: [String] = [],
        rank: BudgetRank = BudgetRank()
    ) {
        self.parallelism = parallelism
        self.perKey = perKey
        self.budgets = budgets
        self.rank = rank
    }

    /// Refuses limits that mean nothing.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    package func validate() throws {
        try BudgetLimits(batches: parallelism).validate()
        try Self.validate(perKey: perKey)
        try rank.validate()
    }

    /// Refuses a number of batches per key that is none.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    static func validate(perKey: Int?) throws {
        guard let perKey, perKey < 1 else { return }
        throw TrancheError(
            .invalidArgument,
            "\(perKey) batches per key: give 1 or more; a parallelism of 0 hands out nothing"
        )
    }
}
