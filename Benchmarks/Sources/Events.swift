import Foundation
import Synchronization
import Tranche
import TrancheOrchestrator
import TranchePostgreSQL
import TrancheSQL

/// How many events a second come from a log to a closure, and how soon after their commit.
struct Events {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let events = 200_000
    private let batch = 500
    private let table = "events_inventory"

    func run() async throws {
        try await rate("log", ofTable: false)
        guard !database.isSQLite else { return }
        try await rate("table", ofTable: true)
        try await latency("beside-16-writers", seconds: 20, isBesideLong: false)
        try await latency("beside-a-writer-of-30-s", seconds: 40, isBesideLong: true)
    }

    // MARK: - Rate

    /// Events a second, from the first that is kept to the last batch's recorded success.
    ///
    /// - Parameters:
    ///   - name: The case.
    ///   - isTable: Whether the events are rows of a table, and not kept by the program.
    /// - Throws: What the orchestrator throws.
    private func rate(_ name: String, ofTable isTable: Bool) async throws {
        var rates: [Double] = []
        for _ in 0..<options.repeats {
            rates.append(try await isTable ? rateOfTable() : rateOfLog())
        }
        var line = Line("events", "rate-of-a-\(name)", on: database.kind)
        line.add("events_per_s", rates.median)
        line.add("batch", batch)
        line.add("repeats", options.repeats)
        line.print()
    }

    private func rateOfLog() async throws -> Double {
        try await withInventory { inventory in
            let input = Producer(count: events, batch: batch)
            return try await measure(inventory, input)
        }
    }

    private func rateOfTable() async throws -> Double {
        try await withTables { input, tables in
            try await withInventory { inventory in
                async let rate = measure(inventory, input)
                for first in stride(from: 1, through: events, by: batch) {
                    _ = try await tables.write([
                        """
                        INSERT INTO bench_events
                        SELECT i FROM generate_series(\(first), \(first + batch - 1)) AS i
                        """
                    ])
                }
                return try await rate
            }
        }
    }

    /// Runs until all events have been given and recorded.
    private func measure(_ inventory: Inventory, _ input: any Input) async throws -> Double {
        let stop = StopSource()
        let done = Mutex(0)
        let events = events
        var configuration = Orchestrator.Configuration()
        configuration.onBatch = { _, report in
            guard case .succeeded = report.end else { return }
            let count = done.withLock { done in
                done += report.batch.count
                return done
            }
            if count >= events { stop.advance(to: .stopping) }
        }
        let orchestrator = Orchestrator(inventory, configuration: configuration, stop: stop)
        let seen = Mutex(0)
        try orchestrator.add(input)
        try orchestrator.add(
            ClosureProcess(
                "count",
                onBatches: { batch in
                    seen.withLock { $0 += batch.events.count }
                    return ProcessResult()
                }
            )
        )
        try orchestrator.link(Link(from: input.name, to: "count", limit: .count(batch)))
        let clock = ContinuousClock()
        let start = clock.now
        try await orchestrator.run()
        let count = seen.withLock { $0 }
        guard count == events else { throw BenchError("\(count) events were given") }
        return Double(events) / (clock.now - start).seconds
    }

    // MARK: - Latency

    /// The time from the commit of a row to the start of the closure on it.
    private func latency(
        _ name: String,
        seconds: Int,
        isBesideLong: Bool
    ) async throws {
        var medians: [Double] = []
        var worst: [Double] = []
        var count = 0
        for _ in 0..<options.repeats {
            let times = try await latencies(seconds: seconds, isBesideLong: isBesideLong).sorted()
            count += times.count
            medians.append(times.median)
            worst.append(times[times.count * 99 / 100])
        }
        var line = Line("events", "latency-\(name)", on: database.kind)
        line.add("p50_ms", medians.median * 1000)
        line.add("p99_ms", worst.median * 1000)
        line.add("events", count)
        line.add("repeats", options.repeats)
        line.print()
    }

