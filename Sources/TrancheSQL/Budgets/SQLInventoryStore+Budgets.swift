import FoundationEssentials
package import Tranche

/// How budgets are read.
extension SQLInventoryStore {
    package func budgets(of key: RunKey?) async throws -> [Budget] {
        let condition = key.map { isBudget(of: $0) } ?? "1 = 1"
        let found = try await wrapping {
            let rows = try await database.read(
                selectBudgets(where: condition),
                selectClaims(on: condition)
            )
            var budgets = try rows[0].map { try budgetRow(&$0) }
            try add(claims: rows[1], to: &budgets)
            return budgets
        }
        return found.map(\.budget).sorted { $0.place < $1.place }
    }

    /// Which budgets a run has: its own, and those that it refers to, or that of all runs that
    /// refer to none.
    func isBudget(of key: RunKey) -> SQLStatement {
        let one: SQLStatement = "(SELECT id FROM \(tables.run) WHERE \(isRun(key)))"
        return """
            id IN (
                SELECT id FROM \(tables.budget) WHERE run_id = \(one)
                UNION ALL
                SELECT budget_id FROM \(tables.runBudget) WHERE run_id = \(one)
                UNION ALL
                SELECT id FROM \(tables.budget)
                WHERE name = \(Budget.ofAll)
                    AND NOT EXISTS (SELECT 1 FROM \(tables.runBudget) WHERE run_id = \(one))
            )
            """
    }

    /// The statement that reads budgets and what is held under each, in the order in which they are
    /// locked.
    ///
    /// - Parameter condition: The condition on budgets.
    /// - Returns: The statement.
    func selectBudgets(where condition: SQLStatement) -> SQLStatement {
        """
        WITH mine AS (SELECT * FROM \(tables.budget) WHERE \(condition))
        SELECT
            \(budgetColumns), coalesce(u.entries, 0), coalesce(u.batches, 0),
            coalesce(u.weight, 0.0), coalesce(u.batches, 0), 1, 0
        FROM mine AS b
        LEFT JOIN \(tables.run) AS r ON r.id = b.run_id
        LEFT JOIN (\(selectUse(of: "mine"))) AS u ON u.budget_id = b.id
        ORDER BY b.id
        """
    }

    /// The statement that reads budgets as ``selectBudgets(where:)``, with what their last entries
    /// say is held under each, which is too much; and whether that is to be added up.
    ///
    /// - Parameters:
    ///   - condition: The condition on budgets.
    ///   - need: What is to be let in at most.
    /// - Returns: The statement.
    func selectBounds(where condition: SQLStatement, roomFor need: BudgetUse) -> SQLStatement {
        """
        SELECT
            \(budgetColumns), 0, b.bound_batches, b.bound_weight, b.summed_batches, 0,
            CASE WHEN \(mayBeFull(for: BudgetNeed(need))) OR \(isWaitedFor) THEN 1 ELSE 0 END
        FROM (
            SELECT b.*, l.bound_batches, l.bound_weight, l.summed_batches
            \(budgetsWithLastEntries(where: condition))
        ) AS b
        LEFT JOIN \(tables.run) AS r ON r.id = b.run_id
        ORDER BY b.id
        """
    }

    /// What is said of a budget `b`, and of its run `r`.
    private var budgetColumns: SQLStatement {
        """
        b.id, b.name, r.meta_table, r.job, r.run, b.batches, b.weight, b.rate, b.burst,
        CASE WHEN b.rate IS NOT NULL THEN \(lastCharge("tokens")) END,
        CASE WHEN b.rate IS NOT NULL
            THEN \(lastCharge(dialect.milliseconds("charged_at"))) END,
        b.pause_reason, \(dialect.milliseconds("b.parked_until")), b.park_reason,
        b.folded_to, \(dialect.milliseconds("b.open_until")),
        (
            SELECT count(*) FROM \(tables.waiting) AS w
            WHERE w.budget_id = b.id AND \(isOpen)
        )
        """
    }

