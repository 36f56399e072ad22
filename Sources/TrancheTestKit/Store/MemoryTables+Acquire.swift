import Foundation
import Tranche

extension MemoryTables {
    /// Hands out batches, says why there are none, or says what is needed first.
    mutating func acquire(
        _ request: AcquireRequest,
        with input: AcquireInput,
        now: Date
    ) throws -> AcquireOutcome {
        let isKnown = run(request.key) != nil
        if !isKnown, !input.endings.isEmpty { return .needsEnding }
        var acquire = Acquire(
            request: request,
            input: input,
            run: try findOrMakeRun(request, now: now),
            now: now
        )
        // The same token gives the same batches; what ended with them has ended before.
        if request.mayBeRepeated {
            let known = handedOut(under: request, in: acquire.run)
            if !known.isEmpty { return .batches(known) }
        }
        guard input.endings.allSatisfy({ isHeld($0.holding) }) else { return .needsEnding }
        for ending in input.endings { try succeed(ending, now: now) }
        let limits = isKnown ? nil : request.limits
        acquire.allowance = try allowance(for: acquire.run, beginningWith: limits, now: now)
        let outcome = try outcome(of: &acquire)
        if acquire.run.pauseReason != nil { acquire.run.letThrough -= acquire.answer.count }
        if !isKnown, case .none(.superseded) = outcome { return outcome }
        note(outcome, of: acquire)
        // While a plan is missing there is no trace of a new run, so that a source that turns out
        // to be wrong binds nobody to its definition. How far a fruitless scan came is kept.
        if isKnown || !outcome.needsPlan || acquire.run.cursor != nil {
            keep(acquire.run)
            let worker = request.slots.first?.worker
            if let limits { try begin(request.key, with: limits, by: worker, now: now) }
        }
        // A new run has its budgets now.
        if case .batches = outcome { chargeRates(for: acquire) }
        return outcome
    }

    private mutating func outcome(of acquire: inout Acquire) throws -> AcquireOutcome {
        let plan = acquire.input.plan
        // 1. A run that is stopped, or goes on as another workflow, gives none.
        if let cancellation = acquire.run.cancellation { return .none(.cancelled(cancellation)) }
        if let reason = superseding(acquire.request) { return .none(reason) }
        if let reason = acquire.run.pauseInForce { return .none(.paused(reason: reason)) }
        if let reason = holdForOutage(&acquire) { return .none(reason) }

        // 2. What was handed out before and is free again.
        if !acquire.probesNewFirst {
            offerStuckInTurn(&acquire)
            if let exhausted = offerAgain(&acquire) {
                let isDoubtful = acquire.run.outage.isDoubtful(exhausted.id)
                return .needsSplit(exhausted, isDoubtful: isDoubtful)
            }
        }

        // 3. Ids that appeared in gaps.
        if let gaps = try offerLate(&acquire) { return .needsGapCheck(gaps) }
        if let refusal = acquire.allowance.refusal {
            return acquire.answer.isEmpty ? .none(refusal) : .batches(acquire.answer)
        }

        // 4. What follows the cursor.
        if acquire.left > 0, !acquire.run.isAtEnd {
            if let plan, plan.isCurrent(for: acquire.run, at: acquire.now) {
                if let outcome = handOut(plan, &acquire), acquire.answer.isEmpty { return outcome }
            } else if acquire.answer.isEmpty {
                return .needsPlan(acquire.demand)
            }
        }
        if acquire.probesNewFirst { _ = offerAgain(&acquire) }
        if !acquire.answer.isEmpty {
            acquire.startProbe()
            return .batches(acquire.answer)
        }
        offerStuck(&acquire, most: acquire.left)
        if !acquire.answer.isEmpty { return .batches(acquire.answer) }
        let allowance = acquire.allowance
        if let refusal = allowance.refusal ?? allowance.keyRefusal { return .none(refusal) }
        return nothing(acquire, plan: plan)
    }

