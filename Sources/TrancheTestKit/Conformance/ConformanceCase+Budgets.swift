import Synchronization
import Tranche

extension ConformanceCase {
    /// What may be held at once.
    static let budgets: [ConformanceCase] = parallelism + namedBudgets

    private static let parallelism: [ConformanceCase] = [
        ConformanceCase("No more batches of a run are held than its parallelism allows") {
            subject in
            let bench = try await Bench(subject, ids: 1...20)
            let first = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.setParallelism(2, of: key)
            let second = try await bench.take(1)
            try await bench.requireLimited(by: "parallelism")
            try await first.succeed()
            let third = try await bench.take(1)
            try requireEqual(try bench.ids(third), [3], "what the free place is used for")
            // What is held already is not taken back.
            try await bench.inventory.setParallelism(1, of: key)
            let budget = try requireSome(try await bench.inventory.budgets(of: key).first, "it")
            try requireEqual(budget.held.batches, 2, "what is held")
            try requireEqual(budget.isExceeded, true, "whether that is too much")
            try await second.fail("no")
            try await bench.requireLimited(by: "parallelism")
            try await third.release()
            _ = try await bench.take(1)
            try await bench.inventory.setParallelism(0, of: key)
            try await bench.requireLimited(by: "parallelism")
            try await bench.inventory.setParallelism(nil, of: key)
            for _ in 0..<3 { _ = try await bench.take(1) }
        },
        ConformanceCase("A lease that ends gives its place back, and a later heartbeat is refused")
        {
            subject in
            let bench = try await Bench(subject, ids: 1...4)
            let lapsed = try await bench.take(1)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            try await bench.requireLimited(by: "parallelism")
            bench.clock.advance(by: lapsed.lease + .seconds(1))
            try await requireRefused(.batchLost, "a heartbeat after the lease") {
                try await lapsed.heartbeat()
            }
            let again = try await bench.take(1)
            try requireEqual(try bench.ids(again), [1], "what is handed out again")
            try await bench.requireLimited(by: "parallelism")
            try await again.heartbeat()
        },
        ConformanceCase("Without a budget a heartbeat after the lease keeps the batch") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            let batch = try await bench.take(1)
            bench.clock.advance(by: batch.lease + .seconds(1))
            try await batch.heartbeat()
            try await batch.succeed()
        },
        ConformanceCase("What is due waits for room, and holds back what is new") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            let first = try await bench.take(1)
            let second = try await bench.take(1)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            try await first.release()
            try await bench.requireLimited(by: "parallelism")
            try await second.succeed()
            try requireEqual(try bench.ids(try await bench.take(1)), [1], "the next")
        },
        ConformanceCase("Who asks for several batches gets as many as there is room for") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            _ = try await bench.take(1)
            try await bench.inventory.setParallelism(4, of: try await bench.key())
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            let answer = try await bench.inventory.acquire(
                upTo: 8,
                request,
                from: bench.description
            )
            try requireEqual(answer.batches.count, 3, "how many")
            try await bench.requireLimited(by: "parallelism")
        },
        ConformanceCase("A success frees its own place for the acquire that goes with it") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            var batch = try await bench.take(1)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            for id in 2...9 as ClosedRange<Int64> {
                let answer = try await batch.succeed(
                    thenAcquire: request,
                    from: bench.description
                )
                guard case .batch(let next) = answer else {
                    throw ConformanceFailure("no batch of \(id): \(answer)")
                }
                try requireEqual(try bench.ids(next), [id], "the next")
                batch = next
            }
        },
        ConformanceCase("A run that has caught up is not limited") { subject in
            let bench = try await Bench(subject, ids: 1...2)
            let first = try await bench.take(2)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            guard case .waiting = try await bench.takeNone() else {
                throw ConformanceFailure("it does not wait for the batch that is held")
            }
            try await first.succeed()
            try requireEqual(try await bench.takeNone(), .complete, "the reason")
        },
        ConformanceCase("A pause comes before a limit") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            _ = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.setParallelism(1, of: key)
            try await bench.inventory.pause(key, reason: "lunch")
            try requireEqual(try await bench.takeNone(), .paused(reason: "lunch"), "the reason")
            try await bench.inventory.resume(key)
            try await bench.requireLimited(by: "parallelism")
        },
        ConformanceCase("The parts of a batch are let in one by one") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            let batch = try await bench.take(4)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            try await batch.fail("bad", badItems: [2])
            let rest = try await bench.take()
            try requireEqual(try bench.ids(rest), [1, 3, 4], "what is left of it")
            try await bench.requireLimited(by: "parallelism")
        },
        ConformanceCase("A late batch waits for room, and none of its ids is lost") { subject in
            let bench = try await Bench(subject, ids: [1, 2, 5, 6])
            let request = BatchRequest(job: "job", limit: BatchLimit(count: 4))
            let first = try await bench.take(request)
            try await bench.inventory.setParallelism(1, of: try await bench.key())
            try await bench.source.insert([SourceRow(3)])
            bench.clock.advance(by: .seconds(2))
            switch try await bench.takeNone(request) {
            case .limited, .waiting: break
            case let other: throw ConformanceFailure("\(other)")
            }
            try await first.succeed()
            bench.clock.advance(by: .seconds(60))
            try requireEqual(try bench.ids(try await bench.take(request)), [3], "the late batch")
        },
        ConformanceCase("A parallelism is put back to what it was before") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            _ = try await bench.take(1)
            let key = try await bench.key()
            try await requireRefused(.invalidArgument, "to restore what was never changed") {
                try await bench.inventory.restoreParallelism(of: key)
            }
            try await bench.inventory.setParallelism(3, of: key, reason: "the night")
            try await bench.inventory.setParallelism(1, of: key)
            try requireEqual(try await bench.inventory.restoreParallelism(of: key), 3, "once")
            try requireEqual(try await bench.inventory.restoreParallelism(of: key), 1, "twice")
            let changes = try await bench.inventory.changes(.of(.run(key)))
            try requireEqual(changes.map(\.new), ["1", "3", "1", "3"], "the changes, latest first")
            // Said again, it is no change.
            try await bench.inventory.setParallelism(1, of: key)
            try requireEqual(try await bench.inventory.changes().count, 4, "how many")
            let first = try await bench.inventory.changes(limit: 3)
            let mark = first.last?.id
            let rest = try await bench.inventory.changes(.of(.run(key)), before: mark, limit: 3)
            try requireEqual((first + rest).map(\.id), changes.map(\.id), "page by page")
            try requireEqual(changes.last?.old, nil, "what it was at first")
            try requireEqual(changes.last?.note.reason, "the night", "why")
            try requireEqual(changes.last?.at, subject.now, "when")
            let unknown = RunKey(metaTable: key.metaTable, job: "other", run: "")
            try await requireRefused(.unknownRun, "another run") {
                try await bench.inventory.setParallelism(1, of: unknown)
            }
        },
        ConformanceCase("A run that begins anew keeps its limits") { subject in
            let bench = try await Bench(subject, ids: 1...4)
            try await bench.inventory.setBudget("api", BudgetLimits())
            let batch = try await bench.take(1)
            let key = try await bench.key()
            try await bench.inventory.setParallelism(2, of: key)
            try await bench.inventory.setParallelism(1, of: key)
            try await bench.inventory.setBudgets(["api"], of: key)
            try await batch.succeed()
            _ = try await bench.inventory.restart(key, from: bench.description)
            try requireEqual(try bench.ids(try await bench.take(1)), [1], "the first")
            try await bench.requireLimited(by: "parallelism")
            let owners = try await bench.inventory.budgets(of: key).map(\.owner)
            try requireEqual(owners, [.name("api"), .run(key)], "its budgets")
            try requireEqual(try await bench.inventory.restoreParallelism(of: key), 2, "restored")
        },
        ConformanceCase("Many batches pass beside one that is held, and never more than allowed") {
            subject in
            let bench = try await Bench(subject, ids: 1...200)
            let held = try await bench.take(1)
            try await bench.inventory.setParallelism(3, of: try await bench.key())
            for round in 0..<60 {
                let pair = [try await bench.take(1), try await bench.take(1)]
                if round % 20 == 0 { try await bench.requireLimited(by: "parallelism") }
                for batch in pair { try await batch.succeed() }
            }
            let budget = try requireSome(try await bench.inventory.budgets().first, "it")
            try requireEqual(budget.held.batches, 1, "what is held")
            try await held.succeed()
        },
        ConformanceCase("Many at once never hold more than allowed, and all is done once") {
            subject in
            let bench = try await Bench(subject, ids: 1...60)
            try await bench.take(1).succeed()
            try await bench.inventory.setParallelism(4, of: try await bench.key())
            let held = HeldBatches()
            let description = bench.description
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<12 {
                    group.addTask { try await held.work(bench.inventory, description, job: "job") }
                }
                try await group.waitForAll()
            }
            let (most, done) = held.counts
            try requireEqual(most <= 4, true, "whether at most 4 were held, and not \(most)")
            try requireEqual(done, 59, "how many were done")
        },
    ]

    private static let namedBudgets: [ConformanceCase] = [
        ConformanceCase("A token of a run under a budget gives the same batch") { subject in
            let bench = try await Bench(subject, ids: 1...6)
            try await bench.inventory.setBudget("api", BudgetLimits(batches: 4))
            var request = BatchRequest(job: "job", limit: BatchLimit(count: 2), token: "one")
            request.limits = RunLimits(budgets: ["api"])
            let first = try await bench.take(request)
            let again = try await bench.take(request)
            try requireEqual(again.record, first.record, "the batch")
            let budget = try requireSome(try await bench.inventory.budgets().first, "the budget")
            try requireEqual(budget.held.batches, 1, "what is held")
        },
        ConformanceCase("A budget limits all runs that refer to it together, by number and weight")
        {
            subject in
            let bench = try await Bench(subject, (1...40).map { SourceRow($0, weight: 2) })
            try await bench.inventory.setBudget("warehouse", BudgetLimits(batches: 3, weight: 20))
            var held: [Batch] = []
            for job in ["a", "b"] {
                held.append(try await bench.take(BatchRequest(job: job, limit: .count(3))))
                try await bench.inventory.setBudgets(
                    ["warehouse"],
                    of: try await bench.key(of: job)
                )
            }
            let a = try await bench.take(BatchRequest(job: "a", limit: .count(4)))
            let one = BatchRequest(job: "b", limit: .count(1))
            guard case .limited("warehouse", _) = try await bench.takeNone(one) else {
                throw ConformanceFailure("more batches are let in than there are")
            }
            let budget = try requireSome(
                try await bench.inventory.budgets().first,
                "the budget"
            )
            try requireEqual(budget.owner, .name("warehouse"), "its name")
            try requireEqual(budget.held, BudgetUse(batches: 3, weight: 20), "what is held")
            try await a.succeed()
            let more = BatchRequest(job: "b", limit: .count(5))
            guard case .limited("warehouse", _) = try await bench.takeNone(more) else {
                throw ConformanceFailure("more weight is let in than there is")
            }
            _ = try await bench.take(BatchRequest(job: "b", limit: .count(4)))
            for batch in held { try await batch.succeed() }
        },
        ConformanceCase("Many of several jobs at once never hold more than their budget allows") {
            subject in
            let bench = try await Bench(subject, ids: 1...20)
            let jobs = ["a", "b", "c", "d"]
            try await bench.inventory.setBudget("shared", BudgetLimits(batches: 3))
            for job in jobs {
                try await bench.take(BatchRequest(job: job, limit: .count(1))).succeed()
                try await bench.inventory.setBudgets(["shared"], of: try await bench.key(of: job))
            }
            let held = HeldBatches()
            let description = bench.description
            try await withThrowingTaskGroup(of: Void.self) { group in
                for job in jobs + jobs + jobs {
                    group.addTask { try await held.work(bench.inventory, description, job: job) }
                }
                try await group.waitForAll()
            }
            let (most, done) = held.counts
            try requireEqual(most <= 3, true, "whether at most 3 were held, and not \(most)")
            try requireEqual(done, 4 * 19, "how many were done")
        },
        ConformanceCase("A batch that is heavier than its budget goes alone") { subject in
            let bench = try await Bench(subject, (1...40).map { SourceRow($0, weight: 2) })
            try await bench.inventory.setBudget("small", BudgetLimits(weight: 10))
            try await bench.take(1).succeed()
            try await bench.inventory.setBudgets(["small"], of: try await bench.key())
            let heavy = try await bench.take(10)
            try await bench.requireLimited(by: "small")
            try await heavy.succeed()
            _ = try await bench.take(1)
            let request = BatchRequest(job: "job", limit: .count(10))
            guard case .limited = try await bench.takeNone(request) else {
                throw ConformanceFailure("it is let in beside another")
            }
        },
        ConformanceCase("A budget that is paused or parked lets nothing in") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.inventory.setBudget("api", BudgetLimits())
            try await bench.take(1).succeed()
            try await bench.inventory.setBudgets(["api"], of: try await bench.key())
            _ = try await bench.take(1)
            try await bench.inventory.change(budget: "api", .pause(reason: "the audit"))
            try requireEqual(try await bench.takeOne(), .limited(by: "api", until: nil), "paused")
            let until = subject.time(in: 30)
            let parking = BudgetParking(until: until, reason: "429")
            try await bench.inventory.change(
                budget: "api",
                .park(for: .seconds(30), reason: "429")
            )
            // Resuming does not end a parking.
            try await bench.inventory.change(budget: "api", .pause(reason: nil))
            try requireEqual(try await bench.takeOne(), .limited(by: "api", until: until), "parked")
            let budget = try await bench.inventory.budgets().first
            try requireEqual(budget?.parking, parking, "the parking")
            bench.clock.advance(by: .seconds(31))
            _ = try await bench.take(1)
            try await bench.inventory.change(budget: "api", .unpark)
            try await requireRefused(.invalidArgument, "to park it for an hour") {
                try await bench.inventory.change(
                    budget: "api",
                    .park(for: .seconds(3600), reason: "")
                )
            }
            let changes = try await bench.inventory.changes(.of(.name("api")))
            let words = ["parked", "pause", "parked", "pause", "limits"]
            try requireEqual(changes.map(\.what), words, "the changes")
        },
        ConformanceCase("The budget of all holds for runs that refer to none, new ones too") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let one = { (job: String) in BatchRequest(job: job, limit: .count(1)) }
            let before = try await bench.take(one("a"))
            try await bench.inventory.setBudget(Budget.ofAll, BudgetLimits(batches: 3))
            try await bench.inventory.setBudget("own", BudgetLimits())
            _ = try await bench.take(one("a"))
            _ = try await bench.take(one("b"))
            for job in ["a", "b", "c"] {
                guard case .limited("*", _) = try await bench.takeNone(one(job)) else {
                    throw ConformanceFailure("job \(job) is not limited")
                }
            }
            let a = try await bench.key(of: "a")
            try await bench.inventory.setBudgets(["own"], of: a)
            _ = try await bench.take(one("a"))
            try await before.succeed()
            // What it holds counts where it goes.
            try await bench.inventory.setBudgets([], of: a)
            guard case .limited("*", _) = try await bench.takeNone(one("c")) else {
                throw ConformanceFailure("what came is not counted")
            }
            try await bench.inventory.change(budget: Budget.ofAll, .remove)
            for job in ["a", "b", "c"] {
                _ = try await bench.take(one(job))
                let isLimited = try await bench.inventory.run(
                    RunSelection(try await bench.key(of: job))
                ).isLimited
                try requireEqual(isLimited, false, "whether job \(job) looks for budgets")
            }
        },
        ConformanceCase("Limits that a change does not name stay as somebody else set them") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            let inventory = bench.inventory
            let rate = BudgetRate(10, per: .seconds(1))
            try await inventory.change(budget: "api", .adjust(BudgetAdjustment(batches: 3)))
            try await inventory.change(budget: "api", .adjust(BudgetAdjustment(rate: rate)))
            try await inventory.change(
                budget: "api",
                .adjust(BudgetAdjustment(weight: 5, burst: 30))
            )
            var limits = BudgetLimits(batches: 3, weight: 5, rate: rate)
            limits.rate?.burst = 30
            try requireEqual(try await inventory.budgets().first?.limits, limits, "the limits")
            let ends = BudgetAdjustment(batches: .some(nil), rate: .some(nil))
            try await inventory.change(budget: "api", .adjust(ends))
            let left = BudgetLimits(weight: 5)
            try requireEqual(try await inventory.budgets().first?.limits, left, "what is left")
            for wrong in [BudgetAdjustment(batches: -1), BudgetAdjustment(burst: 5)] {
                try await requireRefused(.invalidArgument, "\(wrong)") {
                    try await inventory.change(budget: "api", .adjust(wrong))
                }
            }
            let changes = try await inventory.changes(.of(.name("api")))
            try requireEqual(changes.map(\.what), Array(repeating: "limits", count: 4), "changes")
        },
        ConformanceCase("A budget that is not there is refused, and one in use is not removed") {
            subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.take(1).succeed()
            let key = try await bench.key()
            try await requireRefused(.unknownBudget, "to refer to none") {
                try await bench.inventory.setBudgets(["none"], of: key)
            }
            try await requireRefused(.unknownBudget, "to pause none") {
                try await bench.inventory.change(budget: "none", .pause(reason: ""))
            }
            for limits in [BudgetLimits(batches: -1), BudgetLimits(weight: .nan)] {
                try await requireRefused(.invalidArgument, "\(limits)") {
                    try await bench.inventory.setBudget("api", limits)
                }
            }
            try await requireRefused(.invalidArgument, "a name that is none") {
                try await bench.inventory.setBudget("a b", BudgetLimits())
            }
            try await bench.inventory.setBudget("api", BudgetLimits(batches: 0))
            try await bench.inventory.setBudgets(["api"], of: key)
            try await bench.requireLimited(by: "api")
            try await requireRefused(.invalidArgument, "to remove one in use") {
                try await bench.inventory.change(budget: "api", .remove)
            }
            try await bench.inventory.setBudgets([], of: key)
            _ = try await bench.take(1)
            try requireEqual(
                try await bench.inventory.change(budget: "api", .remove),
                nil,
                "what is left"
            )
            try requireEqual(try await bench.inventory.budgets(), [], "the budgets")
        },
    ]
}

