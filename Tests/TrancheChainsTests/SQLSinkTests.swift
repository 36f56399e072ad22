import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@testable import TrancheChains

@Suite("Records written to SQL tables", .serialized, .timeLimit(.minutes(10)))
struct SQLSinkTests {
    typealias Backend = TestDatabase.Backend

    private func chain(_ world: ChainWorld) throws -> Chain<Record> {
        Chain(reading: CSVSource(world.path)).validate(try RecordSchema(json: ChainWorld.schema))
    }

    @Test("Every record is in the table once, with its values", arguments: Backend.available)
    func loads(on backend: Backend) async throws {
        try await withChainWorld(backend) { world in
            try await world.makeTable()
            let sink = SQLTableSink(world.database.prefix + "customer", key: ["id"])
            let report = try await chain(world).write(to: sink)
                .run(through: world.inventory, world.options(workers: 3))
            #expect(report.isSuccess)
            #expect(report.succeeded > 3)
            #expect(report.counters[CounterName.written] == 300)
            let rows = try await world.rows
            #expect(rows.count == 300)
            #expect(rows[6] == ["7", "Zoé 7, \"x\"", "7.25"])
        }
    }

    @Test(
        "Beside the inventory, adding rows is exactly once however often a batch fails",
        arguments: Backend.available
    )
    func exactlyOnce(on backend: Backend) async throws {
        try await withChainWorld(backend) { world in
            try await world.makeTable(key: "")
            let failures = FailureCount()
            let sink = SQLTableSink(world.database.prefix + "customer")
            let report = try await chain(world)
                .tap { record in
                    if record.id > 9000, failures.next() < 2 { throw Broken() }
                }
                .write(to: sink)
                .run(through: world.inventory, world.options(workers: 2))
            #expect(report.failed == 2)
            #expect(report.isSuccess)
            #expect(try await world.rows.count == 300)
        }
    }

