import Tranche
import TrancheSQL

/// Whether an acquire costs the same whatever is held, or is stuck, beside it.
struct Crowded {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let rows = 4_000_000
    private let held = 10_000
    private let stored = 1_000_000
    private let stuck = 100_000
    private let seconds = 5
    private let table = "crowded_inventory"

    func run() async throws {
        try await database.makeItems("items_\(rows)", rows: rows)
        try await compareHeld("10000-in-flight", beside: false)
        if !database.isSQLite { try await compareHeld("10000-in-flight-beside", beside: true) }
        try await compareStuck("100000-stuck", every: .seconds(3600))
        try await compareStuck("100000-stuck-and-due", every: .seconds(1))
    }

    // MARK: - Held

    /// Times acquires with so many batches held, with a budget and without.
    ///
    /// - Parameters:
    ///   - name: The case.
    ///   - isBeside: Whether a transaction stays open meanwhile that has written.
    /// - Throws: What the acquires throw.
    private func compareHeld(_ name: String, beside isBeside: Bool) async throws {
        try await compare(name, ["without", "budget"]) { place in
            try await withHeld(isLimited: place == 1) { inventory in
                guard isBeside else { return try await time(inventory, for: seconds).median }
                return try await database.withOpenTransaction {
                    // What it costs grows with what has ended since it began.
                    _ = try await time(inventory, for: 50)
                    return try await time(inventory, for: 10).median
                }
            }
        }
    }

    private func withHeld(
        isLimited: Bool,
        _ body: (Inventory) async throws -> Double
    ) async throws -> Double {
        try await database.dropInventory(table)
        let inventory = try await database.inventory(table: table)
        var request = BatchRequest(job: "crowded", limit: .count(1))
        request.policy.lease = .seconds(7200)
        if isLimited {
            try await inventory.setBudget("all", BudgetLimits(batches: 20_000))
            request.limits = RunLimits(budgets: ["all"])
        }
        let source = database.source("items_\(rows)")
        let batches = try await inventory.acquireBatches(count: held, request, from: source)
        guard batches.count == held else { throw BenchError("\(batches.count) are held") }
        try await database.storeBatches(stored, in: table)
        let result = try await body(inventory)
        await inventory.close()
        return result
    }

    // MARK: - Stuck

    /// Times acquires of new batches with so many stuck ones beside, with as many that succeeded,
    /// and with none.
    ///
    /// - Parameters:
    ///   - name: The case.
    ///   - time: After how long stuck ones are tried again.
    /// - Throws: What the acquires throw.
    private func compareStuck(_ name: String, every time: Duration) async throws {
        try await compare(name, ["without", "succeeded", "stuck"]) { place in
            try await database.dropInventory(table)
            let inventory = try await database.inventory(table: table)
            var request = BatchRequest(job: "crowded", limit: .count(1))
            request.policy = RunPolicy(maxAttempts: 1, extendedRetries: time)
            let source = database.source("items_\(rows)")
            let count = place == 0 ? 0 : stuck
            for _ in 0..<count / 10_000 {
                let batches = try await inventory.acquireBatches(
                    count: 10_000,
                    request,
                    from: source
                )
                try await Self.each(batches) { batch in
                    if place == 1 { try await batch.succeed() } else { try await Self.fail(batch) }
                }
            }
            if count == 0 { _ = try await inventory.acquire(request, from: source) }
            let result = try await self.time(inventory, for: seconds).median
            await inventory.close()
            return result
        }
    }

    /// Fails a batch with words of its own: many that fail alike are an outage, which holds the
    /// run.
    private static func fail(_ batch: Batch) async throws {
        let word = String(batch.id).utf8.map { Character(Unicode.Scalar($0 + 49)) }
        try await batch.fail("no luck with \(String(word))")
    }

    private static func each(
        _ batches: [Batch],
        _ end: @escaping @Sendable (Batch) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for first in 0..<64 {
                tasks.addTask {
                    for place in stride(from: first, to: batches.count, by: 64) {
                        try await end(batches[place])
                    }
                }
            }
            try await tasks.waitForAll()
        }
    }

    // MARK: - Measuring

    /// The seconds that each acquire of a new batch and its success took.
    private func time(_ inventory: Inventory, for seconds: Int) async throws -> [Double] {
        let source = database.source("items_\(rows)")
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Double] = []
        while clock.now - start < .seconds(seconds) {
            let began = clock.now
            let request = BatchRequest(job: "crowded", limit: .count(10))
            guard case .batch(let batch) = try await inventory.acquire(request, from: source)
            else { throw BenchError("there are no items") }
            try await batch.succeed()
            if batch.attempt == 1 { times.append((clock.now - began).seconds) }
        }
        return times
    }

    /// Measures ways by turns, and prints the medians, and the ratios of the last to the others.
    private func compare(
        _ name: String,
        _ ways: [String],
        _ measure: (Int) async throws -> Double
    ) async throws {
        var times: [[Double]] = ways.map { _ in [] }
        for _ in 0..<options.repeats {
            for place in ways.indices { times[place].append(try await measure(place)) }
        }
        var line = Line("crowded", name, on: database.kind)
        for (way, times) in zip(ways, times) { line.add("\(way)_ms", times.median * 1000) }
        let last = times[ways.count - 1]
        for (way, times) in zip(ways, times).dropLast() {
            line.add("ratio_to_\(way)", zip(last, times).map { $0 / $1 }.median)
        }
        line.add("repeats", options.repeats)
        line.print()
    }
}