    func findOrMakeRun(_ request: AcquireRequest, now: Date) throws -> RunRecord {
        let definition = request.definitionText
        if var run = run(request.key) {
            try run.requireSame(
                definition: request.definition,
                text: definition,
                bounds: request.bounds,
                rootIDs: request.rootIDs
            )
            if let text = try run.newDefinition(request.definition, text: definition) {
                run.definition = text
            }
            return run
        }
        for other in runs
        where other.key.metaTable == request.key.metaTable && other.key.job == request.key.job {
            var asked = request.definition.shared
            asked.time = other.source?.time
            try other.requireSame(
                definition: asked,
                bounds: other.bounds,
                rootIDs: other.rootIDs
            )
        }
        return RunRecord(
            key: request.key,
            definition: definition,
            bounds: request.bounds,
            policy: request.policy,
            rootIDs: request.rootIDs,
            createdAt: now,
            budgetSet: budgets(of: request.key, now: now).isEmpty ? 0 : 1
        )
    }

    /// The batches that a token's request was given and still has, as they are now.
    private func handedOut(under request: AcquireRequest, in run: RunRecord)
        -> [AcquireOutcome.HandedOut]
    {
        let places = Dictionary(
            request.slots.enumerated().map { ($0.element.token, $0.offset) },
            uniquingKeysWith: { first, _ in first }
        )
        return
            rows
            .filter { $0.batch.key == run.key }
            // Nobody but the maker of a made-up token could end its batches, and it has not.
            .filter { !request.isTokenMadeUp || $0.batch.status == .running }
            .compactMap { row in places[row.token].map { (place: $0, batch: row.batch) } }
            .sorted { $0.place < $1.place }
            .map { found in
                AcquireOutcome.HandedOut(found.batch, by: run.policy)
            }
    }

    // MARK: Outages

    /// Finds out whether the run is held because many batches failed alike.
    ///
    /// - Returns: Why nothing is handed out; `nil` when something may be.
    private func holdForOutage(_ acquire: inout Acquire) -> NoBatchReason? {
        while true {
            switch acquire.run.outage.permission(now: acquire.now) {
            case .allowed:
                return nil
            case .probe:
                acquire.isProbing = true
                return nil
            case .held(let reason, let until):
                return .held(reason: reason, until: until)
            case .ask(let id, let attempt):
                let (batch, now) = (batch(id), acquire.now)
                if let until = acquire.run.outage.endProbe(as: batch, attempt: attempt, now: now) {
                    return .held(reason: acquire.run.outage.reason, until: until)
                }
            }
        }
    }

    // MARK: What was handed out before

    /// Hands out what is due, as it was handed out before.
    ///
    /// - Returns: A batch that must be split first; then nothing is handed out.
    private mutating func offerAgain(_ acquire: inout Acquire) -> BatchRecord? {
        let policy = acquire.run.policy
        let due = batches(of: acquire.run.key).filter { $0.isDue(at: acquire.now) }
            .sorted { ($0.dueSince, $0.id) < ($1.dueSince, $1.id) }
        for var batch in due {
            if acquire.left == 0 || acquire.allowance.refusal != nil { break }
            let isExpired = batch.status == .running
            if isExpired { batch.failures += 1 }
            if batch.begunAt != nil {
                endAttempt(of: batch, .expired, error: batch.expiryText, now: acquire.now)
                acquire.allowance.keys?.remove(ItemKey(batch.itemKey))
                batch.logging = batch.begunExpiryText
                batch.failBegun(now: acquire.now)
                keep(batch)
                continue
            }
            let isToBeSplit =
                batch.status == .failed && policy.onExhausted == .split && batch.count > 1
            if isExpired || isToBeSplit, batch.failures >= policy.attempts(of: batch) {
                if isExpired {
                    endAttempt(of: batch, .expired, error: batch.expiryText, now: acquire.now)
                    acquire.allowance.keys?.remove(ItemKey(batch.itemKey))
                }
                exhaust(&batch, policy: policy, now: acquire.now)
                guard batch.status == .failed, batch.retryAt != nil, batch.cause == nil else {
                    continue
                }
                if acquire.answer.isEmpty { return batch }
                // It is split when somebody comes who is given nothing else.
                continue
            }
            let isLetIn = acquire.allowance.admit(
                weight: batch.weight,
                key: batch.itemKey,
                holdsPlace: isExpired
            )
            // One whose key is full is passed over.
            guard isLetIn else { continue }
            if isExpired {
                endAttempt(of: batch, .expired, error: batch.expiryText, now: acquire.now)
            }
            handOutAgain(batch, hasExpired: isExpired, &acquire)
        }
        return nil
    }

