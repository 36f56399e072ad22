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
            isSplit
            ? "status = 'failed' AND batch_count > 1 AND failures >= \(attempts)" : "1 = 0"
        return """
            CASE
                WHEN status = 'running'
                THEN begun_at IS NOT NULL OR failures + 1 >= \(attempts)
                    OR \(hasFreeKey(where: "lease_expires_at > \(nowInstant)"))
                ELSE \(isToBeSplit) OR \(hasFreeKey)
            END
            """
    }

    /// Whether fewer batches that meet a condition are held of a batch's key than may be.
    private func hasFreeKey(where condition: SQLStatement) -> SQLStatement {
        guard let most = run.perKey else { return "1 = 1" }
        let held: SQLStatement = """
            FROM \(store.tables.batch)
            WHERE \(store.isRun(run.key)) AND \(store.isHeldUnderKey) AND \(condition)
            """
        // Neither query asks of a single batch: each is made once, however many are due.
        return """
            CASE
                WHEN item_key IS NULL
                THEN (SELECT count(*) \(held) AND item_key IS NULL) < \(most)
                ELSE item_key NOT IN (
                    SELECT item_key \(held) AND item_key IS NOT NULL
                    GROUP BY item_key
                    HAVING count(*) >= \(most)
                )
            END
            """
    }
}