    /// Whether a wait `w` goes on, as `BudgetClaim.wait(at:)` has it: one that lasts for longer
    /// than any was noted before the clock was set back.
    private var isOpen: SQLStatement {
        let longest: SQLStatement = "\(BudgetWait.patience.milliseconds + 1000)"
        return """
            w.waits_until > \(now) AND w.waits_until <= \(dialect.instant(now, plus: longest))
            """
    }

    /// Whether somebody waits for room in a budget `b`.
    var isWaitedFor: SQLStatement {
        """
        EXISTS (
            SELECT 1 FROM \(tables.waiting) AS w
            WHERE w.budget_id = b.id AND \(isOpen)
        )
        """
    }

    /// Something of what was charged last to a budget `b` with a rate.
    private func lastCharge(_ column: SQLStatement) -> SQLStatement {
        """
        (
            SELECT \(column) FROM \(tables.charge) AS c
            WHERE c.budget_id = b.id
            ORDER BY c.id DESC
            LIMIT 1
        )
        """
    }

    /// The statement that reads which runs hold something under budgets, or wait.
    func selectClaims(on condition: SQLStatement) -> SQLStatement {
        """
        WITH mine AS (SELECT * FROM \(tables.budget) WHERE \(condition)),
        live AS (
            SELECT w.* FROM \(tables.waiting) AS w JOIN mine AS m ON m.id = w.budget_id
            WHERE \(isOpen)
        )
        SELECT
            k.budget_id, r.meta_table, r.job, r.run, r.share, r.priority, k.batches, k.weight,
            w.weight, \(dialect.milliseconds("w.waits_since")),
            \(dialect.milliseconds("w.waits_until")), w.worker
        FROM (
            SELECT budget_id, run_id, sum(batches) AS batches,
                \(dialect.sum(ofWeights: "weight")) AS weight
            FROM (
                SELECT budget_id, run_id, 1 AS batches, held_weight AS weight
                FROM (\(selectEntries(of: "mine"))) AS entry
                WHERE held_weight IS NOT NULL
                UNION ALL
                SELECT budget_id, run_id, 0, 0.0 FROM live
            ) AS each
            GROUP BY budget_id, run_id
        ) AS k
        JOIN \(tables.run) AS r ON r.id = k.run_id
        LEFT JOIN live AS w ON w.budget_id = k.budget_id AND w.run_id = k.run_id
        ORDER BY k.budget_id, r.id
        """
    }

    /// Adds to budgets which runs hold something under them, or wait.
    func add(claims rows: SQLRows, to budgets: inout [BudgetRow]) throws {
        let claims = try rows.map { row in
            let id = try row.integer()
            let run = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
            let share = try row.optionalDouble() ?? 1
            let rank = BudgetRank(share: share, priority: Int(try row.integer()))
            let batches = Int(try row.integer())
            let held = BudgetUse(batches: batches, weight: try row.optionalDouble() ?? 0)
            var claim = BudgetClaim(run: run, rank: rank, held: held)
            let (weight, since, until) = (
                try row.optionalDouble(), try row.optionalInstant(), try row.optionalInstant()
            )
            if let weight, let since, let until {
                let worker = row.optionalText()
                claim.wait = BudgetWait(weight: weight, since: since, until: until, worker: worker)
            }
            return (id: id, claim: claim)
        }
        for place in budgets.indices {
            let id = budgets[place].id
            budgets[place].budget.claims = claims.filter { $0.id == id }.map(\.claim)
        }
    }

    // MARK: - What is held

    /// The statement that reads budgets with what their last entries say.
    ///
    /// At most `bound_batches` and `bound_weight` are held: what was let in since it was added up
    /// is counted there, and what has ended is not taken off. So most acquires need not add up what
    /// is held. `last_weight` is NULL where the last one let in has ended.
    func selectWithBounds(
        where condition: SQLStatement,
        besides ended: SQLStatement? = nil
    ) -> SQLStatement {
        """
        SELECT b.*, l.bound_batches, l.bound_weight, l.summed_batches,
            (\(selectHeldWeight(besides: ended))) AS last_weight
        \(budgetsWithLastEntries(where: condition))
        """
    }

