import Foundation
import Tranche

/// What follows the run's cursor.
extension Acquisition {
    /// What the rows read under the lock come to.
    enum Planned {
        case plan(RangePlan)
        /// The rows do not suffice.
        case incomplete
        /// There is more that may not be handed out as far as is known.
        case cut(RangePlan)
    }

    /// Plans from the rows that were read under the lock.
    func plan(
        _ rows: SQLRows,
        of step: SQLMetaSource<Database>.Step,
        from source: SQLMetaSource<Database>
    ) throws -> Planned {
        var planner = RangePlanner(
            after: run.cursor,
            limit: request.limit,
            batches: wanted - handedOut.count
        )
        var ceiling = Int64.max
        if needsCeiling(of: source) {
            guard let known = run.settling.ceiling else {
                return .cut(planner.finish(reachedEnd: true))
            }
            ceiling = known
        }
        switch try source.feed(rows, of: step, to: &planner, through: ceiling) {
        case .full: return .plan(planner.finish(reachedEnd: false))
        case .sourceEnd: return .plan(planner.finish(reachedEnd: true))
        case .more:
            guard request.mayHandOutFewer else { return .incomplete }
            let plan = planner.finish(reachedEnd: false)
            return plan.ranges.isEmpty ? .incomplete : .plan(plan)
        case .ceiling:
            var plan = planner.finish(reachedEnd: true)
            plan.isUnsettled = true
            return .cut(plan)
        }
    }

    /// Whether what may be handed out depends on who writes, or on how long ids have been known.
    func needsCeiling(of source: SQLMetaSource<Database>) -> Bool {
        source.isObservable || run.policy.settleLag > .zero
    }

    /// Takes into account who writes.
    mutating func observe(_ observation: WriterObservation) {
        run.settling.observe(
            observation,
            now: now,
            wait: run.policy.settleWait,
            lag: run.policy.settleLag
        )
    }

    /// Plans under the lock, observing the writers where that is needed.
    ///
    /// The order is what makes the ceiling a proof: lock, highest id, writers, rows; each statement has
    /// a snapshot of its own, taken when it begins.
    ///
    /// - Parameters:
    ///   - rows: The answers of the observation, if it was made, and of the step.
    ///   - isObserved: Whether the observation was made.
    ///   - step: How to read the rows.
    ///   - source: The source.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The plan, or `nil` when the rows do not suffice.
    /// - Throws: The database's error, or `TrancheError` `.invalidItem`.
    mutating func plan(
        _ rows: ArraySlice<SQLRows>,
        isObserved: Bool,
        of step: SQLMetaSource<Database>.Step,
        from source: SQLMetaSource<Database>,
        on connection: isolated Database.Connection
    ) async throws -> RangePlan? {
        if run.isAtEnd { return nil }
        var highest: Int64??
        var observed: WriterObservation?
        if isObserved {
            let observation = try source.observed(rows.dropLast())
            observed = observation
            observe(observation)
            highest = .some(observation.highestID)
        }
        guard let last = rows.last else { return nil }
        var planned = try plan(last, of: step, from: source)
        if case .cut = planned, !isObserved {
            let again = try await connection.run(
                source.observation(lag: "\(run.policy.settleLag.milliseconds)") + [step.statement]
            )
            let observation = try source.observed(again[...].dropLast())
            observed = observation
            observe(observation)
            highest = .some(observation.highestID)
            planned = try plan(again[again.count - 1], of: step, from: source)
        }
        noteRoom(isCut: planned)
        switch planned {
        case .incomplete: return nil
        case .plan(var plan):
            if plan.ranges.isEmpty, plan.reachedEnd {
                if let highest {
                    plan.highestID = highest
                } else {
                    var row = try await connection.run([source.highestIDStatement])[0].first
                    plan.highestID = try row?.optionalInteger()
                }
            }
            return plan
        case .cut(var plan):
            plan.highestID = highest ?? nil
            // Without a ceiling nothing was found out yet; an empty source is settled.
            if run.settling.ceiling == nil { plan.isUnsettled = plan.highestID != nil }
            try observed?.requireTimely(plan)
            return plan
        }
    }

    /// Remembers whether the next acquire is to observe the writers with its first statements.
    private func noteRoom(isCut planned: Planned) {
        var isNear = run.settling.candidate != nil || run.settling.ceiling == nil
        switch planned {
        case .cut: isNear = true
        case .plan(let plan):
            if plan.reachedEnd { isNear = true }
            if let first = plan.ranges.first?.ids.first, let last = plan.ranges.last?.ids.last,
                let ceiling = run.settling.ceiling
            {
                // The next batches may be twice as wide.
                let (width, overflow) = last.subtractingReportingOverflow(first)
                let (room, overflow2) = ceiling.subtractingReportingOverflow(last)
                if !overflow, !overflow2, room / 2 < width { isNear = true }
            }
        case .incomplete: break
        }
        store.note({ $0.isNearCeiling = isNear }, for: run.key)
    }

