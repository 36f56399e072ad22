import Foundation
import Tranche

extension Serving {
    private static let seconds = 4

    /// Batches per second over REST, by turns with as many workers in process: 64, and one.
    func work() async throws {
        for clients in [64, 1] {
            for weight in [10, 100] {
                var (rest, apart, fused): ([Double], [Double], [Double]) = ([], [], [])
                for _ in 0..<options.repeats {
                    rest.append(try await restRate(clients, weight))
                    apart.append(try await rate(clients, weight, isFused: false))
                    fused.append(try await rate(clients, weight, isFused: true))
                }
                var line = Line(
                    "serve",
                    "work-\(clients)-clients-\(weight)-items",
                    on: database.kind
                )
                line.add("rest_per_second", rest.median)
                line.add("in_process_per_second", apart.median)
                line.add("ratio", zip(rest, apart).map { $0 / $1 }.median)
                line.add("fused_per_second", fused.median)
                line.add("ratio_to_fused", zip(rest, fused).map { $0 / $1 }.median)
                line.add("repeats", options.repeats)
                line.print()
            }
        }
    }

    private func restRate(_ clients: Int, _ weight: Int) async throws -> Double {
        try await makeInventory()
        return try await serving { program in
            let port = program.port
            return try await BenchThread.run {
                try ServingWorkers(port, count: clients, weight: weight)
                    .rate(for: .seconds(Self.seconds))
            }
        }
    }

    /// Batches per second of workers in this process, each success by itself, or recorded with the
    /// next acquire.
    private func rate(_ clients: Int, _ weight: Int, isFused: Bool) async throws -> Double {
        try await makeInventory()
        let inventory = try await database.inventory()
        let source = database.source(Self.items)
        let request = BatchRequest(job: "serving", limit: BatchLimit(weight: Double(weight)))
        let clock = ContinuousClock()
        let start = clock.now
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<clients {
                group.addTask {
                    var count = 0
                    var answer = try await inventory.acquire(request, from: source)
                    while case .batch(let batch) = answer {
                        guard try await batch.items.count == batch.count else {
                            throw BenchError("batch \(batch.id) has other items")
                        }
                        count += 1
                        let isOver = clock.now - start > .seconds(Self.seconds)
                        guard isFused, !isOver else {
                            try await batch.succeed()
                            if isOver { break }
                            answer = try await inventory.acquire(request, from: source)
                            continue
                        }
                        answer = try await batch.succeed(thenAcquire: request, from: source)
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let elapsed = (clock.now - start).seconds
        await inventory.close()
        return Double(count) / elapsed
    }
}

/// Workers that acquire and succeed over REST, each over a connection of its own.
final class ServingWorkers {
    private let connections: ServingConnections
    private let acquire: [UInt8]
    /// Whether a connection's next answer is that of a success.
    private var isEnding: [Bool]

    init(_ port: UInt16, count: Int, weight: Int) throws {
        connections = try ServingConnections(port, count: count)
        acquire = ServingConnections.request(
            "POST",
            "/v1/jobs/serving/acquire",
            #"{"worker":"bench","weight":\#(weight)}"#
        )
        isEnding = Array(repeating: false, count: count)
    }

    /// Works for so long.
    ///
    /// - Returns: Batches per second.
    func rate(for limit: Duration) throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        var count = 0
        _ = try connections.run { place, answer in
            guard let answer else { return acquire }
            // All items are done before the time is over.
            if answer.status == 204 { return nil }
            guard answer.status == 200 else {
                throw BenchError(
                    "a worker is answered \(answer.status) "
                        + String(decoding: answer.body.prefix(300), as: UTF8.self)
                )
            }
            isEnding[place].toggle()
            if isEnding[place] { return try Self.success(of: answer.body) }
            count += 1
            return clock.now - start < limit ? acquire : nil
        }
        return Double(count) / (clock.now - start).seconds
    }

    /// The request that a batch is done: its token is `BATCH.ATTEMPT`.
    private static func success(of body: UnsafeRawBufferPointer) throws -> [UInt8] {
        guard let place = ServingConnections.find(#""token":""#, in: body) else {
            throw BenchError("an acquire is answered without a token")
        }
        let bytes = body[(place + 9)...].prefix { $0 != UInt8(ascii: "\"") }
        let token = String(decoding: bytes, as: UTF8.self)
        let batch = token.prefix { $0 != "." }
        return ServingConnections.request(
            "POST",
            "/v1/batches/\(batch)/succeed",
            #"{"token":"\#(token)"}"#
        )
    }
}
