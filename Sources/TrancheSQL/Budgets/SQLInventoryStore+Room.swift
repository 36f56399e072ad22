import Tranche

/// What is asked and written of budgets in the last trip of an acquire.
extension SQLInventoryStore {
    /// What stands in the error of a budget that is full.
    static var fullMark: String { "tranche: no room left in a budget" }

    /// The highest of all numbers.
    private static var mostWeight: SQLStatement {
        "CAST(1.7976931348623157e308 AS double precision)"
    }

    /// How long an acquire waits for the locks of budgets: others wait for the run's meanwhile.
    static var budgetPatience: Duration { .seconds(2) }

    /// The statement that locks budgets.
    ///
    /// What they hold is read in a later one, which has a snapshot taken after the lock was had: in
    /// one statement with it, two could be let in side by side.
    func lockBudgets(_ ids: [Int64]) -> SQLStatement {
        """
        SELECT id FROM \(tables.budget) WHERE \(dialect.column("id", isAmong: ids))
        ORDER BY id \(dialect.lockingKeptRow)
        """
    }

    /// The statement that locks budgets as ``lockBudgets(_:)``, or fails soon.
    func lockBudgetsSoon(_ ids: [Int64]) -> SQLStatement {
        dialect.lockSoon(
            tables.budget,
            where: dialect.column("id", isAmong: ids),
            dialect.lockingKeptRow,
            within: Self.budgetPatience
        )
    }

    /// The budgets of a run whose locks others hold: of one that is not there yet, those that its
    /// first request names.
    func lockedBudgets(of request: AcquireRequest) async throws -> [(id: Int64, name: String?)] {
        // Nobody else writes, or holds a row.
        if dialect.hasOneWriter { return [] }
        let names = Set(request.limits?.budgets ?? []).sorted()
        var condition = isBudget(of: request.key)
        if !names.isEmpty {
            let isThere: SQLStatement =
                "EXISTS (SELECT 1 FROM \(tables.run) WHERE \(isRun(request.key)))"
            let list = SQLStatement.list(names.map { "\($0)" })
            condition = "CASE WHEN \(isThere) THEN \(condition) ELSE name IN (\(list)) END"
        }
        let rows = try await database.write(
            [
                """
                WITH mine AS MATERIALIZED (
                    SELECT id, name FROM \(tables.budget) WHERE \(condition)
                ), free AS MATERIALIZED (
                    SELECT id FROM \(tables.budget) WHERE id IN (SELECT id FROM mine)
                    \(dialect.lockingFreeRows)
                )
                SELECT id, name FROM mine WHERE id NOT IN (SELECT id FROM free)
                ORDER BY id
                """
            ]
        )
        return try rows[0].map { (id: try $0.integer(), name: $0.optionalText()) }
    }

    /// A table `room` of a `WITH`, with one row, behind `base`, with the budgets.
    ///
    /// `is_full` is 0 where all budgets have room, `is_tight` 1 where the next acquire is to look
    /// at them first, and `is_shared` 1 where something else is held.
    ///
    /// - Parameters:
    ///   - need: What is to be let in.
    ///   - ids: The budgets.
    ///   - isFull: Whether they have no room.
    /// - Returns: The tables.
    func room(for need: BudgetNeed, in ids: [Int64], isFull: SQLStatement) -> SQLStatement {
        let mine = selectWithBounds(where: dialect.column("id", isAmong: ids))
        return """
            mine AS (\(mine)),
            added AS (SELECT * FROM mine AS b WHERE \(mayBeFull(for: need))),
            base AS MATERIALIZED (
                SELECT b.*, \(heldBatches) AS held_batches, \(heldWeight) AS held_weight,
                    \(summedBatches) AS summed, coalesce(u.entries, 0) AS entries
                FROM mine AS b
                LEFT JOIN added AS a ON a.id = b.id
                LEFT JOIN (\(selectUse(of: "added"))) AS u ON u.budget_id = b.id
            ), \(room(isFull: isFull, isTight: isTight(for: need)))
            """
    }

