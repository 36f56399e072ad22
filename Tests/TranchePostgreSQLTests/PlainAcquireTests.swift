import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "Acquires on which the server decides",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct PlainAcquireTests {
    private static let request = BatchRequest(job: "job", limit: BatchLimit(count: 4))

    @Test("Success and next under budgets are one round trip, and what is full is found in it")
    func budgets() async throws {
        try await withProxiedInventory(decidesItself: true) { _, inventory, source, proxy in
            var batch = try await begin(inventory, source)
            let key = batch.record.key
            try await inventory.setBudget("shared", BudgetLimits(batches: 8, weight: 10_000))
            try await inventory.setParallelism(8, of: key)
            try await inventory.setBudgets(["shared"], of: key)
            // The first finds out that there is a budget, and that it has room.
            var before = 0
            for _ in 0..<3 {
                before = proxy.requests.count
                batch = try await next(batch, source)
            }
            let requests = Array(proxy.requests[before...])
            #expect(requests.count { $0.contains { $0.contains("tranche_place") } } == 1)
            #expect(!requests.joined().contains("COMMIT"), "\(requests)")
            var held = try await inventory.budgets(of: key).map(\.held)
            #expect(held.map(\.batches) == [1, 1])
            #expect(held.map(\.weight) == [batch.weight, batch.weight])
            let other = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            )
            try await inventory.setBudget("shared", BudgetLimits(batches: 1))
            // One ends, and the other is still held.
            let answer = try await batch.succeed(thenAcquire: Self.request, from: source)
            guard case .noBatch(.limited("shared", _)) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(try await inventory.batch(batch.id).status == .succeeded)
            held = try await inventory.budgets(of: key).map(\.held)
            #expect(held.map(\.batches) == [1, 1])
            _ = try await next(other, source)
        }
    }

    private func next(_ batch: Batch, _ source: SQLSource) async throws -> Batch {
        let answer = try await batch.succeed(thenAcquire: Self.request, from: source)
        guard case .batch(let next) = answer else {
            throw TrancheError(.unknownBatch, "\(answer)")
        }
        return next
    }

    /// Acquires as often as it takes until the next one is taken for a plain one.
    private func begin(_ inventory: Inventory, _ source: SQLSource) async throws -> Batch {
        for _ in 0..<2 {
            let batch = try #require(
                try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
            )
            try await batch.succeed()
        }
        return try #require(
            try await inventory.acquireBatch(from: source, job: "job", limit: .count(4))
        )
    }

    @Test("Success and next are one round trip and one transaction")
    func oneRoundTrip() async throws {
        try await withProxiedInventory(decidesItself: true) { database, inventory, source, proxy in
            let first = try await begin(inventory, source)
            let before = proxy.requests.count
            let answer = try await first.succeed(
                result: ["n": 4],
                logging: "fine",
                thenAcquire: Self.request,
                from: source
            )
            guard case .batch(let second) = answer else {
                Issue.record("\(answer)")
                return
            }
            let requests = Array(proxy.requests[before...])
            #expect(requests.count == 1, "\(requests)")
            #expect(second.ids == 13...16)
            #expect(try await second.items.map(\.item) == (13...16).map { .text("item \($0)") })
            #expect(proxy.requests.count == before + 1)
            let records = try await inventory.store.batches(BatchSelection())
            let ended = try #require(records.first { $0.id == first.id })
            #expect(ended.status == .succeeded)
            #expect(ended.result.map { $0.contains("4") } == true)
            #expect(ended.logging == "fine")
            let started = try #require(records.first { $0.id == second.id })
            #expect(started == second.record)
            #expect(started.weight == 58)
            #expect(started.coverStart == 12)
            #expect(try await inventory.store.attempts(of: first.id).map(\.outcome) == [.succeeded])
        }
    }

    @Test("A success that wrote something is no exception")
    func output() async throws {
        try await withProxiedInventory(decidesItself: true) { _, inventory, source, proxy in
            let first = try await begin(inventory, source)
            let output = AttemptOutput(standardError: "a warning\n", standardOutput: "")
            let ending = AttemptSuccess(
                first.holding,
                result: nil,
                logging: nil,
                output: output
            )
            let before = proxy.requests.count
            _ = try await inventory.acquire(
                Self.request,
                from: source,
                isDraining: false,
                after: Batch.Done(first, ending)
            )
            #expect(proxy.requests.count == before + 1)
            #expect(try await inventory.store.output(of: first.id, attempt: 1) == output)
        }
    }

    @Test("Where the server is near, the program decides")
    func near() async throws {
        try await withProxiedInventory(decidesItself: false) { _, inventory, source, proxy in
            let first = try await begin(inventory, source)
            let before = proxy.requests.count
            _ = try await first.succeed(thenAcquire: Self.request, from: source)
            #expect(!proxy.requests[before].contains { $0.contains("tranche_place") })
            #expect(proxy.requests.count == before + 2)
        }
    }

    @Test("A batch that was lost ends nothing, and none is handed out")
    func lost() async throws {
        try await withProxiedInventory(decidesItself: true) { database, inventory, source, _ in
            let lost = try await begin(inventory, source)
            try await database.run(
                "UPDATE \(database.name("inventory").quoted) SET attempt = 2 WHERE id = \(lost.id);"
            )
            let before = try await inventory.store.batches(BatchSelection())
            let error = await #expect(throws: TrancheError.self) {
                _ = try await lost.succeed(thenAcquire: Self.request, from: source)
            }
            #expect(error?.code == .batchLost)
            #expect(try await inventory.store.batches(BatchSelection()) == before)
        }
    }

    @Test("One whose answer was lost did both once", arguments: [false, true])
    func lostAnswer(isEnding: Bool) async throws {
        try await withProxiedInventory(decidesItself: true) { _, inventory, source, proxy in
            let first = try await begin(inventory, source)
            if !isEnding { try await first.succeed() }
            proxy.cutNext { texts in texts.contains { $0.contains("tranche_place") } }
            let answer =
                isEnding
                ? try await first.succeed(thenAcquire: Self.request, from: source)
                : try await inventory.acquire(Self.request, from: source)
            guard case .batch(let second) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(proxy.cuts == 1)
            #expect(second.ids == 13...16)
            let records = try await inventory.store.batches(BatchSelection())
            #expect(records.map(\.id) == [second.id, first.id, first.id - 1, first.id - 2])
            #expect(records.first { $0.id == first.id }?.status == .succeeded)
        }
    }

    @Test("What has ended is recorded though the server declines")
    func declined() async throws {
        try await withProxiedInventory(decidesItself: true) { database, inventory, source, proxy in
            let first = try await begin(inventory, source)
            try await database.run("DELETE FROM \(database.prefix)item WHERE id = 14;")
            let before = proxy.requests.count
            let answer = try await first.succeed(thenAcquire: Self.request, from: source)
            guard case .batch(let second) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(proxy.requests[before].contains { $0.contains("tranche_place") })
            #expect(second.record.ids.map { Array($0.ids) } == [13, 15, 16, 17])
            let attempts = try await inventory.store.attempts(of: first.id)
            #expect(attempts.map(\.outcome) == [.succeeded])
            // It was wrong once, and is not tried again at once.
            let next = proxy.requests.count
            _ = try await second.succeed(thenAcquire: Self.request, from: source)
            #expect(!proxy.requests[next].contains { $0.contains("tranche_place") })
        }
    }

    @Test("An id that somebody may still commit is waited for")
    func unsettled() async throws {
        try await withProxiedInventory(items: 40, decidesItself: true) {
            database,
            inventory,
            source,
            proxy in
            let first = try await begin(inventory, source)
            let table = database.name("item")
            let server = try #require(TestPostgreSQL.server)
            let writer = try server.database(maxConnections: 1)
            let before = proxy.requests.count
            let row: SQLStatement = "INSERT INTO \(table) VALUES (41, 'late', 1)"
            try await writer.withTransaction([row]) { connection, _ in
                _ = try await database.database.write([
                    "INSERT INTO \(table) SELECT i, 'item', 1 FROM generate_series(42, 100) AS i"
                ])
                let request = BatchRequest(job: "job", limit: BatchLimit(count: 50))
                let answer = try await first.succeed(thenAcquire: request, from: source)
                guard case .batch(let second) = answer else {
                    Issue.record("\(answer)")
                    return
                }
                #expect(second.ids == 13...40)
                try await connection.rollback()
            }
            await writer.close()
            #expect(proxy.requests[before].contains { $0.contains("tranche_place") })
        }
    }

    @Test(
        "What it hands out is what is handed out without it",
        .timeLimit(.minutes(Rounds.limit(usually: 10))),
        arguments: [false, true]
    )
    func twins(underBudgets isLimited: Bool) async throws {
        let rounds = Rounds("the same acquires, decided by the server and by the program")
        try await rounds.run { seed in
            var counts = (tried: 0, kept: 0)
            try await withTestDatabase(.postgreSQL) { database in
                var twins = try await Twins(database, seed: seed, isLimited: isLimited)
                counts = try await twins.run(steps: 200)
            }
            #expect(counts.kept > 10, "seed \(seed)")
            return "\(counts.kept) of \(counts.tried) plain"
        }
    }
}

