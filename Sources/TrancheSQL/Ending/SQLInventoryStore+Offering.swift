package import Tranche

/// Batches that are offered before their time, or again.
extension SQLInventoryStore {
    package func offer(
        _ batches: [AttemptKey],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        let asked = Set(batches)
        let ids = Set(batches.map(\.batch)).sorted()
        let isMeant = dialect.column("id", isAmong: ids)
        // Runs are locked before batches, as everywhere.
        let lock: SQLStatement = """
            SELECT id
            FROM \(tables.run)
            WHERE (meta_table, job, run) IN (
                SELECT meta_table, job, run FROM \(tables.batch) WHERE \(isMeant)
            )
            ORDER BY id
            \(dialect.lockingRow)
            """
        let select: SQLStatement = """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE \(isMeant)
            ORDER BY id
            \(dialect.lockingRow)
            """
        return try await wrapping {
            try await withTransaction([lock, select, selectOpenAgain(of: ids)]) {
                connection,
                rows in
                let found = try rows[1].map { try batch(&$0) }.filter { batch in
                    asked.contains(AttemptKey(batch: batch.id, attempt: batch.attempt))
                }
                let done = found.filter { $0.status == .succeeded }
                let open = try rows[2].map { try batch(&$0) }
                    .filter { again in done.contains { $0.id == again.parent } }
                let known = Set(open.compactMap(\.parent))
                let inserts = done.filter { !known.contains($0.id) }.map { insertRedrive(of: $0) }
                // The numbers of new batches are known once they are made.
                let answers = try await connection.run([bringForward(found.map(\.id))] + inserts)
                let offered = try answers.flatMap { rows in try rows.map { try batch(&$0) } }
                _ = try await connection.commit(noting("offer", of: offered, note))
                return (open + offered).sorted { $0.id < $1.id }
            }
        }
    }

    package func letThrough(
        _ batches: Int,
        of key: RunKey,
        _ note: ChangeNote?
    ) async throws {
        try await change(key) { run, _ in
            [
                """
                UPDATE \(tables.run)
                SET let_through = \(batches), pause_reason = coalesce(pause_reason, '')
                WHERE id = \(run.id)
                """
            ] + notingPause(of: run, to: run.pauseReason ?? "", after: batches, note)
        }
    }

    /// The statement that makes what is put off due now.
    private func bringForward(_ ids: [Int64]) -> SQLStatement {
        """
        UPDATE \(tables.batch)
        SET retry_at = CASE WHEN retry_at > \(now) THEN \(now) ELSE retry_at END
        WHERE \(dialect.column("id", isAmong: ids))
            AND status IN ('failed', 'released') AND retry_at IS NOT NULL
        RETURNING \(batchColumns)
        """
    }

    /// The statement that reads what was made of batches again and has not ended.
    private func selectOpenAgain(of ids: [Int64]) -> SQLStatement {
        """
        SELECT \(batchColumns)
        FROM \(tables.batch)
        WHERE \(dialect.column("parent_id", isAmong: ids)) AND kind = 'redrive'
            AND (coalesce(lease_expires_at, retry_at) IS NOT NULL OR stuck_until IS NOT NULL)
        ORDER BY id
        """
    }
}
