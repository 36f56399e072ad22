import Foundation
import Tranche

/// Sixty-four workers in one process on one run, beside a hand-written minimum with one client.
struct Sharing {
    let database: BenchDatabase
    let options: Benchmark.Options

    private let rows = 1_000_000
    private let seconds = 4

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        let table = "items_\(rows)"
        try await database.makeItems(table, rows: rows)
        let limit = Limit(database, options)
        if !database.isSQLite { try await limit.makeYardstickTables() }
        for weight in [10, 100] {
            var together: [Double] = []
            var apart: [Double] = []
            var yardstick: [Double] = []
            var longest: [Double] = []
            for _ in 0..<options.repeats {
                yardstick.append(try limit.minimum(weight: weight))
                let shared = try await measure(table, weight: weight, shares: true)
                together.append(shared.batchesPerSecond)
                longest.append(shared.longest)
                apart.append(
                    try await measure(table, weight: weight, shares: false).batchesPerSecond
                )
            }
            var line = Line("sharing", "64-workers-\(weight)-items", on: database.kind)
            line.add("batches_per_second", together.median)
            line.add("apart_per_second", apart.median)
            line.add("minimum_per_second", yardstick.median)
            line.add("ratio", zip(together, yardstick).map { $0 / $1 }.median)
            line.add("longest_acquire_p99_ms", longest.median * 1000)
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    private func measure(
        _ table: String,
        weight: Int,
        shares: Bool
    ) async throws -> (batchesPerSecond: Double, longest: Double) {
        try await database.dropInventory("sharing_inventory")
        let inventory = try await database.inventory(table: "sharing_inventory", shares: shares)
        let source = database.source(table)
        let clock = ContinuousClock()
        let start = clock.now
        let times = try await withThrowingTaskGroup(of: [Double].self) { group in
            for _ in 0..<64 {
                group.addTask {
                    var own: [Double] = []
                    let request = BatchRequest(
                        job: "sharing",
                        limit: BatchLimit(weight: Double(weight))
                    )
                    var began = clock.now
                    var answer = try await inventory.acquire(request, from: source)
                    while case .batch(let batch) = answer {
                        own.append((clock.now - began).seconds)
                        guard try await batch.items.count == batch.count else {
                            throw BenchError("batch \(batch.id) has other items")
                        }
                        began = clock.now
                        if began - start > .seconds(seconds) {
                            try await batch.succeed()
                            break
                        }
                        answer = try await batch.succeed(thenAcquire: request, from: source)
                    }
                    return own
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let elapsed = (clock.now - start).seconds
        await inventory.close()
        let sorted = times.sorted()
        return (
            Double(times.count) / elapsed,
            sorted.isEmpty ? 0 : sorted[Int(0.99 * Double(sorted.count - 1))]
        )
    }
}
