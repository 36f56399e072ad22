import FoundationEssentials
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
        case .adjust, .replace: return []
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
    var budgetSet: SQLStatement {
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
    func enterHeld(into budgets: SQLStatement, _ batches: SQLStatement) -> SQLStatement {
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
}
