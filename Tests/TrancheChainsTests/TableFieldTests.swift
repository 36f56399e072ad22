import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL

@testable import TrancheChains

@Suite("Fields and columns that differ", .serialized, .timeLimit(.minutes(10)))
struct TableFieldTests {
    typealias Backend = TestDatabase.Backend

    private final class Notes: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    private struct Loaded {
        var report: ChainReport
        var rows: [[String]]
        var reasons: [String]
        var notes: [String]
    }

    /// Loads text into a table `t`.
    private func load(
        _ text: String,
        into script: String,
        on backend: Backend,
        key: [String] = [],
        unknownFields: SQLTableSink.UnknownFields = .refuse,
        isJSON: Bool = true,
        workers: Int = 1,
        weight: Double = 1_000_000,
        policy: RunPolicy = RunPolicy(maxAttempts: 3, backoff: .zero),
        read: String = "SELECT * FROM @t ORDER BY 1"
    ) async throws -> Loaded {
        var loaded: Loaded?
        try await withChainWorld(backend, "id\n1\n") { world in
            let prefix = world.database.prefix
            let path = try world.write(text, to: isJSON ? "f.jsonl" : "f.csv")
            try await world.database.run(script.replacing("@", with: prefix))
            let notes = Notes()
            let sink = SQLTableSink(
                prefix + "t",
                key: key,
                unknownFields: unknownFields,
                note: { notes.add($0) }
            )
            let chain: Chain<Record> =
                isJSON ? Chain(reading: JSONLinesSource(path)) : Chain(reading: CSVSource(path))
            let report = try await chain.write(to: sink)
                .run(
                    through: world.inventory,
                    world.options(weight: weight, workers: workers, policy: policy)
                )
            let bad = try await world.inventory.batches(BatchSelection(status: .quarantined))
            let statement = SQLStatement(read.replacing("@", with: prefix), binds: [])
            loaded = Loaded(
                report: report,
                rows: try await world.database.read(statement),
                reasons: bad.map { $0.logging ?? "" },
                notes: notes.all
            )
        }
        return try #require(loaded)
    }

