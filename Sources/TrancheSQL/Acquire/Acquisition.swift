import FoundationEssentials
import Tranche

/// One acquire, decided step by step while the run's row is locked.
///
/// It collects the statements that the decision needs; they are run with the commit. The files are
/// by step: due batches, gaps, the next range, and the end.
struct Acquisition<Database: SQLDatabase> {
    let store: SQLInventoryStore<Database>
    let request: AcquireRequest
    let input: AcquireInput
    var run: RunRecord
    /// The run as it was read.
    let known: RunRecord
    /// Whether the run was made in this very transaction.
    let isNew: Bool
    let now: Date
    /// The statements that are the same at each acquire of the run.
    let knownStatements: RunStatements<Database>

    var statements: [SQLStatement] = []
    var handedOut: [AcquireOutcome.HandedOut] = []
    /// The places in `handedOut` of batches that are to be inserted, and get their numbers from
    /// that.
    var new: [Int] = []
    /// Whether the gaps that are due must be counted again.
    var hasChangedGaps = false
    /// Whether the batch that is handed out finds out if an outage is over.
    var isProbing = false
    /// The budgets of the run, in the order in which they are locked.
    var budgetIDs: [Int64] = []
    /// What is known of them; empty where they were not looked at.
    var budgets: [BudgetRow] = []
    /// What they leave.
    var allowance: Allowance
    /// Whether others were let in each time before this one was, so that it is not to be tried
    /// again.
    var isOvertaken = false
    /// The budgets whose locks others hold for long; what is left is not to be tried, either.
    var lockedBudgets: Set<Int64> = []
    /// Whether others may wait for the locks of the budgets.
    var isSharingBudgets = false

    init(
        _ request: AcquireRequest,
        _ input: AcquireInput,
        of run: RunRecord,
        isNew: Bool,
        at now: Date,
        by statements: RunStatements<Database>,
        in store: SQLInventoryStore<Database>
    ) {
        self.store = store
        knownStatements = statements
        self.request = request
        self.input = input
        self.run = run
        known = run
        self.isNew = isNew
        self.now = now
        allowance = Allowance([], of: run.key, now: now)
    }

    /// How many more batches may be handed out.
    var left: Int {
        let most = isProbing ? 1 : request.slots.count
        return min(most, run.mostBeforePause ?? most) - handedOut.count
    }

    /// The worker that gets the next batch.
    var slot: AcquireRequest.Slot { request.slots[handedOut.count] }

    /// Whether all that came of it is the next batch, which leaves no id out.
    var fitsOneStatement: Bool {
        guard hasRoomAgain, run.policy.execution == .atLeastOnce, handedOut.count == 1,
            request.slots.count == 1, request.definition.key == nil,
            request.definition.time == nil,
            let batch = handedOut.first?.record,
            let cursor = known.cursor
        else { return false }
        return batch.attempt == 1 && batch.kind == request.kind && batch.itemIDs == nil
            && batch.idStart - 1 == cursor && run.pendingSince == nil && run.outage.hold == nil
    }

    /// Whether no budget is to be looked at before the next batch.
    private var hasRoomAgain: Bool {
        !run.isLimited || store.hint(for: run.key).budgets?.isTight == false
    }

    var nowInstant: SQLStatement { store.instant(now) }

    var leaseEnd: Date { now.addingTimeInterval(run.policy.lease.seconds) }

    var demand: PlanDemand {
        PlanDemand(cursor: run.cursor, settling: run.settling, policy: run.policy, now: now)
    }

    mutating func requireSameDefinition() throws {
        try run.requireSame(
            definition: request.definition,
            text: request.definitionText,
            bounds: request.bounds,
            rootIDs: request.rootIDs
        )
        // An adopted run takes the first definition it is acquired with.
        guard
            let text = try run.newDefinition(request.definition, text: request.definitionText)
        else { return }
        run.definition = text
        statements.append(
            "UPDATE \(store.tables.run) SET definition = \(text) WHERE \(store.isRun(run.key))"
        )
    }

    // MARK: The decision

