import Foundation
package import Tranche

/// What the batches of runs add up to, without a look at each.
///
/// What is open, failed or split is few and has indexes of its own. What succeeded is the rest: the
/// tiles of a run are added up once, as far as ``SummaryTotals`` says, and only those behind are
/// read.
extension SQLInventoryStore {
    package func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary] {
        let names = selectRuns("meta_table, job, run", selection, after: mark, limit: limit)
        let isAll = mark == nil && limit == .max
        let isOfPage: SQLStatement = isAll ? "1 = 1" : "(meta_table, job, run) IN (\(names))"
        let ofPage: SQLStatement = "\(isSelected(selection)) AND \(isOfPage)"
        let select = selectRuns(runColumns, selection, after: mark, limit: limit)
        return try await wrapping {
            let rows = try await database.read(
                select,
                selectTotals(where: ofPage),
                selectFailures(where: ofPage)
            )
            var summaries = try rows[0].map { RunSummary(run: try run(&$0), totals: [:]) }
            if summaries.isEmpty { return [] }
            let places = Dictionary(
                summaries.enumerated().map { ($0.element.run.key, $0.offset) },
                uniquingKeysWith: { $1 }
            )
            var totals = summaries.map { _ in SummaryTotals() }
            _ = try rows[1].map { row in
                guard let place = places[try key(&row)] else { return }
                try totals[place].add(&row, to: &summaries[place])
            }
            _ = try rows[2].map { row in
                guard let place = places[try key(&row)] else { return }
                summaries[place].lastHour.failures = Int(try row.integer())
            }
            for place in summaries.indices { totals[place].finish(&summaries[place]) }
            try await addLatest(to: &summaries, places, where: ofPage)
            try await keepTallies(of: summaries, totals)
            return summaries
        }
    }

    private func key(_ row: inout SQLRow) throws -> RunKey {
        RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
    }

    /// The statements that look at all runs, for tests of their plans.
    package var summaryStatements: [(name: String, statement: SQLStatement)] {
        let latest: SQLStatement =
            dialect.joinsLaterally
            ? selectLatestOfAll(10, where: "1 = 1")
            : selectLatest(of: isRun(RunKey(metaTable: "t", job: "j")), 10)
        return [
            ("totals", selectTotals(where: "1 = 1")), ("failures", selectFailures(where: "1 = 1")),
            ("latest", latest),
        ]
    }

    // MARK: Totals

    /// Selects what batches add up to: rows of a part, a status and a cause, as ``SummaryTotals``
    /// reads them.
    ///
    /// It is one statement, so that a batch which ends meanwhile counts once.
    func selectTotals(where condition: SQLStatement) -> SQLStatement {
        // Each is the condition of an index, word for word, with what its statistics are of.
        let isDated: SQLStatement = "(coalesce(lease_expires_at, retry_at) IS NOT NULL)"
        let dated: SQLStatement = "status IN ('running', 'released', 'failed') AND \(isDated)"
        let lasting: SQLStatement = """
            status IN ('failed', 'quarantined') AND (status = 'quarantined' OR NOT \(isDated))
            """
        return """
            \(selectOpen(dated, condition))
            UNION ALL
            \(selectOpen(lasting, condition))
            UNION ALL
            \(selectOpen("status = 'split'", condition))
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
    /// Each run is asked for its own: statistics of a whole table do not tell that they are few.
    private func selectOpen(
        _ part: SQLStatement,
        _ condition: SQLStatement
    ) -> SQLStatement {
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
            \(openBatches(part, condition))
            GROUP BY of_table, of_job, of_run, b.status, b.cause, \(hasRetry), is_lapsed
            """
    }

    /// Looks for batches that have not succeeded, each run's by themselves.
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

    /// Adds the pace of the latest tiles, and what came of those of the last hour.
    private func addLatest(
        to summaries: inout [RunSummary],
        _ places: [RunKey: Int],
        where condition: SQLStatement
    ) async throws {
        let most = RunSummary.mostLatest(of: summaries.count)
        if dialect.joinsLaterally {
            let rows = try await database.read(selectLatestOfAll(most, where: condition))
            _ = try rows[0].map { row in
                guard let place = places[try key(&row)] else { return }
                try summaries[place].addLatest(&row, of: most)
            }
            return
        }
        let statements = summaries.map { selectLatest(of: isRun($0.run.key), most) }
        let rows = try await database.withReader {
            try await $0.atomically(statements, isWriting: false)
        }
        for (place, rows) in rows.enumerated() {
            guard var row = rows.first else { continue }
            try summaries[place].addLatest(&row, of: most)
        }
    }

    private func selectLatestOfAll(_ most: Int, where condition: SQLStatement) -> SQLStatement {
        let isOfRun: SQLStatement = "meta_table = r.meta_table AND job = r.job AND run = r.run"
        return """
            SELECT r.meta_table, r.job, r.run, latest.*
            FROM \(tables.run) AS r CROSS JOIN LATERAL (
            \(selectLatest(of: isOfRun, most))
            ) AS latest
            WHERE \(condition)
            """
    }

    private func selectLatest(of isMeant: SQLStatement, _ most: Int) -> SQLStatement {
        let hourAgo = dialect.processingTime(dialect.instant(now, plus: "-3600000"))
        let isOfHour: SQLStatement = "processing_end > \(hourAgo)"
        let weight: SQLStatement = "CASE WHEN \(isOfHour) THEN batch_weight ELSE 0 END"
        return """
            SELECT count(*) AS l1, sum(batch_count) AS l2,
                \(dialect.sum(ofWeights: "batch_weight")) AS l3,
                \(dialect.milliseconds(ofProcessingTime: "min(processing_start)")) AS l4,
                \(dialect.milliseconds(ofProcessingTime: "max(processing_end)")) AS l5,
                sum(CASE WHEN \(isOfHour) THEN 1 ELSE 0 END) AS l6,
                sum(CASE WHEN \(isOfHour) THEN batch_count ELSE 0 END) AS l7,
                \(dialect.sum(ofWeights: weight)) AS l8,
                \(dialect.milliseconds(now)) AS l9
            FROM (
                SELECT batch_count, batch_weight, processing_start, processing_end, status
                FROM \(tables.batch)
                WHERE \(isMeant) AND kind IN ('incremental', 'backfill')
                ORDER BY batch_id_end DESC
                LIMIT \(unsafeRaw: String(most))
            ) AS newest
            WHERE status = 'succeeded'
            """
    }
}
