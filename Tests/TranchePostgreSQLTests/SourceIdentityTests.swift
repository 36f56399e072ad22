import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@Suite(
    "Another table under the same name, on PostgreSQL",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct PostgreSQLSourceIdentityTests {
    /// A table `t` with the ids 1 to 100, and what fills one up with some number of rows.
    private static let plain = """
        CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text);
        INSERT INTO S.t (item) SELECT 'x' || g FROM generate_series(1, 100) AS g;
        """
    private static func fill(_ count: Int, _ table: String = "t") -> String {
        "INSERT INTO S.\(table) (item) SELECT 'x' || g FROM generate_series(1, \(count)) AS g;"
    }
    private static let makePartitioned = """
        CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text) PARTITION BY RANGE (uid);
        CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (51);
        CREATE TABLE S.t2 PARTITION OF S.t FOR VALUES FROM (51) TO (1000);
        INSERT INTO S.t (item) SELECT 'x' || g FROM generate_series(1, 100) AS g;
        """

    /// The same with a partition in a file of the server, of which no row says who has made it.
    private static let makeForeign = """
        CREATE EXTENSION IF NOT EXISTS file_fdw;
        CREATE SERVER IF NOT EXISTS tranche_files FOREIGN DATA WRAPPER file_fdw;
        CREATE TABLE S.t (uid bigserial, item text) PARTITION BY RANGE (uid);
        CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (1000);
        CREATE UNIQUE INDEX ON S.t1 (uid);
        CREATE FOREIGN TABLE S.t2 PARTITION OF S.t FOR VALUES FROM (1000) TO (2000)
            SERVER tranche_files OPTIONS (filename '/dev/null', format 'csv');
        INSERT INTO S.t (item) SELECT 'x' || g FROM generate_series(1, 100) AS g;
        """

    struct Change: Sendable, CustomTestStringConvertible {
        var script: String
        var make = PostgreSQLSourceIdentityTests.plain
        /// What the reason says; empty where the run goes on with the ids behind the cursor.
        var says = ""

        var testDescription: String { script }
    }

    static let replacements = [
        Change(
            script: "DROP TABLE S.t; CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text);"
                + fill(120),
            says: "is another table than it was: oid"
        ),
        Change(
            script: "CREATE TABLE S.u (uid bigserial PRIMARY KEY, item text);" + fill(500, "u")
                + "ALTER TABLE S.t RENAME TO o; ALTER TABLE S.u RENAME TO t;",
            says: "is another table than it was: oid"
        ),
        Change(
            script: "TRUNCATE S.t RESTART IDENTITY;" + fill(150),
            says: "was truncated and filled again"
        ),
        Change(
            script: "BEGIN; TRUNCATE S.t RESTART IDENTITY;" + fill(150) + "COMMIT;",
            says: "was truncated and filled again"
        ),
        Change(
            script:
                "TRUNCATE S.t; INSERT INTO S.t SELECT g, 'x' || g FROM generate_series(1, 150) AS g;",
            says: "was truncated and filled again"
        ),
        Change(
            script: "TRUNCATE S.t RESTART IDENTITY;" + fill(150) + "VACUUM FULL S.t;",
            says: "was truncated and filled again"
        ),
        Change(
            script: "TRUNCATE S.t RESTART IDENTITY;" + fill(150),
            make: makePartitioned,
            says: "was truncated and filled again"
        ),
        Change(
            script: "DELETE FROM S.t; ALTER SEQUENCE S.t_uid_seq RESTART;" + fill(150),
            says: "with its sequence restarted"
        ),
        Change(
            script: """
                TRUNCATE S.t1; ALTER SEQUENCE S.t_uid_seq RESTART;
                INSERT INTO S.t (item) SELECT 'y' || g FROM generate_series(1, 150) AS g;
                """,
            make: makeForeign,
            says: "was truncated and filled again"
        ),
        Change(
            script: """
                CREATE TABLE S.c (uid bigint PRIMARY KEY, item text);
                INSERT INTO S.c SELECT g, 'c' FROM generate_series(1, 150) AS g;
                CREATE OR REPLACE VIEW S.t AS SELECT uid, item FROM S.c;
                """,
            make: """
                CREATE TABLE S.b (uid bigint PRIMARY KEY, item text);
                INSERT INTO S.b SELECT g, 'b' FROM generate_series(1, 100) AS g;
                CREATE VIEW S.t AS SELECT uid, item FROM S.b;
                """,
            says: "is another table than it was: oid"
        ),
    ]

    @Test("Another table, or other rows in it, hold the run", arguments: replacements)
    func replaced(_ change: Change) async throws {
        try await withDrained(change) { database, inventory in
            let reason = try await hold(database, inventory)
            #expect(reason.contains(change.says), "\(reason)")
            #expect(
                reason.contains("tranche redefine --job job --meta \(database.prefix)t --restart")
            )
            // It stays so for the next process.
            let other = try await database.open()
            #expect(try await hold(database, other) == reason)
            await other.close()
        }
    }

    static let changes = [
        Change(script: "VACUUM FULL S.t;"),
        Change(script: "CLUSTER S.t USING t_pkey;"),
        Change(script: "ALTER TABLE S.t ALTER COLUMN item TYPE varchar(30);"),
        Change(script: "ALTER TABLE S.t ADD COLUMN more double precision DEFAULT random();"),
        Change(script: "ALTER TABLE S.t SET UNLOGGED;"),
        Change(script: "DELETE FROM S.t WHERE uid < 95;"),
        Change(script: "DELETE FROM S.t;"),
        Change(script: "TRUNCATE S.t;"),
        Change(script: "DELETE FROM S.t WHERE uid < 95; VACUUM FULL S.t;"),
        Change(script: "UPDATE S.t SET item = item || 'y';"),
        Change(script: "CREATE INDEX ON S.t (item); ANALYZE S.t; REINDEX TABLE S.t;"),
        Change(script: "ALTER SEQUENCE S.t_uid_seq CACHE 5;"),
        Change(script: "ALTER TABLE S.t DETACH PARTITION S.t1;", make: makePartitioned),
        Change(
            script: "CREATE TABLE S.t3 PARTITION OF S.t FOR VALUES FROM (1000) TO (2000);",
            make: makePartitioned
        ),
        Change(script: "DROP TABLE S.t1;", make: makePartitioned),
        Change(script: "TRUNCATE S.t1;", make: makePartitioned),
        Change(script: "VACUUM FULL S.t;", make: makePartitioned),
        Change(script: "ALTER SEQUENCE S.t_uid_seq CACHE 5;", make: makeForeign),
        Change(script: "VACUUM FULL S.t1;", make: makeForeign),
    ]

    @Test("What leaves the rows, or only takes old ones away, holds nothing", arguments: changes)
    func changed(_ change: Change) async throws {
        try await withDrained(change) { database, inventory in
            try await database.run(Self.fill(20).replacing("S.", with: database.prefix))
            let other = try await database.open()
            for inventory in [inventory, other] {
                let batch = try await inventory.acquireBatch(
                    from: SQLSource(database.prefix + "t"),
                    job: "job",
                    limit: .count(10)
                )
                #expect(batch.map { $0.record.idStart > 100 } == true)
                try await batch?.succeed()
            }
            await other.close()
        }
    }

    @Test("A hold does not end when the new rows have passed the cursor")
    func lookBetween() async throws {
        let emptied = Change(script: "TRUNCATE S.t RESTART IDENTITY;")
        try await withDrained(emptied) { database, inventory in
            _ = try await hold(database, inventory)
            try await database.run(Self.fill(150).replacing("S.", with: database.prefix))
            let other = try await database.open()
            #expect(try await hold(database, other).contains("was truncated and filled again"))
            await other.close()
        }
        let deleted = Change(script: "DELETE FROM S.t;")
        try await withDrained(deleted) { database, inventory in
            _ = try await hold(database, inventory)
            try await database.run(
                ("SELECT setval('S.t_uid_seq', 1, false);" + Self.fill(150))
                    .replacing("S.", with: database.prefix)
            )
            let other = try await database.open()
            #expect(try await hold(database, other).contains("was empty after ids up to 100"))
            await other.close()
        }
    }

    @Test("A table that is put back ends the hold")
    func putBack() async throws {
        let swap = Change(
            script: "CREATE TABLE S.u (LIKE S.t INCLUDING ALL);" + Self.fill(120, "u")
                + "ALTER TABLE S.t RENAME TO o; ALTER TABLE S.u RENAME TO t;"
        )
        try await withDrained(swap) { database, inventory in
            _ = try await hold(database, inventory)
            try await database.run(
                "ALTER TABLE S.t RENAME TO u; ALTER TABLE S.o RENAME TO t;".replacing(
                    "S.",
                    with: database.prefix
                )
            )
            let other = try await database.open()
            let source = SQLSource(database.prefix + "t")
            let answer = try await other.acquire(BatchRequest(job: "job"), from: source)
            guard case .noBatch(.complete) = answer else {
                Issue.record("not complete: \(answer)")
                return
            }
            let run = try await other.summaries().first?.run
            #expect(run?.standing.hold == nil)
            await other.close()
        }
    }

    // MARK: -

    /// Runs `body` after all of a table was handed out and the change was made.
    private func withDrained(
        _ change: Change,
        _ body: (TestDatabase, Inventory) async throws -> Void
    ) async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let session = try TestSession(on: #require(TestPostgreSQL.server))
            // One by one: some cannot be part of a transaction.
            func run(_ script: String) async throws {
                let script = script.replacing("S.", with: database.prefix)
                for part in script.split(separator: ";") where part.contains(where: \.isLetter) {
                    _ = try await session.run("\(unsafeRaw: String(part))")
                }
            }
            try await run(change.make)
            // Only what is older than all open transactions is known to be old, and other tests
            // have some.
            let made = try await database.read("SELECT pg_current_xact_id()")[0][0]
            let isOldest: SQLStatement = """
                SELECT 1
                WHERE pg_snapshot_xmin(pg_current_snapshot()) > CAST(CAST(\(made) AS text) AS xid8)
                """
            while try await database.read(isOldest).isEmpty { await Task.yield() }
            try await database.migrateUp()
            let first = try await database.open()
            let source = SQLSource(database.prefix + "t")
            var items = 0
            while let batch = try await first.acquireBatch(
                from: source,
                job: "job",
                limit: .count(40)
            ) {
                items += batch.count
                try await batch.succeed()
            }
            #expect(items == 100)
            await first.close()
            try await run(change.script)
            await session.close()
            let inventory = try await database.open()
            try await body(database, inventory)
            await inventory.close()
        }
    }

    private func hold(_ database: TestDatabase, _ inventory: Inventory) async throws -> String {
        let source = SQLSource(database.prefix + "t")
        let answer = try await inventory.acquire(BatchRequest(job: "job"), from: source)
        guard case .noBatch(.held(let reason, nil)) = answer else {
            Issue.record("not held: \(answer)")
            return ""
        }
        return reason
    }
}
