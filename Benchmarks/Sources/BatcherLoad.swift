import Foundation
import MicroBatching
import Synchronization

/// What the micro batcher reaches, beside one in Go that TRANCHE_BENCH_GO_BATCHER names.
struct BatcherLoad {
    let options: Benchmark.Options

    private struct Job: Sendable {
        let id: UInt64
    }

    /// Jobs per second, and the median and 99th percentile of the latency in microseconds.
    private struct Figures {
        var jobs: Double
        var median: Double
        var late: Double

        init(_ numbers: [Double]) throws {
            guard numbers.count == 3 else {
                throw BenchError("three figures wanted, not \(numbers)")
            }
            (jobs, median, late) = (numbers[0], numbers[1], numbers[2])
        }
    }

    init(_ options: Benchmark.Options) {
        self.options = options
    }

    func run() async throws {
        for mode in ["saturate", "low"] {
            var own: [Figures] = []
            var others: [Figures] = []
            // By turns, so that what else the machine does meets both.
            for _ in 0..<options.repeats {
                own.append(try await mode == "low" ? low() : saturate())
                if let other = try yardstick(mode) { others.append(other) }
            }
            print(own, mode, on: "swift")
            if !others.isEmpty { print(others, mode, on: "go") }
        }
        try await lonely()
    }

    private func print(_ figures: [Figures], _ mode: String, on name: String) {
        // At low load what counts is what comes to the timeout.
        let timeout = mode == "low" ? 10_000.0 : 0
        var line = Line("batcher", mode, on: name)
        line.add("jobs_per_second", figures.map(\.jobs).median)
        line.add("p50_us", figures.map(\.median).median - timeout)
        line.add("p99_us", figures.map(\.late).median - timeout)
        line.add("repeats", figures.count)
        line.print()
    }

    private func yardstick(_ mode: String) throws -> Figures? {
        guard let path = ProcessInfo.processInfo.environment["TRANCHE_BENCH_GO_BATCHER"] else {
            return nil
        }
        let output = try Tool.run(path, [mode, "1000", "100", "10", "2"])
        return try Figures(output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) })
    }

    private func batcher(size: Int) -> MicroBatcher<Job, Job> {
        // All that may cost is on: ids, cancellation, limits and metrics.
        var configuration = MicroBatcherConfiguration(size: size, timeout: .milliseconds(10))
        configuration.maxInFlight = 64
        configuration.maxQueued = 100_000
        return MicroBatcher(configuration, id: { $0.id }, resultID: { $0.id }) { jobs in
            jobs.map { Job(id: $0.id) }
        }
    }

    /// 1,000 callers, each of whom asks again when it was answered.
    private func saturate() async throws -> Figures {
        let batcher = batcher(size: 100)
        let tally = BatcherTally()
        let clock = ContinuousClock()
        let start = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<1000 {
                group.addTask {
                    var latencies: [Double] = []
                    var count: UInt64 = 0
                    while !tally.isOver {
                        let id = UInt64(caller) << 40 | count
                        let begun = count % 16 == 0 ? clock.now : nil
                        let result = try await batcher.execute(Job(id: id))
                        guard result.id == id else { throw BenchError("another's result") }
                        if let begun { latencies.append((clock.now - begun) / .microseconds(1)) }
                        count += 1
                    }
                    tally.add(Int(count), latencies)
                }
            }
            try await clock.sleep(for: .seconds(2))
            tally.end()
            try await group.waitForAll()
        }
        let seconds = (clock.now - start) / .seconds(1)
        return try Figures(tally.figures(seconds))
    }

    /// One caller, who waits a while between its jobs.
    private func low() async throws -> Figures {
        let batcher = batcher(size: 100)
        let tally = BatcherTally()
        let clock = ContinuousClock()
        let start = clock.now
        var id: UInt64 = 0
        while clock.now - start < .seconds(2) {
            id += 1
            let begun = clock.now
            _ = try await batcher.execute(Job(id: id))
            tally.add(1, [(clock.now - begun) / .microseconds(1)])
            try await clock.sleep(for: .milliseconds(10))
        }
        return try Figures(tally.figures((clock.now - start) / .seconds(1)))
    }

    /// One caller and batches of one, beside calling the function.
    private func lonely() async throws {
        let batcher = batcher(size: 1)
        let count = 200_000
        let clock = ContinuousClock()
        let direct: @Sendable ([Job]) async throws -> [Job] = { jobs in jobs.map { Job(id: $0.id) }
        }
        var differences: [Double] = []
        for _ in 0..<options.repeats {
            let start = clock.now
            for id in 0..<count { _ = try await direct([Job(id: UInt64(id))]) }
            let middle = clock.now
            for id in 0..<count { _ = try await batcher.execute(Job(id: UInt64(id))) }
            let (one, other) = (middle - start, clock.now - middle)
            differences.append((other - one) / .microseconds(1) / Double(count))
        }
        var line = Line("batcher", "lonely", on: "swift")
        line.add("added_us", differences.median)
        line.add("repeats", options.repeats)
        line.print()
    }
}

/// What callers counted.
private final class BatcherTally: Sendable {
    private let over = Atomic(false)
    private let state = Mutex<(count: Int, latencies: [Double])>((0, []))

    var isOver: Bool { over.load(ordering: .relaxed) }

    func end() { over.store(true, ordering: .relaxed) }

    func add(_ count: Int, _ latencies: [Double]) {
        state.withLock { state in
            state.count += count
            state.latencies += latencies
        }
    }

    func figures(_ seconds: Double) throws -> [Double] {
        let (count, latencies) = state.withLock { ($0.count, $0.latencies.sorted()) }
        guard !latencies.isEmpty else { throw BenchError("nothing was measured") }
        func at(_ share: Double) -> Double { latencies[Int(share * Double(latencies.count - 1))] }
        return [Double(count) / seconds, at(0.5), at(0.99)]
    }
}
