import Testing
import Tranche
import TrancheTestKit

/// The ways in which limits of other engines broke, on every backend.
///
/// Each test says what it claims of ours, and names the report of what happened elsewhere.
@Suite(
    "Limits hold where those of other engines broke",
    .serialized,
    .schemaPool,
    .timeLimit(.minutes(10))
)
struct BrokenLimitTests {
    private static let backends = TestBackend.available + TestBackend.apart

    /// Reported of Kestra (issue 13743): of two executions that were killed at once only one was
    /// followed by another; and (issue 13211) of one that was killed, two.
    @Test(
        "Of batches that are cancelled at once each gives its place back, once",
        arguments: backends
    )
    func cancelledAtOnce(backend: TestBackend) async throws {
        try await withScene(backend, items: 20) { scene in
            let held = [try await scene.take("job"), try await scene.take("job")]
            let key = held[0].record.key
            try await scene.inventory.setParallelism(2, of: key)
            try await scene.requireLimited("job", by: "parallelism")
            async let first = scene.inventory.cancel(batch: held[0].id)
            async let second = scene.inventory.cancel(batch: held[1].id)
            _ = try await (first, second)
            let next = [try await scene.take("job"), try await scene.take("job")]
            try await scene.requireLimited("job", by: "parallelism")
            // Of one of two, one place.
            try await scene.inventory.cancel(batch: next[0].id)
            let last = try await scene.take("job")
            try await scene.requireLimited("job", by: "parallelism")
            // One that waits to be tried again has none.
            try await next[1].fail("no")
            _ = try await scene.take("job")
            try await scene.inventory.cancel(batch: next[1].id)
            try await scene.requireLimited("job", by: "parallelism")
            let budget = try #require(try await scene.inventory.budgets(of: key).first)
            #expect(budget.held.batches == 2)
            // Whole runs of them, too.
            #expect(try await scene.inventory.cancel(key).count == 2)
            try await scene.inventory.resume(key)
            _ = (try await scene.take("job"), try await scene.take("job"))
            try await scene.requireLimited("job", by: "parallelism")
            await #expect(throws: TrancheError.self) { try await last.succeed() }
        }
    }

    /// As above, where nobody says that they are gone.
    @Test("Of workers that are killed at once each gives its place back", arguments: backends)
    func killedAtOnce(backend: TestBackend) async throws {
        try await withScene(backend, items: 9) { scene in
            let held = [try await scene.take("job"), try await scene.take("job")]
            try await scene.inventory.setParallelism(2, of: held[0].record.key)
            try await scene.requireLimited("job", by: "parallelism")
            scene.clock.advance(by: held[0].lease + .seconds(1))
            let next = [try await scene.take("job"), try await scene.take("job")]
            #expect(Set(next.map(\.id)) == Set(held.map(\.id)))
            try await scene.requireLimited("job", by: "parallelism")
        }
    }

    /// Reported of Kestra (issue 7880): who restarts what has failed passes the limit.
    @Test("A batch that is retried waits for room as any other", arguments: backends)
    func retried(backend: TestBackend) async throws {
        try await withScene(backend, items: 9) { scene in
            let policy = RunPolicy(maxAttempts: 1)
            let failed = [
                try await scene.take("job", policy: policy),
                try await scene.take("job", policy: policy),
            ]
            for batch in failed { try await batch.fail("no") }
            let held = [
                try await scene.take("job", policy: policy),
                try await scene.take("job", policy: policy),
            ]
            let key = held[0].record.key
            try await scene.inventory.setParallelism(2, of: key)
            let all = BatchSelection(runs: RunSelection(key), status: .failed)
            let retried = try await scene.inventory.retry(all)
            #expect(Set(retried) == Set(failed.map(\.id)))
            try await scene.requireLimited("job", by: "parallelism", policy: policy)
            for (place, batch) in held.enumerated() {
                try await batch.succeed()
                let next = try await scene.take("job", policy: policy)
                #expect(retried.contains(next.id), "of place \(place)")
                #expect(next.attempt == 2)
                try await scene.requireLimited("job", by: "parallelism", policy: policy)
            }
        }
    }

    /// Reported of Kestra (issue 13141): of four executions under a limit of two the third was
    /// refused, and the fourth let in.
    @Test("Who is refused takes no place and frees none", arguments: backends)
    func refusedAgain(backend: TestBackend) async throws {
        try await withScene(backend, items: 9) { scene in
            try await scene.inventory.setBudget("shared", BudgetLimits(batches: 2))
            let limits = RunLimits(budgets: ["shared"])
            let first = try await scene.take("a", limits)
            _ = try await scene.take("b", limits)
            for _ in 0..<3 {
                for job in ["c", "d", "d", "c"] {
                    try await scene.requireLimited(job, by: "shared", limits)
                }
                scene.clock.advance(by: .seconds(1))
            }
            #expect(try await scene.inventory.budgets().first?.held.batches == 2)
            try await first.succeed()
            var letIn = 0
            for job in ["c", "d"] {
                if case .batch = try await scene.ask(job, limits) { letIn += 1 }
            }
            #expect(letIn == 1)
        }
    }