    // MARK: Handing out

    /// Ends the acquire with a plan for the current cursor, if there is one.
    mutating func finish(
        with plan: RangePlan?,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        if run.isAtEnd {
            if handedOut.isEmpty { return try await explain(nil, on: connection) }
            return try await commit(on: connection)
        }
        // Who planned from what it remembers may not know since when a writer is waited for.
        guard let plan, plan.cursor == run.cursor,
            !(plan.settling?.isBehind(run.settling) ?? false)
        else {
            return try await commit(answering: .needsPlan(demand), on: connection)
        }
        if let settling = plan.settling,
            settling.ceiling ?? .min >= run.settling.ceiling ?? .min
        {
            run.settling = settling
        }
        let dueAt = handOut(plan)
        if !handedOut.isEmpty { return try await commit(on: connection) }
        if let dueAt {
            let due = try await commitAsking([], on: connection).due
            return .none(.waiting(until: min(dueAt, due ?? dueAt)))
        }
        // What was too little, if anything, has vanished.
        run.pendingSince = nil
        if let scannedTo = plan.scannedTo, run.cursor.map({ scannedTo > $0 }) ?? true {
            if !plan.isSeamless { passOver(to: scannedTo, handingOut: IDRuns()) }
            run.cursor = scannedTo
        }
        guard plan.reachedEnd else {
            try writeRun()
            _ = try await connection.commit(statements)
            return .needsPlan(demand)
        }
        return try await explain(plan, on: connection)
    }

    private var demand: PlanDemand {
        PlanDemand(cursor: run.cursor, settling: run.settling, policy: run.policy, now: now)
    }

    /// Hands out planned ranges.
    ///
    /// - Returns: When too little was found: the time at which it is handed out all the same.
    private mutating func handOut(_ plan: RangePlan) -> Date? {
        for (index, range) in plan.ranges.enumerated() where !isSatisfied {
            let isCut = !(plan.reachedEnd && index == plan.ranges.count - 1)
            let pendingSince = run.pendingSince ?? now
            let waited = Duration.seconds(now.timeIntervalSince(pendingSince))
            guard request.isEnough(weight: range.weight, isCut: isCut, waited: waited) else {
                run.pendingSince = pendingSince
                return pendingSince.addingTimeInterval(request.linger.seconds)
            }
            guard let last = range.ids.last else { continue }
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
            at: handedOut.count,
            after: run.tileEnd,
            now: now,
            leaseEnd: leaseEnd
        )
        guard let record else { return }
        new.append(handedOut.count)
        handedOut.append(.init(record: record, lease: run.policy.lease, items: range.items))
    }

    /// The statement that inserts new batches, which stand at some places of the answer.
    func insert(_ places: ArraySlice<Int>) -> SQLStatement {
        let given = SQLStatement(
            table: "given",
            [
                "given_kind", "given_worker", "given_start", "given_end", "given_cover",
                "given_ids", "given_count", "given_weight", "given_token",
            ],
            rows: places.map { place -> [Value] in
                let batch = handedOut[place].record
                return [
                    Value(batch.kind.rawValue), Value(batch.worker), Value(batch.idStart),
                    Value(batch.idEnd), Value(batch.coverStart), Value(batch.itemIDs?.packed),
                    Value(Int64(batch.count)), Value(batch.weight),
                    Value(request.token(at: place)),
                ]
            }
        )
        let insert = store.insertGiven(
            request,
            startedAt: nowInstant,
            leaseEnd: store.instant(leaseEnd),
            completion: "\(run.isUpstream ? Int64(0) : nil)"
        )
        return "WITH \(given)\n\(insert)"
    }

    // MARK: Nothing to hand out

    /// Says why there is no batch now.
    ///
    /// - Parameters:
    ///   - plan: The plan that found nothing; `nil` when the source was not asked.
    ///   - connection: The connection that holds the lock.
    /// - Returns: The reason, or what is needed before one can be given.
    /// - Throws: The database's error.
    private mutating func explain(
        _ plan: RangePlan?,
        on connection: isolated Database.Connection
    ) async throws -> AcquireOutcome {
        let hasGaps = run.gapsDueAt != nil || hasChangedGaps
        let questions = hasGaps ? [selectGaps(where: isToBeLooked)] : []
        let answer = try await commitAsking(questions, on: connection)
        if let due = answer.due {
            return .none(.waiting(until: try await bounded(due, on: connection)))
        }
        if let plan, let cursor = run.cursor, plan.highestID.map({ $0 < cursor }) ?? true {
            return .none(rewound(plan.highestID, cursor))
        }
        if plan?.isUnsettled == true {
            let until = run.settling.passesAt(
                wait: run.policy.settleWait,
                lag: run.policy.settleLag
            )
            // Where ages are known, what is too young will be old enough.
            return .none(
                .unsettled(until: until ?? now.addingTimeInterval(run.policy.settleLag.seconds))
            )
        }
        let gaps = try answer.rows.first?.map { try store.gap(&$0) } ?? []
        // An earlier look of this request may have been at some of them only.
        let looked = Set((request.looks ?? []).map(\.gap.id))
        if gaps.contains(where: { !looked.contains($0.id) }) { return .needsLook(gaps) }
        return .none(gaps.contains(where: \.isOpen) ? .unsettled(until: nil) : .complete)
    }