    private mutating func handOutAgain(
        _ batch: BatchRecord,
        hasExpired: Bool,
        _ acquire: inout Acquire
    ) {
        let slot = acquire.slot
        let next = acquire.request.nextAttempt(
            at: batch,
            for: slot,
            now: acquire.now,
            leaseEnd: acquire.leaseEnd
        )
        keep(next, token: slot.token)
        beginAttempt(of: next)
        acquire.add(next, hasExpired: hasExpired)
    }

    // MARK: Stuck batches

    /// The stuck batches of a run whose keys are not full, the longest unseen first.
    private func stuck(of key: RunKey, _ allowance: Allowance) -> [BatchRecord] {
        batches(of: key).filter { $0.cause == .stuck }
            .filter { !(allowance.keys?.isFull(ItemKey($0.itemKey)) ?? false) }
            .sorted {
                ($0.retryAt ?? .distantFuture, $0.id) < ($1.retryAt ?? .distantFuture, $1.id)
            }
    }

    /// Hands out stuck batches before what is new: one in ten of what is held at most.
    private mutating func offerStuckInTurn(_ acquire: inout Acquire) {
        let asked = acquire.request.slots.count { $0.takesStuck }
        guard acquire.run.policy.extendedRetries != nil, asked > 0 else { return }
        let held = batches(of: acquire.run.key).filter {
            $0.status == .running && !$0.isDue(at: acquire.now)
        }
        let most = acquire.run.policy.maxAttempts
        let share = StuckShare(held: held.count, stuck: held.count { $0.failures >= most })
        offerStuck(&acquire, most: min(asked, share.left), areFirst: true)
    }

    private mutating func offerStuck(
        _ acquire: inout Acquire,
        most: Int,
        areFirst: Bool = false
    ) {
        guard acquire.run.policy.extendedRetries != nil else { return }
        let due = stuck(of: acquire.run.key, acquire.allowance).filter {
            $0.retryAt.map { $0 <= acquire.now } ?? false
        }
        for batch in due.prefix(max(most, 0)) where acquire.left > 0 {
            let key = ItemKey(batch.itemKey)
            if acquire.allowance.keys?.isFull(key) ?? false { continue }
            guard !areFirst || acquire.allowance.hasRoom(forWeight: batch.weight),
                acquire.allowance.admit(weight: batch.weight, key: batch.itemKey)
            else { return }
            handOutAgain(batch, hasExpired: false, &acquire)
        }
    }

    /// Writes what becomes of a batch whose last attempt expired, or that is to be split.
    private mutating func exhaust(_ batch: inout BatchRecord, policy: RunPolicy, now: Date) {
        if batch.status == .running {
            batch.endedAt = now
            batch.leaseExpiresAt = nil
            batch.logging = batch.expiryText
            let isSplit = policy.onExhausted == .split
            batch.status = isSplit && batch.count == 1 ? .quarantined : .failed
            batch.retryAt = isSplit && batch.count > 1 ? now : nil
            if batch.retryAt == nil { batch.becomeStuck(policy, now: now) }
        }
        keep(batch)
    }

    // MARK: Nothing to hand out

