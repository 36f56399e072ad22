import Foundation
import Tranche

extension InventoryTables {
    /// Hands out batches, says why there are none, or asks for a plan.
    mutating func acquire(
        _ request: AcquireRequest,
        plan: RangePlan?,
        now: Date
    ) throws -> AcquireOutcome {
        // The run is written at the end: while a plan is missing there is no trace of it, so that
        // a source that turns out to be wrong binds nobody to its definition.
        var run = try findOrMakeRun(request, now: now)

        // 1. The same token gives the same batches.
        if request.mayBeRepeated {
            let known = handedOut(under: request.token, in: run)
            if !known.isEmpty { return .batches(known) }
        }
        if let reason = run.pauseReason {
            keep(run)
            return .none(.paused(reason: reason))
        }

        // 2. What was handed out before and is free again.
        var answer = offerAgain(request, run: run, now: now)

        // 3. What follows the cursor.
        if answer.count < request.batches, !run.isAtEnd {
            if let plan, plan.cursor == run.cursor {
                let wanted = request.batches - answer.count
                let new = handOut(plan, request, wanted: wanted, run: &run, now: now)
                answer += new.batches
                if answer.isEmpty, let outcome = new.otherwise {
                    keep(run)
                    return outcome
                }
            } else if answer.isEmpty {
                return .needsPlan(after: run.cursor)
            }
        }
        keep(run)
        return answer.isEmpty ? .none(reason(of: run, plan: plan, now: now)) : .batches(answer)
    }

    private func findOrMakeRun(_ request: AcquireRequest, now: Date) throws -> RunRecord {
        let definition = try request.definition.canonicalText
        if var run = runs.first(where: { $0.key == request.key }) {
            try run.requireSame(definition: request.definition, bounds: request.bounds)
            if run.definition == nil { run.definition = definition }
            return run
        }
        for other in runs
        where other.key.metaTable == request.key.metaTable && other.key.job == request.key.job {
            try other.requireSame(definition: request.definition, bounds: other.bounds)
        }
        return RunRecord(
            key: request.key,
            definition: definition,
            bounds: request.bounds,
            policy: request.policy,
            createdAt: now
        )
    }

    /// The batches that a token's request was given and still has, as they are now.
    private func handedOut(under token: String, in run: RunRecord) -> [AcquireOutcome.HandedOut] {
        rows
            .filter { $0.batch.key == run.key }
            .filter { $0.token == token || $0.token.hasPrefix(token + "#") }
            .sorted { place(of: $0.token) < place(of: $1.token) }
            .map { AcquireOutcome.HandedOut(record: $0.batch, lease: run.policy.lease) }
    }

    /// The place in the answer at which a batch stood: the number behind `#`.
    private func place(of token: String) -> Int {
        token.split(separator: "#").dropFirst().last.flatMap { Int($0) } ?? 0
    }

    // MARK: What was handed out before

    private mutating func offerAgain(
        _ request: AcquireRequest,
        run: RunRecord,
        now: Date
    ) -> [AcquireOutcome.HandedOut] {
        var answer: [AcquireOutcome.HandedOut] = []
        for var batch in batches(of: run.key) where batch.isDue(at: now) {
            if answer.count == request.batches { break }
            if batch.status == .running {
                endAttempt(of: batch, .expired, now: now)
                batch.failures += 1
                if batch.failures >= run.policy.maxAttempts {
                    batch.status = .failed
                    batch.endedAt = now
                    batch.leaseExpiresAt = nil
                    batch.retryAt = nil
                    batch.logging = "lease expired on attempt \(batch.attempt), the last one"
                    keep(batch)
                    continue
                }
            }
            batch.attempt += 1
            batch.status = .running
            batch.worker = request.worker
            batch.jobIdentifier = request.jobIdentifier
            batch.startedAt = now
            batch.endedAt = nil
            batch.leaseExpiresAt = now.advanced(by: run.policy.lease)
            batch.retryAt = nil
            batch.result = nil
            batch.logging = nil
            keep(batch, token: request.token(at: answer.count))
            beginAttempt(of: batch)
            answer.append(AcquireOutcome.HandedOut(record: batch, lease: run.policy.lease))
        }
        return answer
    }

