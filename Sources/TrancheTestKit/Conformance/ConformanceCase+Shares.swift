import Tranche

extension ConformanceCase {
    /// How those share a budget who wait for it, and rates.
    static let shares: [ConformanceCase] = turns + rates

    private static let turns: [ConformanceCase] = [
        ConformanceCase("Who holds more than its share of a budget leaves room to one that waits") {
            subject in
            let bench = try await SharedBudget(subject, BudgetLimits(batches: 2), jobs: ["a", "b"])
            let first = try await bench.take("a")
            let second = try await bench.take("a")
            try await bench.requireLimited("b")
            try await first.succeed()
            try await bench.requireLimited("a")
            let other = try await bench.take("b")
            // Each holds its share: who ends a batch goes on.
            try await other.succeed()
            let next = try await bench.take("b")
            try await second.succeed()
            _ = try await bench.take("a")
            let claims = try await bench.claims()
            try requireEqual(claims.map(\.run.job), ["a", "b"], "who holds")
            try requireEqual(claims.map(\.held.batches), [1, 1], "how much")
            try await next.succeed()
        },
        ConformanceCase("Nobody is waited for who has died, caught up, or asked ahead") { subject in
            let bench = try await SharedBudget(subject, BudgetLimits(batches: 2), jobs: ["a", "b"])
            var held = [try await bench.take("a"), try await bench.take("a")]
            try await bench.requireLimited("b", isAhead: true)
            try requireEqual(try await bench.waiting(), [], "who waits that asked ahead")
            try await held.removeFirst().succeed()
            held.append(try await bench.take("a"))
            try await bench.requireLimited("b")
            try requireEqual(try await bench.waiting(), ["b"], "who waits")
            try await held.removeFirst().succeed()
            try await bench.requireLimited("a")
            // It does not come again.
            bench.clock.advance(by: .milliseconds(2100))
            held.append(try await bench.take("a"))
            try await bench.requireLimited("b")
            try await bench.empty()
            try requireEqual(try await bench.reason("b"), .complete, "of who has caught up")
            try requireEqual(try await bench.waiting(), [], "who waits that has caught up")
        },
        ConformanceCase("A share is what a run holds of what those hold who wait") { subject in
            let bench = try await SharedBudget(subject, BudgetLimits(batches: 4), jobs: ["a", "b"])
            try await bench.inventory.setRank(share: 3, of: bench.key("a"), reason: "urgent")
            var held = ["a": [Batch](), "b": [try await bench.take("b")]]
            for _ in 0..<3 { held["b"]?.append(try await bench.take("b")) }
            for _ in 0..<40 {
                for job in ["a", "b"] {
                    let batch = try await bench.takeIfAny(job)
                    if let batch { held[job]?.append(batch) }
                }
                let longest = (held["a"]?.count ?? 0) > 3 ? "a" : "b"
                if let batch = held[longest]?.first {
                    held[longest]?.removeFirst()
                    try await batch.succeed()
                }
                bench.clock.advance(by: .milliseconds(100))
            }
            try requireEqual(held["a"]?.count, 3, "what the larger share holds")
            let changes = try await bench.inventory.changes(.of(.run(bench.key("a"))))
            try requireEqual(changes.first?.what, "share", "what was changed")
            try requireEqual(changes.first?.old, "1", "from what")
            try requireEqual(changes.first?.new, "3", "to what")
            let run = try await bench.inventory.run(RunSelection(bench.key("a")))
            try requireEqual(run.rank, BudgetRank(share: 3), "the rank")
            try await requireRefused(.invalidArgument, "a share of nothing") {
                try await bench.inventory.setRank(share: 0, of: bench.key("a"))
            }
        },
        ConformanceCase("A heavy batch gets in beside light ones") { subject in
            let limits = BudgetLimits(weight: 100)
            let bench = try await SharedBudget(subject, limits, jobs: ["heavy", "light"])
            var light: [Batch] = []
            for _ in 0..<10 { light.append(try await bench.take("light", weight: 10)) }
            var isIn = false
            // Each second, one of the light ones ends and another one is asked for.
            for _ in 0..<60 where !isIn {
                isIn = try await bench.takeIfAny("heavy", weight: 80) != nil
                try await light.removeFirst().succeed()
                if let next = try await bench.takeIfAny("light", weight: 10) { light.append(next) }
                if light.isEmpty { light.append(try await bench.take("light", weight: 10)) }
                bench.clock.advance(by: .seconds(1))
            }
            try requireEqual(isIn, true, "whether the heavy one got in")
        },
        ConformanceCase("A higher priority comes first, and one second in twenty is for the lower")
        {
            subject in
            let bench = try await SharedBudget(subject, BudgetLimits(batches: 1), jobs: ["a", "b"])
            try await bench.inventory.setRank(priority: 5, of: bench.key("a"))
            var held = try await bench.take("b")
            var served = ["a": 0, "b": 0]
            for _ in 0..<200 {
                try await bench.requireNotBoth()
                try await held.succeed()
                for job in ["a", "b"] {
                    guard let batch = try await bench.takeIfAny(job) else { continue }
                    held = batch
                    served[job, default: 0] += 1
                    break
                }
                bench.clock.advance(by: .milliseconds(500))
            }
            try requireEqual((served["b"] ?? 0) >= 8, true, "whether the lower had some: \(served)")
            try requireEqual((served["b"] ?? 0) <= 20, true, "whether it had not much: \(served)")
        },
    ]