/// Two inventories over one source that are asked the same; the server decides for the first where
/// it can.
private struct Twins {
    private let database: TestDatabase
    /// Whether the run has budgets, which change.
    private let isLimited: Bool
    private let clock = ManualClock()
    private let proxy: PostgreSQLProxy
    private let inventories: [Inventory]
    private let source: SQLSource
    private var random: SplitMix64
    private var held: [[Batch]] = []
    private var last: Int64 = 300
    /// How many acquires were taken for plain ones, and how many were.
    private var counts = (tried: 0, kept: 0)

    init(_ database: TestDatabase, seed: UInt64, isLimited: Bool) async throws {
        self.database = database
        self.isLimited = isLimited
        random = SplitMix64(seed: seed)
        let url: String
        (proxy, url) = try PostgreSQLProxy.before(database)
        source = SQLSource(database.prefix + "item", uid: "id")
        try await database.run(
            """
            CREATE TABLE \(database.prefix)item (
                id bigint PRIMARY KEY, item text, weight double precision
            );
            INSERT INTO \(database.prefix)item
            SELECT i, 'item ' || i, \(Self.weight("i")) FROM generate_series(1, 300) AS i;
            """
        )
        var made: [Inventory] = []
        for (table, decides) in [("inventory", true), ("other", false)] {
            try await database.migrateUp(table: table)
            let clock = clock
            let store = database.configuration(table: table, decidesItself: decides) {
                clock.date
            }
            var configuration = Inventory.Configuration(
                store: store,
                worker: "worker",
                clock: clock
            )
            configuration.auditsWhileWorking = false
            made.append(
                try await Inventory.open(
                    .postgres(decides ? url : database.address),
                    configuration: configuration
                )
            )
        }
        inventories = made
    }

