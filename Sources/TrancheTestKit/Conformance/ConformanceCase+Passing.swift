import Tranche

extension ConformanceCase {
    /// Attempts that are ended in passing, with the acquire that follows.
    static let passing: [ConformanceCase] = [
        ConformanceCase("A success may be recorded with the next acquire") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            bench.clock.advance(by: .seconds(3))
            let outcome = try await bench.acquire(
                ending: [AttemptSuccess(first.holding, result: #"{"n":1}"#, logging: "fine")],
                token: "next"
            )
            try requireEqual(outcome.firstIDs, [3], "the next batch")
            let ended = try await bench.record(first)
            try requireEqual(ended.status, .succeeded, "the status")
            try requireEqual(
                try plainJSON(ended.result ?? ""),
                try plainJSON(#"{"n":1}"#),
                "the result"
            )
            try requireEqual(ended.logging, "fine", "the logging")
            try requireEqual(ended.endedAt, subject.now, "the end")
            try requireEqual(ended.leaseExpiresAt, nil, "the lease")
            let attempts = try await bench.store.attempts(of: first.id)
            try requireEqual(attempts.map(\.outcome), [.succeeded], "the attempts")
        },
        ConformanceCase("A success is recorded with an acquire that finds nothing") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take(1)
            let second = try await bench.take(1)
            let ending = AttemptSuccess(first.holding, result: nil, logging: nil)
            let outcome = try await bench.acquire(ending: [ending], token: "next")
            try requireEqual(outcome.firstIDs, nil, "what is handed out while another has the rest")
            try requireEqual(try await bench.record(first).status, .succeeded, "the status")
            let last = AttemptSuccess(second.holding, result: nil, logging: nil)
            let end = try await bench.acquire(ending: [last], token: "last")
            try requireEqual(end.firstIDs, nil, "what is handed out when all has ended")
            try requireEqual(try await bench.record(second).status, .succeeded, "the status")
        },
        ConformanceCase("A success is recorded with an acquire that is not answered yet") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            let ending = AttemptSuccess(first.holding, result: nil, logging: nil)
            let outcome = try await bench.store.acquire(
                try await bench.request(token: "next"),
                from: try await bench.inventory.source(bench.description),
                with: AcquireInput(endings: [ending])
            )
            // A store that reads the source itself needs no plan.
            switch outcome {
            case .needsPlan, .batches: break
            default: throw ConformanceFailure("\(outcome) where a plan is needed")
            }
            try requireEqual(try await bench.record(first).status, .succeeded, "the status")
        },
        ConformanceCase("A success is recorded with an acquire from a run that is paused") {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let first = try await bench.take(2)
            try await bench.store.setPause("tea", of: first.record.key)
            let ending = AttemptSuccess(first.holding, result: nil, logging: nil)
            let outcome = try await bench.acquire(ending: [ending], token: "next")
            guard case .none(.paused) = outcome else {
                throw ConformanceFailure("\(outcome) from a run that is paused")
            }
            try requireEqual(try await bench.record(first).status, .succeeded, "the status")
        },
        ConformanceCase("What has ended is not offered again by the same request") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take()
            bench.clock.advance(by: .seconds(3600))
            let ending = AttemptSuccess(first.holding, result: nil, logging: nil)
            let outcome = try await bench.acquire(ending: [ending], token: "next")
            try requireEqual(outcome.firstIDs, nil, "what is handed out")
            let ended = try await bench.record(first)
            try requireEqual(ended.status, .succeeded, "the status")
            try requireEqual(ended.failures, 0, "the failures")
        },
        ConformanceCase("Where one success is refused, nothing happens") { subject in
            let bench = try await Bench(subject, ids: 1...8)
            let lost = try await bench.take(2)
            let held = try await bench.take(2)
            try await lost.release()
            let other = try await bench.take(2)
            try requireEqual(other.id, lost.id, "whose batch it is now")
            let before = try await bench.store.batches(BatchSelection())
            let endings = [held, lost].map { AttemptSuccess($0.holding, result: nil, logging: nil) }
            guard case .needsEnding = try await bench.acquire(ending: endings, token: "next") else {
                throw ConformanceFailure("a batch that was lost is ended")
            }
            let after = try await bench.store.batches(BatchSelection())
            try requireEqual(after, before, "the batches")
            let ended = try await held.succeed()
            let again = [AttemptSuccess(held.holding, result: nil, logging: nil)]
            guard case .needsEnding = try await bench.acquire(ending: again, token: "next") else {
                throw ConformanceFailure("a batch that has ended is ended again in passing")
            }
            try requireEqual(try await bench.record(held), ended, "the batch")
        },
        ConformanceCase("A repeated request that ended a batch gives the same batch") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let first = try await bench.take(2)
            let endings = [AttemptSuccess(first.holding, result: nil, logging: nil)]
            let token = AcquireRequest.madeUpTokenMark + "next"
            let outcome = try await bench.acquire(ending: endings, token: token)
            try requireEqual(outcome.firstIDs, [3], "the next batch")
            let again = try await bench.acquire(ending: endings, token: token, isRepeated: true)
            try requireEqual(again.firstIDs, [3], "the next batch, asked for again")
        },
        ConformanceCase("Who has no run has nothing to end") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let nobody = AttemptSuccess(
                AttemptKey(batch: 4711, attempt: 1),
                result: nil,
                logging: nil
            )
            guard case .needsEnding = try await bench.acquire(ending: [nobody], token: "one") else {
                throw ConformanceFailure("a batch that does not exist is ended")
            }
            try requireEqual(try await bench.store.runs(RunSelection()).count, 0, "the runs")
        },
        ConformanceCase(
            "A batch that was lost is told by who acquires the next, and none is acquired"
        ) {
            subject in
            let bench = try await Bench(subject, ids: 1...8)
            let lost = try await bench.take(2)
            try await lost.release()
            _ = try await bench.take(2)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
            try await requireRefused(.batchLost, "succeed and acquire") {
                _ = try await lost.succeed(thenAcquire: request, from: bench.description)
            }
            try requireEqual(
                try await bench.store.batches(BatchSelection()).count,
                1,
                "the batches"
            )
        },
        ConformanceCase("A success is recorded though the next request makes no sense") { subject in
            let bench = try await Bench(subject, ids: 1...8)
            let batch = try await bench.take(2)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 0))
            try await requireRefused(.invalidArgument, "succeed and acquire") {
                _ = try await batch.succeed(thenAcquire: request, from: bench.description)
            }
            try requireEqual(try await bench.record(batch).status, .succeeded, "the status")
        },
        ConformanceCase("A loop works through a run, whatever becomes of its batches") { subject in
            let bench = try await Bench(subject, ids: 1...20)
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 3))
            let bad = Counter()
            let report = try await bench.loop(request, workers: 3) { batch in
                guard batch.ids.contains(10), bad.next() == 1 else { return ["n": batch.count] }
                throw ConformanceFailure("no")
            }
            try requireEqual(report.succeeded, 6, "how many succeeded")
            try requireEqual(report.failed, 1, "how many failed")
            try requireEqual(report.items, 17, "the items")
            bench.clock.advance(by: .seconds(60))
            let rest = try await bench.loop(request, workers: 1) { $0.count }
            try requireEqual(rest.succeeded, 1, "how many succeeded then")
            try requireEqual(rest.reason, .complete, "the reason")
            let batches = try await bench.store.batches(BatchSelection())
            try require(batches.allSatisfy { $0.status == .succeeded }, "not all have succeeded")
            try requireEqual(
                batches.reversed().flatMap { $0.ids.map { Array($0.ids) } ?? [] },
                Array(1...20),
                "the ids"
            )
        },
    ]
}