extension Bench {
    /// Fails where a batch of one item is handed out, or another reason is given.
    func requireLimited(by name: String) async throws {
        let reason = try await takeOne()
        guard case .limited(name, _) = reason else {
            throw ConformanceFailure("not limited by \(name): \(reason)")
        }
    }

    /// Why there is no batch of one item.
    fileprivate func takeOne() async throws -> NoBatchReason {
        try await takeNone(BatchRequest(job: "job", limit: .count(1)))
    }

    /// The key of a job.
    fileprivate func key(of job: String) async throws -> RunKey {
        RunKey(metaTable: try await key().metaTable, job: job, run: "")
    }
}

/// Counts what tasks hold at once, and what was worked on.
private final class HeldBatches: Sendable {
    private let state = Mutex(State())

    private struct State {
        var now = 0
        var most = 0
        var done: Set<String> = []
    }

    /// The most that were held at once, and how many different ones were.
    var counts: (most: Int, done: Int) { state.withLock { ($0.most, $0.done.count) } }

    /// Works on batches of a job until there is none.
    func work(
        _ inventory: Inventory,
        _ source: any MetaSourceDescription,
        job: String
    ) async throws {
        let request = BatchRequest(job: job, limit: BatchLimit(count: 1))
        while true {
            switch try await inventory.acquire(request, from: source) {
            case .batch(let batch):
                state.withLock { state in
                    state.now += 1
                    state.most = max(state.most, state.now)
                }
                for _ in 0..<3 { await Task.yield() }
                let isNew = state.withLock { state in
                    state.now -= 1
                    return state.done.insert("\(job) \(batch.record.idStart)").inserted
                }
                guard isNew else { throw ConformanceFailure("twice: \(batch)") }
                try await batch.succeed()
            case .noBatch(.limited), .noBatch(.waiting): await Task.yield()
            case .noBatch: return
            }
        }
    }
}
