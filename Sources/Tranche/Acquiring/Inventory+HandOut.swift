import FoundationEssentials

/// How batches are handed out.
///
/// The store says what it needs first: a plan, a look at gaps, a split. That is found out here,
/// without the store's lock, and the store is asked again.
extension Inventory {
    /// Batches, or why there are none.
    typealias Answer = (batches: [Batch], reason: NoBatchReason)

    /// An acquire was to end an attempt that was not held, or had ended before; nothing was
    /// changed.
    struct EndingRefused: Error {}

    /// Hands out batches that still have items, in one transaction with callers that ask just now.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: The open source.
    ///   - batches: Most batches; above 0.
    ///   - isDraining: Whether nothing is worth waiting for.
    ///   - ending: A successful attempt to record before.
    /// - Returns: The answer.
    /// - Throws: ``EndingRefused`` where the attempt cannot be recorded so; the store's or source's
    ///   failure.
    func handOut(
        _ request: BatchRequest,
        from source: any MetaSource,
        batches: Int,
        isDraining: Bool = false,
        ending: AttemptSuccess? = nil
    ) async throws -> Answer {
        var (request, ending) = (request, ending)
        var hasLooked = false
        while true {
            var asked = try storeRequest(request, from: source, batches: batches)
            asked.isDraining = isDraining
            asked.limits = request.limits
            let call = GroupedRequests.AcquireCall(
                request: asked,
                endings: ending.map { [$0] } ?? [],
                source: source,
                inventory: self
            )
            let mark = knownMark(of: asked.key)
            let answer = try await requests.acquire(call)
            let live = try await withItems(answer.batches)
            // When all had lost every item, and so succeeded empty, there may be others; the token
            // stands for those that were given.
            if !hasLooked,
                try await isHeldForPromotion(asked.key, source, answer, insteadOf: mark)
            {
                if let hold = try await holdOfSource(asked.key, source) { return ([], hold) }
                hasLooked = true
            } else if answer.batches.isEmpty || !live.isEmpty {
                await noteHandOut(asked.key, source, answer)
                if !live.isEmpty { return (live, answer.reason) }
                let reason = try await lookForProbes(of: asked.key, after: answer.reason)
                if let reason { return (live, reason) }
            } else {
                request.token = nil
            }
            ending = nil
        }
    }

    /// Asks the store, and finds out what it needs first, until it has an answer.
    ///
    /// - Throws: As ``handOut(_:from:batches:isDraining:ending:)``.
    func answer(
        _ request: AcquireRequest,
        from source: any MetaSource,
        ending endings: [AttemptSuccess]
    ) async throws -> Answer {
        let key = request.key
        let began = events?.elapsed
        var input = AcquireInput(endings: endings)
        var demand = memory.demand(of: key)
        var openEnd: Int64?
        var split: AttemptKey?
        if !store.readsUnderLock(source), let demand {
            input.plan = try await plan(request, from: source, demand)
        }
        while true {
            try Task.checkCancellation()
            let outcome = try await ask(request, from: source, with: input)
            input.endings = []
            switch outcome {
            case .batches(let handedOut):
                noteCursor(after: handedOut, settling: input.plan?.settling, of: key)
                if let began {
                    events?.report(handedOut, from: source, request.definition, since: began)
                }
                return (handedOut.map { Batch($0, source: source, inventory: self) }, .complete)
            case .none(let reason):
                guard reason == .complete, let end = input.plan?.openEnd, let demand else {
                    return ([], reason)
                }
                // Whoever held the last entry may have named the next since the plan was made. Its
                // batch has ended now: a second plan knows.
                if openEnd == end.id { return ([], .held(reason: end.reason, until: nil)) }
                openEnd = end.id
                input.plan = try await plan(request, from: source, demand)
            case .needsPlan(let needed):
                memory.note(needed, of: key)
                demand = needed
                input.plan = try await plan(request, from: source, needed)
            case .needsGapCheck(let gaps):
                input.gapChecks = try await lookAgain(at: gaps, of: key, in: source)
            case .needsSplit(let batch, let isDoubtful):
                split = try await splitExhausted(batch, isDoubtful, from: source, after: split)
            case .needsEnding: throw EndingRefused()
            }
        }
    }

