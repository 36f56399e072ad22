import Tranche

/// Notes that budgets let one new batch in, where there is one writer: the statement is put
/// together once.
struct BudgetEntry: Sendable {
    private let ids: [Int64]
    private let template: SQLTemplate

    init<Database>(_ ids: [Int64], in store: SQLInventoryStore<Database>) {
        self.ids = ids
        let blanks = SQLTemplate.blanks(1 + 3 * ids.count)
        // The batch was inserted just now: where there is one writer, its number is the highest.
        let batch: SQLStatement = "(SELECT max(id) FROM \(store.tables.batch))"
        let rows = ids.indices.map { place -> SQLStatement in
            let bounds = SQLStatement.list(Array(blanks[(1 + 3 * place)..<(4 + 3 * place)]))
            return "(\(ids[place]), \(blanks[0]), \(batch), 1, \(bounds))"
        }
        template = SQLTemplate(
            """
            INSERT INTO \(store.tables.letIn) (
                budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
            )
            VALUES \(SQLStatement.list(rows))
            """,
            values: blanks.count
        )
    }

    /// The statement for a batch of a run.
    ///
    /// - Parameters:
    ///   - run: The run's number.
    ///   - rows: The budgets, whose use was read under the lock.
    ///   - use: All that is let in.
    /// - Returns: The statement; `nil` where these are other budgets.
    func statement(of run: Int64, into rows: [BudgetRow], with use: BudgetUse) -> SQLStatement? {
        guard rows.map(\.id) == ids else { return nil }
        let bounds = rows.flatMap { row in
            [
                Value(Int64(row.budget.held.batches + use.batches)),
                Value(row.budget.held.weight + use.weight), Value(Int64(row.summed)),
            ]
        }
        return template.filled(with: [.integer(run)] + bounds)
    }
}
