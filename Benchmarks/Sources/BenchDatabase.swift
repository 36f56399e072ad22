import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

/// A database to measure on.
struct BenchDatabase: Sendable {
    /// `sqlite` or `postgresql`.
    let kind: String
    /// The file or the URL.
    let place: String
    /// Whether the server decides on plain acquires; `nil`: where it is far.
    var decidesItself: Bool?

    static func all(only: String?) async throws -> [BenchDatabase] {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tranche-bench")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var all = [BenchDatabase(kind: "sqlite", place: folder.appending(path: "bench.db").path)]
        if let url = ProcessInfo.processInfo.environment["TRANCHE_BENCH_POSTGRESQL"] {
            all.append(BenchDatabase(kind: "postgresql", place: url))
        }
        return all.filter { only == nil || $0.kind == only }
    }

    var isSQLite: Bool { kind == "sqlite" }

    func inventory(
        table: String = "inventory",
        shares: Bool = true,
        observers: [any InventoryObserver] = []
    ) async throws -> Inventory {
        var store = StoreConfiguration(table: table)
        store.decidesItself = decidesItself
        var configuration = Inventory.Configuration(store: store)
        configuration.sharesTransactions = shares
        configuration.observers = observers
        return try await Inventory.open(
            isSQLite ? .sqlite(place) : .postgres(place),
            configuration: configuration
        )
    }

    func source(_ table: String) -> SQLSource {
        SQLSource(table, uid: "id", item: "item", weight: "weight")
    }

    /// Runs a script in the database.
    func run(_ script: String) async throws {
        if isSQLite {
            let database = try await SQLiteDatabase.open(
                path: place,
                for: .inventory(creates: true),
                lockTimeout: .seconds(60)
            )
            try await Self.run(script, in: database)
        } else {
            let database = try PostgreSQLDatabase(
                url: PostgreSQLURL(place),
                isReadOnly: false,
                lockTimeout: .seconds(60),
                maxConnections: 1
            )
            try await Self.run(script, in: database)
        }
    }

    /// Tells the server what tables hold, and which pages all may see.
    func vacuum(_ tables: [String]) async throws {
        guard !isSQLite else { return }
        let database = try PostgreSQLDatabase(
            url: PostgreSQLURL(place),
            isReadOnly: false,
            lockTimeout: .seconds(60),
            maxConnections: 1
        )
        for table in tables {
            // Alone: it refuses to run within a transaction.
            _ = try await database.write(["VACUUM ANALYZE \(unsafeRaw: table)"])
        }
        await database.close()
    }

    private static func run(_ script: String, in database: some SQLDatabase) async throws {
        try await database.withTransaction([]) { connection, _ in
            try await connection.runScript(script)
            _ = try await connection.commit([])
        }
        await database.close()
    }

    /// Reads integers, a row an array.
    func read(_ query: String) async throws -> [[Int64]] {
        let statement = SQLStatement(query)
        if isSQLite {
            let database = try await SQLiteDatabase.open(
                path: place,
                for: .inventory(creates: true),
                lockTimeout: .seconds(60)
            )
            return try Self.integers(try await database.read(statement)[0])
        }
        let database = try PostgreSQLDatabase(
            url: PostgreSQLURL(place),
            isReadOnly: true,
            lockTimeout: .seconds(60),
            maxConnections: 1
        )
        return try Self.integers(try await database.read(statement)[0])
    }

    private static func integers(_ rows: SQLRows) throws -> [[Int64]] {
        try rows.map { row in
            var numbers: [Int64] = []
            for _ in 0..<rows.width { numbers.append(try row.optionalInteger() ?? 0) }
            return numbers
        }
    }

    /// Makes a table of items that weigh 1 on average, unless it is there with as many rows.
    func makeItems(_ table: String, rows: Int) async throws {
        if let known = try? await read("SELECT max(id) FROM \(table)"), known == [[Int64(rows)]] {
            return
        }
        let weight = "0.5 + ((g * 7919) % 1000) / 1000.0"
        if isSQLite {
            try await run(
                """
                DROP TABLE IF EXISTS \(table);
                CREATE TABLE \(table) (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT NOT NULL, weight REAL);
                WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < \(rows))
                INSERT INTO \(table) (item, weight)
                SELECT 's3://bucket/path/to/asset-' || g, \(weight) FROM s;
                """
            )
        } else {
            try await run(
                """
                DROP TABLE IF EXISTS \(table);
                CREATE TABLE \(table) (id bigserial PRIMARY KEY, item text NOT NULL, weight double precision);
                INSERT INTO \(table) (item, weight)
                SELECT 's3://bucket/path/to/asset-' || g, \(weight)
                FROM generate_series(CAST(1 AS bigint), \(rows)) AS g;
                ANALYZE \(table);
                """
            )
        }
    }

    /// Fills an inventory with batches that are like its first, and have succeeded.
    func storeBatches(_ rows: Int, in table: String) async throws {
        let numbers =
            isSQLite
            ? "(WITH RECURSIVE s (g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < \(rows)) SELECT g FROM s)"
            : "generate_series(1, \(rows)) AS s (g)"
        try await run(
            """
            INSERT INTO \(table) (meta_table, job, kind, status, batch_id_start, batch_id_end, batch_count,
                batch_weight, processing_start, processing_end, request, config)
            SELECT b.meta_table, b.job, b.kind, 'succeeded', b.batch_id_start, b.batch_id_end, b.batch_count,
                b.batch_weight, b.processing_start, b.processing_end, '0' || g, b.config
            FROM \(numbers), (SELECT * FROM \(table) ORDER BY id LIMIT 1) AS b;
            """
        )
        if !isSQLite { try await run("ANALYZE \(table);") }
    }

    /// Runs `body` while a transaction is open that has written.
    func withOpenTransaction<R>(_ body: () async throws -> R) async throws -> R {
        try await run("CREATE TABLE IF NOT EXISTS beside_written (written bigint);")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["psql", "-qX", place]
        let input = Pipe()
        process.standardInput = input
        try process.run()
        defer {
            // At the end of its input the program ends, and its transaction with it.
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
        let script =
            "BEGIN;\nCREATE TABLE IF NOT EXISTS beside_written (n integer);\nINSERT INTO beside_written VALUES (1);\n"
        try input.fileHandleForWriting.write(contentsOf: Data(script.utf8))
        return try await body()
    }

    /// Removes an inventory.
    func dropInventory(_ table: String) async throws {
        try await run(
            [
                "_tally", "", "_run", "_attempt", "_gap", "_archive", "_output", "_budget",
                "_run_budget",
                "_let_in", "_change", "_charge", "_waiting", "_probe", "_page", "_page_list",
                "_workflow", "_event", "_input_log", "_alert", "_pipeline", "_uid", "_registry",
                "_worker", "_migration",
            ]
            .map { "DROP TABLE IF EXISTS \(table)\($0);" }
            .joined(separator: "\n")
                + (isSQLite ? "" : "DROP SEQUENCE IF EXISTS \(table)_flush;")
        )
    }
}
