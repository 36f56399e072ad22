import FoundationEssentials
import Tranche

/// Taking over a table that pybatchintory 0.0.8 wrote.
extension SQLMigrator {
    /// The columns of pybatchintory's table.
    private static var adoptableColumns: Set<String> {
        [
            "id", "meta_table", "job", "job_identifier", "job_result_item", "processing_start",
            "processing_end", "batch_id_start", "batch_id_end", "batch_weight", "batch_count",
            "attempt",
            "status", "logging", "config",
        ]
    }

    /// Whether there is a table to take over.
    ///
    /// - Throws: `TrancheError` `.migrationRefused` when the table is somebody else's.
    func isAdoptable() async throws -> Bool {
        // In this order: another migrator makes both at once, perhaps just now.
        guard let table = try await database.table(tables.batch),
            try await database.table(tables.migration) == nil
        else { return false }
        let columns = Set(table.columns.map(\.name))
        let missing = Self.adoptableColumns.subtracting(columns)
        guard missing.isEmpty, !columns.contains("run") else {
            throw TrancheError(
                .migrationRefused,
                "table '\(tables.batch.table)' in \(name) was written neither by Tranche nor by "
                    + "pybatchintory 0.0.8 (missing: \(missing.sorted().joined(separator: ", "))); "
                    + "set TRANCHE_TABLE to another name"
            )
        }
        return true
    }

    /// Takes the table over in one transaction.
    ///
    /// - Returns: What was done; `nil` when another migrator has taken it over meanwhile.
    package func adopt(
        _ options: AdoptionOptions,
        isDryRun: Bool
    ) async throws -> MigrationReport? {
        do {
            try await requireNoDependents()
            try await requireNoOtherColumns()
            try await requireKnownStates()
            try await requireJobs(options.bounded)
        } catch let error as TrancheError where error.code == .migrationRefused {
            // What another migrator made looks like what somebody added.
            if try await isAdoptable() { throw error }
            return nil
        }
        let zone = try await database.zone(options.zone)
        let parts = adoptionScripts(zone: zone)
        var report = MigrationReport(
            steps: ["adopt_pybatchintory"] + set.migrations.dropFirst().map(\.label),
            sql: parts
        )
        if isDryRun { return report }
        let lock = database.lockForMigration(tables.migration)
        report.adopted = try await database.withTransaction(lock) { connection, _ in
            try await makeHistory(on: connection)
            // Another migrator may have taken it over while this one waited.
            guard try check(try await connection.run([selectApplied()])[0]).isEmpty else {
                return nil
            }
            for part in parts { try await connection.runScript(part) }
            let shift = try await database.zoneShifts(zone, tables: tables, on: connection)
            _ = try await connection.run(shift + adoptionStatements(options))
            let adoption = try await adoption(on: connection)
            _ = try await connection.commit(set.migrations.map { record($0) })
            return adoption
        }
        return report.adopted == nil ? nil : report
    }

    /// Divides a script between whose parts the first migration makes the new table.
    private static var division: String { "-- then 0001\n" }

    private func adoptionScripts(zone: String) -> [String] {
        let parts = set.adoption.components(separatedBy: Self.division)
        var scripts = [parts[0]]
        if parts.count == 2, let first = set.migrations.first { scripts += [first.up, parts[1]] }
        scripts += set.migrations.dropFirst().map(\.up)
        return scripts.map { script.fill($0, values: ["zone": zone.quotedAsText]) }
    }

    // MARK: Before anything is written

    private func requireNoDependents() async throws {
        let dependents = try await database.dependents(of: tables.batch)
        guard dependents.isEmpty else {
            throw TrancheError(
                .migrationRefused,
                "table '\(tables.batch.table)' in \(name) cannot be taken over while "
                    + "\(dependents.joined(separator: ", ")) depend on it; nothing was changed. Drop "
                    + "them, run 'tranche migrate up' again, and make them anew"
            )
        }
    }

    /// Where the table is made anew, columns that somebody added would be lost.
    private func requireNoOtherColumns() async throws {
        guard set.adoption.contains(Self.division),
            let table = try await database.table(tables.batch)
        else { return }
        let others = table.columns.map(\.name).filter { !Self.adoptableColumns.contains($0) }
        guard others.isEmpty else {
            throw TrancheError(
                .migrationRefused,
                "table '\(tables.batch.table)' in \(name) has columns that pybatchintory did not make: "
                    + others.map { "'\($0)'" }.joined(separator: ", ")
                    + "; nothing was changed. Move them to a table of their own first"
            )
        }
    }

    private func requireKnownStates() async throws {
        let rows = try await database.read(
            "SELECT DISTINCT CAST(status AS text) AS state FROM \(tables.batch) ORDER BY 1"
        )
        let states = try rows[0].map { try $0.text() }
        let unknown = states.filter { !["running", "succeeded", "failed"].contains($0) }
        guard unknown.isEmpty else {
            throw TrancheError(
                .migrationRefused,
                "table '\(tables.batch.table)' in \(name) has rows with the status "
                    + unknown.map { "'\($0)'" }.joined(separator: ", ")
                    + "; nothing was changed. Set them to running, succeeded or failed first"
            )
        }
    }

    private func requireJobs(_ bounded: [String: IDBounds]) async throws {
        let rows = try await database.read("SELECT DISTINCT job FROM \(tables.batch)")
        let jobs = Set(try rows[0].map { try $0.text() })
        for job in bounded.keys.sorted() where !jobs.contains(job) {
            throw TrancheError(
                .migrationRefused,
                "there is no job '\(job)' in table '\(tables.batch.table)' of \(name); it has "
                    + jobs.sorted().map { "'\($0)'" }.joined(separator: ", ")
            )
        }
    }

