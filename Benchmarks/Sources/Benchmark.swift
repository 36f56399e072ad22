import Foundation
import Tranche

/// The benchmark program: runs suites and prints a JSON line for each measurement.
enum Benchmark {
    static let usage = """
        usage: tranche-bench [flat] [limit] [items] [company] [audit] [archive] [csv] [gzip] [jsonl]
                             [batcher] [sharing] [far] [beside] [budgets] [crowded] [workflows]
                             [events] [outbox] [status] [lineage] [serve]
                             [--repeats N] [--rows N] [--stored N] [--gaps N] [--only DB] [--part PART]

        Measures on SQLite, and on the PostgreSQL that TRANCHE_BENCH_POSTGRESQL names, in whose
        database it makes tables of its own. All suites by default. A JSON line for each measurement.

          flat      median acquire + succeed at the first, middle and last batch of --rows rows
                    (10,000,000), and with 1,000,000 batches in the inventory, as ratios to 10,000 rows
          limit     batches per second beside a hand-written minimum, one worker
          items     memory of a batch of 1,000,000 items, streamed
          company   16 workers in 4 processes on one run, beside one worker
          audit     ids per second of an audit of 5,000,000 dense ids in 5,000 batches
          archive   bytes that 200,000 packed batches of dense ids take
          csv       rows per second of chains over a CSV file of 1,000,000 rows: planned, parsed,
                    validated, loaded; beside psql's \\copy
          gzip      processor time of loads of a gzip file of 1,000,000 to 4,000,000 rows, beside that
                    of the same file uncompressed and one gzip -dc
          jsonl     processor time of chains over 1,000,000 JSON Lines: planned, parsed, validated; by turns
                    with the DuckDB of TRANCHE_BENCH_DUCKDB_PYTHON
          sharing   64 workers in one process on one run, with 10 and with 100 items a batch, beside a
                    hand-written minimum with one client
          batcher   jobs per second of the micro batcher with 1,000 callers, and its latency, beside
                    the one in Go that TRANCHE_BENCH_GO_BATCHER names
          far       batches per second of 1 and of 16 workers 0, 0.5 and 2 ms from their PostgreSQL, where
                    it decides on plain acquires, beside those where the program does
          beside    batches per second of 8 processes on one run, over 60 s and in its last 20 s, while a
                    transaction that has written is open, beside those without it; --stored batches
                    (0) of another job are in the inventory, and --gaps ids (0) are missing
          budgets   batches per second of one worker with a parallelism and a budget beside one without,
                    and of 32 workers on eight runs of one budget beside 32 on one run without
          crowded   an acquire of one worker while 10,000 batches are held under a budget, 1,000,000 are
                    stored and, on PostgreSQL, a transaction stays open for a minute, beside one
                    without a budget; and while 100,000 batches are stuck, beside one without
          workflows batches whose reading and writing take 20 ms each, in stages beside one after the
                    other; and a CSV file of 1,000,000 rows into PostgreSQL by a workflow of the
                    program tranche beside this one, by turns with its load
          events    events per second from a log, and from a table, into a closure in batches of 500, to
                    the recorded success; the time from a row's commit to the start of the closure,
                    beside 16 writers whose transactions take 50 ms, and one that stays open for 30 s
          outbox    single rows by 16 clients, at a 2 ms flush too, and a COPY of 1,000,000 rows into
                    tables that are recorded beside one that is not, beside NOTIFY for each row and
                    beside logical decoding
          status    status and metrics of the program tranche with 1,000 runs and --rows batches
                    (10,000,000), from start to end of the process, beside 10,000 batches
          lineage   batches per second of one worker whose attempts are told to OpenLineage, in a file, at
                    an address and at one where nobody listens, by turns with one whose are not
        """