    private func latencies(seconds: Int, isBesideLong: Bool) async throws -> [Double] {
        try await withTables { input, tables in
            try await withInventory { inventory in
                let times = CommitTimes()
                let stop = StopSource()
                let orchestrator = Orchestrator(inventory, stop: stop)
                try orchestrator.add(input)
                try orchestrator.add(ClosureProcess("note") { times.start($0.id) })
                try orchestrator.link(
                    Link(from: input.name, to: "note", limit: .count(100), workers: 4)
                )
                async let running: Void = orchestrator.run()
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    for writer in 1...16 {
                        tasks.addTask { try await write(writer, seconds, tables, times) }
                    }
                    if isBesideLong {
                        tasks.addTask {
                            try await tables.withTransaction([
                                "INSERT INTO bench_others VALUES (1)"
                            ]) { connection, _ in
                                try await Task.sleep(for: .seconds(30))
                                times.committed("1")
                                _ = try await connection.commit([])
                            }
                        }
                    }
                    try await tasks.waitForAll()
                }
                try await times.allStarted()
                stop.advance(to: .stopping)
                try await running
                return times.latencies(without: "1")
            }
        }
    }

    /// Runs transactions of 50 ms, one after the other.
    private func write(
        _ writer: Int,
        _ seconds: Int,
        _ tables: PostgreSQLDatabase,
        _ times: CommitTimes
    ) async throws {
        let clock = ContinuousClock()
        let end = clock.now + .seconds(seconds)
        var id = Int64(writer) * 1_000_000
        while clock.now < end {
            id += 1
            let key = id
            try await tables.withTransaction([
                "INSERT INTO bench_events VALUES (\(key))"
            ]) { connection, _ in
                try await Task.sleep(for: .milliseconds(50))
                times.committed("\(key)")
                _ = try await connection.commit([])
            }
        }
    }

    // MARK: - Databases

    private func withInventory<R>(_ body: (Inventory) async throws -> R) async throws -> R {
        try await database.dropInventory(table)
        let inventory = try await database.inventory(table: table)
        let result = try await body(inventory)
        await inventory.close()
        return result
    }

    /// Makes the tables, and what records them.
    private func withTables<R>(
        _ body: (PostgreSQLInput, PostgreSQLDatabase) async throws -> R
    ) async throws -> R {
        let input = try PostgreSQLInput(
            .init(
                name: "bench_events",
                tables: [OutboxTable("bench_events"), OutboxTable("bench_others")]
            ),
            url: database.place
        )
        if try await input.installation() != nil { try await input.remove() }
        try await database.run(
            """
            DROP TABLE IF EXISTS bench_events, bench_others;
            CREATE TABLE bench_events (id bigint PRIMARY KEY);
            CREATE TABLE bench_others (id bigint PRIMARY KEY);
            """
        )
        _ = try await input.install()
        let tables = try PostgreSQLDatabase(
            url: PostgreSQLURL(database.place),
            isReadOnly: false,
            lockTimeout: .seconds(60),
            maxConnections: 17
        )
        let result = try await body(input, tables)
        await tables.close()
        try await input.remove()
        return result
    }
}

/// Keeps events itself, as fast as they are taken.
private struct Producer: Input {
    let name = "bench"
    let count: Int
    let batch: Int

    func run(_ log: InputLog) async throws {
        for first in stride(from: 0, to: count, by: batch) {
            try await log.append(
                (first..<first + batch).map { number in
                    InputLog.Entry(
                        Event(location: "bench", operation: .create, id: "\(number)")
                    )
                }
            )
        }
        try await log.clock.sleep(for: .seconds(3600))
    }
}

/// When rows were committed, and when a closure began with them.
private final class CommitTimes: Sendable {
    private struct State {
        var committed: [String: ContinuousClock.Instant] = [:]
        var started: [String: ContinuousClock.Instant] = [:]
        var waiter: CheckedContinuation<Void, Never>?
        var isWhole: Bool { started.count == committed.count }
    }

    private let state = Mutex(State())

    /// Called right before the commit is sent.
    func committed(_ key: String) {
        state.withLock { $0.committed[key] = ContinuousClock.now }
    }

    func start(_ key: String) {
        state.withLock { state in
            state.started[key] = ContinuousClock.now
            guard state.isWhole else { return }
            state.waiter?.resume()
            state.waiter = nil
        }
    }

    /// Waits until each row that was committed has come.
    func allStarted() async throws {
        let waiting = Task {
            await withCheckedContinuation { continuation in
                state.withLock { state in
                    if state.isWhole { continuation.resume() } else { state.waiter = continuation }
                }
            }
        }
        let limit = Task {
            try await Task.sleep(for: .seconds(90))
            let lost = state.withLock { $0.committed.count - $0.started.count }
            FileHandle.standardError.write(Data("\(lost) events do not come\n".utf8))
            exit(1)
        }
        await waiting.value
        limit.cancel()
    }

    func latencies(without key: String) -> [Double] {
        state.withLock { state in
            state.started.filter { $0.key != key }.compactMap { id, start in
                state.committed[id].map { (start - $0).seconds }
            }
        }
    }
}