    @Test(
        "A row that a trigger leaves out without an error is not counted as written",
        arguments: Backend.available,
        [[], ["id"]] as [[String]]
    )
    func leftOut(on backend: Backend, key: [String]) async throws {
        try await withChainWorld(backend, ChainWorld.csv(rows: 5)) { world in
            try await world.makeTable()
            let prefix = world.database.prefix
            if backend == .sqlite {
                try await world.database.run(
                    """
                    CREATE TRIGGER leave_out BEFORE INSERT ON \(prefix)customer WHEN new.id = 3
                    BEGIN SELECT RAISE(IGNORE); END;
                    """
                )
            } else {
                try await world.database.run(
                    """
                    CREATE FUNCTION \(prefix)leave_out() RETURNS trigger LANGUAGE plpgsql
                    AS $$ BEGIN
                        IF new.id = 3 THEN RETURN NULL; END IF;
                        RETURN new;
                    END $$;
                    CREATE TRIGGER leave_out BEFORE INSERT ON \(prefix)customer
                    FOR EACH ROW EXECUTE FUNCTION \(prefix)leave_out();
                    """
                )
            }
            let sink = SQLTableSink(world.database.prefix + "customer", key: key)
            let report = try await chain(world).write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess)
            #expect(report.counters["rows_written"] == 4)
            #expect(try await world.rows.count == 4)
        }
    }

    @Test(
        "Several records of a batch with one key count as the one row that they are",
        arguments: Backend.available
    )
    func equalKeys(on backend: Backend) async throws {
        // With the row that is refused, records are written one by one, or in parts.
        for (bad, rows) in [("", 2), ("-7,bad,1,,\n", 2)] {
            let text = "id,name,amount,at,active\n1,a,1,,\n\(bad)01,b,2,,\n2,c,3,,\n"
            try await withChainWorld(backend, text) { world in
                try await world.makeTable(key: "PRIMARY KEY CHECK (id > 0)")
                let sink = SQLTableSink(world.database.prefix + "customer", key: ["id"])
                let report = try await Chain(reading: CSVSource(world.path))
                    .rejecting(to: .jsonLines(world.path + ".rejects"))
                    .write(to: sink)
                    .run(through: world.inventory, world.options())
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(report.counters["rows_written"] == rows)
                #expect(try await world.rows.map { $0[1] } == ["b", "c"])
            }
        }
    }

    @Test("With a key, a row that is there is replaced", arguments: Backend.available)
    func upserts(on backend: Backend) async throws {
        let text = ChainWorld.csv(rows: 3) + "2,again,5,,\n"
        try await withChainWorld(backend, text) { world in
            try await world.makeTable()
            let sink = SQLTableSink(world.database.prefix + "customer", key: ["id"])
            for job in ["first", "second"] {
                let report = try await chain(world).write(to: sink)
                    .run(through: world.inventory, world.options(job))
                #expect(report.isSuccess, "\(report.lastError ?? "")")
            }
            #expect(
                try await world.rows.map { $0[1] } == ["Zoé 1, \"x\"", "again", "Zoé 3, \"x\""]
            )
        }
    }

    @Test(
        "A table in another database is written in a transaction a batch",
        arguments: Backend.available
    )
    func elsewhere(on backend: Backend) async throws {
        try await withChainWorld(.sqlite) { world in
            try await withTestDatabase(backend) { other in
                try await other.run(
                    "CREATE TABLE \(other.prefix)customer (id bigint PRIMARY KEY, name text)"
                )
                let database: SourceDatabase =
                    backend == .sqlite ? .sqlite(other.address) : .postgres(other.address)
                let fields = try RecordFields(["id", "name"])
                let records = Chain(reading: CSVSource(world.path)).map { record in
                    try Record(id: record.id, fields: fields, values: [record[0], record[1]])
                }
                let upsert = SQLTableSink(other.prefix + "customer", key: ["id"], in: database)
                var options = world.options()
                options.promise = .transactional
                await #expect(throws: TrancheError.self) {
                    try await records.write(to: upsert).run(through: world.inventory, options)
                }
                options.promise = .idempotent
                let report = try await records.write(to: upsert)
                    .run(through: world.inventory, options)
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                let count = try await other.column("SELECT count(*) FROM \(other.name("customer"))")
                #expect(count == ["300"])
            }
        }
    }

    @Test(
        "A name that means another table to the inventory's session is the sink's own table",
        .enabled(if: Backend.available.count > 1),
        arguments: [[], ["id"]] as [[String]]
    )
    func otherSchema(key: [String]) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withChainWorld(.postgreSQL, ChainWorld.csv(rows: 5)) { world in
            try await world.makeTable()
            let mine = try #require(world.database.schema)
            try await withTestSchema(server) { other in
                try await world.database.run(
                    "CREATE TABLE \(other).customer (LIKE \(mine).customer INCLUDING ALL)"
                )
                let inventory = try await Inventory.open(
                    .postgres(Self.url(server, searching: mine)),
                    configuration: .init(store: world.database.configuration(), worker: "other")
                )
                let location = SourceDatabase.postgres(Self.url(server, searching: other))
                let sink = SQLTableSink("customer", key: key, in: location)
                let promise = try await sink.promise(beside: inventory.store)
                #expect(promise.delivery == (key.isEmpty ? .atLeastOnce : .idempotent))
                #expect(promise.reason.contains("\(mine).customer"), "\(promise.reason)")
                let report = try await chain(world).write(to: sink)
                    .run(through: inventory, world.options())
                #expect(report.isSuccess, "\(report.lastError ?? "")")
                #expect(try await world.rows.isEmpty)
                let name = SQLTableName(schema: other, table: "customer")
                #expect(
                    try await world.database.column("SELECT count(*) FROM \(name)") == ["5"]
                )
                let named = SQLTableSink("\(other).customer", in: location)
                #expect(
                    try await named.promise(beside: inventory.store).delivery == .transactional
                )
                await inventory.close()
            }
        }
    }

    /// The server's URL, with a schema that names are looked for in.
    private static func url(_ server: TestPostgreSQL, searching schema: String) -> String {
        let separator = server.url.contains("?") ? "&" : "?"
        return "\(server.url)\(separator)options=-csearch_path%3D\(schema)"
    }

    @Test(
        "What does not fit is refused before anything is handed out",
        arguments: Backend.available
    )
    func misfits(on backend: Backend) async throws {
        try await withChainWorld(backend) { world in
            try await world.makeTable(key: "")
            try await world.database.run("CREATE TABLE \(world.database.prefix)narrow (id bigint)")
            for (sink, words) in [
                (SQLTableSink(world.database.prefix + "nowhere"), "there is no table"),
                (SQLTableSink(world.database.prefix + "narrow"), "has no column 'name'"),
                (SQLTableSink(world.database.prefix + "customer", key: ["id"]), "is not unique"),
                (SQLTableSink(world.database.prefix + "customer", key: ["uid"]), "'uid'"),
            ] {
                let error = await #expect(throws: TrancheError.self) {
                    try await chain(world).write(to: sink)
                        .run(through: world.inventory, world.options())
                }
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
            #expect(try await world.inventory.summaries().isEmpty)
        }
    }

    @Test(
        "Of several records of an item the one that is refused is left out alone",
        arguments: Backend.available
    )
    func refusedOfOneItem(on backend: Backend) async throws {
        try await withChainWorld(backend, ChainWorld.csv(rows: 3)) { world in
            try await world.makeTable()
            let fields = try RecordFields(["id", "name"])
            let report = try await Chain<Record>(reading: CSVSource(world.path))
                .flatMap { record -> [Record] in
                    let id = Int64(record.text("id") ?? "") ?? 0
                    return [
                        try Record(id: record.id, fields: fields, values: [.null, .text("a")]),
                        try Record(id: record.id, fields: fields, values: [.integer(id), .null]),
                    ]
                }
                .rejecting(to: .jsonLines(world.folder.path("bad.jsonl")))
                .write(to: SQLTableSink(world.database.prefix + "customer", key: ["id"]))
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(report.counters[CounterName.written] == 3)
            #expect(try await world.rows.map { $0[0] } == ["1", "2", "3"])
            #expect(try world.read("bad.jsonl").split(separator: "\n").count == 3)
        }
    }

    @Test(
        "So it is where the database refuses it only once all are written",
        arguments: [Value.real(1.5), .real(.nan)]
    )
    func refusedLateOfOneItem(value: Value) async throws {
        try await withChainWorld(.sqlite, ChainWorld.csv(rows: 3)) { world in
            try await world.database.run(
                """
                CREATE TABLE p (id int PRIMARY KEY); INSERT INTO p VALUES (1);
                CREATE TABLE t (
                    id integer PRIMARY KEY, r int REFERENCES p DEFERRABLE INITIALLY DEFERRED,
                    v real
                )
                """
            )
            let fields = try RecordFields(["id", "r", "v"])
            let report = try await Chain<Record>(reading: CSVSource(world.path))
                .flatMap { record -> [Record] in
                    let id = Int64(record.text("id") ?? "") ?? 0
                    let values: [[Value]] = [
                        [.integer(id), .null, value], [.integer(id + 100), .integer(7), value],
                    ]
                    return try values.map { try Record(id: record.id, fields: fields, values: $0) }
                }
                .rejecting(to: .jsonLines(world.folder.path("bad.jsonl")))
                .write(to: SQLTableSink("t", key: ["id"]))
                .run(through: world.inventory, world.options())
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            #expect(report.counters[CounterName.written] == 3)
            #expect(try await world.database.column("SELECT id FROM t") == ["1", "2", "3"])
            #expect(try world.read("bad.jsonl").split(separator: "\n").count == 3)
        }
    }

    @Test(
        "A record without a key is quarantined, and all others are written",
        arguments: Backend.available
    )
    func noKey(on backend: Backend) async throws {
        try await withChainWorld(backend, "id,name\n1,a\n,b\n3,c\n") { world in
            try await world.makeTable()
            let sink = SQLTableSink(world.database.prefix + "customer", key: ["id"])
            let report = try await Chain(reading: CSVSource(world.path)).write(to: sink)
                .run(through: world.inventory, world.options())
            #expect(!report.isSuccess)
            #expect(report.run?.totals[.quarantined]?.items == 1)
            #expect(try await world.rows.map { $0[0] } == ["1", "3"])
        }
    }
}

struct Broken: Error {}
