import Foundation

/// What chains over a CSV file of a million rows reach, beside loaders of the databases.
struct Loads {
    let options: Benchmark.Options
    private let rows = 1_000_000
    private static let columns =
        "id bigint PRIMARY KEY, name text, category text, amount double precision, "
        + "created_at timestamptz, active boolean"

    init(_ options: Benchmark.Options) {
        self.options = options
    }

    /// Reading, validating, and writing to nothing.
    func read() throws {
        let files = [
            ("quotes", try CSVFile(rows: rows)), ("plain", try CSVFile(rows: rows, quotes: false)),
        ]
        for (name, file) in files {
            for chain in [ChainCase.plan, .parse, .schema, .decodable] {
                try measure(chain, "\(chain.rawValue)-\(name)", file, workers: 1)
            }
        }
        for (name, file) in files { try readWithArrow("arrow-\(name)", file) }
        for workers in [1, 2, 4] {
            try measure(.schema, "schema-\(workers)-workers", files[0].1, workers: workers)
        }
    }

    /// What pyarrow's streaming reader takes on one thread; nothing where there is none.
    private func readWithArrow(_ name: String, _ file: CSVFile) throws {
        guard let python = ProcessInfo.processInfo.environment["TRANCHE_BENCH_PYTHON"] else {
            return
        }
        var seconds: [Double] = []
        var memory: [Double] = []
        for _ in 0..<options.repeats {
            let output = try Tool.run(python, [Tool.yardstick("arrow.py"), file.path])
            let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard numbers.count == 3 else { throw BenchError("pyarrow said: \(output)") }
            seconds.append(numbers[1])
            memory.append(numbers[2] / 1024)
        }
        var line = Line("csv", name, on: "pyarrow")
        line.add("rows_per_second", Double(file.rows) / seconds.median)
        line.add("megabytes_per_second", Double(try file.size) / seconds.median / 1e6)
        line.add("peak_rss_mb", memory.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    private func measure(
        _ chain: ChainCase,
        _ name: String,
        _ file: CSVFile,
        workers: Int,
        database: String = "none",
        environment: [String: String] = [:],
        before: () throws -> Void = {}
    ) throws {
        var seconds: [Double] = []
        var memory: [Double] = []
        for _ in 0..<options.repeats {
            try before()
            let output = try Tool.finish(
                Tool.startChild(
                    ["chain", chain.rawValue, file.path, "\(workers)"],
                    environment: environment
                )
            )
            let numbers = output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            guard numbers.count == 4 else { throw BenchError("the child said: \(output)") }
            seconds.append(numbers[1])
            memory.append(numbers[2] / 1024)
        }
        var line = Line("csv", name, on: database)
        line.add("rows_per_second", Double(file.rows) / seconds.median)
        line.add("megabytes_per_second", Double(try file.size) / seconds.median / 1e6)
        line.add("peak_rss_mb", memory.median)
        line.add("repeats", options.repeats)
        line.print()
    }

    /// Writing to a database, beside what its own loader takes for the same file.
    func write(_ database: BenchDatabase) async throws {
        let file = try CSVFile(rows: rows, isValid: true)
        let environment = ["TRANCHE_BENCH_DATABASE": database.place]
        if database.isSQLite {
            let columns = Self.columns.replacing("timestamptz", with: "text")
            try await database.run("DROP TABLE IF EXISTS target; CREATE TABLE target (\(columns));")
            try measure(
                .append,
                "load-append",
                file,
                workers: 1,
                database: "sqlite",
                environment: environment
            ) {
                _ = try Tool.run(
                    "sqlite3",
                    ["-cmd", ".timeout 30000", database.place, "DELETE FROM target"]
                )
            }
            return
        }
        let reset = "DROP TABLE IF EXISTS target; CREATE TABLE target (\(Self.columns))"
        for workers in [1, 2] {
            try measure(
                .append,
                "load-append-\(workers)-workers",
                file,
                workers: workers,
                database: "postgresql",
                environment: environment
            ) { try psql(database, [reset]) }
        }
        let copy = "\\copy target FROM '\(file.path)' WITH (FORMAT csv, HEADER)"
        try compare(database, "psql-copy", [reset], [copy])
        for workers in [1, 2] {
            try measure(
                .upsert,
                "load-upsert-\(workers)-workers",
                file,
                workers: workers,
                database: "postgresql",
                environment: environment
            ) { try psql(database, [reset]) }
        }
        let stage = [
            "CREATE TEMPORARY TABLE stage (LIKE target)",
            copy.replacing("target", with: "stage"),
            """
            INSERT INTO target SELECT * FROM stage ON CONFLICT (id) DO UPDATE SET name = excluded.name, \
            category = excluded.category, amount = excluded.amount, \
            created_at = excluded.created_at, active = excluded.active
            """,
        ]
        try compare(database, "psql-stage-upsert", [reset], stage)
    }

    /// Writing 200,000 rows to MongoDB, beside pymongo; nothing where no server is named.
    func writeMongo() throws {
        guard let url = ProcessInfo.processInfo.environment["TRANCHE_BENCH_MONGO_SERVER"],
            let python = ProcessInfo.processInfo.environment["TRANCHE_BENCH_PYTHON"]
        else { return }
        let file = try CSVFile(rows: 200_000, isValid: true)
        let collection = "\(url)/bench.target?directConnection=true"
        var seconds: [Double] = []
        for _ in 0..<options.repeats {
            let output = try Tool.run(
                python,
                [Tool.yardstick("mongo.py"), url, "bench", file.path]
            )
            seconds.append(output.split(separator: " ").last.flatMap { Double($0.dropLast()) } ?? 0)
        }
        var line = Line("csv", "pymongo-bulk-write", on: "mongodb")
        line.add("rows_per_second", Double(file.rows) / seconds.median)
        line.add("repeats", options.repeats)
        line.print()
        for workers in [1, 2] {
            try measure(
                .mongo,
                "load-mongo-\(workers)-workers",
                file,
                workers: workers,
                database: "mongodb",
                environment: ["TRANCHE_BENCH_MONGO": collection]
            )
        }
    }

    private func psql(_ database: BenchDatabase, _ commands: [String]) throws {
        _ = try Tool.run(
            "psql",
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", database.place] + commands.flatMap { ["-c", $0] }
        )
    }

    private func compare(
        _ database: BenchDatabase,
        _ name: String,
        _ before: [String],
        _ commands: [String]
    ) throws {
        let clock = ContinuousClock()
        var seconds: [Double] = []
        for _ in 0..<options.repeats {
            try psql(database, before)
            let start = clock.now
            try psql(database, commands)
            seconds.append((clock.now - start) / .seconds(1))
        }
        var line = Line("csv", name, on: database.kind)
        line.add("rows_per_second", Double(rows) / seconds.median)
        line.add("repeats", options.repeats)
        line.print()
    }
}
