import Foundation
import Tranche

/// How long `tranche status` and `tranche metrics` take, from start to end of the process, however
/// much there is.
struct Overviews {
    let database: BenchDatabase
    let options: Benchmark.Options

    /// The tables in which runs have their items.
    private static let tables = 10
    private static let runs = 1000

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    func run() async throws {
        // A name of its own is no help to the program, which takes the usual one.
        for batches in [10_000, options.rows] {
            try await fill(batches)
            // The first look adds up what nobody has added up.
            let first = try time(["status"])
            for words in [["status"], ["status", "--json"], ["metrics"]] {
                let times = try (0..<max(9, options.repeats)).map { _ in try time(words) }
                var line = Line("status", words.joined(separator: " "), on: database.kind)
                line.add("batches", batches)
                line.add("runs", Self.runs)
                line.add("first_ms", first * 1000)
                line.add("median_ms", times.median * 1000)
                line.add("highest_ms", (times.max() ?? 0) * 1000)
                line.print()
            }
        }
        try await database.dropInventory("inventory")
    }

    /// Makes an inventory of a thousand runs with as many batches each, one in ten thousand of
    /// which has failed.
    private func fill(_ batches: Int) async throws {
        try await database.dropInventory("inventory")
        let inventory = try await database.inventory()
        for number in 0..<Self.tables {
            try await database.makeItems("status_items_\(number)", rows: 1000)
            let source = database.source("status_items_\(number)")
            let batch = try await inventory.acquireBatch(
                from: source,
                job: "job0",
                limit: BatchLimit(count: 1)
            )
            try await batch?.succeed()
        }
        await inventory.close()
        try await database.run(script(batches / Self.runs))
        if !database.isSQLite { try await database.run("ANALYZE;") }
    }

    /// The other runs are like the first of their table, and all have tiles behind each other.
    private func script(_ each: Int) -> String {
        let known =
            "id_from, id_to, lease_ms, max_attempts, backoff_ms, backoff_limit_ms, created_at, definition"
        func numbers(_ from: Int, _ to: Int) -> String {
            database.isSQLite
                ? "(WITH RECURSIVE s (g) AS (SELECT \(from) UNION ALL SELECT g + 1 FROM s WHERE g < \(to))"
                    + " SELECT g FROM s)"
                : "generate_series(\(from), \(to)) AS s (g)"
        }
        let columns =
            "meta_table, job, kind, status, batch_id_start, batch_id_end, cover_start, batch_count, "
            + "batch_weight, processing_start, processing_end, request, config"
        return """
            INSERT INTO inventory_run (meta_table, job, run, passed_id, tile_end, \(known))
            SELECT r.meta_table, 'job' || g, '', \(each) + 1, \(each) + 1, \(known)
            FROM inventory_run AS r CROSS JOIN \(numbers(1, Self.runs / Self.tables - 1))
            WHERE r.job = 'job0';
            UPDATE inventory_run SET passed_id = \(each) + 1;
            INSERT INTO inventory (\(columns))
            SELECT r.meta_table, r.job, 'incremental', 'succeeded', g, g, g - 1, 1,
                1, b.processing_start, b.processing_end, '~' || g, b.config
            FROM inventory_run AS r
            CROSS JOIN (SELECT * FROM inventory ORDER BY id LIMIT 1) AS b
            CROSS JOIN \(numbers(2, each + 1));
            UPDATE inventory SET status = 'failed' WHERE id % 10000 = 7;
            """
    }

    /// How long the program takes, in seconds.
    private func time(_ words: [String]) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
            .deletingLastPathComponent().appending(path: "tranche")
        process.arguments = words
        let place = database.isSQLite ? "sqlite:\(database.place)" : database.place
        process.environment = ProcessInfo.processInfo.environment
            .merging(["TRANCHE_INVENTORY": place]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        let elapsed = ContinuousClock.now - start
        guard process.terminationStatus == 0 else {
            throw BenchError("tranche \(words[0]) ended with \(process.terminationStatus)")
        }
        return Double(elapsed.components.attoseconds) / 1e18 + Double(elapsed.components.seconds)
    }
}
