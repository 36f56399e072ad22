import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// Batches per second beside a hand-written minimum, one worker each, by turns.
struct Limit {
    let database: BenchDatabase
    let options: Benchmark.Options

    init(_ database: BenchDatabase, _ options: Benchmark.Options) {
        self.database = database
        self.options = options
    }

    private let rows = 1_000_000
    private let seconds = 4

    func run() async throws {
        let table = "items_\(rows)"
        try await database.makeItems(table, rows: rows)
        if !database.isSQLite {
            try await makeYardstickTables()
            try await roundTrip()
        }
        try await measure(table, isFused: false)
        try await measure(table, isFused: true)
    }

    /// Measures, with the success of a batch in a transaction of its own or in that which acquires
    /// the next.
    private func measure(_ table: String, isFused: Bool) async throws {
        var ours: [Double] = []
        var yardstick: [Double] = []
        for _ in 0..<options.repeats {
            yardstick.append(try minimum(isFused: isFused))
            try await database.dropInventory("limit_inventory")
            let inventory = try await database.inventory(table: "limit_inventory")
            var warmUp = WorkLoop()
            try await warmUp.run(inventory, database.source(table), job: "limit", batches: 200)
            var loop = WorkLoop()
            if isFused {
                try await loop.runFused(
                    inventory,
                    database.source(table),
                    job: "limit",
                    for: .seconds(seconds)
                )
            } else {
                try await loop.run(
                    inventory,
                    database.source(table),
                    job: "limit",
                    for: .seconds(seconds)
                )
            }
            await inventory.close()
            ours.append(loop.batchesPerSecond)
        }
        let name = isFused ? "succeed-and-acquire" : "acquire-succeed"
        var line = Line("limit", name, on: database.kind)
        line.add("batches_per_second", ours.median)
        line.add("minimum_per_second", yardstick.median)
        line.add("ratio", zip(ours, yardstick).map { $0 / $1 }.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// The client's bare round trip beside pgbench's.
    private func roundTrip() async throws {
        var ours: [Double] = []
        var pgbench: [Double] = []
        for _ in 0..<options.repeats {
            pgbench.append(1 / (try rate(of: "select.sql", transactions: 40_000)))
            let bare = try PostgreSQLDatabase(
                url: PostgreSQLURL(database.place),
                isReadOnly: true,
                lockTimeout: .seconds(10),
                maxConnections: 1
            )
            ours.append(
                try await bare.withReader { connection in
                    _ = try await connection.atomically(["SELECT 1"], isWriting: false)
                    let clock = ContinuousClock()
                    let start = clock.now
                    for _ in 0..<20_000 {
                        _ = try await connection.atomically(["SELECT 1"], isWriting: false)
                    }
                    return (clock.now - start).seconds / 20_000
                }
            )
            await bare.close()
        }
        var line = Line("limit", "select-1", on: database.kind)
        line.add("round_trip_us", ours.median * 1e6)
        line.add("pgbench_us", pgbench.median * 1e6)
        line.add("ratio", zip(ours, pgbench).map { $0 / $1 }.median)
        line.print()
    }

    func makeYardstickTables() async throws {
        try await database.run(
            """
            DROP TABLE IF EXISTS yardstick_run, yardstick_batch;
            CREATE TABLE yardstick_run (id int PRIMARY KEY, last_id bigint NOT NULL) WITH (fillfactor = 50);
            INSERT INTO yardstick_run VALUES (1, 0);
            CREATE TABLE yardstick_batch (
                id bigserial PRIMARY KEY, job int NOT NULL, first bigint NOT NULL, last bigint NOT NULL,
                items int NOT NULL, weight double precision, status text NOT NULL,
                started timestamptz, ended timestamptz
            ) WITH (fillfactor = 80);
            CREATE INDEX yardstick_batch_job_idx ON yardstick_batch (job, last);
            """
        )
    }

    /// Batches per second of the hand-written minimum.
    func minimum(weight: Int = 100, isFused: Bool = false) throws -> Double {
        if database.isSQLite {
            let output = try Tool.run(
                "python3",
                [Tool.yardstick("acquire.py"), database.place, "\(seconds)", "\(weight)"]
                    + (isFused ? ["fused"] : [])
            )
            guard let rate = Double(output.trimmingCharacters(in: .whitespacesAndNewlines)) else {
                throw BenchError("the yardstick said: \(output)")
            }
            return rate
        }
        return try rate(
            of: isFused ? "acquire-fused.sql" : "acquire.sql",
            transactions: 4000,
            ["-D", "weight=\(weight)", "-D", "rows=\(2 * weight)", "-D", "batch=0"]
        )
    }

    // Counted, not timed: a child of this process may not get the alarm that ends a timed run.
    private func rate(
        of script: String,
        transactions: Int,
        _ variables: [String] = []
    ) throws -> Double {
        let output = try Tool.run(
            "pgbench",
            [
                "-n", "-M", "prepared", "-c", "1", "-j", "1", "-t", "\(transactions)",
                "-f", Tool.yardstick(script), database.place,
            ] + variables
        )
        let words = output.split(whereSeparator: \.isWhitespace)
        guard let place = words.firstIndex(of: "tps"), words.count > place + 2,
            let rate = Double(words[place + 2])
        else { throw BenchError("pgbench said: \(output)") }
        return rate
    }
}
