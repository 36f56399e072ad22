import Tranche

/// The budgets of the run.
extension Acquisition {
    /// Finds out what the budgets leave, as far as is known before they are locked.
    mutating func readBudgets(
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws {
        var found = reads.budgets(in: rows)
        if run.isLimited != (found != nil) {
            store.note({ $0.isLimited = run.isLimited }, for: run.key)
        }
        guard run.isLimited else { return }
        if found == nil {
            found = try await connection.run([store.selectBudgets(of: run.key)])[0]
        }
        budgets = try found?.map { try store.budgetRow(&$0) } ?? []
        allowance = Allowance(budgets.map(\.budget), now: now)
        if isOvertaken { allowance.close() }
    }

    /// Whether the statement that inserts batches notes what the budgets let in, too.
    var notesWithInserts: Bool {
        !budgets.isEmpty && !isProbing && store.dialect.changesWithinQueries
    }

    /// Adds the statements that lock the budgets, and refuse what they have no room for any more.
    ///
    /// Where there is one writer, nobody else was let in since they were read.
    mutating func addBudgetCheck() {
        guard !budgets.isEmpty, !handedOut.isEmpty, !store.dialect.hasOneWriter else { return }
        statements += store.admission(of: allowance.admitted, by: budgets, now: nowInstant)
    }

    /// Adds the statements that note what was let in, and keep the entries few.
    ///
    /// - Parameter noted: The places in `handedOut` of what was noted as it was inserted; the other
    ///   batches have their numbers.
    mutating func addEntries(besides noted: Set<Int>) {
        guard !budgets.isEmpty, !handedOut.isEmpty else { return }
        let left = handedOut.indices.filter { !noted.contains($0) }
        if !left.isEmpty {
            let ids = left.map { handedOut[$0].record.id }.sorted()
            statements.append(
                store.enter(
                    store.dialect.column("id", isAmong: ids),
                    into: store.dialect.column("id", isAmong: budgets.map(\.id))
                )
            )
        }
        for budget in budgets where budget.isToBeFolded { statements += store.fold(budget) }
    }

    /// The statement that inserts batches, and notes that the budgets let them in.
    ///
    /// - Parameters:
    ///   - given: The rows of the batches, as a table of a `WITH`.
    ///   - insert: What inserts them.
    /// - Returns: The statement; it returns what `insert` does.
    func noting(_ given: SQLStatement, _ insert: SQLStatement) -> SQLStatement {
        let ids = SQLStatement.list(budgets.map { "(CAST(\($0.id) AS bigint))" })
        return """
            WITH \(given), made AS (
            \(insert)
            ), entered AS (
                INSERT INTO \(store.tables.letIn) (budget_id, batch_id, attempt)
                SELECT letting.id, made.id, 1
                FROM made CROSS JOIN (VALUES \(ids)) AS letting (id)
            )
            SELECT id, batch_id_start FROM made
            """
    }
}

extension SQLInventoryStore {
    /// What stands in the error of a budget that is full.
    static var fullMark: String { "tranche: no room left in a budget" }

    /// The statements that lock budgets and fail where they have no room.
    ///
    /// The second has a snapshot taken after the lock was had: in one statement with it, two could
    /// be let in side by side. It fails by a text that is no number, which names no budget.
    ///
    /// - Parameters:
    ///   - use: What is to be let in.
    ///   - budgets: The budgets, in order.
    ///   - now: The inventory's time, as an instant.
    /// - Returns: The statements.
    func admission(
        of use: BudgetUse,
        by budgets: [BudgetRow],
        now: SQLStatement
    ) -> [SQLStatement] {
        let isMeant = dialect.column("id", isAmong: budgets.map(\.id))
        return [
            """
            SELECT id FROM \(tables.budget) WHERE \(isMeant) ORDER BY id \(dialect.lockingRow)
            """,
            """
            WITH mine AS (SELECT * FROM \(tables.budget) WHERE \(isMeant))
            SELECT CAST(max(CASE WHEN \(isFull(for: use, now: now)) THEN \(Self.fullMark) ELSE '0' END)
                AS integer)
            FROM mine AS b
            LEFT JOIN (\(selectUse)) AS u ON u.budget_id = b.id
            """,
        ]
    }

    /// Whether a budget `b`, of which `u` is used, has no room.
    ///
    /// Sums are a little more or less than another order of the same weights gives.
    private func isFull(for use: BudgetUse, now: SQLStatement) -> SQLStatement {
        """
        b.pause_reason IS NOT NULL OR b.parked_until > \(now) OR b.weight = 0
            OR coalesce(u.batches, 0) + \(use.batches) > b.batches
            OR (coalesce(u.batches, 0) > 0 OR \(use.batches) > 1)
                AND coalesce(u.weight, 0.0) > b.weight * 1.000000001 - \(use.weight)
        """
    }
}