    /// Reported of Kestra (issue 10657): executions that were queued at once stay so forever.
    @Test(
        "All that were refused at once get in, also when who held the place is gone",
        arguments: backends
    )
    func refusedAtOnce(backend: TestBackend) async throws {
        try await withScene(backend, items: 3) { scene in
            try await scene.inventory.setBudget("shared", BudgetLimits(batches: 1))
            let limits = RunLimits(budgets: ["shared"])
            let gone = try await scene.take("a", limits)
            let others = ["b", "c", "d", "e"]
            let answers = try await withThrowingTaskGroup(of: Acquired.self) { group in
                for job in others { group.addTask { try await scene.ask(job, limits) } }
                return try await group.reduce(into: [Acquired]()) { $0.append($1) }
            }
            for case .batch(let batch) in answers {
                Issue.record("job '\(batch.record.key.job)' is let in beside another")
            }
            scene.clock.advance(by: gone.lease + .seconds(1))
            var open = Set(others + ["a"])
            var done: [String: Int] = [:]
            for _ in 0..<300 where !open.isEmpty {
                for job in open.sorted() {
                    switch try await scene.ask(job, limits) {
                    case .batch(let batch):
                        try await batch.succeed()
                        done[job, default: 0] += 1
                    case .noBatch(.complete): open.remove(job)
                    case .noBatch: break
                    }
                }
                scene.clock.advance(by: .milliseconds(200))
            }
            #expect(open.isEmpty, "\(done)")
            #expect(done == ["a": 3, "b": 3, "c": 3, "d": 3, "e": 3])
        }
    }

    /// Reported of Airflow (issue 58752): two schedulers together exceed a limit of one.
    ///
    /// That many processes at once keep to limits that change is what `scripts/test-limits` shows.
    @Test(
        "Of those that ask at once for one place, one gets it, from a run's beginning on",
        arguments: backends,
        [RunLimits(parallelism: 1), RunLimits(budgets: ["one"])]
    )
    func askedAtOnce(backend: TestBackend, limits: RunLimits) async throws {
        try await withScene(backend, items: 12) { scene in
            try await scene.inventory.setBudget("one", BudgetLimits(batches: 1))
            // Each has its own connections' transactions, as a process of its own has.
            let askers = (1...4).map { scene.subject.makeInventory(worker: "worker \($0)") }
            var done = 0
            for _ in 0..<200 where done < 12 {
                let answers = try await withThrowingTaskGroup(of: Acquired.self) { group in
                    for asker in askers {
                        group.addTask { try await scene.ask("job", limits, by: asker) }
                    }
                    return try await group.reduce(into: [Acquired]()) { $0.append($1) }
                }
                var held: [Batch] = []
                for case .batch(let batch) in answers { held.append(batch) }
                #expect(held.count <= 1, "\(held.map(\.id))")
                for batch in held { try await batch.succeed() }
                done += held.count
                scene.clock.advance(by: .milliseconds(100))
            }
            #expect(done == 12)
        }
    }

    /// Reported of Airflow (issue 72337): a backfill that was cancelled stays paused, whatever is
    /// done with its parts.
    @Test(
        "A backfill that was paused, cancelled, resumed and retried is done to its end",
        arguments: backends
    )
    func cancelledBackfill(backend: TestBackend) async throws {
        try await withScene(backend, items: 9) { scene in
            let held = [
                try await scene.take("job", run: "may"), try await scene.take("job", run: "may"),
            ]
            let key = held[0].record.key
            #expect(key.run == "may")
            try await scene.inventory.setParallelism(2, of: key)
            try await scene.inventory.pause(key, reason: "lunch")
            try await scene.inventory.cancel(key, reason: "the wrong month")
            guard case .noBatch(.cancelled) = try await scene.ask("job", run: "may") else {
                Issue.record("it hands out batches, or says another reason")
                return
            }
            try await scene.inventory.resume(key)
            let selection = BatchSelection(runs: RunSelection(key), cause: .cancelled)
            #expect(try await scene.inventory.retry(selection).count == 2)
            var ids: [Int64] = []
            var last: NoBatchReason?
            while last == nil {
                switch try await scene.ask("job", run: "may") {
                case .batch(let batch):
                    ids += try await batch.items.map(\.id)
                    try await batch.succeed()
                case .noBatch(let reason): last = reason
                }
            }
            #expect(ids.sorted() == Array(1...9))
            #expect(last == .complete)
            let run = try await scene.inventory.run(RunSelection(key))
            #expect(run.pauseReason == nil && run.cancellation == nil)
        }
    }