    private static let rates: [ConformanceCase] = [
        ConformanceCase("A run is limited from its beginning, and keeps what it has") { subject in
            let bench = try await Bench(subject, ids: 1...9)
            try await bench.inventory.setBudget("api", BudgetLimits(batches: 2))
            var request = BatchRequest(job: "job", limit: .count(1))
            request.limits = RunLimits(budgets: ["none"])
            let wrong = request
            try await requireRefused(.unknownBudget, "a budget that is not there") {
                try await bench.inventory.acquire(wrong, from: bench.description)
            }
            let none = try await bench.inventory.summaries(RunSelection())
            try requireEqual(none.count, 0, "how many runs have begun")
            let rank = BudgetRank(share: 2, priority: 1)
            request.limits = RunLimits(parallelism: 1, budgets: ["api"], rank: rank)
            _ = try await bench.take(request)
            try requireEqual(
                try await bench.takeNone(request),
                .limited(by: "parallelism", until: nil),
                "why there is no second one"
            )
            try requireEqual(try await bench.run().rank, rank, "the rank")
            let changes = try await bench.inventory.changes(.of(.run(try await bench.key())))
            try requireEqual(
                Set(changes.map { "\($0.what) \($0.new ?? "")" }),
                ["budgets api", "parallelism 1", "share 2", "priority 1"],
                "what it began with"
            )
            let held = try await bench.inventory.budgets().map(\.held.batches)
            try requireEqual(held, [1, 1], "what is held")
            request.limits = RunLimits(parallelism: 8)
            guard case .limited = try await bench.takeNone(request) else {
                throw ConformanceFailure("other limits are taken on")
            }
        },
        ConformanceCase("A rate lets in what it has left, and tells when there is enough") {
            subject in
            let limits = BudgetLimits(rate: BudgetRate(10, per: .seconds(1), burst: 25))
            let bench = try await SharedBudget(subject, limits, jobs: ["a"])
            let first = try await bench.take("a", weight: 10)
            _ = try await bench.take("a", weight: 10)
            let until = subject.time(in: 0.5)
            let reason = try await bench.reason("a", weight: 10)
            try requireEqual(reason, .limited(by: "shared", until: until), "with 5 left")
            // What is given back has been asked for all the same.
            try await first.release()
            try requireEqual(
                try await bench.reason("a", weight: 10),
                .limited(by: "shared", until: until),
                "after a release"
            )
            bench.clock.advance(by: .milliseconds(500))
            _ = try await bench.take("a", weight: 10)
            // No more than the burst is kept.
            bench.clock.advance(by: .seconds(3600))
            _ = try await bench.take("a", weight: 10)
            _ = try await bench.take("a", weight: 10)
            guard case .limited = try await bench.reason("a", weight: 10) else {
                throw ConformanceFailure("more is kept than the burst")
            }
        },
        ConformanceCase("A batch heavier than the burst goes when that is full, and is waited for")
        {
            subject in
            let limits = BudgetLimits(rate: BudgetRate(10, per: .seconds(1)))
            let bench = try await SharedBudget(subject, limits, jobs: ["a"])
            _ = try await bench.take("a", weight: 40)
            let until = subject.time(in: 4)
            let reason = try await bench.reason("a", weight: 10)
            try requireEqual(reason, .limited(by: "shared", until: until), "with 30 owed")
            bench.clock.advance(by: .milliseconds(3900))
            guard case .limited = try await bench.reason("a", weight: 10) else {
                throw ConformanceFailure("a debt is forgotten")
            }
            bench.clock.advance(by: .milliseconds(100))
            _ = try await bench.take("a", weight: 10)
            let budget = try requireSome(
                try await bench.inventory.budgets().first { $0.owner.name == "shared" },
                "the budget"
            )
            try requireEqual(budget.tokens?.count, 0, "what is left")
            try requireEqual(budget.limits.rate?.burst, 10, "the burst")
        },
        ConformanceCase("Who asks for several batches is charged for each that is let in") {
            subject in
            let limits = BudgetLimits(rate: BudgetRate(10, per: .seconds(1), burst: 30))
            let bench = try await SharedBudget(subject, limits, jobs: ["a"])
            let request = BatchRequest(job: "a", limit: .weight(10))
            let many = try await bench.inventory.acquire(
                upTo: 8,
                request,
                from: bench.description
            )
            try requireEqual(many.batches.count, 3, "how many")
            guard case .limited = try await bench.reason("a", weight: 10) else {
                throw ConformanceFailure("more is let in than there was")
            }
            try await bench.inventory.setBudget("shared", BudgetLimits())
            _ = try await bench.take("a", weight: 10)
            let none = BudgetRate(0, per: .seconds(1))
            for rate in [none, BudgetRate(1, per: .seconds(1), burst: -1)] {
                try await requireRefused(.invalidArgument, "\(rate)") {
                    try await bench.inventory.setBudget("shared", BudgetLimits(rate: rate))
                }
            }
        },
    ]
}

