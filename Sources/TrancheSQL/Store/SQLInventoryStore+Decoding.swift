import FoundationEssentials
import Tranche

/// How rows are read; the columns stand in the order in which they are read.
extension SQLInventoryStore {
    static func batchColumns(_ dialect: any SQLDialect) -> SQLStatement {
        """
        id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
            cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
            \(dialect.milliseconds(ofProcessingTime: "processing_start")),
            \(dialect.milliseconds(ofProcessingTime: "processing_end")),
            \(dialect.milliseconds("lease_expires_at")), \(dialect.milliseconds("retry_at")),
            job_result_item, logging, parent_id, completion, cause,
            deferrals, \(dialect.milliseconds("deferred_since")),
            \(dialect.milliseconds("begun_at")), item_key, \(dialect.milliseconds("stuck_until")),
            \(dialect.milliseconds("interval_from")), \(dialect.milliseconds("interval_to"))
        """
    }

    func batch(_ row: inout SQLRow) throws -> BatchRecord {
        let id = try row.integer()
        let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
        let kind = BatchKind(rawValue: try row.text())
        let status = BatchStatus(rawValue: try row.text())
        guard let kind, let status else {
            let words = "batch \(id) has a kind or status unknown to this program"
            throw TrancheError(.storeFailed, words)
        }
        let attempt = Int(try row.integer())
        var record = BatchRecord(
            id: id,
            key: key,
            kind: kind,
            status: status,
            attempt: attempt,
            failures: Int(try row.integer()),
            idStart: try row.integer(),
            idEnd: try row.integer(),
            coverStart: try row.optionalInteger(),
            itemIDs: try itemIDs(row.optionalText(), of: id),
            count: Int(try row.integer()),
            weight: try row.optionalDouble(),
            worker: row.optionalText(),
            jobIdentifier: row.optionalText(),
            startedAt: try row.instant(),
            endedAt: try row.optionalInstant(),
            leaseExpiresAt: try row.optionalInstant(),
            retryAt: try row.optionalInstant(),
            result: row.optionalText(),
            logging: row.optionalText(),
            parent: try row.optionalInteger(),
            // 0 marks one that is to be numbered.
            completion: try row.optionalInteger().flatMap { $0 > 0 ? $0 : nil },
            cause: try cause(row.optionalText(), of: id),
            deferrals: Int(try row.integer()),
            deferredSince: try row.optionalInstant(),
            begunAt: try row.optionalInstant(),
            itemKey: row.optionalText()
        )
        // A released batch is due since its release, unless it was put off.
        if let until = try row.optionalInstant() { record.retryAt = until }
        if status != .failed, record.cause != .deferred { record.retryAt = nil }
        let from = try row.optionalInstant()
        if let to = try row.optionalInstant(), let from {
            record.interval = BatchInterval(from: from, to: to)
        }
        return record
    }

    private func cause(_ word: String?, of batch: Int64) throws -> BatchCause? {
        guard let word else { return nil }
        if let cause = BatchCause(rawValue: word) { return cause }
        let words = "batch \(batch) has the cause '\(word)', unknown to this program"
        throw TrancheError(.storeFailed, words)
    }

    private func itemIDs(_ packed: String?, of batch: Int64) throws -> IDRuns? {
        guard let packed else { return nil }
        if let ids = IDRuns(packed: packed) { return ids }
        throw TrancheError(.storeFailed, "batch \(batch) has item_ids that are not ascending runs")
    }

