package import Tranche

extension SQLInventoryStore {
    package func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try await wrapping {
            let statements = [
                lockRun(ofBatch: holding.batch), selectBatch(holding.batch),
                selectParts(of: holding.batch),
            ]
            return try await withTransaction(statements) { connection, rows in
                guard var row = rows[1].first, rows[0].first != nil else {
                    throw TrancheError(
                        .unknownBatch,
                        "there is no batch \(holding.batch) in \(name)"
                    )
                }
                let batch = try batch(&row)
                if batch.status == .split, batch.attempt == holding.attempt {
                    return try rows[2].map { try self.batch(&$0) }
                }
                if batch.cause == .cancelled { throw batch.cancelled }
                guard batch.status == .failed, batch.attempt == holding.attempt else {
                    throw TrancheError(
                        .batchLost,
                        "batch \(batch.id) of \(batch.key) is \(batch.status.rawValue), attempt "
                            + "\(batch.attempt): it is not to be split; nothing was changed"
                    )
                }
                try requireWhole(parts, of: batch)
                let inserts = parts.map { insertPart($0, of: batch, now: now) }
                let markSplit: SQLStatement = """
                    UPDATE \(tables.batch)
                    SET status = 'split', cause = NULL, retry_at = NULL, stuck_until = NULL
                    WHERE id = \(batch.id)
                    """
                return try await made(
                    by: inserts,
                    after: [markSplit] + noting("split", of: [batch], note),
                    on: connection
                )
            }
        }
    }

    package func redrive(
        _ selection: BatchSelection,
        items: IDRuns?,
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        var selection = selection
        selection.status = .quarantined
        let select: SQLStatement = """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE \(isSelected(selection))
            ORDER BY id
            """
        // Runs are locked before batches, as everywhere.
        let lock: SQLStatement = """
            SELECT id FROM \(tables.run)
            WHERE \(isSelected(selection.runs))
            ORDER BY id
            \(dialect.lockingRow)
            """
        let limit = selection.limit
        return try await wrapping {
            try await withTransaction([lock, select]) { connection, rows in
                let meant = try rows[1].map { try batch(&$0) }
                    .filter { batch in items.map { $0.contains(batch.idStart) } ?? true }
                    .prefix(limit)
                if meant.isEmpty { return [] }
                let marks: SQLStatement = """
                    UPDATE \(tables.batch) SET status = 'split'
                    WHERE \(dialect.column("id", isAmong: meant.map(\.id)))
                    """
                return try await made(
                    by: meant.map { insertRedrive(of: $0) },
                    after: [marks] + noting("redrive", of: meant, note),
                    on: connection
                )
            }
        }
    }

    /// Commits statements, and then those that make a batch each, which it reads.
    private func made(
        by inserts: [SQLStatement],
        after statements: [SQLStatement],
        on connection: isolated Database.Connection
    ) async throws -> [BatchRecord] {
        let answers = try await connection.commit(statements + inserts)
        return try answers.dropFirst(statements.count).map {
            var row = $0[0]
            return try batch(&row)
        }
    }

    // MARK: Statements

    /// Makes a part of a batch a batch of its own: quarantined, done, or due at once.
    ///
    /// A bad item of work that had begun and must not be repeated is failed for good instead.
    func insertPart(_ part: BatchPart, of parent: BatchRecord, now: SQLStatement) -> SQLStatement {
        let status = part.status(of: parent)
        let hasEnded = part.isBad || part.isDone
        let worker: SQLStatement = part.isDone ? "worker" : "NULL"
        let (cause, begunAt): (SQLStatement, SQLStatement) =
            status == .failed ? ("\(BatchCause.begun.rawValue)", "begun_at") : ("NULL", "NULL")
        return """
            INSERT INTO \(tables.batch) (
                meta_table, job, run, kind, status, attempt, failures, job_identifier,
                batch_id_start, batch_id_end, item_ids, batch_count, batch_weight,
                processing_start, processing_end, retry_at, logging, parent_id, completion, config,
                item_key, has_key, interval_from, interval_to, worker, job_result_item, cause,
                begun_at
            )
            SELECT
                meta_table, job, run, 'split', \(status.rawValue), 1, \(part.isBad ? 1 : 0),
                job_identifier,
                \(part.ids.first), \(part.ids.last), \(part.ids.isDense ? nil : part.ids.packed),
                \(part.ids.count), \(part.weight),
                \(part.isDone ? "processing_start" : dialect.processingTime(now)),
                \(hasEnded ? dialect.processingTime(now) : "NULL"),
                \(hasEnded ? "NULL" : now),
                \(part.isBad ? part.reason ?? parent.logging : nil), id, completion, config,
                item_key, has_key, interval_from, interval_to, \(worker),
                \(part.isDone ? dialect.json(parent.result) : "NULL"), \(cause), \(begunAt)
            FROM \(tables.batch)
            WHERE id = \(parent.id)
            RETURNING \(batchColumns)
            """
    }

    /// Makes a batch again: another one of its ids, due at once; what succeeds of it is numbered
    /// anew.
    func insertRedrive(of batch: BatchRecord) -> SQLStatement {
        """
        INSERT INTO \(tables.batch) (
            meta_table, job, run, kind, status, attempt, failures, job_identifier,
            batch_id_start, batch_id_end, item_ids, batch_count, batch_weight,
            processing_start, retry_at, parent_id, completion, config, item_key, has_key,
            interval_from, interval_to
        )
        SELECT
            meta_table, job, run, 'redrive', 'released', 1, 0, job_identifier,
            batch_id_start, batch_id_end, item_ids, batch_count, batch_weight,
            \(dialect.processingTime(now)), \(now), id,
            CASE WHEN completion > 0 THEN 0 ELSE completion END, config, item_key, has_key,
            interval_from, interval_to
        FROM \(tables.batch)
        WHERE id = \(batch.id)
        RETURNING \(batchColumns)
        """
    }

    private func selectParts(of id: Int64) -> SQLStatement {
        """
        SELECT \(batchColumns)
        FROM \(tables.batch)
        WHERE parent_id = \(id)
        ORDER BY id
        """
    }

    private func requireWhole(_ parts: [BatchPart], of batch: BatchRecord) throws {
        let all = parts.reduce(IDRuns()) { $0.union($1.ids) }
        let count = parts.reduce(0) { $0 + $1.ids.count }
        guard count == all.count, batch.ids.map({ $0 == all }) ?? true else {
            throw TrancheError(
                .invalidArgument,
                "the parts do not have the ids of batch \(batch.id), each once"
            )
        }
    }
}
