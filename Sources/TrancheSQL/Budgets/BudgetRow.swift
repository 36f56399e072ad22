import Tranche

/// A budget as it is kept, with what an acquire has to know of its entries.
struct BudgetRow: Sendable {
    let id: Int64
    var budget: Budget
    /// The entries up to this one are of no account.
    let foldedTo: Int64
    /// How many entries there are behind that, of attempts that may have ended.
    let entries: Int
    /// How many batches were held when they were last added up.
    let summed: Int
    /// Whether that was now; else at most so much is held.
    let isExact: Bool
    /// Whether it must be, as there may be no room by what is known.
    let isToBeAddedUp: Bool
    /// How many runs wait for room in it.
    let waiting: Int

    /// How many entries may be behind those that still count before they are folded: the caller
    /// that adds up what is held looks at all of them.
    static let slack = 12

    /// Whether the entries that still count are to be copied to the end, so that the others need
    /// not be looked at any more.
    var isToBeFolded: Bool { entries > Self.slack + budget.held.batches * 5 / 4 }

    /// Whether an acquire must look at it first, as it may have no room, or somebody waits for it.
    ///
    /// - Parameter use: What is likely to be let in next.
    /// - Returns: Whether it must.
    func isTight(for use: BudgetUse) -> Bool {
        let (limits, held) = (budget.limits, budget.held)
        return waiting > 0 || limits.rate != nil || budget.pauseReason != nil
            || budget.parking != nil
            || limits.batches.map { held.batches + 2 * use.batches > $0 } ?? false
            || limits.weight.map { held.weight + 2 * use.weight > $0 } ?? false
    }
}

/// The budgets of a run as the last acquire found them.
struct KnownBudgets: Sendable, Hashable {
    /// Which set it is; see ``RunRecord/budgetSet``.
    let set: Int64
    /// Their numbers, ascending.
    let ids: [Int64]
    /// Whether they are to be looked at before anything is handed out, rather than only when it is.
    let isTight: Bool
    /// Whether more than one batch was held under one: others may wait for its lock.
    let isShared: Bool

    /// The same budgets as they were found when they were asked.
    func found(isTight: Bool, isShared: Bool) -> KnownBudgets {
        KnownBudgets(set: set, ids: ids, isTight: isTight, isShared: isShared)
    }
}