    /// Tables `base` and `room` of budgets that had much room when they were asked last.
    ///
    /// They are as those of ``room(for:in:isFull:)``, but that what is held is not added up: where
    /// it may be too much by what the last entries say, the budgets are full.
    ///
    /// - Parameters:
    ///   - need: What is to be let in.
    ///   - ids: The budgets.
    ///   - now: The inventory's time, as an instant.
    ///   - fails: Whether it is an error where they are full, rather than 1.
    /// - Returns: The tables.
    func ampleRoom(
        for need: BudgetNeed,
        in ids: [Int64],
        now: SQLStatement,
        failing fails: Bool = true
    ) -> SQLStatement {
        let mine = selectWithBounds(
            where: dialect.column("id", isAmong: ids),
            besides: need.ended
        )
        let isFull: SQLStatement =
            "\(mayBeFull(for: need)) OR \(isFull(for: need, now: now)) OR b.rate IS NOT NULL"
        let isTight: SQLStatement = "\(mayBeFull(after: need)) OR \(isWaitedFor)"
        let told = fails ? failing(isFull) : "max(CASE WHEN \(isFull) THEN 1 ELSE 0 END)"
        return """
            base AS MATERIALIZED (
                SELECT b.*, b.bound_batches AS held_batches, b.bound_weight AS held_weight,
                    b.summed_batches AS summed
                FROM (\(mine)) AS b
            ), \(room(isFull: told, isTight: isTight))
            """
    }

    private func room(isFull: SQLStatement, isTight: SQLStatement) -> SQLStatement {
        """
        room AS MATERIALIZED (
            SELECT
                -- Where there is no budget any more, the run has others.
                coalesce(\(isFull), 1) AS is_full,
                coalesce(max(CASE WHEN \(isTight) THEN 1 ELSE 0 END), 1) AS is_tight,
                coalesce(max(CASE WHEN b.last_weight IS NULL THEN 0 ELSE 1 END), 1) AS is_shared
            FROM base AS b
        )
        """
    }

    /// How many batches are held under a budget `b`, at most; `a` is of those that are added up,
    /// and `u` what that came to.
    private var heldBatches: SQLStatement {
        "CASE WHEN a.id IS NULL THEN b.bound_batches ELSE coalesce(u.batches, 0) END"
    }

    /// What these weigh, at most.
    private var heldWeight: SQLStatement {
        "CASE WHEN a.id IS NULL THEN b.bound_weight ELSE coalesce(u.weight, 0.0) END"
    }

    /// How many there were when they were last added up.
    private var summedBatches: SQLStatement {
        "CASE WHEN a.id IS NULL THEN b.summed_batches ELSE coalesce(u.batches, 0) END"
    }

    /// Whether budgets that were looked at have no room: 0 where they have, and an error where they
    /// have not, by a text that is not a number, which names no budget.
    ///
    /// - Parameters:
    ///   - need: What is to be let in.
    ///   - allowance: What it was let in by.
    ///   - rows: What was known of the budgets when they were looked at.
    ///   - now: The inventory's time, as an instant.
    /// - Returns: The expression, over all budgets `b`.
    func isFull(
        for need: BudgetNeed,
        of allowance: Allowance,
        _ rows: [BudgetRow],
        now: SQLStatement
    ) -> SQLStatement {
        var isFull = isFull(for: need, now: now)
        // A rate that was not known is looked at before anything is let in.
        var isNews: SQLStatement = " OR b.rate IS NOT NULL"
        for row in rows where row.budget.limits.rate != nil {
            let tokensNeeded = allowance.tokensUsed[row.budget.owner] ?? 0
            isFull.append(" OR b.id = \(row.id) AND \(tokens) < \(tokensNeeded) * 0.999999999")
            isNews.append(" AND b.id <> \(row.id)")
        }
        isFull.append(isNews)
        return failing(isFull)
    }

    /// 0, or an error where a budget is full.
    private func failing(_ isFull: SQLStatement) -> SQLStatement {
        "CAST(max(CASE WHEN \(isFull) THEN \(Self.fullMark) ELSE '0' END) AS integer)"
    }

    /// Whether a budget `b`, with what is held under it, has no room.
    ///
    /// Sums are a little more or less than another order of the same weights gives.
    private func isFull(for need: BudgetNeed, now: SQLStatement) -> SQLStatement {
        """
        b.pause_reason IS NOT NULL OR b.parked_until > \(now) OR b.open_until <= \(now)
            OR b.weight = 0
            OR b.held_batches + \(need.batches) > b.batches
            OR (b.held_batches > 0 OR \(need.batches) > 1)
                AND b.held_weight > b.weight * 1.000000001 - \(need.weight)
        """
    }

    /// Whether the next acquire may find no room in a budget `b`, with what is held under it, or is
    /// to leave some to others; or whether entries are to be folded.
    private func isTight(for need: BudgetNeed) -> SQLStatement {
        """
        b.rate IS NOT NULL
            OR b.held_batches + \(need.twice.batches) > b.batches
            OR b.held_weight > b.weight - \(need.twice.weight)
            OR b.entries > \(BudgetRow.slack) + b.held_batches * 5 / 4
            OR \(isWaitedFor)
        """
    }