    /// Which gaps are looked at before anything is said to be complete.
    ///
    /// Those that are due or wait for a writer, and exact ones: without a filter such a look meets
    /// nothing but what came late. A filter may have left out any number of rows there, and they would be
    /// read each time, so that only narrow ones are looked at then.
    private var isToBeLooked: SQLStatement {
        request.definition.filter == nil
            ? "next_look <= \(nowInstant) OR holders IS NOT NULL OR known = 0"
            : """
            next_look <= \(nowInstant) OR holders IS NOT NULL
                OR known = 0 AND (looks = 0 OR id_end / \(Gap.narrow) - id_start / \(Gap.narrow) <= 1)
            """
    }

    private func rewound(_ highestID: Int64?, _ cursor: Int64) -> NoBatchReason {
        let highest = highestID.map { "its highest id is \($0)" } ?? "it is empty"
        return .held(
            reason:
                "'\(run.key.metaTable)' was rewound: \(highest), and the cursor of \(run.key) stands at "
                + "\(cursor); ids up to the cursor are not handed out again. If the content is new, "
                + "'tranche redefine \(run.key.commandOptions) --restart' begins anew; what comes "
                + "behind the cursor goes on",
            until: nil
        )
    }

    /// When a batch is due, once no time stands in the way that a clock set before it was set back.
    ///
    /// No lease ends later than a whole one from now, and no retry comes later than the longest
    /// wait from now, but where the clock showed a later time when it was set. Of a batch that
    /// began, or failed, in what is the future now, that is certain: such a time is brought forward
    /// to the latest that can be. Whoever still holds the batch keeps it by a heartbeat.
    ///
    /// - Parameters:
    ///   - due: When it is due as far as is kept.
    ///   - connection: The connection, outside a transaction.
    /// - Returns: When it is due then.
    /// - Throws: The database's error.
    private func bounded(
        _ due: Date,
        on connection: isolated Database.Connection
    ) async throws -> Date {
        let policy = run.policy
        let longest = max(policy.lease, policy.backoffLimit)
        guard due > now.addingTimeInterval(longest.seconds + 1) else { return due }
        let dialect = store.dialect
        let leaseEnd = store.instant(now.addingTimeInterval(policy.lease.seconds))
        let retry = store.instant(now.addingTimeInterval(policy.backoffLimit.seconds))
        let certain = store.instant(now.addingTimeInterval(1))
        let (begun, ended) = (
            dialect.instant(ofProcessingTime: "processing_start"),
            dialect.instant(ofProcessingTime: "processing_end")
        )
        let rows = try await connection.atomically(
            [
                """
                UPDATE \(store.tables.batch) SET lease_expires_at = \(leaseEnd)
                WHERE \(store.isRun(run.key)) AND lease_expires_at > \(leaseEnd)
                    AND \(begun) > \(certain)
                """,
                """
                UPDATE \(store.tables.batch) SET retry_at = \(retry)
                WHERE \(store.isRun(run.key)) AND retry_at > \(retry) AND \(ended) > \(certain)
                """,
                selectDue,
            ],
            isWriting: true
        )
        var row = rows[2].first
        return try row?.optionalInstant() ?? due
    }

    /// Reads when the next batch is due that is not now.
    private var selectDue: SQLStatement {
        """
        SELECT \(store.dialect.milliseconds("min(coalesce(lease_expires_at, retry_at))"))
        FROM \(store.tables.batch)
        WHERE \(store.isRun(run.key)) AND coalesce(lease_expires_at, retry_at) IS NOT NULL
        """
    }

    /// Writes what was decided, and asks when the next batch is due that is not now, and more.
    private mutating func commitAsking(
        _ questions: [SQLStatement],
        on connection: isolated Database.Connection
    ) async throws -> (due: Date?, rows: [SQLRows]) {
        try writeRun()
        let rows = try await connection.commit(statements + [selectDue] + questions)
        var row = rows[statements.count].first
        return (try row?.optionalInstant(), Array(rows[(statements.count + 1)...]))
    }
}
