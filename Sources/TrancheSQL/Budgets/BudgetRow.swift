import Tranche

/// A budget as it is kept, with what an acquire has to know of its entries.
struct BudgetRow: Sendable {
    let id: Int64
    let budget: Budget
    /// The entries up to this one are of no account.
    let foldedTo: Int64
    /// How many entries there are behind that, of attempts that may have ended.
    let entries: Int

    /// How many entries may be behind those that still count before they are folded: each acquire
    /// looks at all of them.
    private static let slack = 12

    /// Whether the entries that still count are to be copied to the end, so that the others need not
    /// be looked at any more.
    var isToBeFolded: Bool { entries > Self.slack + budget.held.batches * 5 / 4 }
}
