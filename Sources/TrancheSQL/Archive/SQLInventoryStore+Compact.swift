package import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    /// Packs succeeded batches into the archive; see ``CompactingStore``.
    ///
    /// The table is gone through once, some thousand rows at a time and without a lock. What is
    /// found is packed run by run, each time in a transaction of its own, under the lock of the
    /// run's row.
    package func compact(
        _ selection: RunSelection,
        endedBefore ended: Date,
        isDryRun: Bool
    ) async throws -> CompactionReport {
        try await wrapping {
            var report = CompactionReport()
            let runs = try await database.read(
                "SELECT id, meta_table, job, run FROM \(tables.run) WHERE \(isSelected(selection))"
            )[0].map { row in
                CompactedRun(
                    id: try row.integer(),
                    key: RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
                )
            }
            var found: [Int64: [Int64]] = [:]
            var position = Int64.min
            while let window = try await nextWindow(after: position, selection, endedBefore: ended)
            {
                for (run, batch) in window.batches { found[run, default: []].append(batch) }
                for run in runs {
                    while let batches = found[run.id], batches.count >= ArchiveRow.mostBatches {
                        found[run.id] = Array(batches.dropFirst(ArchiveRow.mostBatches))
                        let part = Array(batches.prefix(ArchiveRow.mostBatches))
                        try await compact(part, of: run, isDryRun: isDryRun, into: &report)
                    }
                }
                position = window.end
            }
            for run in runs {
                guard let batches = found[run.id], !batches.isEmpty else { continue }
                try await compact(batches, of: run, isDryRun: isDryRun, into: &report)
            }
            return report
        }
    }

    // MARK: Finding

    /// Rows looked at in one statement.
    private static var windowSize: Int { 4096 }

    /// The batches that may be packed, of the next rows of the table.
    ///
    /// - Returns: The batches with their runs, and the last row's number; `nil` at the table's end.
    private func nextWindow(
        after position: Int64,
        _ selection: RunSelection,
        endedBefore ended: Date
    ) async throws -> (batches: [(run: Int64, batch: Int64)], end: Int64)? {
        try Task.checkCancellation()
        var last = try await database.read(
            """
            SELECT max(id)
            FROM (
                SELECT id FROM \(tables.batch)
                WHERE id > \(position)
                ORDER BY id
                LIMIT \(Self.windowSize)
            ) AS looked_at
            """
        )[0].first
        guard let end = try last?.optionalInteger() else { return nil }
        let endedAt = dialect.instant(ofProcessingTime: "processing_end")
        let rows = try await database.read(
            """
            SELECT r.id, b.id
            FROM \(tables.batch) AS b
            JOIN \(tables.run) AS r
                ON r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
            WHERE b.id > \(position) AND b.id <= \(end)
                AND status = 'succeeded' AND \(endedAt) < \(instant(ended))
                AND r.id IN (SELECT id FROM \(tables.run) WHERE \(isSelected(selection)))
                AND \(hasNoChild)
            ORDER BY b.id
            """
        )[0]
        return (try rows.map { (try $0.integer(), try $0.integer()) }, end)
    }

    // MARK: Packing

    /// Packs some batches of a run, or counts what would be packed.
    private func compact(
        _ batches: [Int64],
        of run: CompactedRun,
        isDryRun: Bool,
        into report: inout CompactionReport
    ) async throws {
        try Task.checkCancellation()
        if isDryRun {
            let reads = CompactionReads(batches, of: run, after: [], in: self)
            let statements = reads.batch.statements
            let rows = try await database.withReader {
                try await $0.atomically(statements, isWriting: false)
            }
            var packing = try decide(rows, reads, for: run)
            try packing.pack()
            report.add(packing, try losses(of: packing, rows, reads))
            return
        }
        // Who numbers completions takes this lock before those of runs.
        let locks =
            lockForNumbering(JobKey(metaTable: run.key.metaTable, job: run.key.job)) + [
                "SELECT id FROM \(tables.run) WHERE id = \(run.id) \(dialect.lockingRow)"
            ]
        let reads = CompactionReads(batches, of: run, after: locks, in: self)
        let statements = reads.batch.statements
        let done = try await database.withTransaction(statements) { connection, rows in
            var packing = try decide(rows, reads, for: run)
            if packing.moved.isEmpty { return (packing, CompactedLosses()) }
            try packing.pack(into: try rows[reads.open].flatMap { try openRows($0) })
            let losses = try losses(of: packing, rows, reads)
            _ = try await connection.commit(write(packing, of: run))
            return (packing, losses)
        }
        report.add(done.0, done.1)
    }

    private func decide(
        _ rows: [SQLRows],
        _ reads: CompactionReads,
        for run: CompactedRun
    ) throws -> ArchivePacking {
        var highest = rows[reads.highest].first
        return ArchivePacking(
            found: try rows[reads.found].map { try archivable(&$0, of: run.key) }
                .compactMap { $0 },
            needs: try rows[reads.downstream].map { try need(&$0, of: run.key) }
                .compactMap { $0 },
            highest: try highest?.optionalInteger() ?? 0
        )
    }

    /// How many attempts and results are of batches that go.
    private func losses(
        of packing: ArchivePacking,
        _ rows: [SQLRows],
        _ reads: CompactionReads
    ) throws -> CompactedLosses {
        let moved = Set(packing.moved.map(\.id))
        var losses = CompactedLosses()
        losses.attempts = try rows[reads.attempts].map { row in
            moved.contains(try row.integer()) ? Int(try row.integer()) : 0
        }.reduce(0, +)
        losses.results =
            try rows[reads.found].map { try batch(&$0) }.count { batch in
                moved.contains(batch.id) && (batch.result != nil || batch.logging != nil)
            }
        return losses
    }

    private func write(_ packing: ArchivePacking, of run: CompactedRun) -> [SQLStatement] {
        let moved = packing.moved.map(\.id)
        var statements: [SQLStatement] = packing.rows.map { insert($0, of: run) }
        if !packing.reopened.isEmpty {
            statements.append(
                """
                DELETE FROM \(tables.archive)
                WHERE \(dialect.column("id", isAmong: packing.reopened))
                """
            )
        }
        if let end = packing.moved.filter({ $0.isTile }).map(\.idEnd).max() {
            statements.append(keepPassed(end, of: run))
        }
        if let tally = takeOffTally(packing.moved, ofRun: run.id) { statements.append(tally) }
        return statements + [
            "DELETE FROM \(tables.output) WHERE \(dialect.column("batch_id", isAmong: moved))",
            "DELETE FROM \(tables.attempt) WHERE \(dialect.column("batch_id", isAmong: moved))",
            "DELETE FROM \(tables.batch) WHERE \(dialect.column("id", isAmong: moved))",
        ]
    }

    // MARK: Statements

    /// The statement that writes down how far tiles go that are packed: no tile of the table tells
    /// it then.
    private func keepPassed(_ end: Int64, of run: CompactedRun) -> SQLStatement {
        """
        UPDATE \(tables.run)
        SET passed_id = CASE WHEN passed_id > \(end) THEN passed_id ELSE \(end) END,
            tile_end = \(end)
        WHERE id = \(run.id) AND (tile_end IS NULL OR tile_end < \(end))
        """
    }

    /// The statements that make transactions wait that number completions of a job.
    func lockForNumbering(_ job: JobKey) -> [SQLStatement] {
        dialect.lockForNumbering("\(tables.batch.quoted) \(job.metaTable) \(job.job)")
    }

    /// What is archived of batches; another compaction may have been faster.
    fileprivate func selectFound(_ batches: [Int64]) -> SQLStatement {
        """
        SELECT \(batchColumns), request IS NULL
        FROM \(tables.batch) AS b
        WHERE \(dialect.column("id", isAmong: batches)) AND status = 'succeeded' AND \(hasNoChild)
        ORDER BY id
        """
    }

    /// Whether nothing was made of a batch again, by whose parent it is found.
    private var hasNoChild: SQLStatement {
        "NOT EXISTS (SELECT 1 FROM \(tables.batch) AS again WHERE again.parent_id = b.id)"
    }

    fileprivate func selectAttempts(of batches: [Int64]) -> SQLStatement {
        """
        SELECT batch_id, count(*)
        FROM \(tables.attempt)
        WHERE \(dialect.column("batch_id", isAmong: batches))
        GROUP BY batch_id
        """
    }

    /// The runs that take a job's batches as their items, with their first open batch.
    fileprivate func selectDownstream(of key: RunKey) -> SQLStatement {
        """
        SELECT r.definition, r.passed_id, \(Self.lastTile(of: tables.batch)), r.id_from, r.id_to, (
            SELECT min(open.first_id)
            FROM (
                SELECT min(b.batch_id_start) AS first_id
                FROM \(tables.batch) AS b
                WHERE b.meta_table = r.meta_table AND b.job = r.job AND b.run = r.run
                    AND coalesce(b.lease_expires_at, b.retry_at) IS NOT NULL
                UNION ALL
                SELECT min(b.batch_id_start)
                FROM \(tables.batch) AS b
                WHERE b.meta_table = r.meta_table AND b.job = r.job AND b.run = r.run
                    AND b.stuck_until IS NOT NULL
            ) AS open
        )
        FROM \(tables.run) AS r
        WHERE r.meta_table = \(InventorySource.prefix + key.job)
        """
    }

    /// The highest number that a success of the job has.
    fileprivate func selectHighest(of key: RunKey) -> SQLStatement {
        let job = JobKey(metaTable: key.metaTable, job: key.job)
        return """
            SELECT max(number)
            FROM (
                SELECT max(completion) AS number
                FROM \(tables.batch)
                WHERE meta_table = \(key.metaTable) AND job = \(key.job) AND completion > 0
                UNION ALL
                SELECT \(highestArchived(of: job))
            ) AS numbers
            """
    }

    /// The last row of a run that has room for more.
    fileprivate func selectOpenRow(of run: CompactedRun, isLate: Bool) -> SQLStatement {
        """
        SELECT id, body
        FROM (
            SELECT id, body, batches
            FROM \(tables.archive)
            WHERE run_id = \(run.id) AND has_late = \(unsafeRaw: isLate ? "1" : "0")
            ORDER BY id_end DESC
            LIMIT 1
        ) AS latest
        WHERE batches < \(ArchiveRow.mostBatches) AND length(body) < \(ArchiveRow.mostBytes / 2)
        """
    }

    private func insert(_ row: ArchiveRow, of run: CompactedRun) -> SQLStatement {
        """
        INSERT INTO \(tables.archive) (
            run_id, first_batch, last_batch, id_start, id_end, completion_from, completion_to,
            has_late, batches, items, weight, ended_until, body
        )
        VALUES (
            \(run.id), \(row.batches.first?.id), \(row.batches.last?.id),
            \(row.ids.lowerBound), \(row.ids.upperBound),
            \(row.completions?.lowerBound), \(row.completions?.upperBound),
            \(row.hasLate ? 1 : 0), \(row.batches.count), \(row.items), \(row.weight),
            \(dialect.instant("\(row.endedUntil)")), \(Value.blob(row.body))
        )
        """
    }

    // MARK: Rows

    private func archivable(_ row: inout SQLRow, of key: RunKey) throws -> ArchivedBatch? {
        let record = try batch(&row)
        let hasNoRequest = try row.boolean()
        guard record.key == key else { return nil }
        return ArchivedBatch(record, isAdopted: hasNoRequest && record.isTile)
    }

    private func openRows(_ rows: SQLRows) throws -> [ArchivePacking.OpenRow] {
        try rows.map { row in
            let (id, batches, bytes) = try archived(&row)
            return ArchivePacking.OpenRow(id: id, batches: batches, bytes: bytes)
        }
    }

    private func need(_ row: inout SQLRow, of key: RunKey) throws -> DownstreamNeed? {
        let text = row.optionalText()
        let passed = [try row.optionalInteger(), try row.optionalInteger()]
        let bounds = IDBounds(lower: try row.optionalInteger(), upper: try row.optionalInteger())
        // A job of the same name over another source is read by others. A definition that says
        // nothing of it, or cannot be read, may mean any of them.
        if let text, let definition = try? JSONText.decode(SourceDefinition.self, from: text),
            let upstream = InventorySource(definition)?.metaTable, upstream != key.metaTable
        {
            return nil
        }
        return DownstreamNeed(
            cursor: passed.compactMap { $0 }.max(),
            bounds: bounds,
            lowestOpen: try row.optionalInteger()
        )
    }
}

