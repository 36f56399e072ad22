import Foundation
import Synchronization
import Tranche
import TrancheSQL

/// One worker with a parallelism and a budget beside one without, and eight jobs under one budget
/// beside one run.
struct Budgets {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let rows = 4_000_000
    private let seconds = 4
    private let inventory = "budgets_inventory"

    func run() async throws {
        let table = "items_\(rows)"
        try await database.makeItems(table, rows: rows)
        let source = database.source(table)
        let one = ["budgets"]
        let eight = (1...8).map { "budgets-\($0)" }
        try await compare(
            "1-worker",
            "without",
            { try await measure(source, one, workers: 1, isLimited: false) },
            "limited",
            { try await measure(source, one, workers: 1, isLimited: true) }
        )
        try await compare(
            "32-workers",
            "one_run",
            { try await measure(source, one, workers: 32, isLimited: false) },
            "eight_runs_of_a_budget",
            { try await measure(source, eight, workers: 32, isLimited: true) }
        )
        // How much of that is the budget's: eight runs share no transactions either way.
        try await compare(
            "32-workers-on-eight-runs",
            "without",
            { try await measure(source, eight, workers: 32, isLimited: false) },
            "of_a_budget",
            { try await measure(source, eight, workers: 32, isLimited: true) }
        )
        let batch = BatchLimit.weight(100)
        try await share(
            "shares-3-to-1",
            source,
            [(3, batch), (1, batch)],
            BudgetLimits(batches: 8)
        )
        let heavy = [(1.0, BatchLimit.weight(800)), (1.0, batch)]
        try await share("heavy-beside-light", source, heavy, BudgetLimits(weight: 1000))
    }

    /// Measures what two runs hold of a budget that both could use alone; each batch takes 20 ms.
    private func share(
        _ name: String,
        _ source: SQLSource,
        _ runs: [(share: Double, limit: BatchLimit)],
        _ limits: BudgetLimits
    ) async throws {
        var held: [[Double]] = [[], []]
        for _ in 0..<options.repeats {
            let weights = try await measure(source, runs, limits)
            for place in 0..<2 { held[place].append(weights[place]) }
        }
        var line = Line("budgets", name, on: database.kind)
        line.add("first_held", held[0].median)
        line.add("second_held", held[1].median)
        line.add("ratio", zip(held[0], held[1]).map { $0 / $1 }.median)
        let all = limits.weight ?? limits.batches.map { Double($0) * 100 } ?? 1
        line.add("use", zip(held[0], held[1]).map { ($0 + $1) / all }.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// The weight that each run held in the mean.
    private func measure(
        _ source: SQLSource,
        _ runs: [(share: Double, limit: BatchLimit)],
        _ limits: BudgetLimits
    ) async throws -> [Double] {
        try await database.dropInventory(inventory)
        let inventory = try await database.inventory(table: inventory)
        try await inventory.setBudget("all", limits)
        let time = Duration.seconds(2 * seconds)
        let stop = StopSource()
        let weights = try await withThrowingTaskGroup(of: (Int, Double).self) { tasks in
            for (place, run) in runs.enumerated() {
                var request = BatchRequest(job: "share-\(place)", limit: run.limit)
                request.limits = RunLimits(budgets: ["all"], rank: BudgetRank(share: run.share))
                let weight = Mutex(0.0)
                let group = WorkerGroup(
                    inventory,
                    request,
                    from: source,
                    configuration: .init(slots: 8),
                    stop: stop,
                    handler: ClosureHandler { batch, _ in
                        try await Task.sleep(for: .milliseconds(20))
                        weight.withLock { $0 += batch.record.weight ?? 0 }
                    }
                )
                tasks.addTask {
                    _ = try await group.run()
                    return (place, weight.withLock { $0 })
                }
            }
            tasks.addTask {
                try await Task.sleep(for: time)
                stop.advance(to: .stopping)
                return (-1, 0)
            }
            return try await tasks.reduce(into: [0.0, 0.0]) { sums, part in
                if part.0 >= 0 { sums[part.0] = part.1 }
            }
        }
        await inventory.close()
        return weights.map { $0 * 0.02 / time.seconds }
    }

    /// Measures two ways by turns.
    private func compare(
        _ name: String,
        _ first: String,
        _ measureFirst: () async throws -> Double,
        _ second: String,
        _ measureSecond: () async throws -> Double
    ) async throws {
        var rates: (first: [Double], second: [Double]) = ([], [])
        for _ in 0..<options.repeats {
            rates.first.append(try await measureFirst())
            rates.second.append(try await measureSecond())
        }
        var line = Line("budgets", name, on: database.kind)
        line.add("\(first)_per_second", rates.first.median)
        line.add("\(second)_per_second", rates.second.median)
        line.add("ratio", zip(rates.second, rates.first).map { $0 / $1 }.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// Batches per second of workers that are spread over jobs.
    private func measure(
        _ source: SQLSource,
        _ jobs: [String],
        workers: Int,
        isLimited: Bool
    ) async throws -> Double {
        try await database.dropInventory(inventory)
        let inventory = try await database.inventory(table: inventory)
        if isLimited {
            try await inventory.setBudget("all", BudgetLimits(batches: 64, weight: 1_000_000))
            for job in jobs {
                guard
                    let batch = try await inventory.acquireBatch(
                        from: source,
                        job: job,
                        limit: .count(1)
                    )
                else { throw BenchError("there are no items") }
                try await batch.succeed()
                try await inventory.setParallelism(64, of: batch.record.key)
                try await inventory.setBudgets(["all"], of: batch.record.key)
            }
        }
        let limit = Duration.seconds(seconds)
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<workers {
                let job = jobs[number % jobs.count]
                group.addTask {
                    var loop = WorkLoop()
                    try await loop.runFused(inventory, source, job: job, for: limit)
                    return loop.times.count
                }
            }
            return try await group.reduce(0, +)
        }
        await inventory.close()
        return Double(counts) / Double(seconds)
    }
}
