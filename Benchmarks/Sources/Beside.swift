import Foundation
import Tranche

/// Eight processes on one run, beside a transaction that has written and stays open, and without
/// it.
///
/// While such a transaction is open, the server keeps every dead version of every row.
struct Beside {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private static let inventory = "company_inventory"
    private let processes = 8
    private let seconds = 60

    func run() async throws {
        guard !database.isSQLite else { return }
        let table = "items_\(options.rows)" + (options.gaps > 0 ? "_\(options.gaps)" : "")
        try await database.makeItems(table, rows: options.rows)
        // Ids that are missing stay open while whoever has written may still bring them.
        try await database.run(
            "DELETE FROM \(table) WHERE id < \(2 * options.gaps) AND id % 2 = 1"
        )
        var without: [Rates] = []
        var beside: [Rates] = []
        for _ in 0..<options.repeats {
            try await makeInventory()
            without.append(try await measure(table))
            // Before the transaction: what is removed beside it stays in the way.
            try await makeInventory()
            beside.append(try await database.withOpenTransaction { try await measure(table) })
        }
        var line = Line("beside", "8-processes-60-s", on: database.kind)
        line.add("stored_batches", options.stored)
        line.add("gaps", options.gaps)
        line.add("without_per_second", without.map(\.whole).median)
        line.add("without_per_second_in_last_20_s", without.map(\.last).median)
        line.add("beside_per_second", beside.map(\.whole).median)
        line.add("beside_per_second_in_last_20_s", beside.map(\.last).median)
        line.add("ratio", zip(beside, without).map { $0.whole / $1.whole }.median)
        line.add("ratio_in_last_20_s", zip(beside, without).map { $0.last / $1.last }.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// Batches per second, over the whole time and at its end.
    private struct Rates {
        var whole: Double
        var last: Double
    }

    private func measure(_ table: String) async throws -> Rates {
        let children = try (0..<processes).map { _ in
            try Tool.startChild([
                "work", database.kind, database.place, table, "1", "\(seconds)", "either",
            ])
        }
        for child in children { _ = try Tool.finish(child) }
        let counts = try await database.read(
            """
            WITH mine AS MATERIALIZED (
                SELECT processing_start FROM \(Self.inventory)
                WHERE meta_table = '\(table)' AND job = 'company'
            )
            SELECT count(*), count(*) FILTER (
                WHERE processing_start > (SELECT max(processing_start) FROM mine) - interval '20 s'
            )
            FROM mine
            """
        )
        guard let row = counts.first else { throw BenchError("the inventory cannot be read") }
        return Rates(whole: Double(row[0]) / Double(seconds), last: Double(row[1]) / 20)
    }

    /// Makes an inventory in which nothing is known of the measured run; what is stored in it
    /// beside takes long, and is made once.
    private func makeInventory() async throws {
        let known = "SELECT count(*) FROM \(Self.inventory) WHERE job = 'stored'"
        if options.stored > 0, (try? await database.read(known)) == [[Int64(options.stored)]] {
            let tables = ["", "_run"].map { Self.inventory + $0 }
            try await database.run(
                tables.map { "DELETE FROM \($0) WHERE job = 'company';" }.joined()
                    + "TRUNCATE \(Self.inventory)_gap, \(Self.inventory)_attempt;"
            )
            try await database.vacuum(tables + ["\(Self.inventory)_gap"])
            return
        }
        try await database.dropInventory(Self.inventory)
        await (try database.inventory(table: Self.inventory)).close()
        if options.stored > 0 { try await store(options.stored) }
    }

    /// Fills the inventory with batches of another job.
    private func store(_ batches: Int) async throws {
        try await database.run(
            """
            INSERT INTO \(Self.inventory) (
                meta_table, job, run, kind, status, batch_id_start, batch_id_end, cover_start,
                batch_count, batch_weight, processing_start, processing_end, request, config
            )
            SELECT 'stored', 'stored', '', 'incremental', 'succeeded', g * 100 + 1, g * 100 + 100,
                g * 100, 100, 100, now() - interval '1 day', now() - interval '1 day',
                '~' || g, '{}'
            FROM generate_series(1, \(batches)) AS g;
            ANALYZE \(Self.inventory);
            """
        )
    }
}