    /// Weights of all kinds, also such as are none and too large to add up.
    private static func weight(_ id: String) -> String {
        """
        (ARRAY[0.1, 0.5, 0.5, 1, 1.5, 2, 3.5, NULL, NULL, 0, 1.7e308])[
            CASE WHEN \(id) IN (150, 151) THEN 11 ELSE 1 + abs(hashint8(\(id))) % 10 END
        ]
        """
    }

    /// Makes steps, and compares all answers, and in the end all that is recorded.
    mutating func run(steps: Int) async throws -> (tried: Int, kept: Int) {
        for step in 0..<steps {
            if isLimited, step % 20 == 1 { try await limit() }
            try await makeStep()
        }
        var recorded: [[String]] = []
        for inventory in inventories {
            let batches = try await inventory.store.batches(BatchSelection())
            let runs = try await inventory.store.runs(RunSelection())
            recorded.append(
                batches.map(Self.text) + runs.map { "\($0.cursor ?? 0) \($0.tileEnd ?? 0)" }
            )
        }
        #expect(recorded[0] == recorded[1])
        for inventory in inventories { await inventory.close() }
        proxy.stop()
        return counts
    }

    private mutating func makeStep() async throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<80: try await acquire()
        case 80..<86:
            guard !held.isEmpty else { return }
            let pair = held.remove(at: Int.random(in: held.indices, using: &random))
            let isReleased = Bool.random(using: &random)
            try await both { number in
                let batch = pair[number]
                return Self.text(
                    try await isReleased ? batch.release() : batch.fail("no")
                )
            }
        case 86..<90: clock.advance(by: .seconds(Int.random(in: 1...40, using: &random)))
        case 90..<92:
            let gone = last - Int64.random(in: 0..<200, using: &random)
            try await database.run("DELETE FROM \(database.prefix)item WHERE id = \(gone);")
        case 92..<97:
            let first = last + Int64.random(in: 4...8, using: &random) / 4
            last = first + Int64.random(in: 0..<20, using: &random)
            try await database.run(
                """
                INSERT INTO \(database.prefix)item
                SELECT i, 'item ' || i, \(Self.weight("i")) FROM generate_series(\(first), \(last)) AS i;
                """
            )
        default:
            for reason in ["tea", nil] {
                try await both { number in
                    let store = inventories[number].store
                    guard let run = try await store.runs(RunSelection()).first else { return "" }
                    try await store.setPause(reason, of: run.key)
                    return "done"
                }
                if reason != nil { try await acquire() }
            }
        }
    }

    /// Gives the run other limits; mostly such that leave room.
    private mutating func limit() async throws {
        let parallelism = [nil, 4, 30, 60].randomElement(using: &random) ?? nil
        let batches = [nil, 3, 40].randomElement(using: &random) ?? nil
        let limits = BudgetLimits(
            batches: batches,
            weight: batches == nil ? 400 : [nil, 30, 400].randomElement(using: &random) ?? nil
        )
        let names = Int.random(in: 0..<6, using: &random) == 0 ? [] : ["shared"]
        try await both { number in
            let inventory = inventories[number]
            try await inventory.setBudget("shared", limits)
            guard let run = try await inventory.store.runs(RunSelection()).first else { return "" }
            try await inventory.setParallelism(parallelism, of: run.key)
            try await inventory.setBudgets(names, of: run.key)
            return "\(try await inventory.budgets(of: run.key).map(\.held))"
        }
    }

    private mutating func acquire() async throws {
        var limit = BatchLimit(
            weight: [nil, 3.5, 10].randomElement(using: &random) ?? nil,
            count: [nil, 2, 5].randomElement(using: &random) ?? nil
        )
        if limit.weight == nil, limit.count == nil { limit.count = 3 }
        let request = BatchRequest(job: "job", limit: limit)
        let done =
            held.isEmpty || Int.random(in: 0..<5, using: &random) == 0 ? nil : held.removeLast()
        var pair: [Batch] = []
        let before = proxy.requests.count
        try await both { number in
            let inventory = inventories[number]
            let answer =
                if let done {
                    try await done[number].succeed(
                        result: ["n": 1],
                        thenAcquire: request,
                        from: source
                    )
                } else {
                    try await inventory.acquire(request, from: source)
                }
            switch answer {
            case .noBatch(let reason): return "\(reason)"
            case .batch(let batch):
                pair.append(batch)
                return Self.text(batch.record) + "\(try await batch.items)"
            }
        }
        if pair.count == 2 { held.append(pair) }
        let requests = proxy.requests[before...]
        let isTried = requests.first?.contains { $0.contains("tranche_place") } == true
        if isTried { counts.tried += 1 }
        if isTried, requests.count == 1 { counts.kept += 1 }
    }

    /// Asks both, and compares their answers.
    private func both(_ ask: (_ number: Int) async throws -> String) async throws {
        var answers: [String] = []
        for number in 0..<2 {
            do {
                answers.append(try await ask(number))
            } catch let error as TrancheError {
                answers.append("\(error.code)")
            }
        }
        try #require(answers[0] == answers[1])
    }

    private static func text(_ record: BatchRecord) -> String {
        "\(record)"
    }
}