    // MARK: Writing

    /// Gives the kept rows what pybatchintory did not know: runs, tiles, failures, leases,
    /// attempts.
    private func adoptionStatements(_ options: AdoptionOptions) -> [SQLStatement] {
        let dialect = database.dialect
        var statements: [SQLStatement] = []
        for (job, _) in options.bounded.sorted(by: { $0.key < $1.key }) {
            statements.append(
                "UPDATE \(tables.batch) SET run = job, kind = 'backfill' WHERE job = \(job)"
            )
        }
        let lease = options.lease.milliseconds
        statements += [
            """
            UPDATE \(tables.batch)
            SET failures = CASE WHEN status = 'failed' THEN 1 ELSE 0 END,
                lease_expires_at = CASE
                    WHEN status = 'running' THEN \(dialect.instant(dialect.clock, plus: "\(lease)"))
                END
            """,
            // A tile begins where the highest range before it ended; where ranges overlap, at its
            // own start.
            """
            UPDATE \(tables.batch)
            SET cover_start = CASE
                WHEN reached < batch_id_start THEN reached
                ELSE batch_id_start - 1
            END
            FROM (
                SELECT id AS batch, max(batch_id_end) OVER (
                    PARTITION BY meta_table, job
                    ORDER BY id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS reached
                FROM \(tables.batch)
            ) AS tiles
            WHERE batch = id AND reached IS NOT NULL
            """,
            """
            INSERT INTO \(tables.run) (
                meta_table, job, run, passed_id, tile_end,
                lease_ms, max_attempts, backoff_ms, backoff_limit_ms, created_at
            )
            SELECT meta_table, job, run, max(batch_id_end), max(batch_id_end),
                \(lease), \(RunPolicy().maxAttempts), \(RunPolicy().backoff.milliseconds),
                \(RunPolicy().backoffLimit.milliseconds),
                \(dialect.instant(dialect.milliseconds(ofProcessingTime: "min(processing_start)")))
            FROM \(tables.batch)
            GROUP BY meta_table, job, run
            """,
            """
            INSERT INTO \(tables.attempt)
                (batch_id, attempt, worker, started_at, ended_at, outcome, error)
            SELECT id, attempt, NULL,
                \(dialect.instant(dialect.milliseconds(ofProcessingTime: "processing_start"))),
                \(dialect.instant(dialect.milliseconds(
                    ofProcessingTime: "coalesce(processing_end, processing_start)"))),
                status, CASE WHEN status = 'failed' THEN logging END
            FROM \(tables.batch)
            WHERE status IN ('succeeded', 'failed')
            """,
        ]
        for (job, bounds) in options.bounded.sorted(by: { $0.key < $1.key }) {
            statements.append(
                """
                UPDATE \(tables.run) SET id_from = \(bounds.lower), id_to = \(bounds.upper)
                WHERE job = \(job)
                """
            )
        }
        return statements
    }

    /// Reads what was taken over.
    private func adoption(
        on connection: isolated Database.Connection
    ) async throws -> MigrationReport.Adoption {
        let rows = try await connection.run([
            "SELECT count(*) FROM \(tables.batch)",
            """
            SELECT r.meta_table, r.job, r.run, r.id_from, r.id_to, r.passed_id,
                (
                    SELECT count(*) FROM \(tables.batch) AS b
                    WHERE b.meta_table = r.meta_table AND b.job = r.job AND b.status = 'running'
                ),
                (
                    SELECT count(*) FROM \(tables.batch) AS b
                    WHERE b.meta_table = r.meta_table AND b.job = r.job AND b.status = 'failed'
                )
            FROM \(tables.run) AS r
            ORDER BY r.meta_table, r.job, r.run
            """,
            """
            SELECT meta_table, job, run, id, batch_id_start, batch_id_end
            FROM \(tables.batch)
            ORDER BY meta_table, job, run, batch_id_start, id
            """,
        ])
        var count = rows[0][0]
        return MigrationReport.Adoption(
            rows: Int(try count.integer()),
            runs: try rows[1].map { row in
                MigrationReport.Run(
                    key: RunKey(
                        metaTable: try row.text(),
                        job: try row.text(),
                        run: try row.text()
                    ),
                    bounds: IDBounds(
                        lower: try row.optionalInteger(),
                        upper: try row.optionalInteger()
                    ),
                    cursor: try row.integer(),
                    running: Int(try row.integer()),
                    failed: Int(try row.integer())
                )
            },
            overlaps: try overlaps(in: rows[2])
        )
    }

    /// Finds ranges that begin before the furthest one so far of their run has ended.
    private func overlaps(in rows: SQLRows) throws -> [MigrationReport.Overlap] {
        var overlaps: [MigrationReport.Overlap] = []
        var furthest: (key: RunKey, id: Int64, end: Int64)?
        _ = try rows.map { row in
            let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
            let id = try row.integer()
            let start = try row.integer()
            let end = try row.integer()
            guard let known = furthest, known.key == key else {
                furthest = (key, id, end)
                return
            }
            if start <= known.end, start <= end {
                overlaps.append(
                    .init(key: key, batches: [known.id, id], ids: start...min(end, known.end))
                )
            }
            if end > known.end { furthest = (key, id, end) }
        }
        return overlaps
    }
}
