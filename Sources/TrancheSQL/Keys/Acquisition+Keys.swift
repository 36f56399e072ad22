import Tranche

/// The keys of the run, where so many batches of one may be held.
///
/// Whatever hands a batch out holds the run's lock from before they are counted until it commits:
/// nobody else can hand out another one meanwhile.
extension Acquisition {
    /// Finds out what the keys leave.
    mutating func readKeys(_ reads: AcquireReads<Database>, _ rows: [SQLRows]) throws {
        guard let most = run.perKey else { return }
        allowance.keys = KeyAllowance(most: most, held: try reads.heldKeys(in: rows))
    }

    /// Whether a batch has a key of which another one may be held, by what has been written.
    var hasFreeKey: SQLStatement { hasFreeKey(where: "1 = 1") }

    /// Which due batches are looked at, once those were that come first; `nil` for all.
    ///
    /// Not those of a full key, which are passed over, unless they need no place of it.
    var needsNoFullKey: SQLStatement? {
        guard run.perKey != nil else { return nil }
        let policy = run.policy
        let isSplit = policy.onExhausted == .split
        let isWhole: SQLStatement = isSplit ? "kind = 'split' AND batch_count > 1" : "1 = 0"
        let attempts: SQLStatement =
            "CASE WHEN \(isWhole) THEN 1 ELSE \(policy.maxAttempts) END"
        let isToBeSplit: SQLStatement =
            isSplit ? "batch_count > 1 AND failures >= \(attempts)" : "1 = 0"
        return """
            CASE
                WHEN status = 'running'
                THEN begun_at IS NOT NULL OR failures + 1 >= \(attempts)
                    OR \(hasFreeKey(where: "lease_expires_at > \(store.now)"))
                ELSE \(isToBeSplit) OR \(hasFreeKey)
            END
            """
    }

    /// Whether fewer batches that meet a condition are held of a batch's key than may be.
    private func hasFreeKey(where condition: SQLStatement) -> SQLStatement {
        guard let most = run.perKey else { return "1 = 1" }
        // The column has a name of its own, so that the batch's is that of the query around it.
        return """
            NOT EXISTS (
                SELECT 1 FROM (
                    SELECT item_key AS full_key
                    FROM \(store.tables.batch)
                    WHERE \(store.isRun(run.key)) AND \(store.isHeldUnderKey) AND \(condition)
                    GROUP BY item_key
                    HAVING count(*) >= \(most)
                ) AS full_keys
                WHERE full_key IS NOT DISTINCT FROM item_key
            )
            """
    }
}