extension Bench {
    /// What a store is asked.
    fileprivate func request(
        token: String,
        isRepeated: Bool = false
    ) async throws -> AcquireRequest {
        try AcquireRequest(
            key: await key(),
            definition: await inventory.source(description).definition,
            limit: BatchLimit(count: 2),
            slots: [.init(worker: "worker", token: token)],
            mayBeRepeated: isRepeated
        )
    }

    /// Asks a store, and plans and looks where it needs that.
    fileprivate func acquire(
        ending endings: [AttemptSuccess],
        token: String,
        isRepeated: Bool = false
    ) async throws -> AcquireOutcome {
        let source = try await inventory.source(description)
        let request = try await request(token: token, isRepeated: isRepeated)
        var input = AcquireInput(endings: endings)
        while true {
            let outcome = try await store.acquire(request, from: source, with: input)
            input.endings = []
            switch outcome {
            case .needsPlan(let demand):
                input.plan = try await source.nextRange(
                    after: demand.cursor,
                    within: request.bounds,
                    limit: request.limit,
                    batches: 1
                )
            case .needsGapCheck(let gaps):
                input.gapChecks = try await inventory.look(at: gaps, of: request.key, in: source)
            default: return outcome
            }
        }
    }

    /// Works on all batches that there are.
    fileprivate func loop<Output: Sendable>(
        _ request: BatchRequest,
        workers: Int,
        _ work: @escaping @Sendable (Batch) async throws -> Output
    ) async throws -> ProcessReport {
        func process(_ source: some MetaSourceDescription) async throws -> ProcessReport {
            try await inventory.batches(request, from: source).process(workers: workers, work)
        }
        return try await process(description)
    }
}

extension AcquireOutcome {
    /// The first ids of the batches that were handed out; `nil` where none were.
    fileprivate var firstIDs: [Int64]? {
        guard case .batches(let batches) = self else { return nil }
        return batches.map(\.record.idStart)
    }
}