    /// Budgets `b` and their last entries `l`, if any.
    private func budgetsWithLastEntries(where condition: SQLStatement) -> SQLStatement {
        """
        FROM (SELECT * FROM \(tables.budget) WHERE \(condition)) AS b
        LEFT JOIN \(tables.letIn) AS l
            ON l.id = (SELECT max(e.id) FROM \(tables.letIn) AS e WHERE e.budget_id = b.id)
        """
    }

    /// Whether what is held under a budget `b` must be added up: by its last entry there may be no
    /// room, or nothing is known, or more was let in since than was added up then.
    func mayBeFull(for need: BudgetNeed) -> SQLStatement {
        """
        b.bound_batches IS NULL OR b.bound_batches > 2 * b.summed_batches + 64
            OR b.bound_batches + \(need.batches) > b.batches
            OR b.bound_weight > b.weight - \(need.weight)
        """
    }

    /// Whether that is so for as much again, when it was let in.
    func mayBeFull(after need: BudgetNeed) -> SQLStatement {
        """
        b.bound_batches + \(need.batches) > 2 * b.summed_batches + 64
            OR b.bound_batches + \(need.twice.batches) > b.batches
            OR b.bound_weight > b.weight - \(need.twice.weight)
        """
    }

    /// Adds up what is held under the budgets of a table.
    ///
    /// Each entry's batch is looked up by its number: a join might read the whole table of batches
    /// where the planner knows little of the entries.
    func selectUse(of table: SQLStatement) -> SQLStatement {
        """
        SELECT
            budget_id, count(*) AS entries, count(held_weight) AS batches,
            \(dialect.sum(ofWeights: "held_weight")) AS weight
        FROM (\(selectEntries(of: table))) AS entry
        GROUP BY budget_id
        """
    }

    /// The entries of the budgets of a table, and what their batches weigh that are still held.
    ///
    /// SQLite takes the tables of a `CROSS JOIN` in this order (sqlite.org/optoverview.html, 9.4):
    /// it reads no entry of budgets that are not meant.
    private func selectEntries(of table: SQLStatement) -> SQLStatement {
        """
        SELECT l.budget_id, l.run_id, (\(selectHeldWeight())) AS held_weight
        FROM \(table) AS k CROSS JOIN \(tables.letIn) AS l
        WHERE l.budget_id = k.id AND l.id > k.folded_to
        """
    }

    /// What the batch of an entry `l` weighs, as long as the attempt holds it.
    ///
    /// - Parameter ended: A table of batches that end in the same statement, which does not see
    ///   that yet; none by default.
    /// - Returns: The query.
    private func selectHeldWeight(besides ended: SQLStatement? = nil) -> SQLStatement {
        let goesOn: SQLStatement =
            ended.map { " AND h.id <> ALL (ARRAY(SELECT id FROM \($0)))" } ?? ""
        return """
            SELECT coalesce(h.batch_weight, 0.0)
            FROM \(tables.batch) AS h
            WHERE h.id = l.batch_id AND h.attempt = l.attempt AND h.status = 'running'
                AND h.lease_expires_at > \(now)\(goesOn)
            """
    }

    func budgetRow(_ row: inout SQLRow) throws -> BudgetRow {
        let id = try row.integer()
        let owner = owner(&row)
        let batches = try row.optionalInteger().map { Int($0) }
        var limits = BudgetLimits(batches: batches, weight: try row.optionalDouble())
        let (rate, burst) = (try row.optionalDouble(), try row.optionalDouble())
        if let rate, let burst { limits.rate = BudgetRate(perSecond: rate, burst: burst) }
        let (tokens, at) = (try row.optionalDouble(), try row.optionalInstant())
        var budget = Budget(owner, limits: limits, pauseReason: row.optionalText())
        if let tokens, let at { budget.tokens = BudgetTokens(count: tokens, at: at) }
        let until = try row.optionalInstant()
        let reason = row.optionalText()
        budget.parking = until.map { BudgetParking(until: $0, reason: reason ?? "") }
        let foldedTo = try row.integer()
        budget.openUntil = try row.optionalInstant()
        let (waiting, entries) = (Int(try row.integer()), Int(try row.integer()))
        // One that has let nothing in yet has no bounds.
        budget.held.batches = Int(try row.optionalInteger() ?? 0)
        budget.held.weight = try row.optionalDouble() ?? 0
        let summed = Int(try row.optionalInteger() ?? 0)
        let (isExact, isToBeAddedUp) = (try row.boolean(), try row.boolean())
        return BudgetRow(
            id: id,
            budget: budget,
            foldedTo: foldedTo,
            entries: entries,
            summed: summed,
            isExact: isExact,
            isToBeAddedUp: isToBeAddedUp,
            waiting: waiting
        )
    }

