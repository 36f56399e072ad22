import FoundationEssentials
package import Tranche

/// What the batches of runs add up to, without a look at each.
///
/// What is open, failed or split is few and has indexes of its own. What succeeded is the rest: the
/// tiles of a run are added up once, as far as ``SummaryTotals`` says, and only those behind are
/// read.
extension SQLInventoryStore: OverviewStore {
    package func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary] {
        if selection == RunSelection(), mark == nil, limit == .max {
            return try await wrapping { try await allSummaries() }
        }
        // One more than is wanted: where there is none, the page has all of them.
        let most = limit == .max ? limit : limit + 1
        let select = selectRuns(runColumns, selection, after: mark, limit: most)
        let names = selectRuns("meta_table, job, run", selection, after: mark, limit: limit)
        return try await wrapping {
            let runs = try await database.read(select)[0].map { try run(&$0) }
            let shown = Array(runs.prefix(limit))
            if shown.isEmpty { return [] }
            let isLast = mark == nil && runs.count <= limit
            let isShown: SQLStatement = isLast ? "1 = 1" : "(meta_table, job, run) IN (\(names))"
            let page = Page(
                condition: "\(isSelected(selection)) AND \(isShown)",
                isWhole: isLast && selection == RunSelection()
            )
            let rows = try await database.read(
                selectTotals(of: page),
                selectFailures(where: page.condition),
                selectLatest(RunSummary.mostLatest(of: shown.count), where: page.condition)
            )
            return try await addUp(shown, totals: rows[0], failures: rows[1], latest: rows[2])
        }
    }

    /// Looks at all runs: as they may be many, they are read and added up beside each other.
    private func allSummaries() async throws -> [RunSummary] {
        let page = Page(condition: "1 = 1", isWhole: true)
        async let sums = database.read(
            selectTotals(of: page),
            selectFailures(where: page.condition)
        )
        let select = selectRuns(runColumns, RunSelection(), after: nil, limit: .max)
        let runs = try await database.read(select)[0].map { try run(&$0) }
        let most = RunSummary.mostLatest(of: runs.count)
        let latest = try await database.read(selectLatest(most, where: page.condition))[0]
        let rows = try await sums
        return try await addUp(runs, totals: rows[0], failures: rows[1], latest: latest)
    }

    /// Which runs are looked at.
    struct Page {
        /// The condition of their rows.
        var condition: SQLStatement
        /// Whether they are all that there are.
        var isWhole = false
    }

    /// Adds to runs what was read of their batches.
    private func addUp(
        _ runs: [RunRecord],
        totals sums: SQLRows,
        failures: SQLRows,
        latest: SQLRows
    ) async throws -> [RunSummary] {
        var summaries = runs.map { RunSummary(run: $0, totals: [:]) }
        let places = Dictionary(
            runs.enumerated().map { ($0.element.key, $0.offset) },
            uniquingKeysWith: { $1 }
        )
        var totals = runs.map { _ in SummaryTotals() }
        _ = try sums.map { row in
            guard let place = places[try key(&row)] else { return }
            try totals[place].add(&row, to: &summaries[place])
        }
        _ = try failures.map { row in
            guard let place = places[try key(&row)] else { return }
            summaries[place].lastHour.failures = Int(try row.integer())
        }
        for place in summaries.indices { totals[place].finish(&summaries[place]) }
        _ = try latest.map { row in
            guard let place = places[try key(&row)] else { return }
            try summaries[place].addLatest(&row, of: RunSummary.mostLatest(of: runs.count))
        }
        try await keepTallies(of: summaries, totals)
        return summaries
    }

    private func key(_ row: inout SQLRow) throws -> RunKey {
        RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
    }

    /// The statements that look at all runs, for tests of their plans.
    package var summaryStatements: [(name: String, statement: SQLStatement)] {
        let (some, all) = (Page(condition: "1 = 1"), Page(condition: "1 = 1", isWhole: true))
        return [
            ("totals", selectTotals(of: some)), ("totals of all", selectTotals(of: all)),
            ("failures", selectFailures(where: "1 = 1")),
            ("latest", selectLatest(10, where: "1 = 1")),
        ]
    }

    // MARK: Totals

    /// Selects what batches add up to: rows of a part, a status and a cause, as ``SummaryTotals``
    /// reads them.
    ///
    /// It is one statement, so that a batch which ends meanwhile counts once.
    func selectTotals(of page: Page) -> SQLStatement {
        let condition = page.condition
        // Each is the condition of an index, word for word, with what its statistics are of.
        let isDated: SQLStatement = "(coalesce(lease_expires_at, retry_at) IS NOT NULL)"
        let dated: SQLStatement = "status IN ('running', 'released', 'failed') AND \(isDated)"
        let lasting: SQLStatement = """
            status IN ('failed', 'quarantined') AND (status = 'quarantined' OR NOT \(isDated))
            """
        return """
            \(selectOpen(dated, page))
            UNION ALL
            \(selectOpen(lasting, page))
            UNION ALL
            \(selectOpen("status = 'split'", page))
            UNION ALL
            \(selectRest("kind = 'late'", condition))
            UNION ALL
            \(selectRest("kind IN ('split', 'redrive') AND parent_id IS NOT NULL", condition))
            UNION ALL
            \(selectTail(where: condition))
            UNION ALL
            SELECT meta_table, job, run, 'tally', 'succeeded', CAST(NULL AS text),
                t.batches, t.items, t.weight, CAST(NULL AS bigint), CAST(NULL AS bigint),
                0, 0, 0, 0, CAST(NULL AS bigint), 0, 0, \(dialect.double("0"))
            FROM \(tables.tally) AS t JOIN \(tables.run) AS r ON r.id = t.run_id
            WHERE \(condition)
            UNION ALL
            \(selectArchivedTotals(where: condition))
            """
    }

    /// Selects batches that have not succeeded, with what the tally has of them.
    ///
    private func selectOpen(_ part: SQLStatement, _ page: Page) -> SQLStatement {
        let isCounted: SQLStatement =
            "b.kind IN ('incremental', 'backfill') AND b.batch_id_end < r.from_id"
        let due: SQLStatement = "coalesce(b.lease_expires_at, b.retry_at)"
        let hasRetry: SQLStatement = "CASE WHEN b.retry_at IS NULL THEN 0 ELSE 1 END"
        let isLapsed: SQLStatement =
            "CASE WHEN b.status = 'running' AND \(due) <= \(now) THEN 1 ELSE 0 END"
        let weight: SQLStatement = "CASE WHEN \(isCounted) THEN b.batch_weight ELSE 0 END"
        return """
            SELECT of_table, of_job, of_run, 'open', b.status, b.cause, count(*), sum(b.batch_count),
                \(dialect.sum(ofWeights: "b.batch_weight")),
                \(dialect.milliseconds("min(CASE WHEN \(due) > \(now) THEN \(due) END)")),
                CAST(NULL AS bigint),
                sum(CASE WHEN \(due) <= \(now) THEN 1 ELSE 0 END), \(hasRetry),
                sum(CASE WHEN b.status = 'running' AND b.failures > 0 THEN 1 ELSE 0 END),
                \(isLapsed) AS is_lapsed,
                \(dialect.milliseconds("min(CASE WHEN \(due) <= \(now) THEN \(due) END)")),
                sum(CASE WHEN \(isCounted) THEN 1 ELSE 0 END),
                sum(CASE WHEN \(isCounted) THEN b.batch_count ELSE 0 END),
                \(dialect.sum(ofWeights: weight))
            \(page.isWhole ? openBatches(part) : openBatches(part, page.condition))
            GROUP BY of_table, of_job, of_run, b.status, b.cause, \(hasRetry), is_lapsed
            """
    }

    /// Looks for batches that have not succeeded, those of all runs at once: the index holds no
    /// others.
    ///
    /// - Parameter part: Which of them: the condition of an index, and more.
    /// - Returns: What follows a list of columns.
    private func openBatches(_ part: SQLStatement) -> SQLStatement {
        // SQLite keeps the order of a cross join.
        """
        FROM \(tables.batch) AS b CROSS JOIN \(runs(where: "1 = 1"))
        WHERE b.meta_table = r.of_table AND b.job = r.of_job AND b.run = r.of_run AND \(part)
        """
    }

    /// Looks for batches that have not succeeded, each run's by themselves: statistics of a whole
    /// table do not tell that they are few.
    ///
    /// - Parameters:
    ///   - part: Which of them: the condition of an index, and more.
    ///   - condition: Which runs.
    /// - Returns: What follows a list of columns.
    func openBatches(
        _ part: SQLStatement,
        _ condition: SQLStatement
    ) -> SQLStatement {
        let isOfRun: SQLStatement =
            "b.meta_table = r.of_table AND b.job = r.of_job AND b.run = r.of_run"
        guard dialect.joinsLaterally else {
            return """
                FROM \(runs(where: condition)) CROSS JOIN \(tables.batch) AS b
                WHERE \(isOfRun) AND \(part)
                """
        }
        // By the offset it stays a look for each run.
        return """
            FROM \(runs(where: condition)) CROSS JOIN LATERAL (
                SELECT id, status, cause, kind, batch_id_end, batch_count, batch_weight,
                    lease_expires_at, retry_at, failures
                FROM \(tables.batch) AS b
                WHERE \(isOfRun) AND \(part)
                OFFSET 0
            ) AS b
            """
    }

    /// Runs, with the lowest end of a tile that their tally does not have.
    private func runs(where condition: SQLStatement) -> SQLStatement {
        """
        (
            SELECT meta_table AS of_table, job AS of_job, run AS of_run,
                coalesce(t.next_id, \(Int64.min)) AS from_id
            FROM \(tables.run) AS own LEFT JOIN \(tables.tally) AS t ON t.run_id = own.id
            WHERE \(condition)
        ) AS r
        """
    }

    /// Selects batches that are not tiles and have succeeded.
    private func selectRest(_ part: SQLStatement, _ condition: SQLStatement) -> SQLStatement {
        let hourAgo = dialect.processingTime(dialect.instant(now, plus: "-3600000"))
        let isOfHour: SQLStatement = "processing_end > \(hourAgo)"
        let weight: SQLStatement = "CASE WHEN \(isOfHour) THEN batch_weight ELSE 0 END"
        return """
            SELECT meta_table, job, run, 'rest', 'succeeded', CAST(NULL AS text),
                count(*), sum(batch_count), \(dialect.sum(ofWeights: "batch_weight")),
                CAST(NULL AS bigint),
                \(dialect.milliseconds(ofProcessingTime: "max(processing_end)")),
                0, 0, 0, 0, CAST(NULL AS bigint),
                sum(CASE WHEN \(isOfHour) THEN 1 ELSE 0 END),
                sum(CASE WHEN \(isOfHour) THEN batch_count ELSE 0 END),
                \(dialect.sum(ofWeights: weight))
            FROM \(tables.batch)
            WHERE status = 'succeeded' AND \(part) AND \(condition)
            GROUP BY meta_table, job, run
            """
    }

    /// Selects the tiles behind those that the tally has.
    private func selectTail(where condition: SQLStatement) -> SQLStatement {
        let isTail: SQLStatement = """
            b.meta_table = r.of_table AND b.job = r.of_job AND b.run = r.of_run
                AND b.kind IN ('incremental', 'backfill') AND b.batch_id_end >= r.from_id
            """
        let runs = self.runs(where: condition)
        let given: SQLStatement =
            dialect.joinsLaterally
            ? """
            FROM \(runs) CROSS JOIN LATERAL (
                SELECT \(tailSums) FROM \(tables.batch) AS b WHERE \(isTail)
            ) AS tail
            """
            : """
            FROM (
                SELECT of_table, of_job, of_run, \(tailSums)
                FROM \(runs) CROSS JOIN \(tables.batch) AS b
                WHERE \(isTail)
                GROUP BY of_table, of_job, of_run
            ) AS tail
            """
        return """
            SELECT of_table, of_job, of_run, 'tail', 'succeeded', CAST(NULL AS text),
                done, done_items, done_weight, CAST(NULL AS bigint), ended,
                0, 0, 0, 0, CAST(NULL AS bigint), read, 0, \(dialect.double("0"))
            \(given)
            WHERE read > 0
            """
    }

    /// What tiles add up to, in the columns that the tail is read from.
    private var tailSums: SQLStatement {
        let isDone: SQLStatement = "b.status = 'succeeded'"
        let weight: SQLStatement = "CASE WHEN \(isDone) THEN b.batch_weight ELSE 0 END"
        return """
            sum(CASE WHEN \(isDone) THEN 1 ELSE 0 END) AS done,
                sum(CASE WHEN \(isDone) THEN b.batch_count ELSE 0 END) AS done_items,
                \(dialect.sum(ofWeights: weight)) AS done_weight,
                \(dialect.milliseconds(ofProcessingTime: """
                    max(CASE WHEN \(isDone) THEN b.processing_end END)
                    """)) AS ended,
                count(*) AS read
            """
    }

    /// Selects how many attempts of each run failed or lapsed in the last hour, the newest of them.
    func selectFailures(where condition: SQLStatement) -> SQLStatement {
        """
        SELECT meta_table, job, run, count(*)
        FROM (
            SELECT batch_id
            FROM \(tables.attempt)
            WHERE outcome IN ('failed', 'expired') AND coalesce(cause, '') <> 'cancelled'
                AND ended_at > \(dialect.instant(now, plus: "-3600000"))
            ORDER BY ended_at DESC
            LIMIT \(unsafeRaw: String(RunSummary.Activity.mostFailures))
        ) AS failure
        JOIN \(tables.batch) AS b ON b.id = failure.batch_id
        WHERE \(condition)
        GROUP BY meta_table, job, run
        """
    }

    // MARK: The latest

    /// Selects what the latest tiles of each run came to, and those of them that ended in the last
    /// hour: its name, and what ``RunSummary/addLatest(_:of:)`` reads.
    private func selectLatest(_ most: Int, where condition: SQLStatement) -> SQLStatement {
        let hourAgo = dialect.processingTime(dialect.instant(now, plus: "-3600000"))
        let isOfHour: SQLStatement = "processing_end > \(hourAgo)"
        let weight: SQLStatement = "CASE WHEN \(isOfHour) THEN batch_weight ELSE 0 END"
        let sums: SQLStatement = """
            count(newest.status) AS l1, sum(batch_count) AS l2,
                \(dialect.sum(ofWeights: "batch_weight")) AS l3,
                \(dialect.milliseconds(ofProcessingTime: "min(processing_start)")) AS l4,
                \(dialect.milliseconds(ofProcessingTime: "max(processing_end)")) AS l5,
                sum(CASE WHEN \(isOfHour) THEN 1 ELSE 0 END) AS l6,
                sum(CASE WHEN \(isOfHour) THEN batch_count ELSE 0 END) AS l7,
                \(dialect.sum(ofWeights: weight)) AS l8,
                \(dialect.milliseconds(now)) AS l9
            """
        let runs: SQLStatement = """
            (
                SELECT meta_table AS of_table, job AS of_job, run AS of_run
                FROM \(tables.run) AS r
                WHERE \(condition)
            ) AS r
            """
        func newest(_ columns: SQLStatement) -> SQLStatement {
            """
            SELECT \(columns)
            FROM \(tables.batch)
            WHERE meta_table = r.of_table AND job = r.of_job AND run = r.of_run
                AND kind IN ('incremental', 'backfill')
            ORDER BY batch_id_end DESC
            LIMIT \(unsafeRaw: String(most))
            """
        }
        guard dialect.joinsLaterally else {
            // Differs by dialect: the tiles are found by their numbers. The plus keeps SQLite from
            // making an index of all that succeeded, each of which it would look at for each run.
            return """
                SELECT of_table, of_job, of_run, \(sums)
                FROM \(runs) LEFT JOIN \(tables.batch) AS newest
                    ON newest.id IN (\(newest("id"))) AND +newest.status = 'succeeded'
                GROUP BY of_table, of_job, of_run
                """
        }
        let columns: SQLStatement =
            "batch_count, batch_weight, processing_start, processing_end, status"
        return """
            SELECT of_table, of_job, of_run, latest.*
            FROM \(runs) CROSS JOIN LATERAL (
                SELECT \(sums)
                FROM (
                    \(newest(columns))
                ) AS newest
                WHERE status = 'succeeded'
            ) AS latest
            """
    }

    // MARK: Gaps, stuck batches and budgets

    package func gaps(ofAll runs: [RunRecord]) async throws -> [RunKey: [Gap]] {
        let keys = Dictionary(runs.map { ($0.id, $0.key) }, uniquingKeysWith: { $1 })
        let select: SQLStatement = """
            SELECT run_id, \(gapColumns)
            FROM \(tables.gap)
            WHERE \(dialect.column("run_id", isAmong: keys.keys.sorted()))
            ORDER BY run_id, id_start, id
            """
        return try await wrapping {
            var gaps: [RunKey: [Gap]] = [:]
            _ = try await database.read(select)[0].map { row in
                guard let key = keys[try row.integer()] else { return }
                gaps[key, default: []].append(try gap(&row))
            }
            return gaps
        }
    }

    package func newestStuck(of runs: [RunRecord]) async throws -> [RunKey: BatchRecord] {
        let isStuck: SQLStatement = "status IN ('failed', 'quarantined') AND cause = 'stuck'"
        let ofRuns = dialect.column("id", isAmong: runs.map(\.id))
        let select: SQLStatement = """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE id IN (
                SELECT max(b.id)
                \(openBatches(isStuck, ofRuns))
                GROUP BY of_table, of_job, of_run
            )
            """
        return try await wrapping {
            let batches = try await database.read(select)[0].map { try batch(&$0) }
            return Dictionary(batches.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        }
    }

    package func budgets(ofAll runs: [RunRecord]) async throws -> RunBudgets {
        let keys = Dictionary(runs.map { ($0.id, $0.key) }, uniquingKeysWith: { $1 })
        let select: SQLStatement = """
            SELECT k.of_run, b.name
            FROM (
                SELECT run_id AS of_run, budget_id
                FROM \(tables.runBudget)
                WHERE \(dialect.column("run_id", isAmong: keys.keys.sorted()))
            ) AS k JOIN \(tables.budget) AS b ON b.id = k.budget_id
            WHERE b.name IS NOT NULL
            """
        return try await wrapping {
            let rows = try await database.read(
                selectBudgets(where: "1 = 1"),
                selectClaims(on: "1 = 1"),
                select,
                selectProbes(of: "1 = 1"),
                readClock
            )
            var budgets = try rows[0].map { try budgetRow(&$0) }
            try add(claims: rows[1], to: &budgets)
            var names: [RunKey: Set<String>] = [:]
            _ = try rows[2].map { row in
                guard let key = keys[try row.integer()] else { return }
                names[key, default: []].insert(try row.text())
            }
            let probes = try rows[3].map { try probe(&$0) }
            var clock = rows[4][0]
            return RunBudgets(
                budgets.map(\.budget),
                names: names,
                probes: probes,
                at: try clock.instant()
            )
        }
    }
}
