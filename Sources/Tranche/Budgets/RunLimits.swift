/// What limits how much of a run is held at once, from its beginning.
///
/// A run that has begun keeps what it has: ``Inventory/setParallelism(_:of:reason:)``,
/// ``Inventory/setBudgets(_:of:reason:)`` and ``Inventory/setRank(share:priority:of:reason:)``
/// change it.
public struct RunLimits: Sendable, Hashable {
    /// Most batches of the run that are held at once; `nil` (the default) for any number.
    public var parallelism: Int?
    /// The named budgets that it refers to; they are there when it begins.
    public var budgets: [String]
    /// How it ranks among those that share its budgets.
    public var rank: BudgetRank

    /// Makes limits.
    public init(
        parallelism: Int? = nil,
        budgets: [String] = [],
        rank: BudgetRank = BudgetRank()
    ) {
        self.parallelism = parallelism
        self.budgets = budgets
        self.rank = rank
    }

    /// Refuses limits that mean nothing.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    func validate() throws {
        try BudgetLimits(batches: parallelism).validate()
        try rank.validate()
    }
}
