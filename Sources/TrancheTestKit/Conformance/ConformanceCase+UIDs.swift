import Tranche

extension ConformanceCase {
    /// Uids that are not integers.
    static let uids: [ConformanceCase] = [
        ConformanceCase("A uid is handed out once, when it is found, and leaves no gap") {
            subject in
            guard let bench = try await UIDBench(subject, ["d", "b"]) else { return }
            try requireEqual(try await bench.drain(), ["b", "d"], "the first")
            try await bench.source.insert(["a", "c", "e"])
            try requireEqual(try await bench.drain(count: 2), ["a", "c", "e"], "what came")
            try requireEqual(try await bench.drain(), [], "what is left")
            let gaps = try await bench.inventory.gaps(of: bench.key)
            try requireEqual(gaps.count, 0, "the gaps")
        },
        ConformanceCase("A row that goes before its turn is left out, and keeps its number") {
            subject in
            guard let bench = try await UIDBench(subject, ["a", "b", "c"]) else { return }
            let first = try await bench.take(count: 1)
            try await bench.source.delete(["b"])
            let second = try await bench.take(count: 5)
            try requireEqual(try await second.items.map(\.uid), ["c"], "the second batch")
            try await first.succeed()
            try await second.succeed()
            try await bench.source.insert(["b"])
            subject.clock.advance(by: .seconds(20))
            let late = try await bench.take(count: 5)
            try requireEqual(late.kind, .late, "the kind")
            try requireEqual(try await late.items.map(\.uid), ["b"], "the late batch")
            try await late.succeed()
            try requireEqual(try await bench.drain(), [], "what is left")
        },
        ConformanceCase("A batch has the uids that it had, whatever came meanwhile") { subject in
            guard let bench = try await UIDBench(subject, ["b", "d"]) else { return }
            let first = try await bench.take(count: 5)
            try await first.fail("no")
            try await bench.source.insert(["a", "c"])
            subject.clock.advance(by: .seconds(60))
            let again = try await bench.take(count: 5)
            try requireEqual(again.id, first.id, "the batch")
            try requireEqual(try await again.items.map(\.uid), ["b", "d"], "its items")
        },
        ConformanceCase("Jobs over one table share the numbers of its uids") { subject in
            guard let bench = try await UIDBench(subject, ["b", "d"]) else { return }
            let one = try await bench.take(count: 5)
            try await bench.source.insert(["a"])
            let other = try await bench.take(count: 5, job: "other")
            let numbers = try await other.items.map { "\($0.uid ?? "") \($0.id)" }
            try requireEqual(numbers, ["b 1", "d 2", "a 3"], "the other's items")
            try requireEqual(one.ids, 1...2, "the numbers of the one")
            try await one.succeed()
            try requireEqual(try await bench.drain(), ["a"], "what is left for the one")
        },
        ConformanceCase("Bad items of a batch are blamed by their numbers") { subject in
            guard let bench = try await UIDBench(subject, ["a", "b", "c"]) else { return }
            let batch = try await bench.take(count: 5)
            let numbers = try await batch.source.numbered?.ids(ofUIDs: ["b", "z"]) ?? []
            try requireEqual(numbers, [2, nil], "the numbers")
            try await batch.fail("rotten", badItems: [2])
            try requireEqual(try await bench.drain(), ["a", "c"], "the others")
        },
        ConformanceCase("Uids that differ in their Unicode form alone are two") { subject in
            let uids = ["\u{E9}", "e\u{301}"]
            guard let bench = try await UIDBench(subject, uids) else { return }
            let batch = try await bench.take(count: 5)
            let items = try await batch.items
            try requireEqual(items.count, 2, "the number of items")
            let ids: [Int64?] = try uids.map { uid in
                let own = items.first { $0.uid?.utf8.elementsEqual(uid.utf8) ?? false }
                guard let own else { throw ConformanceFailure("no item has the uid \(uid)") }
                return own.id
            }
            let numbers = try await batch.source.numbered?.ids(ofUIDs: uids) ?? []
            try requireEqual(numbers, ids, "the numbers")
        },
        ConformanceCase("A settle lag is refused where uids are numbered") { subject in
            guard let bench = try await UIDBench(subject, ["a"]) else { return }
            var request = bench.request()
            request.policy.settleLag = .seconds(1)
            try await requireRefused(.invalidArgument, "a settle lag") {
                _ = try await bench.inventory.acquire(request, from: bench.description)
            }
        },
        ConformanceCase("What is new is found from where rows came last, and what is old besides") {
            subject in
            guard let bench = try await UIDBench(subject, ["a", "c"]) else { return }
            try requireEqual(try await bench.drain(), ["a", "c"], "the first")
            // Where rows come in an order, the front is looked at from here on.
            for round in 0..<4 {
                subject.clock.advance(by: .seconds(61))
                try await bench.source.insert(["b\(round)", "d\(round)"])
                let found = try await bench.drain(count: 1)
                try requireEqual(found, ["b\(round)", "d\(round)"], "round \(round)")
                try await bench.source.delete(["d\(round)"])
                try requireEqual(try await bench.drain(), [], "the rest of round \(round)")
            }
        },
        ConformanceCase("Whatever comes, goes, is given back and killed, each uid is done once") {
            subject in
            for seed in UInt64(1)...5 {
                guard let bench = try await UIDBench(subject, []) else { return }
                var model = UIDModel(bench: bench, random: SplitMix64(seed: seed))
                try await model.run(steps: 60)
            }
        },
    ]
}

