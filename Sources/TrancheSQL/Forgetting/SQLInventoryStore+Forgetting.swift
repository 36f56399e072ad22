package import Tranche

/// Runs that are removed with all that is kept of them.
extension SQLInventoryStore {
    package func forget(
        _ selection: RunSelection,
        isDryRun: Bool
    ) async throws -> ForgetReport {
        // Locked, so that none of them is acquired from meanwhile.
        let lock: SQLStatement = """
            SELECT id, meta_table, job, run
            FROM \(tables.run)
            WHERE \(isSelected(selection))
            ORDER BY id
            \(isDryRun ? "" : dialect.lockingRow)
            """
        return try await wrapping {
            if isDryRun {
                return try await database.withReader { connection in
                    let rows = try await connection.atomically([lock], isWriting: false)[0]
                    let found = try runs(in: rows)
                    let counts = try await connection.atomically(
                        questions(about: found),
                        isWriting: false
                    )
                    return try report(on: found, counts)
                }
            }
            return try await database.withTransaction([lock]) { connection, rows in
                let found = try runs(in: rows[0])
                if found.isEmpty { return ForgetReport() }
                let counts = try await connection.run(questions(about: found))
                let report = try report(on: found, counts)
                try report.requireUnused()
                _ = try await connection.commit(removing(found.map(\.id)))
                for key in report.runs { note({ $0 = AcquireHint() }, for: key) }
                return report
            }
        }
    }

    private func runs(in rows: SQLRows) throws -> [(id: Int64, key: RunKey)] {
        try rows.map { row in
            let id = try row.integer()
            let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
            return (id, key)
        }
    }

    // MARK: Counting

    /// The statements that count what runs have, and find the jobs that take their batches.
    private func questions(about runs: [(id: Int64, key: RunKey)]) -> [SQLStatement] {
        let ids = runs.map(\.id)
        let isOfRun = dialect.column("run_id", isAmong: ids)
        let isHeld: SQLStatement = "status = 'running' AND lease_expires_at > \(now)"
        let names = Set(runs.map { InventorySource.prefix + $0.key.job }).sorted()
        let sources = SQLStatement.list((names.isEmpty ? [""] : names).map { "\($0)" })
        return [
            """
            SELECT count(*),
                CAST(coalesce(sum(CASE WHEN status <> 'split' THEN batch_count END), 0) AS bigint),
                count(CASE WHEN \(isHeld) THEN 1 END)
            FROM \(tables.batch)
            WHERE \(isOf(ids))
            """,
            """
            SELECT CAST(coalesce(sum(batches), 0) AS bigint),
                CAST(coalesce(sum(items), 0) AS bigint)
            FROM \(tables.archive)
            WHERE \(isOfRun)
            """,
            """
            SELECT count(*)
            FROM \(tables.attempt)
            WHERE batch_id IN (SELECT id FROM \(tables.batch) WHERE \(isOf(ids)))
            """,
            "SELECT count(*) FROM \(tables.gap) WHERE \(isOfRun)",
            """
            SELECT meta_table, job, run, definition
            FROM \(tables.run)
            WHERE meta_table IN (\(sources)) AND definition IS NOT NULL
            ORDER BY meta_table, job, run
            """,
            """
            SELECT count(*)
            FROM \(tables.probe)
            WHERE budget_id IN (SELECT id FROM \(tables.budget) WHERE \(isOfRun))
            """,
        ]
    }

    private func report(
        on runs: [(id: Int64, key: RunKey)],
        _ rows: [SQLRows]
    ) throws -> ForgetReport {
        var report = ForgetReport()
        report.runs = runs.map(\.key).sorted {
            ($0.metaTable, $0.job, $0.run) < ($1.metaTable, $1.job, $1.run)
        }
        if var row = rows[0].first {
            report.batches = Int(try row.integer())
            report.items = Int(try row.integer())
            report.held = Int(try row.integer())
        }
        if var row = rows[1].first {
            report.batches += Int(try row.integer())
            report.items += Int(try row.integer())
        }
        if var row = rows[2].first { report.attempts = Int(try row.integer()) }
        if var row = rows[3].first { report.gaps = Int(try row.integer()) }
        let jobs = Set(runs.map { JobKey(metaTable: $0.key.metaTable, job: $0.key.job) })
        report.takers = try rows[4].map { try taker(&$0) }
            .filter { taker in
                // The source has the job's name; of which job of that name is not always known.
                !report.runs.contains(taker.key) && taker.upstream.map(jobs.contains) ?? true
            }
            .map(\.key)
        if var row = rows[5].first { report.probes = Int(try row.integer()) }
        return report
    }

    /// A run over the batches of a job, and that job.
    private func taker(_ row: inout SQLRow) throws -> (key: RunKey, upstream: JobKey?) {
        let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
        let definition = try JSONText.decode(SourceDefinition.self, from: try row.text())
        return (key, InventorySource(definition).map(\.upstream))
    }

    // MARK: Removing

    /// Whether a batch is of one of some runs.
    private func isOf(_ ids: [Int64]) -> SQLStatement {
        """
        (meta_table, job, run) IN (
            SELECT meta_table, job, run
            FROM \(tables.run)
            WHERE \(dialect.column("id", isAmong: ids))
        )
        """
    }

    /// The statements that remove the numbers of uids over whose table no run is left.
    private var removingUnusedNumbers: [SQLStatement] {
        let isUnused: SQLStatement = """
            NOT EXISTS (
                SELECT 1 FROM \(tables.run) AS r WHERE r.meta_table = registry.meta_table
            )
            """
        let unused: SQLStatement =
            "SELECT id FROM \(tables.registry) AS registry WHERE \(isUnused)"
        return [
            // Who acquires for the first time has its row locked until the run can be seen.
            "\(unused) ORDER BY id \(dialect.lockingRow)",
            "DELETE FROM \(tables.uid) WHERE registry_id IN (\(unused))",
            "DELETE FROM \(tables.registry) WHERE id IN (\(unused))",
        ]
    }

    /// The statements that remove runs, what refers to them first.
    private func removing(_ ids: [Int64]) -> [SQLStatement] {
        let isOfRun = dialect.column("run_id", isAmong: ids)
        let batches: SQLStatement = "SELECT id FROM \(tables.batch) WHERE \(isOf(ids))"
        let budgets: SQLStatement = "SELECT id FROM \(tables.budget) WHERE \(isOfRun)"
        let ofBatch = [tables.output, tables.attempt]
        let ofBudget = [tables.letIn, tables.waiting, tables.charge, tables.probe]
        let ofRun = [
            tables.letIn, tables.waiting, tables.runBudget, tables.budget, tables.change,
            tables.gap, tables.archive, tables.workflow, tables.tally,
        ]
        // As whoever is answered by a probe does: the budget before the probe.
        let lock: SQLStatement = "\(budgets) ORDER BY id \(dialect.lockingRow)"
        let removals: [SQLStatement] =
            ofBatch.map { "DELETE FROM \($0) WHERE batch_id IN (\(batches))" }
            + ofBudget.map { "DELETE FROM \($0) WHERE budget_id IN (\(budgets))" }
            + ofRun.map { "DELETE FROM \($0) WHERE \(isOfRun)" }
            + [
                "DELETE FROM \(tables.batch) WHERE \(isOf(ids))",
                "DELETE FROM \(tables.run) WHERE \(dialect.column("id", isAmong: ids))",
            ] + removingUnusedNumbers
        return [lock] + removals
    }
}
