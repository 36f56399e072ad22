package import FoundationEssentials
package import Tranche

/// Probes; a budget's row says until when all of its own let go on, so that no acquire looks for
/// them.
extension SQLInventoryStore {
    package func probes(limiting key: RunKey?) async throws -> (probes: [Probe], now: Date) {
        let select = selectProbes(of: key.map { isBudget(of: $0) } ?? "1 = 1")
        return try await wrapping {
            let rows = try await database.read(select, readClock)
            var clock = rows[1][0]
            return (try rows[0].map { try probe(&$0) }, try clock.instant())
        }
    }

    /// The statement that reads the probes of budgets, by name.
    ///
    /// - Parameter condition: The condition on budgets.
    /// - Returns: The statement.
    func selectProbes(of condition: SQLStatement) -> SQLStatement {
        """
        SELECT p.name, b.name, r.meta_table, r.job, r.run, p.question, p.interval_ms,
            p.timeout_ms, p.holds_when_unreachable, p.state, p.version
        FROM \(tables.probe) AS p
        JOIN (SELECT * FROM \(tables.budget) WHERE \(condition)) AS b ON b.id = p.budget_id
        LEFT JOIN \(tables.run) AS r ON r.id = b.run_id
        ORDER BY p.name
        """
    }

    /// Reads a probe of ``selectProbes(of:)``.
    func probe(_ row: inout SQLRow) throws -> Probe {
        let name = try row.text()
        var probe = Probe(
            name,
            of: owner(&row),
            try JSONText.decode(ProbeQuestion.self, from: row.text()),
            interval: .milliseconds(try row.integer()),
            timeout: .milliseconds(try row.integer()),
            holdsWhenUnreachable: try row.boolean(),
            state: try JSONText.decode(ProbeState.self, from: row.text())
        )
        probe.state.version = try row.integer()
        return probe
    }

    package func set(_ probe: Probe, _ note: ChangeNote) async throws {
        let question = try JSONText.encode(probe.question)
        let state = try JSONText.encode(ProbeState())
        let select: SQLStatement = """
            SELECT p.question, b.id, b.run_id
            FROM \(tables.probe) AS p JOIN \(tables.budget) AS b ON b.id = p.budget_id
            WHERE p.name = \(probe.name)
            """
        try await wrapping {
            try await database.withTransaction(keep(probe.owner) + [select]) {
                connection,
                rows in
                let id = try await budgetID(of: probe.owner, rows, on: connection)
                var known = rows[rows.count - 1].first
                let old = known?.optionalText()
                let formerID = try known?.optionalInteger()
                let formerRun = try known?.optionalInteger()
                let run = try number(of: probe.owner, rows)
                // Which budgets limit a run is named by the last change.
                var limits = run.map { [limit($0)] } ?? []
                if let formerRun, formerRun != run {
                    limits += removeOwn(ofRun: formerRun) + [limit(formerRun)]
                }
                _ = try await connection.commit(
                    [
                        """
                        INSERT INTO \(tables.probe) (
                            name, budget_id, question, interval_ms, timeout_ms,
                            holds_when_unreachable, state
                        )
                        VALUES (
                            \(probe.name), \(id), \(question), \(probe.interval.milliseconds),
                            \(probe.timeout.milliseconds), \(probe.holdsWhenUnreachable ? 1 : 0),
                            \(state)
                        )
                        ON CONFLICT (name) DO UPDATE
                        SET budget_id = excluded.budget_id, question = excluded.question,
                            interval_ms = excluded.interval_ms, timeout_ms = excluded.timeout_ms,
                            holds_when_unreachable = excluded.holds_when_unreachable,
                            state = excluded.state, open_until = NULL,
                            version = \(tables.probe).version + 1
                        """,
                        open("id = \(id) OR id = \(formerID)"),
                        self.note(
                            note,
                            on: probe.owner,
                            "probe \(probe.name)",
                            from: old,
                            to: question,
                            run
                        ),
                    ] + limits
                )
            }
        }
    }

