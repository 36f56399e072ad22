import Foundation
package import Tranche

/// How budgets are changed: each change is a row, written with it.
extension SQLInventoryStore {
    package func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote
    ) async throws -> Budget? {
        try await wrapping {
            let lock = lockBudget(named: name, isToGo: change == .remove)
            return try await database.withTransaction(lock) { connection, rows in
                let known = try rows[rows.count - 1].map { try budgetRow(&$0) }.first
                let change = try change.resolved(on: known?.budget)
                if known == nil, case .limits = change {
                } else if known == nil {
                    throw unknownBudget(name)
                }
                if change == .remove, let id = known?.id {
                    try requireUnused(
                        try await connection.run([selectRuns(ofBudget: id)])[0],
                        name
                    )
                }
                // Said again, it is no change.
                if let known, change.isDone(on: known.budget) { return known.budget }
                let statements = statements(for: change, of: name, known, note)
                let read = selectBudgets(where: "name = \(name)")
                let answer = try await connection.commit(statements + [read])
                return try answer[statements.count].map { try budgetRow(&$0).budget }.first
            }
        }
    }

    private func statements(
        for change: BudgetChange,
        of name: String,
        _ known: BudgetRow?,
        _ note: ChangeNote
    ) -> [SQLStatement] {
        let old = known?.budget
        let isNamed: SQLStatement = "name = \(name)"
        switch change {
        // It was resolved under the lock.
        case .adjust: return []
        case .limits(let limits):
            var statements: [SQLStatement] = [
                """
                INSERT INTO \(tables.budget) (name, batches, weight, rate, burst)
                VALUES (
                    \(name), \(limits.batches.map { Int64($0) }), \(limits.weight),
                    \(limits.rate?.perSecond), \(limits.rate?.burst)
                )
                ON CONFLICT (name) DO UPDATE
                SET batches = excluded.batches, weight = excluded.weight, rate = excluded.rate,
                    burst = excluded.burst
                """,
                self.note(note, on: .name(name), "limits", from: old?.limits.text, to: limits.text),
            ]
            if let known, limits.rate == nil {
                statements.append("DELETE FROM \(tables.charge) WHERE budget_id = \(known.id)")
            }
            if known == nil, name == Budget.ofAll {
                statements += [limitAll, enterHeld(into: isNamed, isOfRunWithoutBudget)]
            }
            return statements
        case .pause(let reason):
            return [
                "UPDATE \(tables.budget) SET pause_reason = \(reason) WHERE \(isNamed)",
                self.note(note, on: .name(name), "pause", from: old?.pauseReason, to: reason),
            ]
        case .park(let time, let reason):
            let end = dialect.instant(now, plus: "\(time.milliseconds)")
            return [
                """
                UPDATE \(tables.budget) SET parked_until = \(end), park_reason = \(reason)
                WHERE \(isNamed)
                """,
                self.note(
                    note,
                    on: .name(name),
                    "parked",
                    from: old?.parking?.until.utcText,
                    to: "for \(time.seconds.plain) s"
                ),
            ]
        case .unpark:
            return [
                """
                UPDATE \(tables.budget) SET parked_until = NULL, park_reason = NULL
                WHERE \(isNamed)
                """,
                self.note(
                    note,
                    on: .name(name),
                    "parked",
                    from: old?.parking?.until.utcText,
                    to: nil
                ),
            ]
        case .remove:
            return [tables.letIn, tables.charge, tables.waiting, tables.probe].map {
                "DELETE FROM \($0) WHERE budget_id = \(known?.id ?? 0)"
            } + [
                "DELETE FROM \(tables.budget) WHERE \(isNamed)",
                self.note(note, on: .name(name), "limits", from: old?.limits.text, to: nil),
            ] + (name == Budget.ofAll ? [limitAll] : [])
        }
    }

    /// Makes runs look for budgets where any limits them, and the others for none.
    private var limitAll: SQLStatement {
        """
        UPDATE \(tables.run) AS r SET budget_set = \(budgetSet)
        """
    }

    /// The number of the set of budgets that limits a run `r` now; 0 for none.
    ///
    /// It comes behind the note of the change that made it so, whose number no other set has.
    private var budgetSet: SQLStatement {
        """
        CASE WHEN EXISTS (SELECT 1 FROM \(tables.runBudget) AS o WHERE o.run_id = r.id)
            OR EXISTS (
                SELECT 1 FROM \(tables.budget) AS b
                WHERE b.run_id = r.id OR b.name = \(Budget.ofAll)
            )
        THEN (SELECT max(id) FROM \(tables.change)) ELSE 0 END
        """
    }

    private var isOfRunWithoutBudget: SQLStatement {
        """
        NOT EXISTS (
            SELECT 1 FROM \(tables.runBudget) AS o
            JOIN \(tables.run) AS r ON r.id = o.run_id
            WHERE r.meta_table = held.meta_table AND r.job = held.job AND r.run = held.run
        )
        """
    }

    /// Enters what is held already among what budgets let in, which are locked.
    ///
    /// - Parameters:
    ///   - budgets: The condition on budgets.
    ///   - batches: The condition on batches, which are named `held`.
    /// - Returns: The statement.
    private func enterHeld(into budgets: SQLStatement, _ batches: SQLStatement) -> SQLStatement {
        enter(
            """
            coalesce(lease_expires_at, retry_at) IS NOT NULL AND status = 'running'
                AND \(batches)
            """,
            into: budgets,
            where: """
                NOT EXISTS (
                    SELECT 1 FROM \(tables.letIn) AS l
                    WHERE l.budget_id = b.id AND l.batch_id = h.id AND l.attempt = h.attempt
                )
                """
        )
    }

    /// Locks a budget and reads it; that of all runs behind all runs, which new ones wait for.
    private func lockBudget(named name: String, isToGo: Bool) -> [SQLStatement] {
        let runs: [SQLStatement] = [
            "SELECT id FROM \(tables.run) ORDER BY id \(dialect.lockingRow)"
        ]
        let locks = name == Budget.ofAll ? dialect.lockingInserts(into: tables.run) + runs : []
        // A run that begins keeps it: then it does not go.
        let lock = isToGo ? dialect.lockingRow : dialect.lockingKeptRow
        return locks + [
            "SELECT id FROM \(tables.budget) WHERE name = \(name) \(lock)",
            selectBudgets(where: "name = \(name)"),
        ]
    }

    private func selectRuns(ofBudget id: Int64) -> SQLStatement {
        """
        SELECT r.meta_table, r.job, r.run
        FROM \(tables.runBudget) AS b JOIN \(tables.run) AS r ON r.id = b.run_id
        WHERE b.budget_id = \(id)
        ORDER BY r.id
        """
    }

    private func requireUnused(_ rows: SQLRows, _ name: String) throws {
        guard var row = rows.first else { return }
        let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
        throw TrancheError(
            .invalidArgument,
            "\(key) refers to budget '\(name)'; 'tranche set \(key.commandOptions)' with the "
                + "others as --budget NAME, or with --no-budget, ends that"
        )
    }

    func unknownBudget(_ name: String) -> TrancheError {
        TrancheError(
            .unknownBudget,
            "there is no budget '\(name)' in \(self.name); 'tranche budget list' lists what there "
                + "is"
        )
    }

    // MARK: - Runs

    package func setBudgets(
        _ names: [String],
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        let wanted = Set(names).sorted()
        let statements = [lockInOrder(key)] + lockBudgets(wanted, of: key)
        try await wrapping {
            try await database.withTransaction(statements) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let run = try run(&row)
                let changes = try budgetChanges(to: wanted, rows[1], rows[2], of: run, note)
                if !changes.isEmpty { _ = try await connection.commit(changes) }
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
    ///   - note: Who changes it, and why.
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
            let found = try await connection.run(
                [
                    """
                    SELECT name FROM \(tables.budget) WHERE name IN (\(list))
                    ORDER BY id \(dialect.keepingRow)
                    """
                ]
            )[0]
            let known = try found.map { try $0.text() }
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
        if let most = limits.perKey {
            statements += [
                set(perKey: most, of: run.id),
                self.note(note, on: .run(run.key), "per key", from: nil, to: "\(most)", run.id),
            ]
        }
        if !names.isEmpty || limits.parallelism != nil { statements.append(limit(run.id)) }
        statements.append("SELECT budget_set FROM \(tables.run) WHERE id = \(run.id)")
        var row = try await connection.run(statements)[statements.count - 1].first
        run.budgetSet = try row?.integer() ?? 0
        run.rank = limits.rank
        run.perKey = limits.perKey
    }

    package func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        let statements = [lockInOrder(key), selectParallelism(of: key)]
        try await wrapping {
            try await database.withTransaction(statements) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let run = try self.run(&row)
                let changes = try changes(toParallelism: batches, rows[1], run, note)
                if !changes.isEmpty { _ = try await connection.commit(changes) }
            }
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
        try await wrapping {
            try await database.withTransaction([lockInOrder(key)]) { connection, rows in
                try requireRun(rows[0], key)
                var row = rows[0][0]
                let run = try self.run(&row)
                let changes = rankChanges(share: share, priority: priority, of: run, note)
                if !changes.isEmpty { _ = try await connection.commit(changes) }
            }
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