/// What is read of batches that may be packed, and where the answers are.
private struct CompactionReads: Sendable {
    private(set) var batch = StatementBatch()
    let found: StatementBatch.Place
    let downstream: StatementBatch.Place
    let highest: StatementBatch.Place
    let attempts: StatementBatch.Place
    /// The last rows of the archive that have room for more: of tiles, and of late batches.
    let open: StatementBatch.Places

    init(
        _ batches: [Int64],
        of run: CompactedRun,
        after locks: [SQLStatement],
        in store: SQLInventoryStore<some SQLDatabase>
    ) {
        _ = batch.add(locks)
        found = batch.add(store.selectFound(batches))
        downstream = batch.add(store.selectDownstream(of: run.key))
        highest = batch.add(store.selectHighest(of: run.key))
        attempts = batch.add(store.selectAttempts(of: batches))
        open = batch.add([false, true].map { store.selectOpenRow(of: run, isLate: $0) })
    }
}

/// A run whose batches are packed.
private struct CompactedRun: Sendable {
    var id: Int64
    var key: RunKey
}

/// What is given up with batches.
private struct CompactedLosses: Sendable {
    var attempts = 0
    var results = 0
}

extension CompactionReport {
    fileprivate mutating func add(
        _ packing: ArchivePacking,
        _ losses: CompactedLosses
    ) {
        batches += packing.moved.count
        archivedBytes += packing.bytes
        archiveRows += packing.rows.count - packing.reopened.count
        attempts += losses.attempts
        results += losses.results
        kept += packing.kept
    }
}