    static func run(arguments: [String]) async throws {
        if arguments.contains("--help") {
            print(usage)
            return
        }
        if arguments.first == "child" {
            return try await Child.run(arguments: Array(arguments.dropFirst()))
        }
        let options = try Options(arguments)
        if options.suites.contains("csv") {
            if options.only == nil || options.only == "none" { try Loads(options).read() }
            if options.only == nil || options.only == "mongodb" { try Loads(options).writeMongo() }
        }
        if options.suites.contains("gzip") { try GzipLoads(options).run() }
        if options.suites.contains("jsonl") { try JSONLoads(options).read() }
        if options.suites.contains("batcher") { try await BatcherLoad(options).run() }
        // Nothing else needs a database.
        if options.suites.allSatisfy(["batcher", "gzip", "jsonl"].contains) { return }
        for database in try await BenchDatabase.all(only: options.only) {
            if options.suites.contains("flat") { try await Flat(database, options).run() }
            if options.suites.contains("limit") { try await Limit(database, options).run() }
            if options.suites.contains("items") { try await ItemsMemory(database, options).run() }
            if options.suites.contains("company") { try await Company(database, options).run() }
            if options.suites.contains("audit") { try await Audit(database, options).audit() }
            if options.suites.contains("archive") { try await Audit(database, options).archive() }
            if options.suites.contains("csv") { try await Loads(options).write(database) }
            if options.suites.contains("sharing") { try await Sharing(database, options).run() }
            if options.suites.contains("far") { try await Far(database, options).run() }
            if options.suites.contains("beside") { try await Beside(database, options).run() }
            if options.suites.contains("budgets") { try await Budgets(database, options).run() }
            if options.suites.contains("crowded") { try await Crowded(database, options).run() }
            if options.suites.contains("workflows") {
                try await WorkflowLoads(database, options).run()
            }
            if options.suites.contains("events") { try await Events(database, options).run() }
            if options.suites.contains("serve") { try await Serving(database, options).run() }
            if options.suites.contains("lineage") { try await Lineages(database, options).run() }
            if options.suites.contains("status") { try await Overviews(database, options).run() }
            if options.suites.contains("outbox") { try await OutboxWrites(database, options).run() }
        }
    }

    /// What the command line asks for.
    struct Options {
        static let allSuites = [
            "flat", "limit", "items", "company", "audit", "archive", "csv", "gzip", "jsonl",
            "batcher", "sharing", "far", "beside", "budgets", "crowded", "workflows",
            "events", "outbox", "status", "lineage", "serve",
        ]

        var suites: [String] = []
        var repeats = 3
        var rows = 10_000_000
        var stored = 0
        var gaps = 0
        var only: String?
        var part: Serving.Part?

        init(_ arguments: [String]) throws {
            var rest = arguments[...]
            while let word = rest.popFirst() {
                switch word {
                case _ where Self.allSuites.contains(word): suites.append(word)
                case "--repeats": repeats = try Self.number(rest.popFirst(), for: word)
                case "--rows": rows = try Self.number(rest.popFirst(), for: word)
                case "--stored": stored = try Self.number(rest.popFirst(), for: word)
                case "--gaps": gaps = try Self.number(rest.popFirst(), for: word)
                case "--only": only = rest.popFirst()
                case "--part": part = try Self.part(rest.popFirst())
                default: throw BenchError("unknown word '\(word)'; see --help")
                }
            }
            if suites.isEmpty { suites = Self.allSuites }
        }

        private static func part(_ text: String?) throws -> Serving.Part {
            guard let part = text.flatMap({ Serving.Part(rawValue: $0) }) else {
                let all = Serving.Part.allCases.map(\.rawValue).joined(separator: ", ")
                throw BenchError("--part wants one of \(all)")
            }
            return part
        }

        private static func number(_ text: String?, for option: String) throws -> Int {
            guard let text, let number = Int(text), number > 0 else {
                throw BenchError("\(option) wants a number above 0")
            }
            return number
        }
    }
}

/// What keeps a measurement from being made.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// A line of output: a JSON object.
struct Line {
    private var fields: [(String, String)]

    init(_ suite: String, _ name: String, on database: String) {
        fields = [
            ("suite", "\"\(suite)\""), ("case", "\"\(name)\""), ("database", "\"\(database)\""),
        ]
    }

    mutating func add(_ name: String, _ value: Double) {
        let rounded = value.magnitude < 100 ? (value * 1000).rounded() / 1000 : value.rounded()
        fields.append((name, "\(rounded)"))
    }

    mutating func add(_ name: String, _ value: Int) {
        fields.append((name, "\(value)"))
    }

    func print() {
        Swift.print("{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}")
        fflush(nil)
    }
}

extension [Double] {
    /// The middle value; 0 when there is none.
    var median: Double {
        if isEmpty { return 0 }
        let sorted = sorted()
        return sorted[sorted.count / 2]
    }
}
