import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    package func runs(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunRecord] {
        let select = selectRuns(runColumns, selection, after: mark, limit: limit)
        return try await wrapping {
            try await database.read(select)[0].map { try run(&$0) }
        }
    }

    package func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try await wrapping {
            try await database.read(selectBatches(selection))[0].map { try batch(&$0) }
        }
    }

    /// Selects batches, the newest first.
    package func selectBatches(_ selection: BatchSelection) -> SQLStatement {
        guard selection.ids.isEmpty, let part = selection.status.flatMap(Self.part(of:)) else {
            return """
                SELECT \(batchColumns)
                FROM \(tables.batch)
                WHERE \(isSelected(selection))
                ORDER BY id DESC
                LIMIT \(selection.limit)
                """
        }
        let own: SQLStatement = "\(part) AND \(isSelected(selection))"
        // Those that have not succeeded are few, and stand in an index: by their ids alone, all
        // that have succeeded since would be gone through.
        let open: SQLStatement =
            selection.runs == RunSelection()
            ? "FROM \(tables.batch) AS b WHERE \(own)"
            : openBatches(own, isSelected(selection.runs))
        return """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE id IN (
                SELECT b.id
                \(open)
                ORDER BY b.id + 0 DESC
                LIMIT \(selection.limit)
            )
            ORDER BY id DESC
            """
    }

    /// The condition of the index, word for word, that has the batches of a status.
    private static func part(of status: BatchStatus) -> SQLStatement? {
        switch status {
        case .running, .released: "coalesce(lease_expires_at, retry_at) IS NOT NULL"
        case .failed, .quarantined: "status IN ('failed', 'quarantined')"
        case .split: "status = 'split'"
        case .succeeded: nil
        }
    }

    package func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
        let isOfRun: SQLStatement =
            "b.meta_table = r.meta_table AND b.job = r.job AND b.run = r.run"
        let select: SQLStatement = """
            WITH RECURSIVE found AS (
                -- Tiles end in order, so that the one with the id is the first that ends behind it;
                -- adopted ones, which may overlap, come before.
                SELECT b.id
                FROM \(tables.run) AS r CROSS JOIN \(tables.batch) AS b
                -- SQLite keeps the order of a cross join: the other way round it would go through
                -- all tiles of the source.
                WHERE \(isOfRun) AND r.meta_table = \(metaTable)
                    AND b.kind IN ('incremental', 'backfill')
                    AND b.batch_id_end >= \(id) AND b.batch_id_start <= \(id)
                    AND b.batch_id_end <= coalesce((
                        SELECT min(t.batch_id_end) FROM \(tables.batch) AS t
                        WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run
                            AND t.kind IN ('incremental', 'backfill')
                            AND t.request IS NOT NULL AND t.batch_id_end >= \(id)
                    ), 9223372036854775807)
                UNION
                SELECT b.id
                FROM \(tables.run) AS r CROSS JOIN \(tables.batch) AS b
                WHERE \(isOfRun) AND r.meta_table = \(metaTable) AND b.kind = 'late'
                    AND b.batch_id_end >= \(id) AND b.batch_id_start <= \(id)
                UNION
                -- What they were split into, and what was made of them again.
                SELECT part.id
                FROM found JOIN \(tables.batch) AS part ON part.parent_id = found.id
            )
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE id IN (SELECT id FROM found)
                AND batch_id_start <= \(id) AND batch_id_end >= \(id)
            ORDER BY id
            """
        return try await wrapping {
            try await database.withReader { connection in
                let own = try await connection.run([select])[0].map { try batch(&$0) }
                    .filter { $0.ids?.contains(id) ?? true }
                let known = Set(own.map(\.id))
                let archived = try await archivedBatches(
                    holding: id,
                    of: metaTable,
                    on: connection
                )
                return (own + archived.filter { !known.contains($0.id) }).sorted { $0.id < $1.id }
            }
        }
    }

    package func attempts(
        of batch: Int64,
        after mark: Int?,
        limit: Int
    ) async throws -> [AttemptRecord] {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT attempt, worker, \(dialect.milliseconds("started_at")),
                    \(dialect.milliseconds("ended_at")), coalesce(cause, outcome), error
                FROM \(tables.attempt)
                WHERE batch_id = \(batch) AND attempt > \(mark ?? 0)
                ORDER BY attempt
                LIMIT \(limit)
                """,
                "SELECT \(batchColumns) FROM \(tables.batch) WHERE id = \(batch) AND status = 'running'"
            )
            var attempts = try rows[0].map { row in
                AttemptRecord(
                    batch: batch,
                    attempt: Int(try row.integer()),
                    worker: row.optionalText(),
                    startedAt: try row.instant(),
                    endedAt: try row.instant(),
                    outcome: AttemptRecord.Outcome(rawValue: try row.text()) ?? .failed,
                    error: row.optionalText()
                )
            }
            if var row = rows[1].first, attempts.count < limit {
                let running = try self.batch(&row)
                guard running.attempt > mark ?? 0 else { return attempts }
                attempts.append(
                    AttemptRecord(
                        batch: batch,
                        attempt: running.attempt,
                        worker: running.worker,
                        startedAt: running.startedAt,
                        endedAt: nil,
                        outcome: .running,
                        error: nil
                    )
                )
            }
            return attempts
        }
    }

    package func oldestTransaction(openFor duration: Duration) async throws -> OpenTransaction? {
        guard let query = dialect.oldestTransaction(openFor: duration.milliseconds) else {
            return nil
        }
        return try await wrapping {
            guard var row = try await database.read(query)[0].first else { return nil }
            let process = Int(try row.integer())
            let (user, application) = (row.optionalText() ?? "", row.optionalText() ?? "")
            return OpenTransaction(
                since: try row.instant(),
                process: process,
                user: user,
                application: application
            )
        }
    }

    // MARK: Steps

    /// Selects a page of runs, found by the index of their names.
    func selectRuns(
        _ columns: SQLStatement,
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) -> SQLStatement {
        var condition = isSelected(selection)
        // A column that is the same in all runs is left out: the index is entered at the mark then.
        switch (mark, selection.metaTable, selection.job) {
        case (nil, _, _): break
        case (let mark?, nil, _):
            condition.append(
                " AND (meta_table, job, run) > (\(mark.metaTable), \(mark.job), \(mark.run))"
            )
        case (let mark?, _?, nil): condition.append(" AND (job, run) > (\(mark.job), \(mark.run))")
        case (let mark?, _?, _?): condition.append(" AND run > \(mark.run)")
        }
        return """
            SELECT \(columns)
            FROM \(tables.run) AS r
            WHERE \(condition)
            ORDER BY meta_table, job, run
            LIMIT \(limit)
            """
    }

    func isSelected(_ selection: BatchSelection) -> SQLStatement {
        var condition = isSelected(selection.runs)
        if let status = selection.status { condition.append(" AND status = \(status.rawValue)") }
        if let cause = selection.cause { condition.append(" AND cause = \(cause.rawValue)") }
        if !selection.ids.isEmpty {
            condition.append(" AND \(dialect.column("id", isAmong: selection.ids))")
        }
        if let before = selection.before { condition.append(" AND id < \(before)") }
        if let text = selection.text {
            condition.append(" AND \(dialect.text("logging", has: "\(text)"))")
        }
        if let worker = selection.worker { condition.append(" AND worker = \(worker)") }
        let seen = dialect.instant(ofProcessingTime: "coalesce(processing_end, processing_start)")
        if let since = selection.since { condition.append(" AND \(seen) >= \(instant(since))") }
        if let until = selection.until { condition.append(" AND \(seen) <= \(instant(until))") }
        return condition
    }
}
