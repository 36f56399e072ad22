import Tranche

/// What is to be let in, as expressions of a statement.
struct BudgetNeed {
    let batches: SQLStatement
    let weight: SQLStatement
    /// Twice as much: what is still to have room behind it.
    let twice: (batches: SQLStatement, weight: SQLStatement)
    /// A table of batches that end in the same statement; `nil` for none.
    var ended: SQLStatement?

    init(
        batches: SQLStatement,
        weight: SQLStatement,
        twice: (batches: SQLStatement, weight: SQLStatement)
    ) {
        self.batches = batches
        self.weight = weight
        self.twice = twice
    }

    init(_ use: BudgetUse) {
        self.init(
            batches: "\(use.batches)",
            weight: "\(use.weight)",
            twice: ("\(2 * use.batches)", "\(use.weight + use.weight)")
        )
    }

    /// One batch.
    ///
    /// - Parameters:
    ///   - weight: What it weighs; no more than half of what the database can tell.
    ///   - ended: A table of batches that end in the same statement.
    init(batchOfWeight weight: SQLStatement, besides ended: SQLStatement) {
        self.init(batches: "1", weight: weight, twice: ("2", "2 * \(weight)"))
        self.ended = ended
    }
}