    /// The columns of a run's row, and where its last tile ends; its table is named `r`.
    ///
    /// - Parameters:
    ///   - dialect: The dialect.
    ///   - lastTile: Where the last tile ends, as an expression; NULL where that is read apart.
    /// - Returns: The columns.
    static func runColumns(
        _ dialect: any SQLDialect,
        lastTile: SQLStatement
    ) -> SQLStatement {
        """
        id, meta_table, job, run, definition, id_from, id_to, passed_id, tile_end,
            lease_ms, max_attempts, backoff_ms, backoff_limit_ms,
            on_exhausted, extended_ms, execution, settle_wait_ms, settle_lag_ms, watch_ms,
            pause_reason, \(dialect.milliseconds("pending_since")),
            ceiling_id, ceiling_next, \(dialect.milliseconds("ceiling_next_at")), ceiling_holders,
            \(dialect.milliseconds("gaps_due_at")), gaps_dropped, outage, root_from, root_to,
            is_upstream, audit_position, source_mark, source_witness, rewound_id, hold_reason,
            source_promotion, timeline,
            \(dialect.milliseconds("created_at")), budget_set, share, priority, per_key,
            \(dialect.milliseconds("cancelled_at")), cancelled_by, cancel_reason, let_through,
            \(lastTile)
        """
    }

    /// Where the last tile of a run ends, as an expression of the run's row.
    ///
    /// An acquire writes its tiles and leaves the row alone: the cursor is the later of the two.
    /// The tiles end in order, so that the index has the last one at its end.
    static func lastTile(of table: SQLTableName) -> SQLStatement {
        """
        (
            SELECT t.batch_id_end
            FROM \(table) AS t
            WHERE t.meta_table = r.meta_table AND t.job = r.job AND t.run = r.run
                AND t.kind IN ('incremental', 'backfill')
            ORDER BY t.batch_id_end DESC
            LIMIT 1
        )
        """
    }

    /// The statement that reads where a run's last tile ends; after the one that locks its row,
    /// which may have waited for an acquire.
    func selectLastTile(of key: RunKey) -> SQLStatement {
        """
        SELECT batch_id_end
        FROM \(tables.batch)
        WHERE \(isRun(key)) AND kind IN ('incremental', 'backfill')
        ORDER BY batch_id_end DESC
        LIMIT 1
        """
    }

    /// Reads the answer of ``selectLastTile(of:)``.
    func lastTile(_ rows: SQLRows) throws -> Int64? {
        var row = rows.first
        return try row?.integer()
    }