    /// The statement that inserts batches if the budgets have room, and enters what these let in.
    ///
    /// - Parameters:
    ///   - given: The rows of the batches, as a table `given` of a `WITH`.
    ///   - insert: What inserts them.
    ///   - room: What the budgets have left.
    ///   - run: The number of the run.
    ///   - need: All that is let in.
    /// - Returns: The statement; its rows are the number of a batch, its first id, and what `room`
    ///   says.
    func insertLetIn(
        _ given: SQLStatement,
        _ insert: SQLStatement,
        in room: SQLStatement,
        of run: SQLStatement,
        for need: BudgetNeed
    ) -> SQLStatement {
        """
        WITH \(room), \(given), made AS (
        \(insert) WHERE (SELECT is_full FROM room) = 0
        RETURNING id, batch_id_start
        ), entered AS (\(enterMade(of: run, for: need)))
        SELECT id, batch_id_start, is_tight, is_shared FROM made CROSS JOIN room
        """
    }

    /// The statement that enters batches out of a table `made`, which are let in by the budgets of
    /// a table `base`.
    ///
    /// - Parameters:
    ///   - run: The number of their run.
    ///   - need: All that is let in.
    /// - Returns: The statement.
    func enterMade(of run: SQLStatement, for need: BudgetNeed) -> SQLStatement {
        """
        INSERT INTO \(tables.letIn) (
            budget_id, run_id, batch_id, attempt, bound_batches, bound_weight, summed_batches
        )
        SELECT base.id, CAST(\(run) AS bigint), made.id, 1,
            base.held_batches + \(need.batches),
            -- A sum beyond all numbers is an error of the database.
            CASE WHEN base.held_weight > \(Self.mostWeight) - \(need.weight)
                THEN \(Self.mostWeight) ELSE base.held_weight + \(need.weight) END,
            base.summed
        FROM made CROSS JOIN base
        """
    }

    // MARK: - Rates

    /// What the rate of a budget `b` has left now.
    private var tokens: SQLStatement {
        let past: SQLStatement =
            "\(dialect.milliseconds(now)) - \(dialect.milliseconds("c.charged_at"))"
        return """
            coalesce((
                SELECT CASE WHEN grown.tokens < b.burst THEN grown.tokens ELSE b.burst END
                FROM (
                    SELECT CASE
                        -- The clock was set back since.
                        WHEN \(past) < \(-BudgetTokens.mostAhead.milliseconds) THEN b.burst
                        ELSE c.tokens + b.rate * (CASE WHEN \(past) > 0 THEN \(past) ELSE 0 END)
                            / 1000.0
                    END AS tokens
                    FROM \(tables.charge) AS c
                    WHERE c.budget_id = b.id
                    ORDER BY c.id DESC
                    LIMIT 1
                ) AS grown
            ), b.burst)
            """
    }

    /// The statements that charge a rate, whose budget is locked; its time never goes back but by
    /// more than a minute.
    func charge(_ weight: Double, to id: Int64) -> [SQLStatement] {
        let last: SQLStatement =
            "(SELECT max(charged_at) FROM \(tables.charge) WHERE budget_id = b.id)"
        let mostAhead: SQLStatement = "\(BudgetTokens.mostAhead.milliseconds)"
        let latest = dialect.instant(now, plus: mostAhead)
        return [
            """
            INSERT INTO \(tables.charge) (budget_id, tokens, charged_at)
            SELECT b.id, \(tokens) - \(weight),
                CASE WHEN \(last) > \(now) AND \(last) <= \(latest)
                    THEN \(last) ELSE \(now) END
            FROM \(tables.budget) AS b
            WHERE b.id = \(id)
            """,
            """
            DELETE FROM \(tables.charge)
            WHERE budget_id = \(id)
                AND id < (SELECT max(id) FROM \(tables.charge) WHERE budget_id = \(id))
            """,
        ]
    }

    // MARK: - Waiting

    /// The statement that notes that a run waits.
    func wait(_ wait: BudgetWait, of run: Int64, for budget: Int64) -> SQLStatement {
        """
        INSERT INTO \(tables.waiting)
            (budget_id, run_id, worker, weight, waits_since, waits_until)
        VALUES (
            \(budget), \(run), \(wait.worker), \(wait.weight), \(instant(wait.since)),
            \(instant(wait.until))
        )
        ON CONFLICT (budget_id, run_id) DO UPDATE
        SET worker = excluded.worker, weight = excluded.weight,
            waits_since = excluded.waits_since, waits_until = excluded.waits_until
        """
    }

    /// The statement that notes that a run waits no more.
    func endWait(of run: Int64, for budget: Int64, at now: SQLStatement) -> SQLStatement {
        """
        UPDATE \(tables.waiting) SET waits_until = \(now)
        WHERE budget_id = \(budget) AND run_id = \(run)
        """
    }
}
