import Foundation
import Tranche

extension Serving {
    /// Runs that are stored.
    private static let runs = 990
    /// How often something is asked, and something changes.
    private static let pace = Duration.milliseconds(100)
    private static let asked = 200
    private static let paths = [
        ("overview", "/v1/overview"), ("runs", "/v1/runs"),
        ("run", "/v1/runs/job7/-?meta=status_items_3"),
    ]

    /// The time to the answer of what is looked at, ten times a second, with few batches stored
    /// and with many, while a batch ends as often.
    func look() async throws {
        for batches in [1000, options.stored > 0 ? options.stored : 10_000_000] {
            try await StoredRuns(database: database, runs: Self.runs).fill(batches)
            try await serving { program in
                for (name, path) in Self.paths {
                    let asked = try await ask(path, of: program.port)
                    var line = Line("serve", "look-\(name)", on: database.kind)
                    line.add("batches", batches)
                    line.add("first_ms", asked.first * 1000)
                    line.add("median_ms", asked.times.median * 1000)
                    line.add("p99_ms", asked.times.percentile(0.99) * 1000)
                    line.add("longest_ms", (asked.times.max() ?? 0) * 1000)
                    line.add("answer_bytes", asked.bytes)
                    line.print()
                }
            }
        }
    }

    private struct Asked {
        var first = 0.0
        var times: [Double] = []
        var bytes = 0
    }

    private func ask(_ path: String, of port: UInt16) async throws -> Asked {
        let inventory = try await database.inventory()
        let changing = Task { [database] in
            let request = BatchRequest(job: "beside", limit: BatchLimit(count: 1))
            let source = database.source(Self.items)
            while !Task.isCancelled {
                let batch = try await inventory.acquireBatch(
                    from: source,
                    job: request.job,
                    limit: request.limit
                )
                try await batch?.succeed()
                try? await ContinuousClock().sleep(for: Self.pace)
            }
        }
        let asked = try await BenchThread.run {
            let connection = try ServingConnections(port, count: 1)
            let request = ServingConnections.request("GET", path)
            var asked = Asked()
            for place in 0...Self.asked {
                var isFirst = true
                // The first look adds up what nobody has added up.
                let time = try connection.run(limit: .seconds(600)) { _, answer in
                    defer { isFirst = false }
                    guard let answer else { return isFirst ? request : nil }
                    guard answer.status == 200 else {
                        throw BenchError("\(path) is answered \(answer.status)")
                    }
                    asked.bytes = max(asked.bytes, answer.body.count)
                    return nil
                }
                if place == 0 { asked.first = time[0] } else { asked.times += time }
                usleep(100_000)
            }
            return asked
        }
        changing.cancel()
        try await changing.value
        await inventory.close()
        return asked
    }

    /// The answers per second of `/v1/runs`, by turns with those of a bare libmicrohttpd of that
    /// size.
    func bare() async throws {
        guard
            let minimum = ProcessInfo.processInfo.environment["TRANCHE_BENCH_BARE_HTTP"]
        else { throw BenchError("TRANCHE_BENCH_BARE_HTTP names no program; see scripts/bench") }
        try await StoredRuns(database: database, runs: Self.runs).fill(1000)
        try await serving { program in
            let size = try await Self.ask("/v1/runs", of: program.port, clients: 1, for: .zero)
                .bytes
            let bare = try ServingProgram(minimum, ["\(size)"])
            defer { bare.stop() }
            var (served, least): ([Double], [Double]) = ([], [])
            for _ in 0..<options.repeats {
                for (port, isBare) in [(program.port, false), (bare.port, true)] {
                    let rate = try await Self.ask(
                        "/v1/runs",
                        of: port,
                        clients: 8,
                        for: .seconds(3)
                    ).rate
                    if isBare { least.append(rate) } else { served.append(rate) }
                }
            }
            var line = Line("serve", "bare", on: database.kind)
            line.add("answers_per_second", served.median)
            line.add("bare_per_second", least.median)
            line.add("ratio", zip(served, least).map { $0 / $1 }.median)
            line.add("answer_bytes", size)
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    private static func ask(
        _ path: String,
        of port: UInt16,
        clients: Int,
        for limit: Duration
    ) async throws -> (rate: Double, bytes: Int) {
        try await BenchThread.run {
            let connections = try ServingConnections(port, count: clients)
            let request = ServingConnections.request("GET", path)
            let clock = ContinuousClock()
            let start = clock.now
            var bytes = 0
            let times = try connections.run { _, answer in
                guard let answer else { return request }
                guard answer.status == 200 else {
                    throw BenchError("\(path) is answered \(answer.status)")
                }
                bytes = answer.body.count
                return clock.now - start < limit ? request : nil
            }
            return (Double(times.count) / (clock.now - start).seconds, bytes)
        }
    }
}
