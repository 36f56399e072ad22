import FoundationEssentials
import Tranche

/// Batches that have used up their attempts, and are tried once more now and then.
extension Acquisition {
    /// Hands out stuck batches before what is new, where a slot's turn has come: at most one in ten
    /// of what is held, over all processes.
    mutating func offerStuckInTurn(on connection: isolated Database.Connection) async throws {
        let asked = request.slots.count { $0.takesStuck }
        guard run.policy.extendedRetries != nil, asked > 0 else { return }
        let rows = try await connection.run([selectStuck(limit: asked)])[0]
        let first = try rows.map { try store.batch(&$0).retryAt }.first ?? nil
        // What is held is counted only then, however much it is.
        guard let first, first <= now,
            var row = try await connection.run([selectShare])[0].first
        else { return }
        let share = StuckShare(held: Int(try row.integer()), stuck: Int(try row.integer()))
        _ = try offerStuck(rows, most: min(asked, share.left), areFirst: true)
    }

    /// Hands out stuck batches where there is nothing else.
    ///
    /// - Returns: When the next one is due; `nil` where there is none.
    mutating func offerStuckAtLast(
        on connection: isolated Database.Connection
    ) async throws -> Date? {
        guard run.policy.extendedRetries != nil, allowance.refusal == nil else { return nil }
        let rows = try await connection.run([selectStuck(limit: left + 1)])
        return try offerStuck(rows[0], most: left)
    }

    /// Hands out those that are due, the longest unseen first.
    ///
    /// Of those that come before others, one that has no room holds back none of them.
    private mutating func offerStuck(
        _ rows: SQLRows,
        most: Int,
        areFirst: Bool = false
    ) throws -> Date? {
        var count = 0
        for batch in try rows.map({ try store.batch(&$0) }) {
            guard let due = batch.retryAt, due <= now else { return batch.retryAt }
            guard count < most, left > 0 else { return due }
            // Those of keys that became full with the ones before.
            if allowance.keys?.isFull(ItemKey(batch.itemKey)) ?? false { continue }
            if areFirst, !allowance.hasRoom(forWeight: batch.weight) {
                try requireExactUse()
                return due
            }
            guard allowance.admit(weight: batch.weight, key: batch.itemKey) else { return due }
            handOutAgain(batch, hasExpired: false)
            count += 1
        }
        return nil
    }

    private func selectStuck(limit: Int) -> SQLStatement {
        """
        SELECT \(store.batchColumns)
        FROM \(store.tables.batch)
        WHERE \(store.isRun(run.key)) AND stuck_until IS NOT NULL
            AND \(hasFreeKey)
        ORDER BY stuck_until, id
        LIMIT \(limit)
        \(store.dialect.lockingFreeRows)
        """
    }

    /// How many batches of the run are held, and how many of them had used up their attempts.
    private var selectShare: SQLStatement {
        """
        SELECT count(*), count(CASE WHEN failures >= \(run.policy.maxAttempts) THEN 1 END)
        FROM \(store.tables.batch)
        WHERE \(store.isRun(run.key)) AND coalesce(lease_expires_at, retry_at) > \(nowInstant)
            AND status = 'running'
        """
    }
}