/// A budget that several jobs refer to, each of which has begun, on a table of many items of weight
/// 10.
private struct SharedBudget {
    private let bench: Bench
    private let metaTable: String
    private let ids: ClosedRange<Int64> = 1...600

    init(_ subject: ConformanceSubject, _ limits: BudgetLimits, jobs: [String]) async throws {
        bench = try await Bench(subject, ids.map { SourceRow($0, weight: 10) })
        metaTable = try await bench.key().metaTable
        for job in jobs {
            try await bench.take(BatchRequest(job: job, limit: .count(1))).succeed()
        }
        try await bench.inventory.setBudget("shared", limits)
        for job in jobs {
            let key = RunKey(metaTable: metaTable, job: job)
            try await bench.inventory.setBudgets(["shared"], of: key)
        }
    }

    var inventory: Inventory { bench.inventory }
    var clock: ManualClock { bench.clock }
    var description: any MetaSourceDescription { bench.description }

    func key(_ job: String) -> RunKey { RunKey(metaTable: metaTable, job: job) }

    private func request(_ job: String, _ weight: Double, isAhead: Bool = false) -> BatchRequest {
        var request = BatchRequest(job: job, limit: .weight(weight))
        request.isAhead = isAhead
        return request
    }

    func take(_ job: String, weight: Double = 10) async throws -> Batch {
        try await bench.take(request(job, weight))
    }

    func takeIfAny(_ job: String, weight: Double = 10) async throws -> Batch? {
        switch try await inventory.acquire(request(job, weight), from: description) {
        case .batch(let batch): batch
        case .noBatch(.limited): nil
        case .noBatch(let reason): throw ConformanceFailure("not limited: \(reason)")
        }
    }

    func reason(_ job: String, weight: Double = 10) async throws -> NoBatchReason {
        try await bench.takeNone(request(job, weight))
    }

    func requireLimited(_ job: String, isAhead: Bool = false) async throws {
        let reason = try await bench.takeNone(request(job, 10, isAhead: isAhead))
        guard case .limited("shared", _) = reason else {
            throw ConformanceFailure("job \(job) is not limited: \(reason)")
        }
    }

    /// Has both jobs wait.
    func requireNotBoth() async throws {
        for job in ["a", "b"] { try await requireLimited(job) }
    }

    func claims() async throws -> [BudgetClaim] {
        try await inventory.budgets().first { $0.owner.name == "shared" }?.claims ?? []
    }

    func waiting() async throws -> [String] {
        try await claims().filter { $0.wait != nil }.map(\.run.job)
    }

    /// Removes all items but the first.
    func empty() async throws { try await bench.source.delete(Array(ids.dropFirst())) }
}