/// A job over a table whose uids are texts.
private struct UIDBench: Sendable {
    let inventory: Inventory
    let clock: ManualClock
    let source: any ConformanceUIDSource
    let description: any MetaSourceDescription

    /// - Returns: `nil` where the subject has no such tables.
    init?(_ subject: ConformanceSubject, _ uids: [String]) async throws {
        guard let source = try await subject.makeUIDSource(uids) else { return nil }
        inventory = subject.makeInventory()
        clock = subject.clock
        self.source = source
        description = source.describe()
    }

    var key: RunKey {
        get async throws {
            let table = try await inventory.source(description).definition.table
            return RunKey(metaTable: table, job: "job", run: "")
        }
    }

    func request(count: Int? = nil, job: String = "job") -> BatchRequest {
        var request = BatchRequest(job: job, limit: BatchLimit(count: count))
        // Who is killed often is not to blame.
        request.policy.maxAttempts = 1000
        return request
    }

    /// Acquires a batch; its absence is a failure.
    func take(count: Int, job: String = "job") async throws -> Batch {
        switch try await inventory.acquire(request(count: count, job: job), from: description) {
        case .batch(let batch): return batch
        case .noBatch(let reason): throw ConformanceFailure("no batch, because \(reason)")
        }
    }

    /// Takes all that there is, and ends it well.
    ///
    /// - Returns: The uids, in the order of their numbers.
    func drain(count: Int? = nil) async throws -> [String] {
        var found: [String] = []
        while true {
            switch try await inventory.acquire(request(count: count), from: description) {
            case .batch(let batch):
                found += try await batch.items.map { $0.uid ?? "number \($0.id)" }
                try await batch.succeed()
            case .noBatch(let reason):
                try requireEqual(reason, .complete, "the reason")
                return found
            }
        }
    }
}

/// What happens at random to a table and to those who work on it, and what must come of it.
private struct UIDModel {
    let bench: UIDBench
    var random: SplitMix64
    private var there: Set<String> = []
    private var done: [String: Int] = [:]
    private var gone: Set<String> = []
    private var held: [Batch] = []
    private var made = 0

    init(bench: UIDBench, random: SplitMix64) {
        self.bench = bench
        self.random = random
    }

    mutating func run(steps: Int) async throws {
        for _ in 0..<steps { try await step() }
        // Who was killed holds nothing any more.
        bench.clock.advance(by: .seconds(100_000))
        for uid in try await bench.drain(count: 3) { done[uid, default: 0] += 1 }
        for uid in there {
            try requireEqual(done[uid] ?? 0, 1, "how often \(uid) was done")
        }
        for (uid, count) in done where count != 1 {
            throw ConformanceFailure("\(uid) was done \(count) times")
        }
    }

    private mutating func step() async throws {
        switch Int.random(in: 0..<8, using: &random) {
        case 0...2: try await insert()
        case 3: try await delete()
        case 4, 5: try await take()
        case 6: try await end()
        default: try await kill()
        }
    }

    private mutating func insert() async throws {
        let uids = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            made += 1
            return "\(UInt32.random(in: 0...UInt32.max, using: &random)) \(made)"
        }
        try await bench.source.insert(uids)
        there.formUnion(uids)
    }

    private mutating func delete() async throws {
        guard !there.isEmpty else { return }
        let uid = random.pick(there.sorted())
        try await bench.source.delete([uid])
        there.remove(uid)
    }

    private mutating func take() async throws {
        let request = bench.request(count: Int.random(in: 1...5, using: &random))
        guard
            case .batch(let batch) = try await bench.inventory.acquire(
                request,
                from: bench.description
            )
        else { return }
        held.append(batch)
    }

    /// Ends a batch, or gives it back.
    private mutating func end() async throws {
        guard !held.isEmpty else { return }
        let batch = held.remove(at: Int.random(in: 0..<held.count, using: &random))
        if random.hits(oneIn: 3) {
            try await batch.release()
        } else {
            let items = try await batch.items
            try await batch.succeed()
            for item in items { done[item.uid ?? "", default: 0] += 1 }
        }
    }

    /// Forgets a batch, so that its lease ends.
    private mutating func kill() async throws {
        guard !held.isEmpty else { return }
        held = []
        bench.clock.advance(by: .seconds(100_000))
    }
}
