import Tranche

/// What is to be let in, as expressions of a statement.
struct BudgetNeed {
    let batches: SQLStatement
    let weight: SQLStatement
    /// Twice as much: what is still to have room behind it.
    let twice: (batches: SQLStatement, weight: SQLStatement)
    /// A table of batches that end in the same statement; `nil` for none.
    var ended: SQLStatement?

    init(_ use: BudgetUse) {
        (batches, weight) = ("\(use.batches)", "\(use.weight)")
        twice = ("\(2 * use.batches)", "\(use.weight + use.weight)")
    }

    /// One batch.
    ///
    /// - Parameters:
    ///   - weight: What it weighs; no more than half of what the database can tell.
    ///   - ended: A table of batches that end in the same statement.
    init(batchOfWeight weight: SQLStatement, besides ended: SQLStatement) {
        (batches, self.weight) = ("1", weight)
        twice = ("2", "2 * \(weight)")
        self.ended = ended
    }
}
