import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Who writes to a PostgreSQL source",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct WritersWatchTests {
    static let table = "CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text);"

    /// Expects that an open transaction with these statements is seen until it ends.
    func seen(
        _ script: String,
        while statements: [String],
        of table: String = "t",
        uid: String = "uid",
        isSeen: Bool = true,
        location: SourceLocation = #_sourceLocation
    ) async throws {
        try await withWatchBench(script) { bench in
            let watch = try await bench.watch(table, uid: uid)
            let before = try await bench.writers(watch)
            #expect(before.holders.isEmpty, sourceLocation: location)
            try await withTestSession(on: bench.server) { session in
                for end in ["ROLLBACK", "COMMIT"] {
                    try await session.run("BEGIN")
                    for statement in statements { try await session.run(bench.script(statement)) }
                    let name = try await session.transaction()
                    let during = try await bench.writers(watch)
                    #expect(during.holders == (isSeen ? [name] : []), sourceLocation: location)
                    #expect(during.survivors.isEmpty, sourceLocation: location)
                    #expect(during.epoch == before.epoch, sourceLocation: location)
                    try await session.run(SQLStatement(end))
                    #expect(try await bench.writers(watch) == before, sourceLocation: location)
                }
            }
        }
    }

    // MARK: Ways to write

    @Test(
        "Whoever writes to the table is seen until the transaction ends",
        arguments: [
            "INSERT INTO S.t DEFAULT VALUES",
            "INSERT INTO S.t (item) SELECT item FROM S.t WHERE false",
            "UPDATE S.t SET item = 'x'",
            "DELETE FROM S.t",
            "COPY S.t (item) FROM PROGRAM 'echo x'",
            "MERGE INTO S.t USING (SELECT 1) AS s ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
            "INSERT INTO S.t (uid) VALUES (-1) ON CONFLICT DO NOTHING",
            "SELECT nextval('S.t_uid_seq')",
            "SELECT setval('S.t_uid_seq', 1000)",
        ]
    )
    func writing(_ statement: String) async throws {
        try await seen(Self.table, while: [statement])
    }

    @Test("An id reserved without a transaction id is seen, which a fence of these would miss")
    func reservedOnly() async throws {
        try await withWatchBench(Self.table) { bench in
            let watch = try await bench.watch()
            try await withTestSession(on: bench.server) { session in
                // Every 32nd time, and after a checkpoint, drawing is logged, and takes an id.
                while true {
                    try await session.run("BEGIN", bench.script("SELECT nextval('S.t_uid_seq')"))
                    if try await session.run("SELECT pg_current_xact_id_if_assigned()")
                        == [["NULL"]]
                    {
                        break
                    }
                    try await session.run("ROLLBACK")
                }
                let name = try await session.transaction()
                #expect(try await bench.writers(watch).holders == [name])
            }
        }
    }

    @Test("An id drawn behind a savepoint that was rolled back to is still reserved")
    func savepoint() async throws {
        try await seen(
            Self.table,
            while: [
                "SAVEPOINT s", "SELECT nextval('S.t_uid_seq')", "ROLLBACK TO s",
            ]
        )
    }

    @Test(
        "Who has done something else with the table is no writer",
        arguments: [
            "SELECT count(*) FROM S.t",
            "SELECT * FROM S.t FOR UPDATE",
            "SELECT last_value FROM S.t_uid_seq",
            "INSERT INTO S.other DEFAULT VALUES",
            "CREATE TABLE S.child (t bigint REFERENCES S.t); DROP TABLE S.child",
            "ANALYZE S.t",
            "ALTER TABLE S.t SET (autovacuum_enabled = off)",
            "CREATE INDEX ON S.t (item)",
        ]
    )
    func notWriting(_ statement: String) async throws {
        try await seen(
            Self.table + "CREATE TABLE S.other (uid bigserial PRIMARY KEY);",
            while: statement.components(separatedBy: "; "),
            isSeen: false
        )
    }

    @Test("A transaction that has also taken a stronger lock is seen by the weaker one")
    func strongLock() async throws {
        try await seen(
            Self.table,
            while: ["LOCK TABLE S.t IN SHARE ROW EXCLUSIVE MODE", "INSERT INTO S.t DEFAULT VALUES"]
        )
        try await seen(
            Self.table,
            while: ["INSERT INTO S.t DEFAULT VALUES", "LOCK TABLE S.t IN EXCLUSIVE MODE"]
        )
    }

    @Test("Who waits for the table without having drawn an id is no writer yet")
    func waiting() async throws {
        try await withWatchBench(Self.table) { bench in
            let watch = try await bench.watch()
            try await withTestSession(on: bench.server) { locker in
                try await locker.run("BEGIN", bench.script("LOCK TABLE S.t IN SHARE MODE"))
                try await withTestSession(on: bench.server) { writer in
                    async let inserted = writer.run(
                        bench.script("INSERT INTO S.t (item) VALUES ('x')")
                    )
                    try await untilSomebodyWaits(for: "t", of: bench)
                    #expect(try await bench.writers(watch).holders.isEmpty)
                    try await locker.run("COMMIT")
                    _ = try await inserted
                }
            }
        }
    }

    private func untilSomebodyWaits(for table: String, of bench: WatchBench) async throws {
        let table = bench.database.name(table)
        while try await bench.database.column(
            """
            SELECT count(*) FROM pg_locks
            WHERE NOT granted AND relation = to_regclass(\(table.quoted))
            """
        ) == ["0"] {}
    }

    // MARK: Tables

    @Test(
        "The sequence is found however it belongs to the column",
        arguments: [
            "CREATE TABLE S.t (uid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
            "CREATE TABLE S.t (uid integer GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);",
            "CREATE TABLE S.t (uid smallserial PRIMARY KEY);",
            """
            CREATE SEQUENCE S.t_uid_seq;
            CREATE TABLE S.t (uid bigint PRIMARY KEY DEFAULT nextval('S.t_uid_seq'));
            """,
            """
            CREATE TABLE S.t (uid bigint PRIMARY KEY);
            CREATE SEQUENCE S.t_uid_seq OWNED BY S.t.uid;
            """,
            """
            CREATE TABLE S.base (uid bigserial PRIMARY KEY);
            ALTER SEQUENCE S.base_uid_seq RENAME TO t_uid_seq;
            CREATE TABLE S.t () INHERITS (S.base);
            """,
            """
            CREATE TABLE S.t (uid bigserial, PRIMARY KEY (uid)) PARTITION BY RANGE (uid);
            CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (100);
            """,
        ]
    )
    func sequences(_ script: String) async throws {
        try await seen(script, while: ["SELECT nextval('S.t_uid_seq')"])
    }

    @Test("A sequence of another column is nobody's concern")
    func otherSequence() async throws {
        try await seen(
            "CREATE TABLE S.t (uid bigserial PRIMARY KEY, number bigserial);",
            while: ["SELECT nextval('S.t_number_seq')"],
            isSeen: false
        )
    }

    static let partitioned = """
        CREATE TABLE S.t (uid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)
            PARTITION BY RANGE (uid);
        CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (1000);
        CREATE TABLE S.t2 PARTITION OF S.t FOR VALUES FROM (1000) TO (9000) PARTITION BY RANGE (uid);
        CREATE TABLE S.t21 PARTITION OF S.t2 FOR VALUES FROM (1000) TO (2000);
        """

    @Test(
        "Parent, partition and partition's partition may be written, and be the source",
        arguments: [
            "INSERT INTO S.t DEFAULT VALUES", "INSERT INTO S.t1 (uid) VALUES (999)",
            "INSERT INTO S.t21 (uid) VALUES (1999)", "INSERT INTO S.t2 (uid) VALUES (1998)",
            "DELETE FROM S.t21",
        ]
    )
    func partitions(_ statement: String) async throws {
        try await seen(Self.partitioned, while: [statement])
        guard statement.contains("t21") else { return }
        // The leaf has no sequence of its own: its ids are drawn above it.
        try await seen(Self.partitioned, while: [statement], of: "t21")
        try await seen(Self.partitioned, while: ["SELECT nextval('S.t_uid_seq')"], of: "t21")
        // What is written beside the leaf, though above it, is none of its concern.
        try await seen(Self.partitioned, while: [statement], of: "t1", isSeen: false)
        try await seen(Self.partitioned, while: ["DELETE FROM S.t WHERE uid > 2"], of: "t1")
        try await seen(
            Self.partitioned,
            while: ["DELETE FROM S.t WHERE uid > 1500"],
            of: "t1",
            isSeen: false
        )
    }

    @Test("A partition that came after the opening is watched")
    func laterPartition() async throws {
        try await withWatchBench(Self.partitioned) { bench in
            let watch = try await bench.watch()
            try await bench.database.run(
                bench.script(
                    "CREATE TABLE S.t3 PARTITION OF S.t FOR VALUES FROM (9000) TO (9999);"
                ).text
            )
            try await withTestSession(on: bench.server) { session in
                try await session.run("BEGIN", bench.script("INSERT INTO S.t3 VALUES (9000)"))
                let name = try await session.transaction()
                #expect(try await bench.writers(watch).holders == [name])
            }
        }
    }

    @Test("A table that was made again under its name is watched")
    func madeAgain() async throws {
        try await withWatchBench(Self.table) { bench in
            let watch = try await bench.watch()
            try await bench.database.run(bench.script("DROP TABLE S.t;" + Self.table).text)
            for statement in ["INSERT INTO S.t VALUES (1)", "SELECT nextval('S.t_uid_seq')"] {
                try await withTestSession(on: bench.server) { session in
                    try await session.run("BEGIN", bench.script(statement))
                    let name = try await session.transaction()
                    #expect(try await bench.writers(watch).holders == [name])
                }
            }
            try await bench.database.run(bench.script("DROP TABLE S.t;").text)
            #expect(try await bench.writers(watch).holders.isEmpty)
        }
    }

    static let names = [
        "Items", "my items", #"so "called" items"#, "größe", "it's", "semi;colon", "back\\slash",
        "{a,b}", "a,b", "select", "NULL",
    ]

    @Test("Odd names of tables, columns and sequences are taken as they are", arguments: names)
    func named(_ name: String) async throws {
        let (table, column) = (name.quotedAsName, (name + " id").quotedAsName)
        try await withWatchBench(
            "CREATE TABLE S.\(table) (\(column) bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"
        ) { bench in
            let watch = try await bench.watch(name, uid: name + " id")
            try await withTestSession(on: bench.server) { session in
                let quoted = bench.database.name(name).quoted
                try await session.run(
                    "BEGIN",
                    "SELECT nextval(pg_get_serial_sequence(\(quoted), \(name + " id")))"
                )
                let drawing = try await session.transaction()
                #expect(try await bench.writers(watch).holders == [drawing])
                try await session.run("ROLLBACK", "BEGIN", "DELETE FROM \(unsafeRaw: quoted)")
                let writing = try await session.transaction()
                #expect(try await bench.writers(watch).holders == [writing])
            }
        }
    }

    @Test("A table without a schema is found on the search path, as its reader finds it")
    func searchPath() async throws {
        try await withWatchBench("") { bench in
            let name = SQLTableName(table: "found_" + bench.schema)
            try await bench.database.run("CREATE TABLE \(name.quoted) (uid bigserial PRIMARY KEY);")
            let watch = try await bench.watch(name)
            try await withTestSession(on: bench.server) { session in
                try await session.run("BEGIN", "INSERT INTO \(name) DEFAULT VALUES")
                let transaction = try await session.transaction()
                #expect(try await bench.writers(watch).holders == [transaction])
            }
            try await bench.database.run("DROP TABLE \(name.quoted);")
        }
    }

    // MARK: Views

    static let views = [
        "CREATE VIEW S.v AS SELECT id AS uid FROM S.t WHERE id > 0;",
        "CREATE VIEW S.v (uid) AS SELECT q.number FROM (SELECT id AS number, item FROM S.t) AS q;",
        "CREATE VIEW S.v AS WITH q AS (SELECT id FROM S.t) SELECT q.id AS uid FROM q;",
        "CREATE VIEW S.w AS SELECT item, id FROM S.t; CREATE VIEW S.v AS SELECT id AS uid FROM S.w;",
        "CREATE VIEW S.v AS SELECT t.id AS uid FROM S.t JOIN S.other AS o ON o.uid = t.id;",
        "CREATE VIEW S.v AS SELECT id + 0 AS uid FROM S.t;",
        "CREATE VIEW S.v AS SELECT id AS uid FROM S.t UNION ALL SELECT uid FROM S.other;",
        "CREATE VIEW S.v AS SELECT id AS number FROM S.t; ALTER VIEW S.v RENAME number TO uid;",
    ]

    @Test("The tables beneath a view are watched, and the sequence of its column", arguments: views)
    func view(_ view: String) async throws {
        let tables = """
            CREATE TABLE S.t (item text, id bigserial PRIMARY KEY);
            CREATE TABLE S.other (uid bigint PRIMARY KEY);
            """
        try await seen(tables + view, while: ["UPDATE S.t SET item = 'x'"], of: "v")
        try await seen(tables + view, while: ["SELECT nextval('S.t_id_seq')"], of: "v")
        try await seen(
            tables + view,
            while: ["DELETE FROM S.other"],
            of: "v",
            isSeen: view.contains("S.other")
        )
    }

    @Test("A view that writers use is watched")
    func writtenView() async throws {
        try await seen(
            "CREATE TABLE S.t (id bigserial PRIMARY KEY); CREATE VIEW S.v AS SELECT id AS uid FROM S.t;",
            while: ["INSERT INTO S.v DEFAULT VALUES"],
            of: "v"
        )
    }

    @Test("A materialized view is watched where it is refreshed, not where its rows come from")
    func materializedView() async throws {
        let script = """
            CREATE TABLE S.base (uid bigserial PRIMARY KEY);
            CREATE MATERIALIZED VIEW S.t AS SELECT uid FROM S.base;
            CREATE UNIQUE INDEX ON S.t (uid);
            """
        try await seen(script, while: ["INSERT INTO S.base DEFAULT VALUES"], isSeen: false)
        try await seen(
            script + "INSERT INTO S.base DEFAULT VALUES;",
            while: ["REFRESH MATERIALIZED VIEW CONCURRENTLY S.t"]
        )
    }

    // MARK: Prepared transactions

    @Test("A prepared transaction is seen under its name until it ends")
    func prepared() async throws {
        try await withWatchBench(Self.table) { bench in
            let watch = try await bench.watch()
            let id = bench.schema
            try await withTestSession(on: bench.server) { session in
                for end in ["COMMIT", "ROLLBACK"] {
                    try await session.run("BEGIN", bench.script("INSERT INTO S.t DEFAULT VALUES"))
                    let name = try await session.transaction()
                    try await session.run("PREPARE TRANSACTION \(unsafeRaw: id.quotedAsText)")
                    let seen = try await bench.writers(watch)
                    try await session.run(
                        "\(unsafeRaw: end) PREPARED \(unsafeRaw: id.quotedAsText)"
                    )
                    #expect(seen.holders == [name])
                    #expect(seen.survivors.isEmpty)
                    #expect(try await bench.writers(watch).holders.isEmpty)
                }
            }
        }
    }

    // MARK: Rights

    @Test("A role that may only read the table sees its writers")
    func rights() async throws {
        try await withWatchBench(Self.table + "INSERT INTO S.t DEFAULT VALUES;") { bench in
            let role = "reader_" + bench.schema
            try await bench.database.run(
                """
                CREATE ROLE \(role) LOGIN;
                GRANT USAGE ON SCHEMA \(bench.schema) TO \(role);
                GRANT SELECT ON \(bench.database.prefix)t TO \(role);
                """
            )
            var url = try #require(URLComponents(string: bench.database.address))
            url.user = role
            let source = try bench.source(url.string)
            let watch = try await source.watch(bench.database.name("t"), uid: "uid")
            #expect(watch.risks.isEmpty)
            let statement = try #require(watch.writers)
            try await withTestSession(on: bench.server) { session in
                try await session.run("BEGIN", bench.script("SELECT nextval('S.t_uid_seq')"))
                let name = try await session.transaction()
                let rows = try await source.read(statement)[0]
                #expect(rows.map { row in [row.value().text, row.value().text][1] } == [name])
                try await session.run("ROLLBACK")
                let after = try await source.read(statement)[0]
                #expect(after.map { row in [row.value().text, row.value().text][1] } == [nil])
            }
            await source.close()
            try await bench.database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }
}
