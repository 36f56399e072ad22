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

    package func keep(
        _ what: String,
        ofBatches ids: [Int64],
        _ note: ChangeNote
    ) async throws {
        let select: SQLStatement = """
            SELECT meta_table, job, run, id
            FROM \(tables.batch)
            WHERE \(dialect.column("id", isAmong: ids))
            ORDER BY id
            """
        try await wrapping {
            var known: [RunKey: [Int64]] = [:]
            _ = try await database.read(select)[0].map { row in
                let key = RunKey(
                    metaTable: try row.text(),
                    job: try row.text(),
                    run: try row.text()
                )
                known[key, default: []].append(try row.integer())
            }
            if known.isEmpty { return }
            let statements = known.map { key, ids in
                keeping(what, of: key, from: nil, to: ChangeRecord.words(ofBatches: ids), note)
            }
            _ = try await database.write(statements)
        }
    }

    package func keep(
        _ what: String,
        of key: RunKey,
        from old: String?,
        to new: String?,
        _ note: ChangeNote
    ) async throws {
        try await wrapping {
            let rows = try await database.write([keeping(what, of: key, from: old, to: new, note)])
            try requireRun(rows[0], key)
        }
    }

    private func keeping(
        _ what: String,
        of key: RunKey,
        from old: String?,
        to new: String?,
        _ note: ChangeNote
    ) -> SQLStatement {
        """
        INSERT INTO \(tables.change)
            (run_id, changed_at, changed_by, what, old_value, new_value, reason)
        SELECT id, \(now), \(note.by), \(what), \(old), \(new), \(note.reason)
        FROM \(tables.run)
        WHERE \(isRun(key))
        RETURNING id
        """
    }

    private func number(of key: RunKey) -> SQLStatement {
        "(SELECT id FROM \(tables.run) WHERE \(isRun(key)))"
    }

    package func changes(_ selection: ChangeSelection, limit: Int) async throws -> [ChangeRecord] {
        let isMeant: SQLStatement =
            switch selection {
            case .all: "1 = 1"
            case .of(.name(let name)): "c.budget = \(name)"
            case .of(.run(let key)): "c.run_id = \(number(of: key))"
            case .parallelism(let key): "c.what = 'parallelism' AND c.run_id = \(number(of: key))"
            }
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