    /// Hands out batches, says why there are none, or says what is needed first.
    ///
    /// - Parameters:
    ///   - reads: What was read first.
    ///   - rows: The answers.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The answer; what it says is committed.
    /// - Throws: The database's error, or `TrancheError`.
    mutating func decide(
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        // 1. A run that is stopped, or goes on as another workflow, gives none.
        if let reason = try stop(reads, rows) { return .none(reason) }
        if let reason = try await holdForOutage(on: connection) {
            return try await commit(answering: .none(reason), on: connection)
        }

        try await readBudgets(reads, rows, on: connection)
        try readKeys(reads, rows)

        // 2. What was handed out before and is free again.
        if !probesNewFirst {
            try await offerStuckInTurn(on: connection)
            if let exhausted = try await offerAgain(reads.due(in: rows), on: connection) {
                let isDoubtful = run.outage.isDoubtful(exhausted.id)
                let answer = AcquireOutcome.needsSplit(exhausted, isDoubtful: isDoubtful)
                return try await commit(answering: answer, on: connection)
            }
        }

        // 3. Ids that appeared in gaps.
        if let gaps = try await offerLate(on: connection) {
            return try await commit(answering: .needsGapCheck(gaps), on: connection)
        }
        if let refusal = allowance.refusal {
            return try await commit(answering: .none(refusal), on: connection)
        }

        // 4. What follows the cursor.
        var plan: RangePlan?
        if left > 0, !run.isAtEnd {
            plan = try await nextRanges(reads, rows, on: connection)
            guard let plan, isCurrent(plan) else {
                return try await commit(answering: .needsPlan(demand), on: connection)
            }
            if let outcome = try await handOut(plan, on: connection) { return outcome }
        }
        return try await conclude(plan, reads, rows, on: connection)
    }

    /// Why the run gives nothing, whatever there is; `nil` where it does.
    private func stop(
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows]
    ) throws -> NoBatchReason? {
        if let cancellation = run.cancellation { return .cancelled(cancellation) }
        if let generation = try reads.superseding(request.workflow, in: rows) {
            return .superseded(by: generation)
        }
        return run.pauseInForce.map { .paused(reason: $0) }
    }

    /// Gives what is left to give, and says why where that is nothing.
    private mutating func conclude(
        _ plan: RangePlan?,
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if probesNewFirst {
            // Batches that stay whole are not split.
            _ = try await offerAgain(reads.due(in: rows), on: connection)
        }
        if !handedOut.isEmpty { return try await commit(on: connection) }
        let nextStuck = try await offerStuckAtLast(on: connection)
        if !handedOut.isEmpty { return try await commit(on: connection) }
        if let refusal = allowance.refusal ?? allowance.keyRefusal {
            return try await commit(answering: .none(refusal), on: connection)
        }
        return try await explain(plan, stuckUntil: nextStuck, on: connection)
    }

    /// Whether the plan was made from where the run stands now; a worker that planned from what it
    /// remembers may not know since when a writer is waited for, or that the clock was set back.
    private func isCurrent(_ plan: RangePlan) -> Bool {
        guard let settling = plan.settling else { return plan.cursor == run.cursor }
        return plan.cursor == run.cursor && !settling.isBehind(run.settling)
            && !settling.isAhead(of: now)
    }

    // MARK: Outages

    /// Finds out whether the run is held because many batches failed alike.
    ///
    /// - Returns: Why nothing is handed out; `nil` when something may be.
    private mutating func holdForOutage(
        on connection: isolated Database.Connection
    ) async throws -> NoBatchReason? {
        if case .ask(let batch, let attempt) = run.outage.permission(now: now) {
            let rows = try await connection.run([store.selectBatch(batch)])[0]
            let probe = try rows.map { try store.batch(&$0) }.first
            if let until = run.outage.endProbe(as: probe, attempt: attempt, now: now) {
                return .held(reason: run.outage.reason, until: until)
            }
        }
        switch run.outage.permission(now: now) {
        case .held(let reason, let until): return .held(reason: reason, until: until)
        case .probe: isProbing = true
        case .allowed, .ask: break
        }
        return nil
    }

    /// Whether the next batch is rather one that was never handed out.
    private var probesNewFirst: Bool { isProbing && request.probesNewFirst(of: run) }

    /// Writes down that the one batch handed out is a probe.
    private mutating func startProbe() {
        guard isProbing, let probe = handedOut.first?.record else { return }
        run.outage.startProbe(probe.id, attempt: probe.attempt, leaseEnd: leaseEnd)
    }
}

// MARK: - Writing