    /// Reported of DBOS (dbos-transact-ts, issue 1302): queues with nothing in hand stand idle
    /// beside another's backlog.
    ///
    /// That a session which idles with a budget locked stops no other is in `BudgetRaceTests`.
    @Test(
        "A run with much that waits for its budget holds back none of another",
        arguments: backends
    )
    func besideBacklog(backend: TestBackend) async throws {
        try await withScene(backend, items: 40) { scene in
            try await scene.inventory.setBudget("api", BudgetLimits(batches: 40))
            try await scene.inventory.setBudget("disk", BudgetLimits(batches: 2))
            let (api, disk) = (RunLimits(budgets: ["api"]), RunLimits(budgets: ["disk"]))
            var due: [Batch] = []
            for _ in 0..<20 { due.append(try await scene.take("busy", api)) }
            for batch in due { try await batch.release() }
            try await scene.inventory.setBudget("api", BudgetLimits(batches: 1))
            _ = try await scene.take("busy", api)
            for _ in 0..<4 { try await scene.requireLimited("busy", by: "api", api) }
            _ = (try await scene.take("other", disk), try await scene.take("other", disk))
            try await scene.requireLimited("other", by: "disk", disk)
            for _ in 0..<5 { _ = try await scene.take("free") }
        }
    }

    /// Asked of Airflow (pull request 72730): what a look at the first so many leaves out starves,
    /// where the order is strict.
    @Test("A lower priority has its turn beside many runs of a higher one", arguments: backends)
    func lowerPriority(backend: TestBackend) async throws {
        try await withScene(backend, items: 60) { scene in
            try await scene.inventory.setBudget("shared", BudgetLimits(batches: 1))
            let high = RunLimits(budgets: ["shared"], rank: BudgetRank(priority: 1))
            let low = RunLimits(budgets: ["shared"])
            let jobs = (1...12).map { ("high \($0)", high) } + [("low", low)]
            for (job, limits) in jobs { try await scene.take(job, limits).succeed() }
            var counts: [String: Int] = [:]
            var held: Batch?
            // One second in twenty is for the lower; each second has two rounds.
            for _ in 0..<42 {
                try await held?.succeed()
                held = nil
                for (job, limits) in jobs {
                    guard case .batch(let batch) = try await scene.ask(job, limits) else {
                        continue
                    }
                    if held != nil { Issue.record("'\(job)' is let in beside another") }
                    held = batch
                    counts[job, default: 0] += 1
                }
                scene.clock.advance(by: .milliseconds(500))
            }
            #expect((1...4).contains(counts["low"] ?? 0), "\(counts)")
            #expect(counts.values.reduce(0, +) >= 36, "\(counts)")
        }
    }

    private func withScene(
        _ backend: TestBackend,
        items: Int64,
        _ body: (LimitScene) async throws -> Void
    ) async throws {
        try await SchemaPool.lending {
            let subject = try await backend.makeSubject()
            do {
                try await body(LimitScene(subject, items: items))
            } catch {
                // The failure is what is told, whatever becomes of the closing.
                try? await subject.finish()
                throw error
            }
            try await subject.finish()
        }
    }
}

/// An inventory, and a table of items of weight 1.
private struct LimitScene: Sendable {
    let subject: ConformanceSubject
    let inventory: Inventory
    private let source: any MetaSourceDescription

    init(_ subject: ConformanceSubject, items: Int64) async throws {
        self.subject = subject
        inventory = subject.makeInventory()
        let table = try await subject.makeSource((1...items).map { SourceRow($0) })
        source = table.describe(hasWeights: true, filter: nil, hasKeys: false)
    }

    var clock: ManualClock { subject.clock }

    /// Asks for a batch of one item; of a named run, of the ids 1 to 9.
    func ask(
        _ job: String,
        _ limits: RunLimits? = nil,
        run: String = "",
        policy: RunPolicy = RunPolicy(),
        by asker: Inventory? = nil
    ) async throws -> Acquired {
        let limit = BatchLimit(count: 1)
        let ids = run.isEmpty ? IDBounds() : IDBounds(1...9)
        var request = BatchRequest(job: job, run: run, ids: ids, limit: limit, policy: policy)
        if let limits { request.limits = limits }
        return try await (asker ?? inventory).acquire(request, from: source)
    }

    /// Acquires a batch of one item; its absence is a failure.
    func take(
        _ job: String,
        _ limits: RunLimits? = nil,
        run: String = "",
        policy: RunPolicy = RunPolicy(),
        file: String = #fileID,
        line: Int = #line
    ) async throws -> Batch {
        let answer = try await ask(job, limits, run: run, policy: policy)
        if case .batch(let batch) = answer { return batch }
        throw ConformanceFailure("no batch of job '\(job)': \(answer)", file: file, line: line)
    }

    /// Expects that a job is refused by a budget, or by its parallelism.
    func requireLimited(
        _ job: String,
        by name: String,
        _ limits: RunLimits? = nil,
        policy: RunPolicy = RunPolicy(),
        at place: SourceLocation = #_sourceLocation
    ) async throws {
        let answer = try await ask(job, limits, policy: policy)
        if case .noBatch(.limited(name, _)) = answer { return }
        Issue.record("job '\(job)' is not limited by '\(name)': \(answer)", sourceLocation: place)
    }
}
