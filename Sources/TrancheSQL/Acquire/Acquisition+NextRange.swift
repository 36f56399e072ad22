import FoundationEssentials
import Tranche

/// What follows the run's cursor.
extension Acquisition {
    /// The next ranges: as planned before, or read from the source under the lock.
    ///
    /// - Parameters:
    ///   - reads: What was read first.
    ///   - rows: The answers.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The plan; `nil` when there is none yet.
    /// - Throws: The database's error, or `TrancheError` `.invalidItem`.
    mutating func nextRanges(
        _ reads: AcquireReads<Database>,
        _ rows: [SQLRows],
        on connection: isolated Database.Connection
    ) async throws -> RangePlan? {
        guard let source = reads.source else { return input.plan }
        var planner = SettledPlanner(
            demand,
            within: request.bounds,
            isObservable: source.source.isObservable
        )
        if let observation = try reads.observation(in: rows) { planner.observe(observation) }
        var found = try ranges(reads.sourceRows(in: rows), of: source, through: planner.ceiling)
        if found.isCut, planner.needsObservation {
            let lag: SQLStatement = "\(run.policy.settleLag.milliseconds)"
            let again = try await connection.run(source.statements(lag: lag))
            planner.observe(try source.source.observed(again.dropLast()))
            found = try ranges(again[again.count - 1], of: source, through: planner.ceiling)
        }
        run.settling = planner.settling
        noteHeadroom(after: found)
        guard var plan = found.plan else { return nil }
        // Without a ceiling nothing was found out yet; an empty source is settled.
        plan = try planner.settled(plan, isCut: found.isCut && planner.ceiling != nil)
        if plan.ranges.isEmpty, plan.reachedEnd, plan.settling == nil {
            var row = try await connection.run([source.source.highestIDStatement])[0].first
            plan.highestID = try source.source.highest(in: &row)
        }
        return plan
    }

    /// What the source's rows come to.
    private struct FoundRanges {
        /// The plan; `nil` where the rows do not suffice for one.
        var plan: RangePlan?
        /// Whether an id was met that may not be handed out as far as is known.
        var isCut = false
    }

    /// Plans from rows that were read under the lock, up to the highest id that may be handed out.
    private func ranges(
        _ rows: SQLRows,
        of source: AcquireReads<Database>.SourceReads,
        through ceiling: Int64?
    ) throws -> FoundRanges {
        var planner = RangePlanner(after: run.cursor, limit: request.limit, batches: left)
        guard let ceiling else {
            return FoundRanges(plan: planner.finish(reachedEnd: true), isCut: true)
        }
        let event = try source.source.feed(rows, of: source.step, to: &planner, through: ceiling)
        switch event {
        case .full:
            store.note({ $0.needsNumbers = false }, for: run.key)
            return FoundRanges(plan: planner.finish(reachedEnd: false))
        case .sourceEnd where source.source.isNumbered:
            // What has no number yet is looked for without the lock, unless there is enough.
            store.note({ $0.needsNumbers = true }, for: run.key)
            let plan = planner.finish(reachedEnd: true)
            return FoundRanges(plan: source.hasNumbered && !plan.ranges.isEmpty ? plan : nil)
        case .sourceEnd: return FoundRanges(plan: planner.finish(reachedEnd: true))
        case .more:
            let plan = planner.finish(reachedEnd: false)
            let suffices = request.mayHandOutFewer && !plan.ranges.isEmpty
            return FoundRanges(plan: suffices ? plan : nil)
        case .ceiling: return FoundRanges(plan: planner.finish(reachedEnd: true), isCut: true)
        }
    }

    /// Remembers whether the next acquire is to observe the writers with its first statements.
    private func noteHeadroom(after found: FoundRanges) {
        var isNear = found.isCut || run.settling.candidate != nil || run.settling.ceiling == nil
        if let plan = found.plan {
            if plan.reachedEnd { isNear = true }
            if let first = plan.ranges.first?.ids.first, let last = plan.ranges.last?.ids.last,
                let ceiling = run.settling.ceiling
            {
                // The next batches may be twice as wide.
                let (width, overflow) = last.subtractingReportingOverflow(first)
                let (room, overflow2) = ceiling.subtractingReportingOverflow(last)
                if !overflow, !overflow2, room / 2 < width { isNear = true }
            }
        }
        store.note({ $0.isNearCeiling = isNear }, for: run.key)
    }

    // MARK: Handing out

