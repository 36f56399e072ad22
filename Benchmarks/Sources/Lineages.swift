import Foundation
import Tranche
import TrancheHTTP
import TrancheServer

/// Batches per second of one worker whose attempts are told to OpenLineage, by turns with one whose
/// are not: to a file, to an address, to one that takes lists, and to one at which nobody listens.
struct Lineages {
    let database: BenchDatabase
    let options: Benchmark.Options

    private let rows = 1_000_000
    private let seconds = 6
    private let table = "lineage_inventory"

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    /// Where events go.
    private enum Way: String, CaseIterable {
        case file, address, list, dead
    }

    /// What came of a turn.
    private struct Turn {
        var rate = 0.0
        var delivered = 0
        var dropped = 0
    }

    func run() async throws {
        let items = "items_\(rows)"
        try await database.makeItems(items, rows: rows)
        let receiver = try ServingProgram()
        defer { receiver.stop() }
        var off: [Way: [Double]] = [:]
        var on: [Way: [Turn]] = [:]
        for repetition in 0..<options.repeats {
            for way in Way.allCases {
                // Neither is always the first.
                for isOn in repetition.isMultiple(of: 2) ? [false, true] : [true, false] {
                    let lineage = isOn ? try lineage(way, receiver) : nil
                    let turn = try await measure(items, lineage)
                    if isOn {
                        on[way, default: []].append(turn)
                    } else {
                        off[way, default: []].append(turn.rate)
                    }
                }
            }
        }
        for way in Way.allCases {
            let (without, with) = (off[way] ?? [], on[way] ?? [])
            var line = Line("lineage", way.rawValue, on: database.kind)
            line.add("batches_per_second", with.map(\.rate).median)
            line.add("without_per_second", without.median)
            line.add("ratio", zip(with, without).map { $0.rate / $1 }.median)
            line.add("events_delivered", with.reduce(0) { $0 + $1.delivered })
            line.add("events_dropped", with.reduce(0) { $0 + $1.dropped })
            line.add("repeats", options.repeats)
            line.print()
        }
    }

    private func lineage(_ way: Way, _ receiver: ServingProgram) throws -> Lineage {
        switch way {
        case .file:
            let path = FileManager.default.temporaryDirectory
                .appending(path: "tranche-bench-lineage.jsonl").path
            try? FileManager.default.removeItem(atPath: path)
            return try Lineage(to: .file(path))
        case .address: return try Lineage(to: .address(receiver.url))
        case .list:
            let endpoint = LineageDestination.defaultEndpoint + "/batch"
            return try Lineage(to: .address(receiver.url, endpoint: endpoint))
        // The port of the service "discard", which no machine offers any more.
        case .dead: return try Lineage(to: .address("http://127.0.0.1:9"))
        }
    }

    private func measure(_ items: String, _ lineage: Lineage?) async throws -> Turn {
        try await database.dropInventory(table)
        guard let lineage else { return Turn(rate: try await rate(items, nil)) }
        let rate = try await lineage.whileEmitting { try await self.rate(items, lineage) }
        let counts = lineage.counts
        return Turn(rate: rate, delivered: counts.delivered, dropped: counts.dropped)
    }

    /// Batches per second, on the shared pool, as a program's workers are: on the main queue, where
    /// one of two turns would be otherwise, changes of threads cost less.
    @concurrent
    private func rate(_ items: String, _ lineage: Lineage?) async throws -> Double {
        let inventory = try await database.inventory(
            table: table,
            observers: lineage.map { [$0.observer] } ?? []
        )
        await lineage?.identify(inventory)
        var loop = WorkLoop()
        try await loop.runFused(
            inventory,
            database.source(items),
            job: "lineage",
            for: .seconds(seconds)
        )
        await inventory.close()
        return loop.batchesPerSecond
    }
}

extension ServingProgram {
    /// Takes events, as a collector would: a process of this program.
    fileprivate convenience init() throws {
        try self.init(CommandLine.arguments[0], ["child", "receive"])
    }

    /// Its address.
    fileprivate var url: String { "http://127.0.0.1:\(port)" }
}

extension Child {
    /// Takes events of OpenLineage: prints its address, and takes all that comes until standard
    /// input ends.
    static func receive() async throws {
        let listener = HTTPListener(.init(try ListenAddress("127.0.0.1:0"))) { _ in
            .json(201, "{}")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { address in
                    print(address)
                    fflush(nil)
                }
            }
            group.addTask { await Child.untilInputEnds() }
            try await group.next()
            group.cancelAll()
        }
    }
}
