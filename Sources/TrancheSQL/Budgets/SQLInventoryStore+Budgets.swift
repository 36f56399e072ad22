import Foundation
package import Tranche

/// How budgets are read.
extension SQLInventoryStore {
    package func budgets(of key: RunKey?) async throws -> [Budget] {
        let select = key.map { selectBudgets(of: $0) } ?? selectBudgets(where: "1 = 1")
        let found = try await wrapping {
            try await database.read(select)[0].map { try budgetRow(&$0) }
        }
        return found.map(\.budget).sorted { $0.place < $1.place }
    }

    /// The statement that reads the budgets of a run: its own, and those that it refers to, or that
    /// of all runs that refer to none.
    func selectBudgets(of key: RunKey) -> SQLStatement {
        selectBudgets(
            where: """
                id IN (
                    SELECT id FROM \(tables.budget) WHERE run_id = (SELECT id FROM one)
                    UNION ALL
                    SELECT budget_id FROM \(tables.runBudget) WHERE run_id = (SELECT id FROM one)
                    UNION ALL
                    SELECT id FROM \(tables.budget)
                    WHERE name = \(Budget.ofAll)
                        AND NOT EXISTS (
                            SELECT 1 FROM \(tables.runBudget)
                            WHERE run_id = (SELECT id FROM one)
                        )
                )
                """,
            with: "one AS (SELECT id FROM \(tables.run) WHERE \(isRun(key))), "
        )
    }

    /// The statement that reads budgets and what is held under each, in the order in which they are
    /// locked.
    ///
    /// - Parameters:
    ///   - condition: Which rows of the table are meant.
    ///   - known: Tables that the condition names, each with a comma behind it; none by default.
    /// - Returns: The statement.
    func selectBudgets(
        where condition: SQLStatement,
        with known: SQLStatement = ""
    ) -> SQLStatement {
        """
        WITH \(known)mine AS (SELECT * FROM \(tables.budget) WHERE \(condition))
        SELECT
            b.id, b.name, r.meta_table, r.job, r.run, b.batches, b.weight, b.pause_reason,
            \(dialect.milliseconds("b.parked_until")), b.park_reason, b.folded_to,
            coalesce(u.entries, 0), coalesce(u.batches, 0), coalesce(u.weight, 0.0)
        FROM mine AS b
        LEFT JOIN \(tables.run) AS r ON r.id = b.run_id
        LEFT JOIN (\(selectUse)) AS u ON u.budget_id = b.id
        ORDER BY b.id
        """
    }

    /// Adds up what is held under the budgets of a table `mine`.
    ///
    /// Each entry's batch is looked up by its number: a join might read the whole table of batches
    /// where the planner knows little of the entries.
    var selectUse: SQLStatement {
        """
        SELECT
            budget_id, count(*) AS entries, count(held_weight) AS batches,
            \(dialect.sum(ofWeights: "held_weight")) AS weight
        FROM (
            SELECT l.budget_id, (\(selectHeldWeight)) AS held_weight
            FROM mine AS k
            JOIN \(tables.letIn) AS l ON l.budget_id = k.id AND l.id > k.folded_to
        ) AS entry
        GROUP BY budget_id
        """
    }

    /// What the batch of an entry `l` weighs, as long as the attempt holds it.
    private var selectHeldWeight: SQLStatement {
        """
        SELECT coalesce(h.batch_weight, 0.0)
        FROM \(tables.batch) AS h
        WHERE h.id = l.batch_id AND h.attempt = l.attempt AND h.status = 'running'
            AND h.lease_expires_at > \(now)
        """
    }

    func budgetRow(_ row: inout SQLRow) throws -> BudgetRow {
        let id = try row.integer()
        let (name, table, job, run) = (
            row.optionalText(), row.optionalText(), row.optionalText(), row.optionalText()
        )
        let owner: Budget.Owner =
            name.map { .name($0) }
            ?? .run(RunKey(metaTable: table ?? "", job: job ?? "", run: run ?? ""))
        let batches = try row.optionalInteger().map { Int($0) }
        var budget = Budget(
            owner,
            limits: BudgetLimits(batches: batches, weight: try row.optionalDouble()),
            pauseReason: row.optionalText()
        )
        let until = try row.optionalInstant()
        let reason = row.optionalText()
        budget.parking = until.map { BudgetParking(until: $0, reason: reason ?? "") }
        let foldedTo = try row.integer()
        let entries = Int(try row.integer())
        budget.held.batches = Int(try row.integer())
        budget.held.weight = try row.optionalDouble() ?? 0
        return BudgetRow(id: id, budget: budget, foldedTo: foldedTo, entries: entries)
    }

    // MARK: - Entries

    /// The statement that enters attempts among what budgets let in, which are locked.
    ///
    /// - Parameters:
    ///   - batches: The condition on batches.
    ///   - budgets: The condition on budgets.
    ///   - condition: That on a budget `b` with a batch `h`; none by default.
    /// - Returns: The statement.
    func enter(
        _ batches: SQLStatement,
        into budgets: SQLStatement,
        where condition: SQLStatement = "1 = 1"
    ) -> SQLStatement {
        """
        INSERT INTO \(tables.letIn) (budget_id, batch_id, attempt)
        SELECT b.id, h.id, h.attempt
        FROM (SELECT id FROM \(tables.budget) WHERE \(budgets)) AS b
        CROSS JOIN (SELECT id, attempt FROM \(tables.batch) AS held WHERE \(batches)) AS h
        WHERE \(condition)
        """
    }

    /// Keeps those entries of a budget that still count, behind all others, and removes the others.
    ///
    /// They are run while the budget is locked.
    func fold(_ row: BudgetRow) -> [SQLStatement] {
        [
            """
            UPDATE \(tables.budget)
            SET folded_to = (SELECT max(id) FROM \(tables.letIn) WHERE budget_id = \(row.id))
            WHERE id = \(row.id)
            """,
            """
            INSERT INTO \(tables.letIn) (budget_id, batch_id, attempt)
            SELECT budget_id, batch_id, attempt
            FROM \(tables.letIn) AS l
            WHERE budget_id = \(row.id) AND id > \(row.foldedTo)
                AND EXISTS (\(selectHeldWeight))
            """,
            """
            DELETE FROM \(tables.letIn)
            WHERE budget_id = \(row.id) AND id > \(row.foldedTo)
                AND id <= (SELECT folded_to FROM \(tables.budget) WHERE id = \(row.id))
            """,
        ]
    }
}
