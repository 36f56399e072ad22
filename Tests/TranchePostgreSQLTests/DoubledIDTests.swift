import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Ids that stand more than once on PostgreSQL",
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct DoubledIDTests {
    /// How the table is made, and how an id that was handed out comes to stand twice.
    static let ways = [
        (
            made: """
            CREATE TABLE S.t (uid bigserial, k int NOT NULL DEFAULT 1, PRIMARY KEY (uid, k))
            PARTITION BY RANGE (k);
            CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
            """,
            doubled: "INSERT INTO S.t VALUES (7, 2), (7, 3), (9, 2)"
        ),
        (
            made: """
            CREATE TABLE S.t (uid bigserial, k int NOT NULL DEFAULT 1, PRIMARY KEY (uid, k))
            PARTITION BY RANGE (k);
            CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (2);
            CREATE TABLE S.t2 (LIKE S.t INCLUDING DEFAULTS);
            INSERT INTO S.t2 VALUES (7, 2), (9, 3);
            """,
            doubled: "ALTER TABLE S.t ATTACH PARTITION S.t2 FOR VALUES FROM (2) TO (9)"
        ),
        (
            made: """
            CREATE TABLE S.a (uid bigserial PRIMARY KEY, k int);
            CREATE TABLE S.b (uid bigint PRIMARY KEY, k int);
            CREATE VIEW S.t AS SELECT uid, k FROM S.a UNION ALL SELECT uid, k FROM S.b;
            CREATE FUNCTION S.put() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN INSERT INTO S.a (k) VALUES (NEW.k); RETURN NEW; END';
            CREATE TRIGGER put INSTEAD OF INSERT ON S.t FOR EACH ROW EXECUTE FUNCTION S.put();
            """,
            doubled: "INSERT INTO S.b VALUES (7, 2), (9, 2)"
        ),
        (
            made:
                "CREATE TABLE S.t (uid bigserial PRIMARY KEY, k int); CREATE TABLE S.heir () "
                + "INHERITS (S.t);",
            doubled: "INSERT INTO S.heir VALUES (7, 2), (9, 2)"
        ),
    ]

    @Test("They are told as a difference, and the risk is named", arguments: 0..<4)
    func told(_ place: Int) async throws {
        let way = Self.ways[place]
        try await withTestDatabase(.postgreSQL) { database in
            func script(_ text: String) -> String { text.replacing("S.", with: database.prefix) }
            try await database.run(script(way.made))
            try await database.run(
                script("INSERT INTO S.t (k) SELECT 1 FROM generate_series(1, 50)")
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "t")
            while let batch = try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: .count(20)
            ) {
                try await batch.succeed()
            }
            try await database.run(script(way.doubled))
            let key = RunKey(metaTable: database.prefix + "t", job: "job")
            for options in [
                AuditOptions(), AuditOptions(isThorough: true), AuditOptions(isRepairing: true),
            ] {
                let report = try await inventory.audit(key, from: source, options: options)
                #expect(report.isFinished)
                #expect(report.doubled.packed == "7,9")
                #expect(report.appeared.count + report.vanished.count + report.queued == 0)
            }
            let risks = try await inventory.source(source).risks.map(\.name)
            #expect(risks.contains("no-unique-index"))
            await inventory.close()
        }
    }

    @Test("Above the cursor the run stops before them, and hands out what stands there")
    func above() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.name("t").quoted
            try await database.run(
                """
                CREATE TABLE \(table) (uid bigint);
                INSERT INTO \(table) SELECT generate_series(1, 30); INSERT INTO \(table) VALUES (25);
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(database.prefix + "t")
            var ids: [Int64] = []
            let error = await #expect(throws: TrancheError.self) {
                while let batch = try await inventory.acquireBatch(
                    from: source,
                    job: "job",
                    limit: .count(5)
                ) {
                    ids += try await batch.items.map(\.id)
                    try await batch.succeed()
                }
            }
            #expect(ids == Array(1...24))
            #expect(error?.message.contains("id 25 stands more than once") == true)
            await inventory.close()
        }
    }
}