    // MARK: What follows the cursor

    /// Hands out the ranges of a plan that are enough.
    ///
    /// - Returns: The new batches; and what to answer when there is no batch at all, where that is
    ///   not a matter of the run's batches.
    private mutating func handOut(
        _ plan: RangePlan,
        _ request: AcquireRequest,
        wanted: Int,
        run: inout RunRecord,
        now: Date
    ) -> (batches: [AcquireOutcome.HandedOut], otherwise: AcquireOutcome?) {
        if plan.ranges.isEmpty {
            if let scannedTo = plan.scannedTo, scannedTo > run.cursor ?? .min || run.cursor == nil {
                run.cursor = scannedTo
            }
            // What was too little, if anything, has vanished.
            run.pendingSince = nil
            return ([], plan.reachedEnd ? nil : .needsPlan(after: run.cursor))
        }
        var new: [AcquireOutcome.HandedOut] = []
        let offered = request.batches - wanted
        for (index, range) in plan.ranges.enumerated().prefix(wanted) {
            let isCut = !(plan.reachedEnd && index == plan.ranges.count - 1)
            let since = run.pendingSince ?? now
            let waited = Duration.milliseconds(now.milliseconds - since.milliseconds)
            guard request.isEnough(weight: range.weight, isCut: isCut, waited: waited) else {
                run.pendingSince = since
                let due = batches(of: run.key).compactMap { $0.nextDue(now: now) }
                let until = (due + [since.advanced(by: request.linger)]).min() ?? now
                return (new, .none(.waiting(until: until)))
            }
            let token = request.token(at: offered + new.count)
            let batch = makeBatch(of: range, request, token: token, run: &run, now: now)
            new.append(
                AcquireOutcome.HandedOut(
                    record: batch,
                    lease: run.policy.lease,
                    items: range.items
                )
            )
        }
        return (new, nil)
    }

    private mutating func makeBatch(
        of range: PlannedRange,
        _ request: AcquireRequest,
        token: String,
        run: inout RunRecord,
        now: Date
    ) -> BatchRecord {
        let first = range.ids.first ?? 0
        let last = range.ids.last ?? 0
        let batch = BatchRecord(
            id: Int64(rows.count) + 1,
            key: run.key,
            kind: request.kind,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: first,
            idEnd: last,
            coverStart: run.tileEnd,
            itemIDs: range.ids.isDense ? nil : range.ids,
            count: range.count,
            weight: range.weight,
            worker: request.worker,
            jobIdentifier: request.jobIdentifier,
            startedAt: now,
            leaseExpiresAt: now.advanced(by: run.policy.lease)
        )
        rows.append(Row(batch: batch, token: token))
        beginAttempt(of: batch)
        run.cursor = last
        run.tileEnd = last
        run.pendingSince = nil
        return batch
    }

    // MARK: Nothing to hand out

    private func reason(of run: RunRecord, plan: RangePlan?, now: Date) -> NoBatchReason {
        if let due = batches(of: run.key).compactMap({ $0.nextDue(now: now) }).min() {
            return .waiting(until: due)
        }
        if let cursor = run.cursor, !run.isAtEnd, let plan {
            guard let highest = plan.highestID, highest >= cursor else {
                let words = plan.highestID.map { String($0) } ?? "none"
                return .held(
                    reason: "the source was rewound: its highest id (\(words)) is below the "
                        + "cursor (\(cursor)); 'tranche redefine' or a new job begins anew",
                    until: nil
                )
            }
        }
        return .complete
    }
}

extension BatchRecord {
    /// Whether the batch may be handed out again.
    func isDue(at now: Date) -> Bool {
        switch status {
        case .released: true
        case .running: leaseExpiresAt.map { $0 <= now } ?? false
        case .failed: retryAt.map { $0 <= now } ?? false
        case .succeeded, .split, .quarantined: false
        }
    }

    /// When the batch may be handed out again; `nil` for never.
    func nextDue(now: Date) -> Date? {
        switch status {
        case .released: now
        case .running: leaseExpiresAt
        case .failed: retryAt
        case .succeeded, .split, .quarantined: nil
        }
    }
}