    /// Looks at gaps, again where a database cannot be reached.
    private func lookAgain(
        at gaps: [Gap],
        of key: RunKey,
        in source: any MetaSource
    ) async throws -> [GapCheck] {
        try await retrying { _ in try await look(at: gaps, of: key, in: source) }
    }

    /// Asks the store, again where it cannot be reached.
    private func ask(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        try await retrying { isRepeated in
            var asked = request
            asked.mayBeRepeated = asked.mayBeRepeated || isRepeated
            return try await store.acquire(asked, from: source, with: input)
        }
    }

    /// How many tasks wait for another's request to end, before theirs is made.
    package var waitingForBatches: Int { requests.waitingForBatches }

    /// How many failures wait for another's to be recorded.
    package var waitingToFail: Int { requests.waitingToFail }

    // MARK: Steps

    /// The batches that still have items; one that has none has succeeded.
    private func withItems(_ batches: [Batch]) async throws -> [Batch] {
        var live: [Batch] = []
        for batch in batches {
            do {
                if let batch = try await batch.withRemainingItems() { live.append(batch) }
            } catch let error as TrancheError where error.isLoss {
                // Its lease ended while its items were looked for.
            }
        }
        return live
    }

    /// Plans the range after a cursor, as far as other writers allow.
    private func plan(
        _ request: AcquireRequest,
        from source: any MetaSource,
        _ demand: PlanDemand
    ) async throws -> RangePlan {
        let plan = try await retrying { _ in
            let settling = source.settling
            var planner = SettledPlanner(
                demand,
                within: request.bounds,
                isObservable: settling != nil
            )
            if let settling {
                planner.observe(try await settling.observeWriters(lag: demand.policy.settleLag))
            } else if planner.needsObservation {
                planner.observe(WriterObservation(highestID: try await source.highestID()))
            }
            guard let bounds = planner.settledBounds else {
                return try planner.settled(planner.emptyPlan())
            }
            var plan = try await source.nextRange(
                after: demand.cursor,
                within: bounds,
                limit: request.limit,
                batches: request.slots.count
            )
            plan.isSeamless = source.isSeamless
            plan = try planner.settled(plan)
            if plan.settling == nil, plan.ranges.isEmpty, plan.reachedEnd {
                plan.highestID = try await source.highestID()
            }
            return plan
        }
        memory.note(plan.settling, of: request.key)
        return plan
    }

    private func noteCursor(
        after handedOut: [AcquireOutcome.HandedOut],
        settling: SettlingState?,
        of key: RunKey
    ) {
        guard let last = handedOut.last?.record, last.attempt == 1, last.isTile else { return }
        memory.note(cursor: last.idEnd, settling: settling, of: key)
    }

    /// A token that tells which process holds what it is given for, where that ends with it.
    private func madeUpToken(for request: BatchRequest) -> String {
        let token = configuration.makeToken()
        guard request.endsWithProcess, let process = ProcessMark.own else { return token }
        return process.marking(token)
    }

    func storeRequest(
        _ request: BatchRequest,
        from source: any MetaSource,
        batches: Int
    ) throws -> AcquireRequest {
        var definition = source.definition
        definition.target = request.target
        return try AcquireRequest(
            key: request.key(of: source),
            definition: definition,
            definitionText: text(of: definition),
            bounds: request.ids,
            rootIDs: request.rootIDs,
            policy: request.policy,
            limit: request.limit,
            minWeight: request.minWeight,
            linger: request.linger,
            slots: AcquireRequest.Slot.several(
                batches,
                worker: request.worker ?? configuration.worker,
                token: request.token ?? madeUpToken(for: request),
                isAhead: request.isAhead
            ),
            jobIdentifier: request.jobIdentifier,
            mayBeRepeated: request.token != nil,
            config: configText(request.effective(for: definition)),
            workflow: request.workflow
        )
    }
}
