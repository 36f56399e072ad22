package import Tranche

extension SQLInventoryStore {
    package func cancel(_ key: RunKey, batch: Int64?, _ note: ChangeNote) async throws -> [Int64] {
        let isOpen: SQLStatement =
            "(coalesce(lease_expires_at, retry_at) IS NOT NULL OR stuck_until IS NOT NULL)"
        // One that has failed is closed where it alone is meant.
        let isMeant: SQLStatement =
            batch.map { id in
                """
                id = \(id) AND (
                    \(isOpen)
                    OR status IN ('failed', 'quarantined') AND coalesce(cause, '') <> 'cancelled'
                )
                """
            } ?? isOpen
        // Locked in the order of their numbers: what succeeds meanwhile has succeeded.
        let open: SQLStatement = """
            SELECT id
            FROM \(tables.batch)
            WHERE \(isRun(key)) AND \(isMeant)
            ORDER BY id
            \(dialect.lockingRow)
            """
        return try await wrapping {
            try await database.withTransaction([lockInOrder(key), open]) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let run = try run(&row)
                let ids = try rows[1].map { try $0.integer() }
                let isNews = batch == nil ? run.cancellation == nil : !ids.isEmpty
                var statements = ids.isEmpty ? [] : cancelling(ids, as: note.cancelWords)
                if batch == nil, run.cancellation == nil {
                    statements.append(
                        """
                        UPDATE \(tables.run)
                        SET cancelled_at = \(now), cancelled_by = \(note.by),
                            cancel_reason = \(note.reason)
                        WHERE id = \(run.id)
                        """
                    )
                }
                if isNews {
                    let what = batch.map { "batch \($0)" } ?? "run"
                    statements.append(cancelNote(note, of: run, from: nil, to: what))
                }
                if !statements.isEmpty { _ = try await connection.commit(statements) }
                return ids
            }
        }
    }

    package func takeBackCancel(of key: RunKey, _ note: ChangeNote) async throws {
        try await wrapping {
            try await database.withTransaction([lockInOrder(key)]) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let run = try run(&row)
                if run.cancellation == nil { return }
                _ = try await connection.commit([
                    """
                    UPDATE \(tables.run)
                    SET cancelled_at = NULL, cancelled_by = NULL, cancel_reason = NULL
                    WHERE id = \(run.id)
                    """,
                    cancelNote(note, of: run, from: "run", to: nil),
                ])
            }
        }
    }

    /// The statements that cancel batches, which are locked; attempts that hold them are ended.
    private func cancelling(_ ids: [Int64], as words: String) -> [SQLStatement] {
        let isMeant = dialect.column("id", isAmong: ids)
        return [
            recordAttempts(
                of: "\(tables.batch) WHERE \(isMeant) AND status = 'running'",
                outcome: .failed,
                cause: .cancelled,
                error: words,
                endedAt: now
            ),
            """
            UPDATE \(tables.batch)
            SET processing_end = CASE
                    WHEN status = 'running' THEN \(dialect.processingTime(now))
                    ELSE processing_end
                END,
                status = 'failed', cause = 'cancelled', logging = \(words),
                lease_expires_at = NULL, retry_at = NULL, stuck_until = NULL
            WHERE \(isMeant)
            """,
        ]
    }

    private func cancelNote(
        _ note: ChangeNote,
        of run: RunRecord,
        from old: String?,
        to new: String?
    ) -> SQLStatement {
        self.note(note, on: .run(run.key), "cancelled", from: old, to: new, run.id)
    }
}
