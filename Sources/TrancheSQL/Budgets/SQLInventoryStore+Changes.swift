import FoundationEssentials
package import Tranche

/// The changes of budgets and runs, as they are kept.
extension SQLInventoryStore {
    /// The statement that keeps a change, where a condition holds.
    func note(
        _ note: ChangeNote,
        on owner: Budget.Owner,
        _ what: String,
        from old: String?,
        to new: String?,
        _ run: Int64? = nil,
        if condition: SQLStatement = "1 = 1"
    ) -> SQLStatement {
        """
        INSERT INTO \(tables.change)
            (budget, run_id, changed_at, changed_by, what, old_value, new_value, reason)
        SELECT
            \(owner.name), \(run), \(now), \(note.by), \(what), \(old), \(new), \(note.reason)
        WHERE \(condition)
        """
    }

    /// The statements that keep what was done with batches, one for each of their runs; none
    /// without a note.
    ///
    /// - Parameters:
    ///   - what: What was done, such as `retry`.
    ///   - batches: The batches.
    ///   - note: The author, and the reason.
    /// - Returns: The statements, which stand in the transaction of what was done.
    func noting(
        _ what: String,
        ofBatches batches: [(key: RunKey, id: Int64)],
        _ note: ChangeNote?
    ) -> [SQLStatement] {
        guard let note else { return [] }
        return Dictionary(grouping: batches, by: \.key).map { key, batches in
            let words = ChangeRecord.words(ofBatches: batches.map(\.id))
            return """
                INSERT INTO \(tables.change)
                    (run_id, changed_at, changed_by, what, old_value, new_value, reason)
                SELECT id, \(now), \(note.by), \(what), NULL, \(words), \(note.reason)
                FROM \(tables.run)
                WHERE \(isRun(key))
                """
        }
    }

    /// The same for batches that were read.
    func noting(
        _ what: String,
        of batches: some Sequence<BatchRecord>,
        _ note: ChangeNote?
    ) -> [SQLStatement] {
        noting(what, ofBatches: batches.map { ($0.key, $0.id) }, note)
    }

    /// The statement that keeps how a locked run is paused now; none where it is as it was, or
    /// without a note.
    ///
    /// - Parameters:
    ///   - run: The run as it was.
    ///   - reason: The reason; `nil` where it goes on.
    ///   - batches: How many batches it hands out before.
    ///   - note: The author, and the reason.
    /// - Returns: The statement.
    func notingPause(
        of run: RunRecord,
        to reason: String?,
        after batches: Int = 0,
        _ note: ChangeNote?
    ) -> [SQLStatement] {
        guard let note, let change = run.pauseChange(to: reason, after: batches, note) else {
            return []
        }
        return [
            self.note(
                note,
                on: .run(run.key),
                "pause",
                from: change.old,
                to: change.new,
                run.id
            )
        ]
    }

    private func number(of key: RunKey) -> SQLStatement {
        "(SELECT id FROM \(tables.run) WHERE \(isRun(key)))"
    }

    package func changes(
        _ selection: ChangeSelection,
        before: Int64?,
        limit: Int
    ) async throws -> [ChangeRecord] {
        var isMeant: SQLStatement =
            switch selection {
            case .all: "1 = 1"
            case .of(.name(let name)): "c.budget = \(name)"
            case .of(.run(let key)): "c.run_id = \(number(of: key))"
            case .parallelism(let key): "c.what = 'parallelism' AND c.run_id = \(number(of: key))"
            case .acts(let key):
                """
                c.run_id = \(number(of: key))
                    AND c.what IN (\(SQLStatement.list(ChangeRecord.acts.map { "\($0)" })))
                """
            }
        if let before { isMeant.append(" AND c.id < \(before)") }
        let select: SQLStatement = """
            SELECT c.id, c.budget, r.meta_table, r.job, r.run,
                \(dialect.milliseconds("c.changed_at")), c.changed_by, c.what, c.old_value,
                c.new_value, c.reason
            FROM \(tables.change) AS c LEFT JOIN \(tables.run) AS r ON r.id = c.run_id
            WHERE \(isMeant)
            ORDER BY c.id DESC
            LIMIT \(limit)
            """
        return try await wrapping {
            try await database.read(select)[0].map { row in
                let id = try row.integer()
                let changed = owner(&row)
                let at = try row.instant()
                let by = row.optionalText()
                let what = try row.text()
                let (old, new) = (row.optionalText(), row.optionalText())
                return ChangeRecord(
                    id: id,
                    owner: changed,
                    what: what,
                    at: at,
                    note: ChangeNote(by: by, reason: row.optionalText()),
                    old: old,
                    new: new
                )
            }
        }
    }

    /// Reads whose a budget is: its name, or the source, job and name of the run.
    func owner(_ row: inout SQLRow) -> Budget.Owner {
        let (name, table, job, run) = (
            row.optionalText(), row.optionalText(), row.optionalText(), row.optionalText()
        )
        return name.map { .name($0) }
            ?? .run(RunKey(metaTable: table ?? "", job: job ?? "", run: run ?? ""))
    }
}