    // MARK: - Entries

    /// The statement that enters attempts among what budgets let in, which are locked.
    ///
    /// - Parameters:
    ///   - batches: The condition on batches.
    ///   - run: The number of a batch's run, as an expression of the batch `h`; looked up by
    ///     default.
    ///   - budgets: The condition on budgets.
    ///   - bounds: What is held at most then, of a budget `b`; not known by default.
    ///   - condition: That on a budget `b` with a batch `h`; none by default.
    /// - Returns: The statement.
    func enter(
        _ batches: SQLStatement,
        of run: SQLStatement? = nil,
        into budgets: SQLStatement,
        bounds: SQLStatement = "NULL, NULL, NULL",
        where condition: SQLStatement = "1 = 1"
    ) -> SQLStatement {
        let lookedUp: SQLStatement = """
            (
                SELECT r.id FROM \(tables.run) AS r
                WHERE r.meta_table = h.meta_table AND r.job = h.job AND r.run = h.run
            )
            """
        return """
            INSERT INTO \(tables.letIn) (
                budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
            )
            SELECT b.id, \(run ?? lookedUp), h.id, h.attempt, \(bounds)
            FROM (SELECT id FROM \(tables.budget) WHERE \(budgets)) AS b
            CROSS JOIN (SELECT * FROM \(tables.batch) AS held WHERE \(batches)) AS h
            WHERE \(condition)
            """
    }

    /// The bounds of an entry that comes with others: those of the last entry of a budget.
    ///
    /// - Parameter budget: The budget's number.
    /// - Returns: The columns.
    func lastBounds(of budget: SQLStatement) -> SQLStatement {
        SQLStatement.list(
            (["bound_batches", "bound_weight", "summed_batches"] as [SQLStatement]).map { column in
                """
                (
                    SELECT e.\(column) FROM \(tables.letIn) AS e
                    WHERE e.budget_id = \(budget)
                    ORDER BY e.id DESC
                    LIMIT 1
                )
                """
            }
        )
    }

    /// The bounds of an entry under a budget `b`, whose use was read under the lock.
    ///
    /// - Parameters:
    ///   - rows: The budgets.
    ///   - use: All that is let in.
    /// - Returns: The columns.
    func bounds(of rows: [BudgetRow], with use: BudgetUse) -> SQLStatement {
        let values = { (value: (BudgetRow) -> SQLStatement) -> SQLStatement in
            rows.reduce(into: SQLStatement("CASE b.id")) { text, row in
                text.append(" WHEN \(row.id) THEN \(value(row))")
            } + " END"
        }
        return SQLStatement.list([
            values { "\($0.budget.held.batches + use.batches)" },
            values { "\($0.budget.held.weight + use.weight)" }, values { "\($0.summed)" },
        ])
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
            INSERT INTO \(tables.letIn) (budget_id, run_id, batch_id, attempt)
            SELECT budget_id, run_id, batch_id, attempt
            FROM \(tables.letIn) AS l
            WHERE budget_id = \(row.id) AND id > \(row.foldedTo)
                AND EXISTS (\(selectHeldWeight()))
            """,
            """
            DELETE FROM \(tables.letIn)
            WHERE budget_id = \(row.id) AND id > \(row.foldedTo)
                AND id <= (SELECT folded_to FROM \(tables.budget) WHERE id = \(row.id))
            """,
        ]
    }
}