extension Acquisition {
    /// Writes what was decided, and answers with the batches.
    mutating func commit(on connection: isolated Database.Connection) async throws -> AcquireOutcome
    {
        if run.pauseReason != nil { run.letThrough -= handedOut.count }
        // What inserts batches notes them with their budgets, where one statement can.
        let noted = notesWithInserts ? Set(new) : []
        if isProbing {
            // The batch's number is part of what is kept beside it.
            let inserts = addInserts()
            try assignNumbers(try await connection.run(statements)[inserts])
            statements = []
            startProbe()
        }
        // In the last trip: nobody waits for a client while a budget is locked.
        addBudgetCheck()
        let inserts = addInserts()
        try addRunUpdate()
        addEntries(besides: noted)
        let answers: [SQLRows]
        do {
            answers =
                isSharingBudgets
                ? try await connection.commit(statements, releasingBefore: store.tables.flush)
                : try await connection.commit(statements)
        } catch let error as any SQLDatabaseError where error.isBusy && !budgetIDs.isEmpty {
            throw Locked(underlying: error)
        }
        try assignNumbers(answers[inserts])
        noteBudgets(try room(in: answers[inserts]))
        return .batches(handedOut)
    }

    /// Writes what was decided, and answers with something else where nothing is handed out.
    private mutating func commit(
        answering outcome: AcquireOutcome,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if !handedOut.isEmpty { return try await commit(on: connection) }
        if allowance.refusal != nil { try requireExactUse() }
        // A new run is kept only once its source was found sound.
        if isNew { return outcome }
        noteBudgets()
        addWait()
        try addRunUpdate()
        if !statements.isEmpty { _ = try await connection.commit(statements) }
        return outcome
    }

    /// Adds the statements that insert new batches.
    ///
    /// - Returns: Which statements these are.
    private mutating func addInserts() -> Range<Int> {
        let start = statements.count
        for part in SQLStatement.parts(of: new.count) {
            statements.append(insert(new[part], asks: part.lowerBound == 0))
        }
        return start..<statements.count
    }

    /// Gives new batches their numbers; each is known by its first id.
    private mutating func assignNumbers(_ answers: ArraySlice<SQLRows>) throws {
        var numbers: [Int64: Int64] = [:]
        for answer in answers {
            _ = try answer.map { row in
                let id = try row.integer()
                numbers[try row.integer()] = id
            }
        }
        for place in new {
            let start = handedOut[place].record.idStart
            guard let id = numbers[start] else {
                throw TrancheError(
                    .storeFailed,
                    "a batch of \(run.key) from id \(start) got no number"
                )
            }
            handedOut[place].record.id = id
        }
        new = []
    }

    /// What room the budgets have left, where what inserted batches says so.
    private func room(
        in answers: ArraySlice<SQLRows>
    ) throws -> (isTight: Bool, isShared: Bool)? {
        guard notesWithInserts, var row = answers.first?.first else { return nil }
        for _ in 0..<2 { _ = row.value() }
        return (try row.boolean(), try row.boolean())
    }

    /// Adds the statement that keeps what has changed of the run.
    ///
    /// The cursor is not part of it where a tile takes it along: most acquires leave the row as it
    /// is.
    mutating func addRunUpdate() throws {
        var changes: [SQLStatement] = []
        if run.cursor != known.cursor, run.cursor != run.tileEnd {
            changes.append("passed_id = \(run.cursor)")
        }
        if run.pendingSince != known.pendingSince {
            changes.append("pending_since = \(instant(run.pendingSince))")
        }
        // Who came meanwhile is kept where the row is written anyway: it is since then that they
        // are waited for.
        if run.settling.isNews(after: known.settling)
            || !changes.isEmpty && run.settling != known.settling
        {
            changes += [
                "ceiling_id = \(run.settling.ceiling)", "ceiling_next = \(run.settling.candidate)",
                "ceiling_next_at = \(instant(run.settling.candidateAt))",
                "ceiling_holders = \(run.settling.packedHolders)",
            ]
        }
        if hasChangedGaps {
            changes.append("gaps_due_at = (\(store.selectNextLook(of: run.id)))")
        } else if run.gapsDueAt != known.gapsDueAt {
            changes.append("gaps_due_at = \(instant(run.gapsDueAt))")
        }
        if run.letThrough != known.letThrough {
            changes.append("let_through = \(run.letThrough)")
        }
        if run.droppedGaps != known.droppedGaps {
            changes.append("gaps_dropped = \(run.droppedGaps)")
        }
        if run.outage != known.outage {
            changes.append("outage = \(try JSONText.encode(run.outage))")
        }
        guard !changes.isEmpty else { return }
        statements.append(
            "UPDATE \(store.tables.run) SET \(SQLStatement.list(changes)) WHERE id = \(run.id)"
        )
    }

    private func instant(_ date: Date?) -> SQLStatement {
        date.map { store.instant($0) } ?? "NULL"
    }
}