    func run(_ row: inout SQLRow) throws -> RunRecord {
        var record = RunRecord(
            id: try row.integer(),
            key: RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text()),
            definition: row.optionalText(),
            bounds: IDBounds(lower: try row.optionalInteger(), upper: try row.optionalInteger()),
            cursor: try row.optionalInteger(),
            tileEnd: try row.optionalInteger(),
            policy: try policy(&row),
            pauseReason: row.optionalText(),
            pendingSince: try row.optionalInstant(),
            settling: SettlingState(
                ceiling: try row.optionalInteger(),
                candidate: try row.optionalInteger(),
                candidateAt: try row.optionalInstant(),
                packedHolders: row.optionalText()
            ),
            gapsDueAt: try row.optionalInstant(),
            droppedGaps: Int(try row.integer()),
            outage: try row.optionalText().map { try outage($0) } ?? OutageGuard(),
            rootIDs: IDBounds(lower: try row.optionalInteger(), upper: try row.optionalInteger()),
            isUpstream: try row.boolean(),
            auditPosition: row.optionalText().flatMap { AuditPosition(packed: $0) },
            standing: SourceStanding(
                identity: identity(mark: row.optionalText(), witness: row.optionalText()),
                rewoundTo: try row.optionalInteger(),
                hold: row.optionalText(),
                promotion: try row.optionalText().map {
                    try JSONText.decode(SourcePromotion.self, from: $0)
                }
            ),
            timeline: try row.optionalInteger(),
            createdAt: try row.instant(),
            budgetSet: try row.integer(),
            rank: BudgetRank(
                share: try row.optionalDouble() ?? 1,
                priority: Int(try row.integer())
            ),
            perKey: try row.optionalInteger().map { Int($0) },
            cancellation: try cancellation(&row)
        )
        record.letThrough = Int(try row.integer())
        record.advance(toTileEnd: try row.optionalInteger())
        return record
    }

    private func cancellation(_ row: inout SQLRow) throws -> RunCancellation? {
        let at = try row.optionalInstant()
        let by = row.optionalText()
        let note = ChangeNote(by: by, reason: row.optionalText())
        return at.map { RunCancellation(at: $0, note: note) }
    }

    private func policy(_ row: inout SQLRow) throws -> RunPolicy {
        RunPolicy(
            lease: .milliseconds(try row.integer()),
            maxAttempts: Int(try row.integer()),
            backoff: .milliseconds(try row.integer()),
            backoffLimit: .milliseconds(try row.integer()),
            onExhausted: RunPolicy.OnExhausted(rawValue: try row.text()) ?? .fail,
            extendedRetries: try row.optionalInteger().map { .milliseconds($0) },
            execution: try execution(row.optionalText()),
            settleWait: .milliseconds(try row.integer()),
            settleLag: .milliseconds(try row.integer()),
            watch: .milliseconds(try row.integer())
        )
    }

    /// How a run executes; NULL is how it did before that was kept.
    private func execution(_ word: String?) throws -> RunPolicy.Execution {
        guard let word else { return .atLeastOnce }
        if let execution = RunPolicy.Execution(rawValue: word) { return execution }
        let words = "a run of \(name) has the execution '\(word)', unknown to this program"
        throw TrancheError(.storeFailed, words)
    }

    private func identity(mark: String?, witness: String?) -> SourceIdentity? {
        mark.map { SourceIdentity(mark: $0, witness: witness) }
    }

    private func outage(_ text: String) throws -> OutageGuard {
        do {
            return try outages.read(text)
        } catch {
            throw TrancheError(
                .storeFailed,
                "a run of \(name) holds an outage that cannot be read",
                underlying: error
            )
        }
    }

    static func gapColumns(_ dialect: any SQLDialect) -> SQLStatement {
        """
        id, id_start, id_end, known, holders, \(dialect.milliseconds("found_at")),
            \(dialect.milliseconds("next_look")), \(dialect.milliseconds("watch_until")), looks, is_redo
        """
    }

    func gap(_ row: inout SQLRow) throws -> Gap {
        let id = try row.integer()
        let (start, end) = (try row.integer(), try row.integer())
        guard start <= end else {
            throw TrancheError(.storeFailed, "gap \(id) of \(name) ends before it begins")
        }
        let known = try row.optionalInteger().map { Int($0) }
        let holders = (row.optionalText() ?? "").split(separator: "|").map(String.init)
        return Gap(
            id: id,
            range: start...end,
            known: known,
            holders: Set(holders.dropFirst()),
            epoch: holders.first ?? "",
            foundAt: try row.instant(),
            nextLook: try row.instant(),
            watchUntil: try row.instant(),
            looks: Int(try row.integer()),
            isRedo: try row.boolean()
        )
    }

    /// A gap's writers as they are kept, the server's life in front; null for a closed gap.
    func holders(of gap: Gap) -> String? {
        gap.isOpen ? ([gap.epoch] + gap.holders.sorted()).joined(separator: "|") : nil
    }

    /// The statement that locks and reads a run's row.
    func lockRun(_ key: RunKey) -> SQLStatement {
        """
        SELECT \(lockedRunColumns)
        FROM \(tables.run)
        WHERE \(isRun(key))
        \(dialect.lockingRow)
        """
    }

    /// The statement that locks and reads the row of a batch's run: before the batch, as an acquire
    /// does.
    func lockRun(ofBatch id: Int64) -> SQLStatement {
        """
        SELECT \(lockedRunColumns)
        FROM \(tables.run)
        WHERE (meta_table, job, run) = (
            SELECT meta_table, job, run FROM \(tables.batch) WHERE id = \(id)
        )
        \(dialect.lockingRow)
        """
    }

    /// The statement that reads the clock; after the one that locks, since that may have waited.
    var readClock: SQLStatement {
        "SELECT \(dialect.milliseconds(now))"
    }
}
