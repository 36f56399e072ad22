import Synchronization
import Tranche

extension ConformanceCase {
    /// Batches of one key each, and how many of one are held.
    static let keys: [ConformanceCase] = keyBorders + keyLimits + keyOrder + keyChanges

    // MARK: - Borders

    private static let keyBorders: [ConformanceCase] = [
        ConformanceCase("A batch ends before the first item of another key") { subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "b", "b", "a"])
            let request = BatchRequest(job: "job", limit: .count(2))
            var taken: [String] = []
            while case .batch(let batch) = try await bench.acquire(request) {
                taken.append("\(batch.record.itemKey ?? "NULL") \(try bench.ids(batch))")
                try await batch.succeed()
            }
            try requireEqual(taken, ["a [1, 2]", "a [3]", "b [4, 5]", "a [6]"], "the batches")
        },
        ConformanceCase("NULL is a key of its own, and so is each spelling") { subject in
            // The last two read alike, and are other bytes.
            let keys: [String?] = ["a", nil, nil, "", "A", "\u{e9}", "e\u{301}"]
            let bench = try await Bench(subject, keys: keys)
            let request = BatchRequest(job: "job", limits: RunLimits(perKey: 1))
            var held: [Batch] = []
            for _ in 0..<6 { held.append(try await bench.take(request)) }
            let ids = try held.map { try bench.ids($0) }
            try requireEqual(ids, [[1], [2, 3], [4], [5], [6], [7]], "the batches")
            try requireEqual(
                try await bench.inventory.batches(BatchSelection()).reversed().map(\.itemKey),
                ["a", nil, "", "A", "\u{e9}", "e\u{301}"],
                "their keys"
            )
            try await bench.source.insert([SourceRow(8, key: nil)])
            try await bench.requireLimited(byKey: nil, request)
            try await held[1].succeed()
            try requireEqual(try bench.ids(try await bench.take(request)), [8], "of NULL")
        },
        ConformanceCase("Without a key column nothing is cut, and no batch has a key") { subject in
            let bench = try await Bench(subject, keys: ["a", "b", nil])
            let plain = bench.source.describe(hasWeights: true, filter: nil)
            let batch = try await bench.take(BatchRequest(job: "job"), from: plain)
            try requireEqual(try bench.ids(batch), [1, 2, 3], "the ids")
            try requireEqual(try await bench.record(batch).itemKey, nil, "the key")
            try await requireRefused(.invalidArgument, "a limit per key") {
                try await bench.inventory.setPerKey(1, of: batch.record.key)
            }
            try await requireRefused(.invalidArgument, "a run that begins with one") {
                let limits = RunLimits(perKey: 1)
                _ = try await bench.take(BatchRequest(job: "other", limits: limits), from: plain)
            }
        },
        ConformanceCase("A key cuts what a filter leaves in, several batches at once, backfills") {
            subject in
            let keys = ["a", "b", "a", "a", "b", "b", "b", "c"]
            let bench = try await Bench(subject, keys: keys, filter: .even)
            let answer = try await bench.inventory.acquire(
                upTo: 3,
                BatchRequest(job: "job"),
                from: bench.description
            )
            try requireEqual(
                try answer.batches.map { try bench.ids($0) },
                [[2], [4], [6]],
                "three at once"
            )
            let run = BatchRequest(job: "job", run: "again", ids: IDBounds(4...8))
            let back = try await bench.take(run)
            try requireEqual(try bench.ids(back), [4], "the backfill's")
            try requireEqual(back.record.itemKey, "a", "its key")
        },
        ConformanceCase("A cut at a border is a batch, however little it weighs") { subject in
            let bench = try await Bench(subject, keys: ["a", "b"])
            var request = BatchRequest(job: "job", minWeight: 5, linger: .seconds(60))
            try requireEqual(try bench.ids(try await bench.take(request)), [1], "before a border")
            guard case .waiting = try await bench.takeNone(request) else {
                throw ConformanceFailure("what may still grow is handed out")
            }
            request.minWeight = nil
            request.linger = .zero
            try requireEqual(try bench.ids(try await bench.take(request)), [2], "the last")
        },
        ConformanceCase("A run refuses another key than it was begun with, and names both") {
            subject in
            let bench = try await Bench(subject, keys: ["a"])
            try await bench.take(BatchRequest(job: "job")).succeed()
            let plain = bench.source.describe(hasWeights: true, filter: nil)
            do {
                _ = try await bench.takeNone(from: plain)
                throw ConformanceFailure("it is not refused")
            } catch let error as TrancheError where error.code == .redefined {
                try require(
                    error.message.contains("key column none instead of item"),
                    error.message
                )
            }
            let key = try await bench.key()
            let other = try await bench.inventory.source(plain).definition
            try await requireRefused(.invalidArgument, "to redefine it") {
                try await bench.store.redefine(
                    key,
                    definition: other,
                    bounds: nil,
                    policy: nil
                )
            }
            try requireEqual(try await bench.run().keyColumn, "item", "the column")
        },
    ]

    // MARK: - Limits

    private static let keyLimits: [ConformanceCase] = [
        ConformanceCase("Of a key so many batches are held, and a new one ends the search") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "b"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 2))
            let first = try await bench.take(request)
            _ = try await bench.take(request)
            // What comes behind it waits, too: the source's order is kept.
            try await bench.requireLimited(byKey: "a", request)
            let several = try await bench.inventory.acquire(
                upTo: 4,
                request,
                from: bench.description
            )
            try requireEqual(several.batches.count, 0, "of several")
            try await first.succeed()
            let two = try await bench.inventory.acquire(
                upTo: 4,
                request,
                from: bench.description
            )
            try requireEqual(try two.batches.map { try bench.ids($0) }, [[3], [4]], "the next")
        },
        ConformanceCase("Who asks for several batches gets as many of a key as may be held") {
            subject in
            let bench = try await Bench(subject, keys: Array(repeating: "a", count: 9))
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 3))
            for most in [3, 0] {
                let answer = try await bench.inventory.acquire(
                    upTo: 5,
                    request,
                    from: bench.description
                )
                try requireEqual(answer.batches.count, most, "how many")
            }
        },
        ConformanceCase("A success frees the place of its key for the acquire that goes with it") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 1))
            var batch = try await bench.take(request)
            for id in 2...3 as ClosedRange<Int64> {
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
        ConformanceCase("A dead worker's place of a key comes back when its lease ends") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 1))
            let lapsed = try await bench.take(request)
            try await bench.requireLimited(byKey: "a", request)
            bench.clock.advance(by: lapsed.lease + .seconds(1))
            let again = try await bench.take(request)
            try requireEqual(try bench.ids(again), [1], "what is handed out again")
            try await bench.requireLimited(byKey: "a", request)
            try await requireRefused(.batchLost, "a heartbeat of who lost the place") {
                try await lapsed.heartbeat()
            }
            try await again.heartbeat()
        },
        ConformanceCase("A late heartbeat is refused where its key is full without the batch") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "a"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 2))
            let first = try await bench.take(request)
            let second = try await bench.take(request)
            try await bench.inventory.setPerKey(1, of: first.record.key)
            bench.clock.advance(by: first.lease + .seconds(1))
            // Of those that nobody holds any more, one may be held again.
            let again = try await bench.take(request)
            try requireEqual(again.id, first.id, "what is handed out again")
            try await bench.requireLimited(byKey: "a", request)
            try await requireRefused(.batchLost, "a heartbeat of the other") {
                try await second.heartbeat()
            }
            try await again.succeed()
            try await second.heartbeat()
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("A heartbeat after the lease keeps a batch that has a place") { subject in
            let bench = try await Bench(subject, keys: ["a", "a", "b"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 1))
            let lapsed = try await bench.take(request)
            bench.clock.advance(by: lapsed.lease + .seconds(1))
            // Nobody has its place yet.
            try await lapsed.heartbeat()
            try await bench.requireLimited(byKey: "a", request)
            try await lapsed.succeed()
            try requireEqual(try bench.ids(try await bench.take(request)), [2], "the next")
        },
        ConformanceCase("Many at once never hold more of a key than allowed, and do all once") {
            subject in
            // In runs of five, so that several keys are held at once.
            let keys = (0..<60).map { ["a", "b", nil][$0 / 5 % 3] }
            let bench = try await Bench(subject, keys: keys)
            let held = HeldKeys()
            let description = bench.description
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { try await held.work(bench.inventory, description) }
                }
                try await group.waitForAll()
            }
            let (most, done) = held.counts
            try require(most <= 2, "\(most) batches of one key were held at once")
            try requireEqual(done, 60, "how many were done")
        },
        ConformanceCase("A batch that failed for good gives its key's place to the next at once") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a"])
            let policy = RunPolicy(maxAttempts: 1)
            var request = BatchRequest(job: "job", limit: .count(1), policy: policy)
            request.limits = RunLimits(perKey: 1)
            let lapsed = try await bench.take(request)
            bench.clock.advance(by: lapsed.lease + .seconds(1))
            try requireEqual(try bench.ids(try await bench.take(request)), [2], "the next")
            try requireEqual(try await bench.record(lapsed).status, .failed, "the first")
        },
    ]

    // MARK: - Order

    private static let keyOrder: [ConformanceCase] = [
        ConformanceCase("Due batches of a full key hold back none of another, however many") {
            subject in
            let count = 30
            let bench = try await Bench(subject, keys: Array(repeating: "a", count: count) + ["b"])
            let request = BatchRequest(job: "job", limit: .count(1))
            var held: [Batch] = []
            for _ in 0...count { held.append(try await bench.take(request)) }
            try await bench.inventory.setPerKey(1, of: try await bench.key())
            for batch in held.dropFirst() {
                bench.clock.advance(by: .milliseconds(1))
                try await batch.release()
            }
            let other = try await bench.take(request)
            try requireEqual(other.record.itemKey, "b", "what is handed out")
            try await bench.requireLimited(byKey: "a", request)
            try await held[0].succeed()
            try requireEqual(try bench.ids(try await bench.take(request)), [2], "of a, in order")
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("Batches of a full key whose leases ended hold back none of another") {
            subject in
            let count = 25
            let bench = try await Bench(subject, keys: Array(repeating: "a", count: count) + ["b"])
            let request = BatchRequest(job: "job", limit: .count(1))
            var held: [Batch] = []
            for _ in 0...count { held.append(try await bench.take(request)) }
            try await bench.inventory.setPerKey(1, of: try await bench.key())
            bench.clock.advance(by: held[0].lease + .seconds(1))
            for id in [1, Int64(count + 1)] {
                try requireEqual(try bench.ids(try await bench.take(request)), [id], "the next")
            }
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("A due batch of a full key holds back no new one of another") { subject in
            let bench = try await Bench(subject, keys: ["a", "a", "b"])
            let request = BatchRequest(job: "job", limit: .count(1))
            _ = try await bench.take(request)
            let second = try await bench.take(request)
            try await bench.inventory.setPerKey(1, of: try await bench.key())
            try await second.release()
            try requireEqual(try bench.ids(try await bench.take(request)), [3], "the new one")
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("A late batch waits for its key, and holds back none of another") {
            subject in
            let rows = [(1, "a"), (2, "a"), (5, "c"), (6, "d")].map {
                SourceRow(Int64($0.0), key: $0.1)
            }
            let bench = try await Bench(subject, rows, hasKeys: true)
            let policy = RunPolicy(lease: .seconds(600))
            var request = BatchRequest(job: "job", limit: .count(2), policy: policy)
            request.limits = RunLimits(perKey: 1)
            let first = try await bench.take(request)
            try requireEqual(try bench.ids(first), [1, 2], "the first")
            let second = try await bench.take(request)
            try requireEqual(try bench.ids(second), [5], "the second")
            try await bench.source.insert([SourceRow(3, key: "a"), SourceRow(4, key: "b")])
            bench.clock.advance(by: .seconds(120))
            let late = try await bench.take(request)
            try requireEqual(late.kind, .late, "the kind")
            try requireEqual(try bench.ids(late), [4], "of the key that is free")
            try requireEqual(late.record.itemKey, "b", "its key")
            try requireEqual(try bench.ids(try await bench.take(request)), [6], "the new one")
            try await bench.requireLimited(byKey: "a", request)
            try await first.succeed()
            let last = try await bench.take(request)
            try requireEqual(try bench.ids(last), [3], "once there is room")
            try requireEqual(last.record.itemKey, "a", "its key")
        },
        ConformanceCase("The parts of a batch, and what is made of it again, keep its key") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "a"])
            let request = BatchRequest(job: "job", limit: .count(4), limits: RunLimits(perKey: 1))
            let batch = try await bench.take(request)
            try await batch.fail("bad", badItems: [2])
            let rest = try await bench.take(request)
            try requireEqual(try bench.ids(rest), [1, 3, 4], "what is left of it")
            try requireEqual(rest.record.itemKey, "a", "its key")
            _ = try await bench.store.redrive(BatchSelection(), items: nil)
            try await bench.requireLimited(byKey: "a", request)
            try await rest.succeed()
            let again = try await bench.take(request)
            try requireEqual(again.kind, .redrive, "the kind")
            try requireEqual(again.record.itemKey, "a", "the key of what was bad")
        },
        ConformanceCase("The halves of a batch that failed are let in one by one") { subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "a", "b"])
            let policy = RunPolicy(maxAttempts: 1, onExhausted: .split)
            var request = BatchRequest(job: "job", limit: .count(4), policy: policy)
            request.limits = RunLimits(perKey: 1)
            let whole = try await bench.take(request)
            try await whole.fail("no")
            let half = try await bench.take(request)
            try requireEqual(half.kind, .split, "the kind")
            try requireEqual(half.record.itemKey, "a", "its key")
            let other = try await bench.take(request)
            try requireEqual(other.record.itemKey, "b", "what is handed out beside it")
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("Stuck batches of a full key hold back none of another") { subject in
            let bench = try await Bench(subject, keys: ["a", "b", "a"])
            let policy = RunPolicy(
                lease: .seconds(600),
                maxAttempts: 1,
                extendedRetries: .seconds(60)
            )
            var request = BatchRequest(job: "job", limit: .count(1), policy: policy)
            request.limits = RunLimits(perKey: 1)
            for _ in 0..<2 { try await bench.take(request).fail("no") }
            let held = try await bench.take(request)
            bench.clock.advance(by: .seconds(61))
            try requireEqual(try bench.ids(try await bench.take(request)), [2], "of b")
            guard case .waiting = try await bench.takeNone(request) else {
                throw ConformanceFailure("it does not wait for what is held")
            }
            try await held.succeed()
            try requireEqual(try bench.ids(try await bench.take(request)), [1], "of a")
        },
    ]

    // MARK: - Changes

    private static let keyChanges: [ConformanceCase] = [
        ConformanceCase("How many of a key may be held is changed, and each change is kept") {
            subject in
            let bench = try await Bench(subject, keys: ["a", "a", "a", "a"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 1))
            _ = try await bench.take(request)
            let key = try await bench.key()
            try requireEqual(try await bench.run().perKey, 1, "from its beginning")
            try await bench.inventory.setPerKey(2, of: key, reason: "the night")
            _ = try await bench.take(request)
            try await bench.requireLimited(byKey: "a", request)
            // What is held already is not taken back.
            try await bench.inventory.setPerKey(1, of: key)
            try await bench.requireLimited(byKey: "a", request)
            try await bench.inventory.setPerKey(nil, of: key)
            for _ in 0..<2 { _ = try await bench.take(request) }
            // Said again, it is no change.
            try await bench.inventory.setPerKey(nil, of: key)
            let changes = try await bench.inventory.changes(.of(.run(key)))
            try requireEqual(changes.map(\.what), Array(repeating: "per key", count: 4), "what")
            try requireEqual(changes.map(\.new), [nil, "1", "2", "1"], "the latest first")
            try requireEqual(changes.map(\.old), ["1", "2", "1", nil], "what it was")
            try await requireRefused(.invalidArgument, "none at all") {
                try await bench.inventory.setPerKey(0, of: key)
            }
            let unknown = RunKey(metaTable: key.metaTable, job: "other", run: "")
            try await requireRefused(.unknownRun, "another run") {
                try await bench.inventory.setPerKey(1, of: unknown)
            }
        },
        ConformanceCase("A run that begins anew keeps its key and its limit") { subject in
            let bench = try await Bench(subject, keys: ["a", "a"])
            let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 1))
            try await bench.take(request).succeed()
            _ = try await bench.inventory.restart(try await bench.key(), from: bench.description)
            try requireEqual(try bench.ids(try await bench.take(request)), [1], "the first")
            try await bench.requireLimited(byKey: "a", request)
        },
        ConformanceCase("A budget's refusal, and a key's, are told apart") { subject in
            let bench = try await Bench(subject, keys: ["a", "a", "b"])
            var request = BatchRequest(job: "job", limit: .count(1))
            request.limits = RunLimits(parallelism: 1, perKey: 1)
            let first = try await bench.take(request)
            try await bench.requireLimited(byKey: "a", request)
            try await bench.inventory.setPerKey(2, of: first.record.key)
            try await bench.requireLimited(by: "parallelism")
        },
    ]
}