    /// Hands out the ranges of a plan that are enough, and moves the cursor.
    ///
    /// - Returns: What to answer when there is no batch at all, where that is not a matter of the
    ///   run's batches and gaps.
    mutating func handOut(
        _ plan: RangePlan,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome? {
        if let settling = plan.settling,
            settling.ceiling ?? .min >= run.settling.ceiling ?? .min
        {
            run.settling = settling
        }
        let enoughAt = handOutRanges(of: plan)
        if !handedOut.isEmpty { return nil }
        if let refusal = allowance.refusal {
            try requireExactUse()
            noteBudgets()
            addWait()
            try addRunUpdate()
            _ = try await connection.commit(statements)
            return .none(refusal)
        }
        if enoughAt != nil, let refusal = allowance.keyRefusal {
            try addRunUpdate()
            _ = try await connection.commit(statements)
            return .none(refusal)
        }
        if let enoughAt {
            let due = try await commitAsking([], on: connection).due
            return .none(.waiting(until: min(enoughAt, due ?? enoughAt)))
        }
        // The key of the first range is full: the order of the source is kept.
        if !plan.ranges.isEmpty { return nil }
        // What was too little, if anything, has vanished.
        run.pendingSince = nil
        if let scannedTo = plan.scannedTo, run.cursor.map({ scannedTo > $0 }) ?? true {
            if !plan.isSeamless { passOver(to: scannedTo, handingOut: IDRuns()) }
            run.cursor = scannedTo
        }
        if plan.reachedEnd { return nil }
        try addRunUpdate()
        _ = try await connection.commit(statements)
        return .needsPlan(demand)
    }

    /// Hands out planned ranges.
    ///
    /// - Returns: When too little was found: the time at which it is handed out all the same.
    private mutating func handOutRanges(of plan: RangePlan) -> Date? {
        for (index, range) in plan.ranges.enumerated().prefix(left) {
            let isCut = !(plan.reachedEnd && index == plan.ranges.count - 1)
            // A clock that was set back since showed a later time.
            let pendingSince = min(run.pendingSince ?? now, now)
            let waited = Duration.seconds(now.timeIntervalSince(pendingSince))
            guard request.isEnough(weight: range.weight, isCut: isCut, waited: waited) else {
                run.pendingSince = pendingSince
                return pendingSince.addingTimeInterval(request.linger.seconds)
            }
            guard let last = range.ids.last else { continue }
            guard allowance.admit(weight: range.weight, key: range.key) else { return nil }
            if !plan.isSeamless { passOver(to: last, handingOut: range.ids) }
            handOut(range, as: request.kind)
            run.cursor = last
            run.tileEnd = last
            run.pendingSince = nil
            store.note({ $0.count = range.count }, for: run.key)
        }
        return nil
    }

    /// Hands out items as a batch of their own.
    mutating func handOut(_ range: PlannedRange, as kind: BatchKind) {
        let record = request.newBatch(
            range,
            as: kind,
            for: slot,
            after: run.tileEnd,
            now: now,
            leaseEnd: leaseEnd
        )
        guard let record else { return }
        new.append(handedOut.count)
        handedOut.append(.init(record, by: run.policy, items: range.items))
    }

    /// The statement that inserts new batches, which stand at some places of the answer.
    ///
    /// - Parameters:
    ///   - places: The places.
    ///   - asksBudgets: Whether it asks the budgets, for all that is handed out.
    /// - Returns: The statement.
    func insert(_ places: ArraySlice<Int>, asks asksBudgets: Bool) -> SQLStatement {
        let rows = places.map { place in
            request.given(handedOut[place].record, by: request.slots[place].token)
        }
        if rows.count == 1, let insertion = insertion(asks: asksBudgets) {
            return insertion.statement(
                for: rows[0],
                of: request,
                run,
                now: now,
                leaseEnd: leaseEnd,
                letIn: allowance.admitted
            )
        }
        let given = SQLStatement(table: "given", request.givenColumns, rows: rows)
        let insert = store.insertGiven(
            request,
            startedAt: nowInstant,
            leaseEnd: store.instant(leaseEnd),
            completion: "\(run.isUpstream ? Int64(0) : nil)"
        )
        return notesWithInserts
            ? noting(given, insert, asks: asksBudgets)
            : "WITH \(given)\n\(insert)\nRETURNING id, batch_id_start"
    }

    /// What inserts one batch, where it was put together before.
    private func insertion(asks: Bool) -> BatchInsertion? {
        guard notesWithInserts else { return knownStatements.insertion }
        guard asks, hasAmpleRoom, let limited = knownStatements.limitedInsertion,
            limited.budgetIDs == budgetIDs
        else { return nil }
        return limited
    }
}