    private mutating func nothing(_ acquire: Acquire, plan: RangePlan?) -> AcquireOutcome {
        let run = acquire.run
        bringForward(run, now: acquire.now)
        let nextStuck = stuck(of: run.key, acquire.allowance).first?.retryAt
        if let due = nextDue(of: run.key, now: acquire.now) {
            return .none(.waiting(until: min(due, nextStuck ?? due)))
        }
        if let plan, !run.isAtEnd {
            if let reason = run.rewinding(to: plan.highestID) {
                return .none(.held(reason: reason, until: nil))
            }
            if plan.isUnsettled {
                let policy = run.policy
                let passed = run.settling.passesAt(wait: policy.settleWait, lag: policy.settleLag)
                return .none(
                    .unsettled(until: passed ?? acquire.now.advanced(by: policy.settleLag))
                )
            }
        }
        let gaps = gaps(of: run.key)
        let left = Array(
            gaps.filter { gap in
                gap.nextLook <= acquire.now || gap.isOpen
                    || gap.isExact
                        && (!acquire.request.definition.leavesOut || gap.looks == 0
                            || gap.isNarrow)
            }
            .prefix(Self.mostLooks)
        )
        // An earlier look may have been at those alone that were due.
        let looked = Set((acquire.input.gapChecks ?? []).map(\.gap.id))
        if left.contains(where: { !looked.contains($0.id) }) { return .needsGapCheck(left) }
        if gaps.contains(where: \.isOpen) { return .none(.unsettled(until: nil)) }
        return .none(nextStuck.map { .stuck(until: $0) } ?? .complete)
    }

    /// Brings times forward that a clock set before it was set back: those of batches that began,
    /// or failed, in what is the future now.
    private mutating func bringForward(_ run: RunRecord, now: Date) {
        let leaseEnd = now.addingTimeInterval(run.policy.lease.seconds)
        let retry = now.addingTimeInterval(run.policy.backoffLimit.seconds)
        let certain = now.addingTimeInterval(1)
        let longest = max(leaseEnd, retry).addingTimeInterval(1)
        guard let due = nextDue(of: run.key, now: now), due > longest else { return }
        for var batch in batches(of: run.key) {
            if let end = batch.leaseExpiresAt, end > leaseEnd, batch.startedAt > certain {
                batch.leaseExpiresAt = leaseEnd
            }
            if let at = batch.retryAt, at > retry, let ended = batch.endedAt, ended > certain {
                batch.retryAt = retry
            }
            keep(batch)
        }
    }

    func nextDue(of key: RunKey, now: Date) -> Date? {
        batches(of: key).compactMap { $0.nextDue(now: now) }.min()
    }
}

extension RangePlan {
    /// Whether the plan was made from where the run stands now.
    fileprivate func isCurrent(for run: RunRecord, at now: Date) -> Bool {
        guard let settling else { return cursor == run.cursor }
        return cursor == run.cursor && !settling.isBehind(run.settling)
            && !settling.isAhead(of: now)
    }
}

extension AcquireOutcome {
    fileprivate var needsPlan: Bool {
        if case .needsPlan = self { true } else { false }
    }
}

extension BatchRecord {
    /// Whether the batch may be handed out again.
    func isDue(at now: Date) -> Bool {
        switch status {
        case .released: retryAt.map { $0 <= now } ?? true
        case .running: leaseExpiresAt.map { $0 <= now } ?? false
        case .failed: cause != .stuck && retryAt.map { $0 <= now } ?? false
        case .succeeded, .split, .quarantined: false
        }
    }

    /// Since when a batch may be handed out again that may be.
    fileprivate var dueSince: Date { leaseExpiresAt ?? retryAt ?? endedAt ?? startedAt }

    /// When the batch may be handed out again; `nil` for never.
    func nextDue(now: Date) -> Date? {
        switch status {
        case .released: retryAt ?? now
        case .running: leaseExpiresAt
        case .failed: cause == .stuck ? nil : retryAt
        case .succeeded, .split, .quarantined: nil
        }
    }
}
