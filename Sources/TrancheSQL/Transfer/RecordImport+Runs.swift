import Tranche

/// What is looked at once all runs of a file are there.
extension RecordImport {
    /// Refuses runs over the batches of a job that is not here as they knew it: they are behind
    /// completions whose numbers its next batches would get, and would never see these.
    ///
    /// A job that is in the file is as it was.
    func requireUpstreams(on connection: isolated Database.Connection) async throws {
        // In a file they are rounded to these.
        let dialect = store.dialect
        let begun = (dialect.milliseconds("created_at"), dialect.milliseconds("r.created_at"))
        for taker in takers where !jobs.contains(taker.upstream) {
            guard let run = numbers["run"]?[taker.number] else { continue }
            let (job, key) = (taker.upstream, taker.key)
            let rows = try await self.run(
                [
                    """
                    SELECT count(*), CASE
                        WHEN min(\(begun.0)) > (
                            SELECT 1 + \(begun.1)
                            FROM \(store.tables.run) AS r
                            WHERE r.id = \(run)
                        ) THEN 1
                        ELSE 0
                    END
                    FROM \(store.tables.run)
                    WHERE \(store.isJob(job))
                    """,
                    store.selectHighest(of: job),
                    """
                    SELECT max(number)
                    FROM (
                        SELECT passed_id AS number FROM \(store.tables.run) WHERE id = \(run)
                        UNION ALL
                        SELECT max(batch_id_end) FROM \(store.tables.batch)
                        WHERE \(store.isRun(key))
                        UNION ALL
                        SELECT max(id_end) FROM \(store.tables.archive) WHERE run_id = \(run)
                    ) AS known
                    """,
                ],
                on: connection
            )
            var known = rows[0][0]
            let isHere = try known.integer() > 0
            let isYounger = try known.boolean()
            var (highest, reached) = (rows[1].first, rows[2].first)
            let completions = try highest?.optionalInteger() ?? 0
            let passed = try reached?.optionalInteger() ?? 0
            let upstream = "job '\(job.job)' on '\(job.metaTable)'"
            let words: String
            if !isHere {
                // What had it neither where it comes from is as it was.
                if isWhole { continue }
                words = "\(upstream), which is neither in the file nor here: import that job first"
            } else if isYounger {
                words = "\(upstream), which began anew here: forget that job, and import it first"
            } else if completions < passed {
                words =
                    "\(upstream), and has passed \(passed) of them, of which \(completions) are "
                    + "here: forget that job, and import it first"
            } else {
                continue
            }
            throw TrancheError(
                .invalidArgument,
                "line \(taker.line): \(key) takes the batches of \(words), or take a file of "
                    + "'tranche export' without --job, which has both. Nothing was changed"
            )
        }
    }

    /// Says anew what limits the runs: a budget that came is shut only by a probe that came along,
    /// and one of all runs may have been here before.
    func limitRuns(on connection: isolated Database.Connection) async throws {
        let dialect = store.dialect
        let budgets = (numbers["budget"] ?? [:]).filter { !knownBudgets.contains($0.key) }
        let runs = (numbers["run"] ?? [:]).values.sorted()
        let isNew = dialect.column("id", isAmong: budgets.values.sorted())
        let set: SQLStatement = "coalesce(\(store.budgetSet), 1)"
        _ = try await run(
            [
                store.open(isNew),
                """
                DELETE FROM \(store.tables.budget)
                WHERE \(isNew)
                    AND run_id IS NOT NULL AND batches IS NULL AND open_until IS NULL
                """,
                """
                UPDATE \(store.tables.run) AS r
                SET budget_set = \(set)
                WHERE \(dialect.column("id", isAmong: runs))
                    AND (budget_set = 0) <> (\(set) = 0)
                """,
            ],
            on: connection
        )
    }
}