    @Test(
        "A field that is absent leaves the column's default, whatever the order of the others",
        arguments: Backend.available
    )
    func absent(on backend: Backend) async throws {
        let text = """
            {"id":1,"a":"x","b":"y"}
            {"b":"y","id":2}
            {"id":3}
            {"id":4,"a":null,"b":null}
            {"a":"z","id":5}

            """
        for key in [[], ["id"]] {
            let found = try await load(
                text,
                into: "CREATE TABLE @t (id bigint PRIMARY KEY, a text, b text DEFAULT 'none')",
                on: backend,
                key: key
            )
            #expect(found.report.isSuccess, "\(found.report.lastError ?? "")")
            #expect(found.report.failed == 0)
            #expect(
                found.rows == [
                    ["1", "x", "y"], ["2", "NULL", "y"], ["3", "NULL", "none"],
                    ["4", "NULL", "NULL"], ["5", "z", "none"],
                ]
            )
        }
    }

    @Test("With a key, a field that is absent leaves what is there", arguments: Backend.available)
    func merges(on backend: Backend) async throws {
        let text = """
            {"id":1,"a":"x"}
            {"id":1,"b":"y"}
            {"id":2,"a":"x","b":"y"}
            {"id":2,"b":null}

            """
        let found = try await load(
            text,
            into: "CREATE TABLE @t (id bigint PRIMARY KEY, a text, b text)",
            on: backend,
            key: ["id"]
        )
        #expect(found.rows == [["1", "x", "y"], ["2", "x", "NULL"]])
    }

    @Test(
        "A field that the table lacks refuses its record alone, and says the ways out",
        arguments: Backend.available
    )
    func unknown(on backend: Backend) async throws {
        let found = try await load(
            "{\"id\":1}\n{\"id\":2,\"zz\":3}\n{\"id\":3}\n{\"ID\":4}\n{}\n",
            into: "CREATE TABLE @t (id bigint PRIMARY KEY)",
            on: backend
        )
        #expect(found.rows == [["1"], ["3"]])
        #expect(found.reasons.count == 3)
        #expect(
            found.reasons.contains {
                $0.contains("no column 'zz'") && $0.contains("--drop-unknown")
                    && $0.contains("--add-columns")
            }
        )
        #expect(found.reasons.contains { $0.contains("upper and lower case count: 'id'") })
        #expect(found.reasons.contains { $0.contains("no field is a column") })
    }

    @Test(
        "Where all records have it, it is refused before anything is loaded",
        arguments: Backend.available
    )
    func unknownHeader(on backend: Backend) async throws {
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load(
                "id,extra\n1,a\n",
                into: "CREATE TABLE @t (id bigint PRIMARY KEY)",
                on: backend,
                isJSON: false
            )
        }
        #expect(error.message.contains("no column 'extra'"))
        #expect(error.message.contains("--drop-unknown"))
        #expect(error.message.contains("--add-columns"))
    }

    @Test(
        "Unknown fields are left out where that is asked for, and counted",
        arguments: Backend.available
    )
    func drops(on backend: Backend) async throws {
        for isJSON in [true, false] {
            let found = try await load(
                isJSON ? "{\"id\":1,\"x\":2,\"y\":3}\n{\"id\":2}\n" : "x,id,y\n2,1,3\n2,2,3\n",
                into: "CREATE TABLE @t (id bigint PRIMARY KEY)",
                on: backend,
                key: ["id"],
                unknownFields: .drop,
                isJSON: isJSON
            )
            #expect(found.report.isSuccess, "\(found.report.lastError ?? "")")
            #expect(found.rows == [["1"], ["2"]])
            #expect(found.report.counters["fields_dropped"] == (isJSON ? 2 : 4))
            #expect(found.notes.isEmpty == isJSON)
        }
    }

    @Test("Columns are added, of types that hold the batch's values", arguments: Backend.available)
    func adds(on backend: Backend) async throws {
        let text = """
            {"id":1,"i":1,"r":1.5,"d":0.30000000000000004441,"t":"x","b":true,"j":{"a":[1]}}
            {"id":2,"mixed":1,"i":9223372036854775807,"wide":2}
            {"id":3,"mixed":"x","n":null,"a b":"c","wide":2.5}

            """
        let found = try await load(
            text,
            into: "CREATE TABLE @t (id bigint PRIMARY KEY)",
            on: backend,
            unknownFields: .addColumns,
            read: "SELECT id, i, t, mixed, \"a b\", n FROM @t ORDER BY 1"
        )
        #expect(found.report.isSuccess, "\(found.report.lastError ?? "")")
        #expect(found.report.failed == 0)
        #expect(
            found.rows == [
                ["1", "1", "x", "NULL", "NULL", "NULL"],
                ["2", "9223372036854775807", "NULL", "1", "NULL", "NULL"],
                ["3", "NULL", "NULL", "x", "c", "NULL"],
            ]
        )
        let types =
            backend == .sqlite
            ? [
                "i": "INTEGER", "r": "REAL", "d": "TEXT", "b": "INTEGER", "j": "TEXT",
                "wide": "REAL",
            ]
            : [
                "i": "bigint", "r": "double precision", "d": "numeric", "b": "boolean",
                "j": "jsonb", "wide": "double precision",
            ]
        for (name, type) in types {
            #expect(
                found.notes.contains { $0.hasSuffix("column '\(name)', \(type)") },
                "\(found.notes)"
            )
        }
        #expect(found.notes.count == 10)
    }

    @Test("Several workers add a column once", arguments: Backend.available)
    func addsOnce(on backend: Backend) async throws {
        let text = (1...200).map { "{\"id\":\($0),\"late\":\($0)}\n" }.joined()
        let found = try await load(
            text,
            into: "CREATE TABLE @t (id bigint PRIMARY KEY)",
            on: backend,
            key: ["id"],
            unknownFields: .addColumns,
            workers: 4,
            weight: 200
        )
        #expect(found.report.isSuccess, "\(found.report.lastError ?? "")")
        #expect(found.rows.count == 200)
        #expect(found.rows.allSatisfy { $0[0] == $0[1] })
        #expect(found.notes.count == 1)
    }

    @Test(
        "A column whose values the table makes itself is refused at the start, or left out",
        arguments: Backend.available
    )
    func generated(on backend: Backend) async throws {
        let script =
            "CREATE TABLE @t (id bigint PRIMARY KEY, q bigint GENERATED ALWAYS AS (id * 2) STORED)"
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load("id,q\n1,2\n", into: script, on: backend, isJSON: false)
        }
        #expect(error.message.contains("column 'q'") && error.message.contains("GENERATED"))
        let found = try await load(
            "id,q\n1,5\n",
            into: script,
            on: backend,
            unknownFields: .drop,
            isJSON: false
        )
        #expect(found.rows == [["1", "2"]])
    }

    @Test(
        "A key that is GENERATED ALWAYS AS IDENTITY is loaded with its values",
        .enabled(if: Backend.available.contains(.postgreSQL))
    )
    func identity() async throws {
        let script =
            "CREATE TABLE @t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a text, b text UNIQUE)"
        for key in [[], ["id"]] {
            let found = try await load(
                "{\"id\":7,\"a\":\"x\"}\n{\"id\":8,\"a\":\"y\"}\n",
                into: script,
                on: .postgreSQL,
                key: key
            )
            #expect(found.rows.map { $0[0] } == ["7", "8"])
        }
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load(
                "id,b\n1,x\n",
                into: script,
                on: .postgreSQL,
                key: ["b"],
                isJSON: false
            )
        }
        #expect(error.message.contains("GENERATED ALWAYS AS IDENTITY"))
    }

    @Test(
        "A key must be one that names a row, and what looks like one is named",
        arguments: Backend.available
    )
    func keys(on backend: Backend) async throws {
        let cases: [(String, [String], String)] = [
            (
                "CREATE TABLE @t (id bigint, k bigint)", ["id"],
                backend == .sqlite
                    ? #"CREATE UNIQUE INDEX "t_id_key" ON "t" ("id")"#
                    : "CREATE UNIQUE INDEX ON"
            ),
            (
                "CREATE TABLE @t (id bigint PRIMARY KEY, k bigint)", ["id", "k"],
                "not unique together"
            ),
            ("CREATE TABLE @t (id bigint, k bigint, UNIQUE (id, k))", ["id"], "is on id, k"),
            (
                "CREATE TABLE @t (id bigint, k bigint); CREATE UNIQUE INDEX part ON @t (id) WHERE k > 0",
                ["id"], "holds only for the rows"
            ),
            (
                "CREATE TABLE @t (id bigint, k bigint); CREATE UNIQUE INDEX part ON @t (abs(id))",
                ["id"], "is on an expression"
            ),
            (
                "CREATE TABLE @base (id bigint PRIMARY KEY, k bigint); CREATE VIEW @t AS SELECT * FROM @base",
                ["id"], "is a view"
            ),
        ]
        for (script, key, words) in cases {
            // An index is named without its schema.
            let script = backend == .sqlite ? script.replacing("@", with: "") : script
            let error = try await #require(throws: TrancheError.self) {
                _ = try await load(
                    "id,k\n1,2\n",
                    into: script,
                    on: backend,
                    key: key,
                    isJSON: false
                )
            }
            #expect(error.message.contains(words), "\(error.message)")
        }
        let found = try await load(
            "id,k\n1,2\n1,2\n1,3\n",
            into: "CREATE TABLE @t (id bigint, k bigint, UNIQUE (k, id))",
            on: backend,
            key: ["id", "k"],
            isJSON: false
        )
        #expect(found.rows == [["1", "2"], ["1", "3"]])
    }

    @Test(
        "A table whose name differs by case alone is named",
        .enabled(if: Backend.available.contains(.postgreSQL))
    )
    func spelling() async throws {
        let error = try await #require(throws: TrancheError.self) {
            _ = try await load(
                "{\"id\":1}\n",
                into: "CREATE TABLE @\"T\" (id bigint)",
                on: .postgreSQL
            )
        }
        #expect(error.message.contains("upper and lower case count"), "\(error.message)")
    }

    @Test(
        "A view is loaded where its rows can be inserted",
        .enabled(if: Backend.available.contains(.postgreSQL))
    )
    func view() async throws {
        let found = try await load(
            "{\"id\":1}\n{\"id\":2}\n{\"id\":2}\n",
            into: """
                CREATE TABLE @base (id bigint PRIMARY KEY);
                CREATE VIEW @t AS SELECT id FROM @base WHERE id < 100
                """,
            on: .postgreSQL
        )
        #expect(found.rows == [["1"], ["2"]])
        #expect(found.reasons.count == 1)
    }

    @Test(
        "A field that is absent leaves the default of the table behind a view",
        .enabled(if: Backend.available.count > 1)
    )
    func viewDefault() async throws {
        let found = try await load(
            "{\"id\":1,\"status\":\"x\"}\n{\"id\":2}\n{\"status\":null,\"id\":3}\n",
            into: """
                CREATE TABLE @base (id bigint PRIMARY KEY, status text DEFAULT 'new');
                CREATE VIEW @t AS SELECT id, status FROM @base
                """,
            on: .postgreSQL
        )
        #expect(found.rows == [["1", "x"], ["2", "new"], ["3", "NULL"]])
    }

    @Test(
        "A row that refers to one of another batch waits for it, and its batch does not",
        arguments: Backend.available
    )
    func early(on backend: Backend) async throws {
        // The first refers to the last; the second to none that ever comes.
        let text =
            "{\"id\":1,\"r\":300}\n{\"id\":2,\"r\":999}\n"
            + (3...300).map { "{\"id\":\($0),\"r\":null}\n" }.joined()
        let found = try await load(
            text,
            into: "CREATE TABLE @t (id bigint PRIMARY KEY, r bigint REFERENCES @t)",
            on: backend,
            weight: 500,
            policy: RunPolicy(maxAttempts: 3, backoff: .seconds(1))
        )
        #expect(found.rows.count == 299)
        #expect(found.rows.first == ["1", "300"])
        #expect(found.reasons.count == 1)
        #expect(found.reasons.first?.contains("999") == true, "\(found.reasons)")
    }
}