extension Bench {
    /// Makes a bench whose items have these keys, from id 1 on.
    init(_ subject: ConformanceSubject, keys: [String?], filter: SourceFilter? = nil) async throws {
        let rows = keys.enumerated().map { SourceRow(Int64($0.offset) + 1, key: $0.element) }
        try await self.init(subject, rows, filter: filter, hasKeys: true)
    }

    fileprivate func acquire(_ request: BatchRequest) async throws -> Acquired {
        try await inventory.acquire(request, from: description)
    }

    /// Fails where a batch is handed out, or another reason is given than that a key is full.
    fileprivate func requireLimited(byKey key: String?, _ request: BatchRequest) async throws {
        let word = "key " + (key.map { "'\($0)'" } ?? "NULL")
        let reason = try await takeNone(request)
        try requireEqual(reason, .limited(by: word, until: nil), "the reason")
    }
}

extension SourceRow {
    /// A row whose payload is its key.
    init(_ id: Int64, key: String?, weight: Double? = 1) {
        self.init(id, item: "", weight: weight)
        item = key
    }
}

extension BatchRequest {
    /// A request that limits the run from its beginning.
    fileprivate init(job: String, limit: BatchLimit = BatchLimit(), limits: RunLimits?) {
        self.init(job: job, limit: limit)
        self.limits = limits
    }
}

