package import Tranche

/// What limits runs, changed by hand.
extension SQLInventoryStore {
    package func setBudgets(
        _ names: [String],
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        let wanted = Set(names).sorted()
        try await change(key, reading: lockBudgets(wanted, of: key)) { run, rows in
            try budgetChanges(to: wanted, rows[1], rows[2], of: run, note)
        }
    }

    /// Changes a run in a transaction in which it is locked; where nothing changes, nothing is
    /// written.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - questions: What is read with it.
    ///   - changes: Makes the statements of the run and the answers, the first of them the run's.
    /// - Throws: `TrancheError` `.unknownRun`; what `changes` throws.
    func change(
        _ key: RunKey,
        reading questions: [SQLStatement] = [],
        _ changes: @Sendable (RunRecord, [SQLRows]) throws -> [SQLStatement]
    ) async throws {
        try await wrapping {
            try await database.withTransaction([lockInOrder(key)] + questions) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let statements = try changes(try run(&row), rows)
                if !statements.isEmpty { _ = try await connection.commit(statements) }
            }
        }
    }

    /// The statements that lock the budgets that a run is to refer to, and read those that it
    /// refers to.
    private func lockBudgets(_ wanted: [String], of key: RunKey) -> [SQLStatement] {
        // Those that it leaves fall under that of all.
        let asked = SQLStatement.list((wanted.isEmpty ? [Budget.ofAll] : wanted).map { "\($0)" })
        return [
            """
            SELECT id, name FROM \(tables.budget) WHERE name IN (\(asked))
            ORDER BY id \(dialect.lockingKeptRow)
            """,
            """
            SELECT b.name FROM \(tables.runBudget) AS r
            JOIN \(tables.budget) AS b ON b.id = r.budget_id
            WHERE r.run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
            ORDER BY b.name
            """,
        ]
    }

    /// The statements that have a locked run refer to other budgets; none where it does.
    ///
    /// - Parameters:
    ///   - wanted: Their names, in order.
    ///   - locked: The answer to the first of ``lockBudgets(_:of:)``.
    ///   - known: The answer to the second.
    ///   - run: The run.
    ///   - note: The author of the change, and the reason.
    /// - Returns: The statements.
    /// - Throws: `TrancheError` `.unknownBudget`.
    private func budgetChanges(
        to wanted: [String],
        _ locked: SQLRows,
        _ known: SQLRows,
        of run: RunRecord,
        _ note: ChangeNote
    ) throws -> [SQLStatement] {
        let found = try locked.map { (id: try $0.integer(), name: try $0.text()) }
        if let missing = Set(wanted).subtracting(found.map(\.name)).min() {
            throw unknownBudget(missing)
        }
        let old = try known.map { try $0.text() }
        if old == wanted { return [] }
        var statements: [SQLStatement] = [
            "DELETE FROM \(tables.runBudget) WHERE run_id = \(run.id)"
        ]
        for budget in found where !wanted.isEmpty {
            statements.append(
                """
                INSERT INTO \(tables.runBudget) (run_id, budget_id)
                VALUES (\(run.id), \(budget.id))
                """
            )
        }
        if !found.isEmpty {
            let isMeant = dialect.column("id", isAmong: found.map(\.id))
            statements.append(enterHeld(into: isMeant, isRun(run.key)))
        }
        let text = { (names: [String]) in names.isEmpty ? nil : names.joined(separator: " ") }
        let (from, to) = (text(old), text(wanted))
        return statements + [
            "DELETE FROM \(tables.waiting) WHERE run_id = \(run.id)",
            self.note(note, on: .run(run.key), "budgets", from: from, to: to, run.id),
            limit(run.id),
        ]
    }

    /// The statements that limit a locked run as a description says, where that differs from the
    /// description before.
    ///
    /// - Throws: `TrancheError` `.unknownBudget`.
    func limitChanges(
        _ asked: WorkflowBeginning,
        of run: RunRecord,
        on connection: isolated Database.Connection
    ) async throws -> [SQLStatement] {
        let (limits, former) = (asked.limits, asked.formerLimits)
        var statements: [SQLStatement] = []
        let wanted = Set(limits.budgets).sorted()
        if wanted != Set(former.budgets).sorted() {
            let rows = try await connection.run(lockBudgets(wanted, of: run.key))
            statements += try budgetChanges(to: wanted, rows[0], rows[1], of: run, asked.note)
        }
        if limits.parallelism != former.parallelism {
            let rows = try await connection.run([selectParallelism(of: run.key)])
            statements += try changes(toParallelism: limits.parallelism, rows[0], run, asked.note)
        }
        if limits.perKey != former.perKey {
            statements += try changes(toPerKey: limits.perKey, of: run, asked.note)
        }
        let (rank, last) = (limits.rank, former.rank)
        return statements
            + rankChanges(
                share: rank.share == last.share ? nil : rank.share,
                priority: rank.priority == last.priority ? nil : rank.priority,
                of: run,
                asked.note
            )
    }

    /// Limits a run that was made in the same transaction.
    ///
    /// - Throws: `TrancheError` `.unknownBudget`.
    func begin(
        _ run: inout RunRecord,
        with limits: RunLimits,
        by worker: String?,
        on connection: isolated Database.Connection
    ) async throws {
        let names = Set(limits.budgets).sorted()
        let note = ChangeNote(by: worker, reason: "the run began")
        var statements: [SQLStatement] = [
            """
            UPDATE \(tables.run)
            SET share = \(limits.rank.share), priority = \(limits.rank.priority)
            WHERE id = \(run.id)
            """
        ]
        if !names.isEmpty {
            let list = SQLStatement.list(names.map { "\($0)" })
            let known = try await keepBudgets("name IN (\(list))", on: connection)
            if let missing = Set(names).subtracting(known).min() { throw unknownBudget(missing) }
            let words = names.joined(separator: " ")
            statements += [
                """
                INSERT INTO \(tables.runBudget) (run_id, budget_id)
                SELECT \(run.id), id FROM \(tables.budget) WHERE name IN (\(list))
                """,
                self.note(note, on: .run(run.key), "budgets", from: nil, to: words, run.id),
            ]
        }
        if let most = limits.parallelism {
            statements += own(most, of: run)
            statements.append(
                self.note(note, on: .run(run.key), "parallelism", from: nil, to: "\(most)", run.id)
            )
        }
        statements += try changes(toPerKey: limits.perKey, of: run, note)
        statements += limits.rank.words.map { what, value in
            self.note(note, on: .run(run.key), what, from: nil, to: value, run.id)
        }
        if !names.isEmpty || limits.parallelism != nil { statements.append(limit(run.id)) }
        statements.append("SELECT budget_set FROM \(tables.run) WHERE id = \(run.id)")
        var row = try await connection.run(statements)[statements.count - 1].first
        run.budgetSet = try row?.integer() ?? 0
        run.rank = limits.rank
        run.perKey = limits.perKey
    }

    /// Keeps budgets from going, and reads their names.
    ///
    /// - Throws: `Acquisition.Locked` where others hold one for long; the database's error.
    private func keepBudgets(
        _ condition: SQLStatement,
        on connection: isolated Database.Connection
    ) async throws -> [String] {
        let statements: [SQLStatement] = [
            dialect.lockSoon(
                tables.budget,
                where: condition,
                dialect.keepingRow,
                within: Self.budgetPatience
            ),
            "SELECT name FROM \(tables.budget) WHERE \(condition) ORDER BY id",
        ]
        do {
            return try await connection.run(statements)[1].map { try $0.text() }
        } catch let error as any SQLDatabaseError where error.isBusy {
            throw Acquisition<Database>.Locked(underlying: error)
        }
    }

    package func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try await change(key, reading: [selectParallelism(of: key)]) { run, rows in
            try changes(toParallelism: batches, rows[1], run, note)
        }
    }

    /// The statement that reads how many batches of a run may be held at once.
    private func selectParallelism(of key: RunKey) -> SQLStatement {
        """
        SELECT batches FROM \(tables.budget)
        WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
        """
    }

    /// The statements that change the parallelism of a locked run; none where it is that.
    private func changes(
        toParallelism batches: Int?,
        _ known: SQLRows,
        _ run: RunRecord,
        _ note: ChangeNote
    ) throws -> [SQLStatement] {
        let old = try known.map { try $0.optionalInteger() }.first.flatMap { $0 }.map { Int($0) }
        // Said again, it is no change: what is put back is what it was before that.
        if old == batches { return [] }
        let (from, to) = (old.map { String($0) }, batches.map { String($0) })
        return own(batches, of: run) + [
            self.note(note, on: .run(run.key), "parallelism", from: from, to: to, run.id),
            limit(run.id),
        ]
    }

    package func setRank(
        share: Double?,
        priority: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try await change(key) { run, _ in
            rankChanges(share: share, priority: priority, of: run, note)
        }
    }

    /// The statements that change how a locked run ranks; none where it does.
    private func rankChanges(
        share: Double?,
        priority: Int?,
        of run: RunRecord,
        _ note: ChangeNote
    ) -> [SQLStatement] {
        var statements: [SQLStatement] = []
        if let share, share != run.rank.share {
            let (old, new) = (run.rank.share.plain, share.plain)
            statements += [
                "UPDATE \(tables.run) SET share = \(share) WHERE id = \(run.id)",
                self.note(note, on: .run(run.key), "share", from: old, to: new, run.id),
            ]
        }
        if let priority, priority != run.rank.priority {
            let (old, new) = ("\(run.rank.priority)", "\(priority)")
            statements += [
                "UPDATE \(tables.run) SET priority = \(priority) WHERE id = \(run.id)",
                self.note(note, on: .run(run.key), "priority", from: old, to: new, run.id),
            ]
        }
        return statements
    }

    /// The statements that make, change or remove the budget that is a run's parallelism.
    private func own(_ batches: Int?, of run: RunRecord) -> [SQLStatement] {
        let isOwn: SQLStatement = "run_id = \(run.id)"
        guard let batches else {
            return ["UPDATE \(tables.budget) SET batches = NULL WHERE \(isOwn)"]
                + removeOwn(ofRun: run.id)
        }
        return [
            """
            INSERT INTO \(tables.budget) (run_id, batches) VALUES (\(run.id), \(batches))
            ON CONFLICT (run_id) DO UPDATE SET batches = excluded.batches
            """,
            enterHeld(into: isOwn, isRun(run.key)),
        ]
    }

    /// The statements that remove a run's own budget where it limits nothing, and no probe holds it
    /// back.
    func removeOwn(ofRun run: Int64) -> [SQLStatement] {
        let isUnused: SQLStatement =
            "run_id = \(run) AND batches IS NULL AND open_until IS NULL"
        return [
            """
            DELETE FROM \(tables.letIn)
            WHERE budget_id IN (SELECT id FROM \(tables.budget) WHERE \(isUnused))
            """,
            "DELETE FROM \(tables.budget) WHERE \(isUnused)",
        ]
    }

    /// The statements that give a run what limits another one, which stands still from now on.
    func moveBudgets(from former: RunKey, to key: RunKey) -> [SQLStatement] {
        [tables.budget, tables.runBudget, tables.change, tables.letIn, tables.waiting].map {
            table in
            """
            UPDATE \(table)
            SET run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(key)))
            WHERE run_id = (SELECT id FROM \(tables.run) WHERE \(isRun(former)))
            """
        }
    }

    /// Makes a run look for budgets where any limits it.
    func limit(_ run: Int64) -> SQLStatement {
        "UPDATE \(tables.run) AS r SET budget_set = \(budgetSet) WHERE id = \(run)"
    }
}
