package import Tranche

/// Batches of one key.
extension SQLInventoryStore {
    /// Whether a batch counts under its key; as the index of these has it.
    var isHeldUnderKey: SQLStatement { "has_key = 1 AND status = 'running'" }

    /// The statement that counts what is held of each key that may become full by a request; it
    /// gives nothing where the run does not limit that.
    func selectHeldKeys(of request: AcquireRequest) -> SQLStatement {
        let most: SQLStatement =
            "(SELECT r.per_key FROM \(tables.run) AS r WHERE \(isRun(request.key)))"
        return """
            SELECT item_key, count(*), count(CASE WHEN lease_expires_at > \(now) THEN 1 END)
            FROM \(tables.batch)
            WHERE \(isRun(request.key)) AND \(isHeldUnderKey) AND \(most) IS NOT NULL
            GROUP BY item_key
            HAVING count(*) > \(most) - \(request.slots.count)
            """
    }

    /// Whether so many other batches of the key of a batch `b`, of a run `r`, are held as may be.
    var isFullWithout: SQLStatement {
        """
        b.has_key = 1 AND r.per_key <= (
            SELECT count(*)
            FROM \(tables.batch) AS o
            WHERE o.meta_table = b.meta_table AND o.job = b.job AND o.run = b.run
                AND o.has_key = 1 AND o.status = 'running'
                AND o.item_key IS NOT DISTINCT FROM b.item_key
                AND o.id <> b.id AND o.lease_expires_at > \(now)
        )
        """
    }

    package func setPerKey(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try await change(key) { run, _ in try changes(toPerKey: batches, of: run, note) }
    }

    /// The statements that change how many batches of one key of a locked run may be held; none
    /// where it is that.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` where the run has no key column.
    func changes(
        toPerKey batches: Int?,
        of run: RunRecord,
        _ note: ChangeNote
    ) throws -> [SQLStatement] {
        try run.requireKeyColumn(for: batches)
        // Said again, it is no change.
        if run.perKey == batches { return [] }
        let (from, to) = (run.perKey.map { String($0) }, batches.map { String($0) })
        return [
            set(perKey: batches, of: run.id),
            self.note(note, on: .run(run.key), "per key", from: from, to: to, run.id),
        ]
    }

    /// The statement that says how many batches of one key of a run may be held.
    func set(perKey batches: Int?, of run: Int64) -> SQLStatement {
        "UPDATE \(tables.run) SET per_key = \(batches.map { Int64($0) }) WHERE id = \(run)"
    }
}
