import FoundationEssentials
import Tranche

/// The budgets of the run.
extension Acquisition {
    /// Finds out what the budgets leave, as far as is known before they are locked.
    ///
    /// Where the last acquire found much room in them, they are not looked at: whether it is still
    /// there is found out when they are locked.
    mutating func readBudgets(
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws {
        guard run.isLimited else {
            if reads.knownBudgets != nil { store.note({ $0.budgets = nil }, for: run.key) }
            return
        }
        // What limits a new run was not there yet when the first statements were run.
        if let known = reads.knownBudgets, known.set == run.budgetSet, !isOvertaken, !isNew {
            guard let found = reads.budgets(in: rows) else {
                (budgetIDs, isSharingBudgets) = (known.ids, known.isShared)
                return
            }
            budgets = try found.map { try store.budgetRow(&$0) }
            if budgets.contains(where: \.isToBeAddedUp) {
                let isKnown = store.dialect.column("id", isAmong: known.ids)
                budgets = try await addUp(where: isKnown, on: connection)
            }
        } else {
            budgets = try await addUp(where: store.isBudget(of: run.key), on: connection)
        }
        budgetIDs = budgets.map(\.id)
        isSharingBudgets = budgets.contains { $0.budget.held.batches > 0 }
        if budgets.contains(where: { $0.waiting > 0 }) { try await readClaims(on: connection) }
        allowance = Allowance(budgets.map(\.budget), of: run.key, now: now)
        if isOvertaken {
            let locked = budgets.filter { lockedBudgets.contains($0.id) }
            allowance.close(by: locked.map(\.budget.owner))
        }
    }

    /// Reads budgets with what is held under them.
    private func addUp(
        where condition: SQLStatement,
        on connection: isolated Database.Connection
    ) async throws -> [BudgetRow] {
        let select = store.selectBudgets(where: condition)
        return try await connection.run([select])[0].map { try store.budgetRow(&$0) }
    }

    /// Reads which runs wait beside the run, and what it holds itself.
    private mutating func readClaims(on connection: isolated Database.Connection) async throws {
        let select = store.selectClaims(on: store.dialect.column("id", isAmong: budgetIDs))
        try store.add(claims: try await connection.run([select])[0], to: &budgets)
        for place in budgets.indices where ownClaim(on: budgets[place].budget) == nil {
            budgets[place].budget.claims.append(BudgetClaim(run: run.key, rank: run.rank))
        }
    }

    private func ownClaim(on budget: Budget) -> BudgetClaim? {
        budget.claims.first { $0.run == run.key }
    }

    /// Notes whether the next acquire is to look at the budgets first.
    ///
    /// - Parameter room: What was found out when they were locked; `nil` where that is as it was
    ///   when they were looked at.
    func noteBudgets(_ room: (isTight: Bool, isShared: Bool)? = nil) {
        guard run.isLimited else { return }
        let use = allowance.admitted
        let isTight =
            allowance.refusal != nil || budgets.isEmpty
            || budgets.contains { $0.isTight(for: use) }
        let known = KnownBudgets(
            set: run.budgetSet,
            ids: budgetIDs,
            // What was let in without an insert left no bounds: they are to be looked at.
            isTight: store.dialect.hasOneWriter
                || room?.isTight ?? (isTight || !handedOut.isEmpty),
            isShared: !store.dialect.hasOneWriter
                && (room?.isShared ?? budgets.contains { $0.budget.held.batches > 0 })
        )
        if known == store.hint(for: run.key).budgets { return }
        store.note({ $0.budgets = known }, for: run.key)
    }

    /// Budgets refused what they may have room for: what is held under them is to be added up.
    struct Inexact: Error {}

    /// The lock of a budget was not had in time, or another of the same trip was not.
    struct Locked: Error {
        let underlying: any SQLDatabaseError
    }

    /// Lets no budget refuse anything for what was not added up.
    func requireExactUse() throws(Inexact) {
        if budgets.contains(where: { !$0.isExact }) { throw Inexact() }
    }

    // MARK: - In the last trip

    /// Whether the statement that inserts batches asks the budgets, and notes what they let in.
    var notesWithInserts: Bool {
        !budgetIDs.isEmpty && !isProbing && store.dialect.changesWithinQueries
    }

    /// Adds the statements that lock the budgets, and refuse what they have no room for any more.
    ///
    /// Where there is one writer, nobody else was let in since they were read.
    mutating func addBudgetCheck() {
        guard !budgetIDs.isEmpty, !handedOut.isEmpty, !store.dialect.hasOneWriter else { return }
        statements.append(store.lockBudgetsSoon(budgetIDs))
        // What inserts batches asks itself.
        if !notesWithInserts || new.isEmpty {
            statements.append("WITH \(room) SELECT is_full FROM room")
        }
    }

    /// Whether the budgets had much room when they were asked last, and nobody else asks them: who
    /// shares them would often find that they are to be added up first.
    var hasAmpleRoom: Bool { budgets.isEmpty && !isSharingBudgets }

    /// What budgets have left, as a table `room` that fails where that is not enough.
    private var room: SQLStatement {
        let need = BudgetNeed(allowance.admitted)
        if hasAmpleRoom { return store.ampleRoom(for: need, in: budgetIDs, now: nowInstant) }
        return store.room(
            for: need,
            in: budgetIDs,
            isFull: store.isFull(for: need, of: allowance, budgets, now: nowInstant)
        )
    }

    /// Adds the statements that note what was let in, and keep the entries few.
    ///
    /// - Parameter noted: The places in `handedOut` of what was noted as it was inserted.
    mutating func addEntries(besides noted: Set<Int>) {
        guard !budgetIDs.isEmpty, !handedOut.isEmpty else { return }
        let areMeant = store.dialect.column("id", isAmong: budgetIDs)
        let unnumbered = Set(new).subtracting(noted)
        let left = handedOut.indices.filter { !noted.contains($0) && !unnumbered.contains($0) }
        if !left.isEmpty {
            let ids = left.map { handedOut[$0].record.id }.sorted()
            let areHandedOut = store.dialect.column("id", isAmong: ids)
            statements.append(
                store.enter(
                    areHandedOut,
                    of: "\(run.id)",
                    into: areMeant,
                    bounds: bounds(besides: noted)
                )
            )
        }
        if unnumbered.count == 1, left.isEmpty,
            let entry = knownStatements.entry?.statement(
                of: run.id,
                into: budgets,
                with: allowance.admitted
            )
        {
            statements.append(entry)
        } else if !unnumbered.isEmpty {
            // Where there is one writer, the highest numbers are those of what was just inserted.
            let areNew: SQLStatement =
                "id > (SELECT max(id) FROM \(store.tables.batch)) - \(unnumbered.count)"
            statements.append(
                store.enter(areNew, of: "\(run.id)", into: areMeant, bounds: bounds(besides: noted))
            )
        }
        for row in budgets {
            if row.isToBeFolded { statements += store.fold(row) }
            if row.budget.limits.rate != nil {
                statements += store.charge(allowance.admitted.weight, to: row.id)
            }
        }
        addEndOfWait()
    }

    /// The bounds of entries that are not written with what they are of; known are those that the
    /// first insert wrote, or that were read under the lock.
    private func bounds(besides noted: Set<Int>) -> SQLStatement {
        if !noted.isEmpty { return store.lastBounds(of: "b.id") }
        guard store.dialect.hasOneWriter else { return "NULL, NULL, NULL" }
        return store.bounds(of: budgets, with: allowance.admitted)
    }

    /// The statement that inserts batches if the budgets have room, and notes that they let them
    /// in.
    ///
    /// - Parameters:
    ///   - given: The rows of the batches, as a table `given` of a `WITH`.
    ///   - insert: What inserts them.
    ///   - asks: Whether the budgets are asked.
    /// - Returns: The statement; its rows are the number of a batch, its first id, and what `room`
    ///   says where they are asked.
    func noting(_ given: SQLStatement, _ insert: SQLStatement, asks: Bool) -> SQLStatement {
        if asks {
            let need = BudgetNeed(allowance.admitted)
            return store.insertLetIn(given, insert, in: room, of: "\(run.id)", for: need)
        }
        // What the first statement entered counts these already.
        let ids = SQLStatement.list(budgetIDs.map { "(CAST(\($0) AS bigint))" })
        return """
            WITH \(given), made AS (
            \(insert)
            RETURNING id, batch_id_start
            ), entered AS (
                INSERT INTO \(store.tables.letIn) (
                    budget_id, run_id, batch_id, attempt, bound_batches, bound_weight,
                    summed_batches
                )
                SELECT letting.id, CAST(\(run.id) AS bigint), made.id, 1,
                    \(store.lastBounds(of: "letting.id"))
                FROM made CROSS JOIN (VALUES \(ids)) AS letting (id)
            )
            SELECT id, batch_id_start FROM made
            """
    }

    // MARK: - Waiting

    /// Adds the statement that notes that the run waits for room in a budget, unless that is known.
    ///
    /// A worker that asks ahead has something to do, and does not wait.
    mutating func addWait() {
        guard handedOut.isEmpty, let wait = allowance.wait,
            let row = budgets.first(where: { $0.budget.owner == wait.owner }),
            wait.owner.name != nil,
            let slot = request.slots.first(where: { !$0.isAhead })
        else { return }
        let claim = ownClaim(on: row.budget)
        let known = claim?.wait(at: now)
        let soon = now.addingTimeInterval(BudgetWait.patience.seconds / 2)
        if let known, known.weight == wait.weight, known.until > soon { return }
        let mark = BudgetWait(for: wait.weight, after: claim, by: slot.worker, now: now)
        statements.append(store.wait(mark, of: run.id, for: row.id))
    }

    /// Adds the statements that note that the run waits no more, or anew, since it was let in.
    private mutating func addEndOfWait() {
        let workers = handedOut.indices.map { request.slots[$0].worker }
        for row in budgets {
            guard let wait = ownClaim(on: row.budget)?.wait(at: now) else { continue }
            let left = wait.afterLettingIn(workers, now: now)
            if left == wait { continue }
            statements.append(
                left.map { store.wait($0, of: run.id, for: row.id) }
                    ?? store.endWait(of: run.id, for: row.id, at: nowInstant)
            )
        }
    }

    /// Adds the statements that note that the run waits no more, as it has nothing to hand out.
    mutating func addEndOfWaitForNothing() {
        for row in budgets where ownClaim(on: row.budget)?.wait != nil {
            statements.append(store.endWait(of: run.id, for: row.id, at: nowInstant))
        }
    }
}
