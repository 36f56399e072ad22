import Foundation

/// What an acquire gives: a batch, or why there is none.
public enum Acquired: Sendable {
    /// A batch, held by the caller.
    case batch(Batch)
    /// No batch now.
    case none(NoBatchReason)
}

extension Inventory {
    /// Acquires the next batch of a job.
    ///
    /// Batches that were given back, whose lease has ended or whose retry is due come first, oldest
    /// first, as they were handed out; then the next range after the run's cursor.
    ///
    /// - Parameters:
    ///   - source: Where the items are listed.
    ///   - job: Name of the job; 1 to 128 UTF-8 bytes.
    ///   - run: Name of the run; empty for the incremental run.
    ///   - ids: Bounds of a named run, such as `20...80`; the same at each call.
    ///   - weight: Upper bound of the batch's weight, in the source's unit; above 0. A heavier item
    ///     is a batch by itself.
    ///   - count: Upper bound of the batch's items; above 0.
    /// - Returns: The batch, or `nil` when there is none now; ``acquire(_:from:)`` says why.
    /// - Throws: ``TrancheError`` with `.invalidArgument`, `.invalidSource`, `.invalidItem`,
    ///   `.redefined` (permanent), `.storeBusy`, `.storeUnavailable` (transient, after bounded
    ///   waits); `CancellationError`.
    /// - Complexity: O(n + log m), n items handed out, m items in the source.
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: String = "",
        ids: (some RangeExpression<Int64>)? = nil as ClosedRange<Int64>?,
        weight: Double? = nil,
        count: Int? = nil
    ) async throws -> Batch? {
        let request = BatchRequest(
            job: job,
            run: run,
            ids: ids.map { IDBounds($0) } ?? IDBounds(),
            limit: BatchLimit(weight: weight, count: count)
        )
        guard case .batch(let batch) = try await acquire(request, from: source) else { return nil }
        return batch
    }

    /// Acquires the next batch of a job, its weight given as a whole number such as `64 << 20`.
    ///
    /// See the variant with a floating-point weight.
    public func acquireBatch(
        from source: some MetaSourceDescription,
        job: String,
        run: String = "",
        ids: (some RangeExpression<Int64>)? = nil as ClosedRange<Int64>?,
        weight: Int,
        count: Int? = nil
    ) async throws -> Batch? {
        try await acquireBatch(
            from: source,
            job: job,
            run: run,
            ids: ids,
            weight: Double(weight),
            count: count
        )
    }

    /// Acquires the next batch, or says why there is none.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: Where the items are listed.
    /// - Returns: The batch or the reason.
    /// - Throws: ``TrancheError`` with `.invalidArgument`, `.invalidSource`, `.invalidItem`,
    ///   `.redefined` (permanent), `.storeBusy`, `.storeUnavailable` (transient, after bounded
    ///   waits); `CancellationError`.
    public func acquire(
        _ request: BatchRequest,
        from source: some MetaSourceDescription
    ) async throws -> Acquired {
        try await acquire(request, from: source, isDraining: false)
    }

    /// Acquires several batches in one transaction.
    ///
    /// - Parameters:
    ///   - count: Most batches; above 0.
    ///   - request: What is asked for; the limits are each batch's.
    ///   - source: Where the items are listed.
    /// - Returns: The batches, in the order of offers; empty when there is none now.
    /// - Throws: As ``acquire(_:from:)``.
    public func acquireBatches(
        count: Int,
        _ request: BatchRequest,
        from source: some MetaSourceDescription
    ) async throws -> [Batch] {
        guard count > 0 else {
            throw TrancheError(.invalidArgument, "\(count) batches asked for; give 1 or more")
        }
        let source = try await prepare(request, from: source)
        if try await holdOfSource(request.key(of: source), source) != nil { return [] }
        return try await handOut(request, from: source, batches: count).batches
    }

    /// Acquires several batches of a job in one transaction.
    ///
    /// See ``acquireBatches(count:_:from:)``.
    public func acquireBatches(
        count: Int,
        from source: some MetaSourceDescription,
        job: String,
        weight: Double? = nil
    ) async throws -> [Batch] {
        let request = BatchRequest(job: job, limit: BatchLimit(weight: weight))
        return try await acquireBatches(count: count, request, from: source)
    }

    package func acquire(
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        isDraining: Bool,
        after done: Batch.Done? = nil
    ) async throws -> Acquired {
        let answer = try await acquire(
            upTo: 1,
            request,
            from: source,
            isDraining: isDraining,
            after: done
        )
        return answer.batches.first.map { .batch($0) } ?? .none(answer.reason)
    }

    /// Records that the last batch succeeded, if there is one, and acquires the next.
    ///
    /// See ``Batch/succeed(result:logging:thenAcquire:from:)``.
    package func acquire(
        upTo count: Int,
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        isDraining: Bool,
        after done: Batch.Done?
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        if let done {
            do {
                let answer = try await end(
                    done.ending,
                    andAcquire: count,
                    request,
                    from: source,
                    isDraining: isDraining
                )
                if let answer { return answer }
            } catch {
                // Whether it has ended is not known; who has lost the batch is told that first.
                try await done.batch.succeed(done.ending)
                throw error
            }
            try await done.batch.succeed(done.ending)
        }
        let description = source
        let source = try await prepare(request, from: description)
        if let reason = try await holdOfSource(request.key(of: source), source) {
            return ([], reason)
        }
        try await auditALittle(request, from: description)
        return try await handOut(request, from: source, batches: count, isDraining: isDraining)
    }

    /// Records that an attempt ended well and acquires batches, in one transaction.
    ///
    /// - Returns: The answer; `nil` when that cannot be one transaction, and nothing was done.
    /// - Throws: As ``acquire(_:from:)``; whether the attempt has ended is not known then.
    private func end(
        _ ending: GoodEnding,
        andAcquire count: Int,
        _ request: BatchRequest,
        from description: some MetaSourceDescription,
        isDraining: Bool
    ) async throws -> (batches: [Batch], reason: NoBatchReason)? {
        let source = try await prepare(request, from: description)
        // A plan takes its time, and so may an audit: what has ended is recorded before.
        guard store.readsUnderLock(source), !isAuditDue(request, from: source),
            try await holdOfSource(request.key(of: source), source) == nil
        else { return nil }
        do {
            return try await handOut(
                request,
                from: source,
                batches: count,
                isDraining: isDraining,
                ending: ending
            )
        } catch is EndingRefused {
            return nil
        }
    }

    /// Checks a request and opens its source.
    private func prepare(
        _ request: BatchRequest,
        from description: some MetaSourceDescription
    ) async throws -> any MetaSource {
        try request.validate()
        let source = try await source(description)
        try request.requireWeights(in: source.definition)
        try source.require(request.promise)
        try await requireNoLoop(from: source, to: request.job)
        return source
    }

    private func handOut(
        _ request: BatchRequest,
        from source: any MetaSource,
        batches: Int,
        isDraining: Bool = false,
        ending: GoodEnding? = nil
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        var (request, ending) = (request, ending)
        while true {
            var asked = try storeRequest(request, from: source)
            asked.batches = batches
            asked.isDraining = isDraining
            asked.endings = ending.map { [$0] } ?? []
            let isShared = request.token == nil && configuration.sharesTransactions
            let answer =
                isShared
                ? try await handOutSharing(asked, from: source)
                : try await handOut(asked, from: source)
            var live: [Batch] = []
            for batch in answer.batches {
                do {
                    if let batch = try await batch.withRemainingItems() { live.append(batch) }
                } catch let error as TrancheError where error.code == .batchLost {
                    // Its lease ended while its items were looked for.
                }
            }
            // When all had lost every item, and so succeeded empty, there may be others; the token
            // stands for those that were given.
            if answer.batches.isEmpty || !live.isEmpty {
                await noteHandOut(asked.key, source, answer)
                return (live, answer.reason)
            }
            request.token = nil
            ending = nil
        }
    }

    /// Plans and looks outside the store's lock and hands out under it, until the two agree.
    func handOut(
        _ request: AcquireRequest,
        from source: any MetaSource
    ) async throws -> (batches: [Batch], reason: NoBatchReason) {
        var request = request
        var plan: RangePlan?
        if !store.readsUnderLock(source), let demand = expectedDemand(of: request.key) {
            plan = try await retrying { [request] _ in
                try await self.plan(request, from: source, demand)
            }
            expectSettling(plan?.settling, of: request.key)
        }
        while true {
            try Task.checkCancellation()
            let (asked, planned) = (request, plan)
            let outcome = try await retrying { isRepeated in
                var asked = asked
                asked.mayBeRepeated = asked.mayBeRepeated || isRepeated
                return try await store.acquire(asked, from: source, plan: planned)
            }
            request.endings = []
            switch outcome {
            case .batches(let handedOut):
                if let last = handedOut.last?.record, last.attempt == 1, last.isTile {
                    expectCursor(last.idEnd, settling: plan?.settling, of: request.key)
                }
                let batches = handedOut.map { Batch($0, source: source, inventory: self) }
                return (batches, .complete)
            case .none(let reason):
                return ([], reason)
            case .needsPlan(let demand):
                expect(demand, of: request.key)
                plan = try await retrying { [request] _ in
                    try await self.plan(request, from: source, demand)
                }
                expectSettling(plan?.settling, of: request.key)
            case .needsLook(let gaps):
                request.looks = try await retrying { [request] _ in
                    try await look(at: gaps, of: request.key, in: source)
                }
            case .needsSplit(let batch):
                try await splitExhausted(batch, from: source)
            case .needsEnding:
                throw EndingRefused()
            }
        }
    }

    private func plan(
        _ request: AcquireRequest,
        from source: any MetaSource,
        _ demand: PlanDemand
    ) async throws -> RangePlan {
        var settling = demand.settling
        var observed: WriterObservation?
        if let source = source.settling {
            observed = try await source.observeWriters(lag: demand.policy.settleLag)
        } else if demand.policy.settleLag > .zero {
            observed = WriterObservation(highestID: try await source.highestID())
        }
        var bounds = request.bounds
        if let observed {
            settling.observe(
                observed,
                now: demand.now,
                wait: demand.policy.settleWait,
                lag: demand.policy.settleLag
            )
            guard let ceiling = settling.ceiling, demand.cursor.map({ $0 < ceiling }) ?? true else {
                var plan = RangePlan(
                    cursor: demand.cursor,
                    ranges: [],
                    scannedTo: nil,
                    reachedEnd: true,
                    highestID: observed.highestID
                )
                plan.settling = settling
                plan.isUnsettled = observed.highestID.map { isAbove($0, demand, bounds) } ?? false
                try observed.requireTimely(plan)
                return plan
            }
            bounds.upper = min(bounds.upper ?? .max, ceiling)
        }
        var plan = try await source.nextRange(
            after: demand.cursor,
            within: bounds,
            limit: request.limit,
            batches: request.batches
        )
        plan.isSeamless = source.isSeamless
        if let observed {
            plan.settling = settling
            plan.highestID = observed.highestID
            let ceiling = settling.ceiling ?? .max
            // Behind the run's own end others may write for ever.
            plan.isUnsettled =
                plan.reachedEnd && ceiling < request.bounds.upper ?? .max
                && observed.highestID.map { $0 > ceiling && isAbove($0, demand, request.bounds) }
                    ?? false
            try observed.requireTimely(plan)
        } else if plan.ranges.isEmpty, plan.reachedEnd {
            plan.highestID = try await source.highestID()
        }
        return plan
    }

    /// Whether there may be something to hand out up to an id.
    private func isAbove(_ highest: Int64, _ demand: PlanDemand, _ bounds: IDBounds) -> Bool {
        let cursor = demand.cursor ?? .min
        return highest > cursor && cursor < bounds.upper ?? .max && highest >= bounds.lower ?? .min
    }

    private func storeRequest(
        _ request: BatchRequest,
        from source: any MetaSource
    ) throws -> AcquireRequest {
        var definition = source.definition
        definition.target = request.target
        var asked = AcquireRequest(
            key: request.key(of: source),
            definition: definition,
            bounds: request.ids,
            policy: request.policy,
            limit: request.limit,
            minWeight: request.minWeight,
            linger: request.linger,
            worker: request.worker ?? configuration.worker,
            jobIdentifier: request.jobIdentifier,
            token: request.token ?? configuration.makeToken(),
            mayBeRepeated: request.token != nil,
            config: try configText(request.effective(for: definition)),
            rootIDs: request.rootIDs
        )
        asked.knownDefinitionText = try text(of: definition)
        return asked
    }
}

extension BatchRequest {
    /// The run that is asked for.
    func key(of source: any MetaSource) -> RunKey {
        RunKey(metaTable: source.definition.table, job: job, run: run)
    }
}
