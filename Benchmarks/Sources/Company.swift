import Foundation
import Tranche

/// Sixteen workers in four processes on one run, beside one worker alone, and in a process each.
struct Company {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    static let table = "items_4000000"
    private let seconds = 5

    func run() async throws {
        try await database.makeItems(Self.table, rows: 4_000_000)
        var alone: [Double] = []
        var together: [Double] = []
        var slowest: [Double] = []
        var longest: [Double] = []
        var processes: [Double] = []
        for _ in 0..<options.repeats {
            alone.append(try await measure(processes: 1, workers: 1).batchesPerSecond)
            let company = try await measure(processes: 4, workers: 4)
            together.append(company.batchesPerSecond)
            slowest.append(company.slowestShare)
            longest.append(company.longestWait)
            processes.append(try await measure(processes: 16, workers: 1).acquire99)
        }
        var line = Line("company", "16-workers-4-processes", on: database.kind)
        line.add("batches_per_second", together.median)
        line.add("alone_per_second", alone.median)
        line.add("ratio", zip(together, alone).map { $0 / $1 }.median)
        line.add("slowest_share_of_mean", slowest.median)
        line.add("longest_wait_s", longest.max() ?? 0)
        line.add("acquire_p99_ms_in_16_processes", processes.median * 1000)
        line.add("repeats", options.repeats)
        line.print()
    }

    struct Measurement {
        var batchesPerSecond: Double
        var slowestShare: Double
        var longestWait: Double
        /// The time within which 99 of 100 acquires were answered.
        var acquire99: Double
    }

    func measure(processes: Int, workers: Int) async throws -> Measurement {
        try await database.dropInventory("company_inventory")
        await (try database.inventory(table: "company_inventory")).close()
        let children = try (0..<processes).map { _ in
            try Tool.startChild([
                "work", database.kind, database.place, Self.table, "\(workers)", "\(seconds)",
                database.decidesItself.map { $0 ? "server" : "program" } ?? "either",
            ])
        }
        var counts: [Double] = []
        var waits: [Double] = []
        var acquires: [Double] = []
        for child in children {
            for line in try Tool.finish(child).split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count == 3, let count = Double(words[0]), let wait = Double(words[1])
                else { throw BenchError("a child said: \(line)") }
                counts.append(count)
                waits.append(wait)
                acquires += words[2].split(separator: ",").compactMap { Double($0) }
            }
        }
        try await requireWhole(batches: Int(counts.reduce(0, +)))
        acquires.sort()
        let mean = counts.reduce(0, +) / Double(counts.count)
        return Measurement(
            batchesPerSecond: counts.reduce(0, +) / Double(seconds),
            slowestShare: (counts.min() ?? 0) / mean,
            longestWait: waits.max() ?? 0,
            acquire99: acquires.isEmpty ? 0 : acquires[Int(0.99 * Double(acquires.count - 1))]
        )
    }

    /// Checks that the batches follow each other without overlap and without a gap.
    private func requireWhole(batches: Int) async throws {
        let rows = try await database.read(
            "SELECT batch_id_start, batch_id_end FROM company_inventory ORDER BY batch_id_start"
        )
        guard rows.count == batches else {
            throw BenchError("\(rows.count) batches are recorded, \(batches) were worked on")
        }
        var end: Int64 = 0
        for row in rows {
            guard row[0] == end + 1 else {
                throw BenchError("a batch begins at \(row[0]) after one that ends at \(end)")
            }
            end = row[1]
        }
    }
}