    package func removeProbe(_ name: String, _ note: ChangeNote) async throws {
        let select: SQLStatement = """
            SELECT p.question, b.id, b.run_id, b.name, r.meta_table, r.job, r.run
            FROM \(tables.probe) AS p JOIN \(tables.budget) AS b ON b.id = p.budget_id
            LEFT JOIN \(tables.run) AS r ON r.id = b.run_id
            WHERE p.name = \(name)
            """
        try await wrapping {
            try await database.withTransaction([select]) { connection, rows in
                guard var row = rows[0].first else { throw unknownProbe(name) }
                let question = try row.text()
                let id = try row.integer()
                let run = try row.optionalInteger()
                let former = owner(&row)
                var statements: [SQLStatement] = [
                    lockBudgets([id]),
                    "DELETE FROM \(tables.probe) WHERE name = \(name)",
                    open("id = \(id)"),
                    self.note(note, on: former, "probe \(name)", from: question, to: nil, run),
                ]
                if let run { statements += removeOwn(ofRun: run) + [limit(run)] }
                _ = try await connection.commit(statements)
            }
        }
    }

    package func save(_ state: ProbeState, ofProbe name: String) async throws -> Bool {
        let text = try JSONText.encode(state)
        let budget: SQLStatement = "(SELECT budget_id FROM \(tables.probe) WHERE name = \(name))"
        return try await wrapping {
            let answers = try await database.write(
                [
                    // As whoever changes the probe does: the budget first.
                    """
                    SELECT id FROM \(tables.budget) WHERE id = \(budget)
                    \(dialect.lockingKeptRow)
                    """,
                    """
                    UPDATE \(tables.probe)
                    SET state = \(text), version = version + 1,
                        open_until = \(state.openUntil.map { instant($0) } ?? "NULL")
                    WHERE name = \(name) AND version = \(state.version)
                    RETURNING name
                    """,
                    open("id = \(budget)"),
                ]
            )
            return !answers[1].isEmpty
        }
    }

    // MARK: - Budgets

    /// Says in budgets until when all of their probes let go on.
    func open(_ budgets: SQLStatement) -> SQLStatement {
        let never = instant(Date(timeIntervalSince1970: 0))
        return """
            UPDATE \(tables.budget) AS b
            SET open_until = (
                SELECT min(coalesce(p.open_until, \(never)))
                FROM \(tables.probe) AS p
                WHERE p.budget_id = b.id
            )
            WHERE \(budgets)
            """
    }

    /// The statements that keep what a probe is to hold back from going, and read it.
    private func keep(_ owner: Budget.Owner) -> [SQLStatement] {
        switch owner {
        case .name(let name):
            [
                """
                SELECT id FROM \(tables.budget) WHERE name = \(name) \(dialect.keepingRow)
                """
            ]
        case .run(let key): [lockInOrder(key)]
        }
    }

    /// The number of the budget that a probe holds back; that of a run is made where it has none.
    private func budgetID(
        of owner: Budget.Owner,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws -> Int64 {
        switch owner {
        case .name(let name):
            guard var row = rows[0].first else { throw unknownBudget(name) }
            return try row.integer()
        case .run(let key):
            try requireRun(rows[0], key)
            var row = rows[0][0]
            let run = try self.run(&row)
            let isOwn: SQLStatement = "run_id = \(run.id)"
            let answers = try await connection.run(
                [
                    """
                    INSERT INTO \(tables.budget) (run_id) VALUES (\(run.id))
                    ON CONFLICT (run_id) DO NOTHING
                    """,
                    "SELECT id FROM \(tables.budget) WHERE \(isOwn)",
                ]
            )
            guard var found = answers[1].first else { throw unknownBudget("\(key)") }
            return try found.integer()
        }
    }

    /// The number of the run that a probe holds back; `nil` for a named budget.
    private func number(of owner: Budget.Owner, _ rows: [SQLRows]) throws -> Int64? {
        guard owner.run != nil, var row = rows[0].first else { return nil }
        return try run(&row).id
    }

    private func unknownProbe(_ name: String) -> TrancheError {
        TrancheError(
            .unknownProbe,
            "there is no probe '\(name)' in \(self.name); 'tranche probe list' lists what there is"
        )
    }
}