/// Counts what tasks hold at once of each key, and what was worked on.
private final class HeldKeys: Sendable {
    private let state = Mutex(State())

    private struct State {
        var now: [String?: Int] = [:]
        var most = 0
        var done: Set<Int64> = []
    }

    /// The most that were held at once of one key, and how many items were worked on.
    var counts: (most: Int, done: Int) { state.withLock { ($0.most, $0.done.count) } }

    /// Works on batches until there is none.
    func work(_ inventory: Inventory, _ source: any MetaSourceDescription) async throws {
        let request = BatchRequest(job: "job", limit: .count(1), limits: RunLimits(perKey: 2))
        while true {
            switch try await inventory.acquire(request, from: source) {
            case .batch(let batch):
                let key = batch.record.itemKey
                state.withLock { state in
                    state.now[key, default: 0] += 1
                    state.most = max(state.most, state.now[key, default: 0])
                }
                for _ in 0..<3 { await Task.yield() }
                let isNew = state.withLock { state in
                    state.now[key, default: 0] -= 1
                    return state.done.insert(batch.record.idStart).inserted
                }
                guard isNew else { throw ConformanceFailure("twice: \(batch)") }
                try await batch.succeed()
            case .noBatch(.limited), .noBatch(.waiting): await Task.yield()
            case .noBatch: return
            }
        }
    }
}
