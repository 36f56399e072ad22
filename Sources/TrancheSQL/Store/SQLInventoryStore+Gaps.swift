import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    package func gaps(of key: RunKey, after mark: Gap?, limit: Int) async throws -> [Gap] {
        let isBehind: SQLStatement =
            mark.map { "(id_start, id) > (\($0.range.lowerBound), \($0.id))" } ?? "1 = 1"
        let select: SQLStatement = """
            SELECT \(gapColumns)
            FROM \(tables.gap)
            WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key))) AND \(isBehind)
            ORDER BY id_start, id
            LIMIT \(limit)
            """
        return try await wrapping {
            try await database.read(select)[0].map { try gap(&$0) }
        }
    }

    package func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) async throws -> [Tile] {
        var condition: SQLStatement = "\(isRun(key)) AND \(isTile)"
        if let end { condition.append(" AND batch_id_end > \(end)") }
        if let range { condition.append(" AND \(isMeeting(range, of: key))") }
        let select: SQLStatement = """
            SELECT id, cover_start, batch_id_start, batch_id_end, item_ids, batch_count,
                request IS NULL,
                (SELECT id_from FROM \(tables.run) WHERE \(isRun(key)))
            FROM \(tables.batch)
            WHERE \(condition)
            ORDER BY batch_id_end, id
            LIMIT \(limit)
            """
        return try await wrapping {
            // The table first: what is being packed meanwhile is read twice rather than not at all.
            try await database.withReader { connection in
                let rows = try await connection.run([select])[0]
                let own = try rows.map { try tile(&$0) }
                let archived = try await archivedTiles(
                    of: key,
                    endingAfter: end,
                    meeting: range,
                    limit: limit,
                    on: connection
                )
                if archived.isEmpty { return own }
                let known = Set(own.map(\.batch))
                return Array(
                    (own + archived.filter { !known.contains($0.batch) })
                        .sorted {
                            ($0.range.upperBound, $0.batch) < ($1.range.upperBound, $1.batch)
                        }
                        .prefix(limit)
                )
            }
        }
    }

    package func handedOut(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        onlyLate: Bool
    ) async throws -> IDRuns {
        let statements = selectHandedOut(of: key, in: range, onlyLate: onlyLate)
        return try await wrapping {
            try await database.withReader { connection in
                let own = try ids(
                    of: try await connection.atomically(statements, isWriting: false),
                    in: range
                )
                return own.union(
                    try await archivedHandedOut(
                        of: key,
                        in: range,
                        onlyLate: onlyLate,
                        on: connection
                    )
                )
            }
        }
    }

    package func queueLate(_ queued: IDRuns, of key: RunKey, isRedo: Bool) async throws -> Int {
        guard let first = queued.first, let last = queued.last else { return 0 }
        let range = first...last
        var batch = StatementBatch()
        let reads = lock(key, meeting: range, in: &batch)
        let handedOut = batch.add(selectHandedOut(of: key, in: range, onlyLate: false))
        let statements = batch.statements
        return try await wrapping {
            try await database.withTransaction(statements) { connection, rows in
                let locked = try locked(reads, in: rows, key)
                guard let cursor = locked.run.cursor, first <= cursor else { return 0 }
                // What is held or will be tried again is in hand, whatever is to be done again.
                let open = try await connection.run([selectOpen(of: key, in: range)])
                var known = try ids(of: open, in: range)
                if !isRedo {
                    known = known.union(try ids(of: Array(rows[handedOut]), in: range))
                        .union(try await archived(of: key, in: range, on: connection))
                }
                let queue = LateQueue(
                    ids: queued.intersection(first...min(last, cursor)).subtracting(known),
                    gaps: locked.gaps,
                    isRedo: isRedo,
                    watch: locked.run.policy.watch,
                    now: locked.now
                )
                if queue.count > 0 {
                    _ = try await connection.commit(write(queue, of: locked.run.id))
                }
                return queue.count
            }
        }
    }

    package func watchAgain(_ gone: IDRuns, of key: RunKey) async throws -> Int {
        guard let first = gone.first, let last = gone.last else { return 0 }
        var batch = StatementBatch()
        let reads = lock(key, meeting: first...last, in: &batch)
        let statements = batch.statements
        return try await wrapping {
            try await database.withTransaction(statements) { connection, rows in
                let locked = try locked(reads, in: rows, key)
                guard let cursor = locked.run.cursor, first <= cursor else { return 0 }
                let queue = LateQueue(
                    gone: gone.intersection(first...min(last, cursor)),
                    gaps: locked.gaps,
                    watch: locked.run.policy.watch,
                    now: locked.now
                )
                _ = try await connection.commit(write(queue, of: locked.run.id))
                return queue.count
            }
        }
    }

    /// Where the rows are by which ids of a run are decided about.
    private struct LockedReads {
        let run: StatementBatch.Place
        let clock: StatementBatch.Place
        let tile: StatementBatch.Place
        let gaps: StatementBatch.Place
    }

    /// A run under its lock, with its gaps that meet the ids in question.
    private struct LockedRun {
        var run: RunRecord
        let gaps: [Gap]
        let now: Date
    }

    /// Adds what locks a run, and reads it with its gaps that meet some ids.
    private func lock(
        _ key: RunKey,
        meeting range: ClosedRange<Int64>,
        in batch: inout StatementBatch
    ) -> LockedReads {
        LockedReads(
            run: batch.add(lockRun(key)),
            clock: batch.add(readClock),
            tile: batch.add(selectLastTile(of: key)),
            gaps: batch.add(selectGaps(of: key, meeting: range))
        )
    }

    private func locked(
        _ reads: LockedReads,
        in rows: [SQLRows],
        _ key: RunKey
    ) throws -> LockedRun {
        try requireRun(rows[reads.run], key)
        var (row, clock) = (rows[reads.run][0], rows[reads.clock][0])
        var locked = LockedRun(
            run: try run(&row),
            gaps: try rows[reads.gaps].map { try gap(&$0) },
            now: try clock.instant()
        )
        locked.run.advance(toTileEnd: try lastTile(rows[reads.tile]))
        return locked
    }

    private func archived(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        on connection: isolated Database.Connection
    ) async throws -> IDRuns {
        try await archivedHandedOut(of: key, in: range, onlyLate: false, on: connection)
    }

    /// The statements that keep what was queued.
    private func write(_ queue: LateQueue, of run: Int64) -> [SQLStatement] {
        let changed = queue.changed.map { gap -> SQLStatement in
            """
            UPDATE \(tables.gap)
            SET known = \(gap.known.map { Int64($0) }), looks = \(gap.looks),
                next_look = \(instant(gap.nextLook))
            WHERE id = \(gap.id)
            """
        }
        let new = stride(from: 0, to: queue.new.count, by: 16).map { start in
            insertGaps(Array(queue.new[start...].prefix(16)), of: run)
        }
        return changed + new + [
            """
            UPDATE \(tables.run)
            SET gaps_due_at = (\(selectNextLook(of: run)))
            WHERE id = \(run)
            """
        ]
    }

    private func selectGaps(of key: RunKey, meeting range: ClosedRange<Int64>) -> SQLStatement {
        """
        SELECT \(gapColumns)
        FROM \(tables.gap)
        WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
            AND id_end >= \(range.lowerBound) AND id_start <= \(range.upperBound)
        ORDER BY id_end, id
        """
    }

    package func noteAudit(_ position: AuditPosition, of key: RunKey) async throws {
        try await wrapping {
            let rows = try await database.write([
                """
                UPDATE \(tables.run) SET audit_position = \(position.packed)
                WHERE \(isRun(key))
                RETURNING id
                """
            ])
            try requireRun(rows[0], key)
        }
    }

    // MARK: Parts of statements

    private var isTile: SQLStatement { "kind IN ('incremental', 'backfill')" }

    /// Whether a tile has an id of a range.
    ///
    /// Tiles end in order, so that the last one is known; adopted ones may overlap, and come
    /// before.
    private func isMeeting(_ range: ClosedRange<Int64>, of key: RunKey) -> SQLStatement {
        """
        batch_id_end >= \(range.lowerBound)
            AND (cover_start IS NULL OR cover_start < \(range.upperBound))
            AND batch_id_end <= coalesce((
                SELECT min(last.batch_id_end) FROM \(tables.batch) AS last
                WHERE last.meta_table = \(key.metaTable) AND last.job = \(key.job)
                    AND last.run = \(key.run) AND last.kind IN ('incremental', 'backfill')
                    AND last.request IS NOT NULL AND last.batch_id_end >= \(range.upperBound)
            ), 9223372036854775807)
        """
    }

    /// The statements that read the ids that batches were given: tiles, then late batches.
    private func selectHandedOut(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        onlyLate: Bool
    ) -> [SQLStatement] {
        let late: SQLStatement = """
            SELECT batch_id_start, batch_id_end, item_ids, batch_count
            FROM \(tables.batch)
            WHERE \(isRun(key)) AND kind = 'late' AND batch_id_end >= \(range.lowerBound)
                AND batch_id_start <= \(range.upperBound)
            """
        if onlyLate { return [late] }
        let tiles: SQLStatement = """
            SELECT batch_id_start, batch_id_end, item_ids, batch_count
            FROM \(tables.batch)
            WHERE \(isRun(key)) AND \(isTile) AND \(isMeeting(range, of: key))
                AND batch_id_start <= \(range.upperBound)
            """
        return [late, tiles]
    }

    /// The statement that reads the ids of batches that are held, due or stuck.
    private func selectOpen(of key: RunKey, in range: ClosedRange<Int64>) -> SQLStatement {
        """
        SELECT batch_id_start, batch_id_end, item_ids, batch_count
        FROM \(tables.batch)
        WHERE \(isRun(key))
            AND (coalesce(lease_expires_at, retry_at) IS NOT NULL OR stuck_until IS NOT NULL)
            AND batch_id_end >= \(range.lowerBound) AND batch_id_start <= \(range.upperBound)
        """
    }

    private func ids(of answers: [SQLRows], in range: ClosedRange<Int64>) throws -> IDRuns {
        var runs: [ClosedRange<Int64>] = []
        for rows in answers {
            for index in 0..<rows.count {
                var row = rows[index]
                let (start, end) = (try row.integer(), try row.integer())
                if let packed = row.optionalText(), let ids = IDRuns(packed: packed) {
                    runs += ids.intersection(range).runs
                } else if start <= end, (start...end).overlaps(range) {
                    runs.append((start...end).clamped(to: range))
                }
            }
        }
        return IDRuns(runs: runs)
    }

    private func tile(_ row: inout SQLRow) throws -> Tile {
        let id = try row.integer()
        let coverStart = try row.optionalInteger()
        let (start, end) = (try row.integer(), try row.integer())
        let packed = row.optionalText()
        let count = Int(try row.integer())
        let isAdopted = try row.boolean()
        let lowest = try row.optionalInteger() ?? .min
        guard start <= end else {
            throw TrancheError(.storeFailed, "batch \(id) of \(name) ends before it begins")
        }
        var ids = packed.flatMap { IDRuns(packed: $0) }
        if packed == nil {
            let (span, overflow) = end.subtractingReportingOverflow(start)
            if !overflow, span == Int64(count) - 1 { ids = IDRuns(start...end) }
        }
        // An adopted batch covers what it names; others all from the end of the one before.
        let lower = isAdopted ? start : coverStart.map { $0.addingClamped(1) } ?? min(lowest, start)
        guard lower <= end else {
            throw TrancheError(.storeFailed, "batch \(id) of \(name) ends before it begins")
        }
        return Tile(batch: id, range: lower...end, ids: ids, count: count)
    }

    /// The query that finds when a gap of a run is to be looked at next.
    func selectNextLook(of run: Int64) -> SQLStatement {
        "SELECT min(g.next_look) FROM \(tables.gap) AS g WHERE g.run_id = \(run)"
    }

    /// The statement that keeps gaps.
    func insertGaps(
        _ gaps: [Gap],
        of run: Int64,
        unless condition: SQLStatement? = nil
    ) -> SQLStatement {
        var statement: SQLStatement = """
            INSERT INTO \(tables.gap) (
                run_id, id_start, id_end, known, holders, found_at, next_look, watch_until, looks, is_redo
            )

            """
        for (index, gap) in gaps.enumerated() {
            statement.append(index == 0 ? "SELECT " : "\nUNION ALL SELECT ")
            statement.append(
                """
                CAST(\(run) AS bigint), CAST(\(gap.range.lowerBound) AS bigint),
                    CAST(\(gap.range.upperBound) AS bigint), CAST(\(gap.known.map { Int64($0) }) AS bigint),
                    CAST(\(holders(of: gap)) AS text), \(instant(gap.foundAt)), \(instant(gap.nextLook)),
                    \(instant(gap.watchUntil)), CAST(\(gap.looks) AS integer),
                    CAST(\(gap.isRedo ? 1 : 0) AS integer)
                """
            )
        }
        if let condition { statement.append("\nWHERE NOT EXISTS (\(condition))") }
        return statement
    }
}
