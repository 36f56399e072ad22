import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Risks of PostgreSQL sources",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct SourceRiskTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let risks: [String]
        let script: String

        init(_ risks: String..., script: String) {
            self.risks = risks
            self.script = script
        }

        var testDescription: String { "\(risks): \(script)" }
    }

    static let cases = [
        Case(script: "CREATE TABLE S.t (uid bigserial PRIMARY KEY);"),
        Case(script: "CREATE TABLE S.t (uid int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"),
        Case(
            script: """
                CREATE TABLE S.t (uid serial PRIMARY KEY);
                INSERT INTO S.t SELECT FROM generate_series(1, 9);
                """
        ),
        Case(
            script: """
                CREATE SEQUENCE S."it's (one)";
                CREATE TABLE S.t (uid bigint PRIMARY KEY DEFAULT nextval('S."it''s (one)"'));
                """
        ),
        Case(
            script: """
                CREATE TABLE S.base (id bigserial PRIMARY KEY);
                CREATE VIEW S.t AS SELECT id AS uid FROM S.base;
                """
        ),
        Case(
            script: """
                CREATE TABLE S.t (uid bigserial PRIMARY KEY) PARTITION BY RANGE (uid);
                CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
                """
        ),
        Case("no-sequence", script: "CREATE TABLE S.t (uid bigint PRIMARY KEY);"),
        Case(
            "no-sequence",
            script: "CREATE TABLE S.t (uid bigint PRIMARY KEY DEFAULT 7, other bigserial);"
        ),
        Case(
            "cached-sequence",
            "no-unique-index",
            script: "CREATE TABLE S.t (uid bigint GENERATED ALWAYS AS IDENTITY (CACHE 20));"
        ),
        Case(
            "sequence-increment",
            script: """
                CREATE TABLE S.t (uid bigint PRIMARY KEY);
                CREATE SEQUENCE S.s INCREMENT BY 50 OWNED BY S.t.uid;
                """
        ),
        Case(
            "descending-sequence",
            "no-unique-index",
            script: "CREATE TABLE S.t (uid int GENERATED ALWAYS AS IDENTITY (INCREMENT -1));"
        ),
        Case(
            "cyclic-sequence",
            "no-unique-index",
            script: "CREATE TABLE S.t (uid int GENERATED ALWAYS AS IDENTITY (CYCLE MAXVALUE 9));"
        ),
        Case(
            "computed-id",
            script: """
                CREATE SEQUENCE S.s;
                CREATE TABLE S.t (uid bigint PRIMARY KEY DEFAULT nextval('S.s') % 7 * 1000);
                """
        ),
        Case(
            "several-sequences",
            script: """
                CREATE SEQUENCE S.s;
                CREATE TABLE S.t (uid bigserial PRIMARY KEY) PARTITION BY RANGE (uid);
                CREATE TABLE S.t1 PARTITION OF S.t (uid DEFAULT nextval('S.s'))
                    FOR VALUES FROM (0) TO (9);
                """
        ),
        Case(
            "explicit-ids",
            script: """
                CREATE TABLE S.t (uid bigserial PRIMARY KEY);
                INSERT INTO S.t DEFAULT VALUES;
                INSERT INTO S.t VALUES (2);
                """
        ),
        Case(
            "explicit-ids",
            script: "CREATE TABLE S.t (uid bigserial PRIMARY KEY); INSERT INTO S.t VALUES (1);"
        ),
        Case(
            "several-tables",
            "no-unique-index",
            script: """
                CREATE TABLE S.a (uid bigserial PRIMARY KEY);
                CREATE TABLE S.b (uid bigserial PRIMARY KEY);
                CREATE VIEW S.t AS SELECT a.uid FROM S.a JOIN S.b ON b.uid = a.uid;
                """
        ),
        Case(
            "several-tables",
            "untraced-column",
            "no-unique-index",
            script: """
                CREATE TABLE S.a (uid bigserial PRIMARY KEY);
                CREATE TABLE S.b (uid bigserial PRIMARY KEY);
                CREATE VIEW S.t AS SELECT uid FROM S.a UNION ALL SELECT -uid FROM S.b;
                """
        ),
        Case(
            "untraced-column",
            "no-unique-index",
            script: """
                CREATE TABLE S.a (uid bigserial PRIMARY KEY);
                CREATE VIEW S.t AS SELECT uid * 10 AS uid FROM S.a;
                """
        ),
        Case(
            "untraced-column",
            "no-unique-index",
            script: "CREATE VIEW S.t AS SELECT uid FROM generate_series(1, 3) AS uid;"
        ),
        Case(
            "materialized-view",
            "no-unique-index",
            script: """
                CREATE TABLE S.a (uid bigserial PRIMARY KEY);
                CREATE MATERIALIZED VIEW S.t AS SELECT uid FROM S.a;
                """
        ),
        Case(
            "no-unique-index",
            script: """
                CREATE TABLE S.t (uid bigserial, k int NOT NULL, PRIMARY KEY (uid, k)) PARTITION BY RANGE (k);
                CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
                """
        ),
        Case(
            "no-unique-index",
            script: """
                CREATE TABLE S.t (uid bigserial PRIMARY KEY);
                CREATE TABLE S.heir () INHERITS (S.t);
                """
        ),
        Case(
            "no-unique-index",
            script: """
                CREATE TABLE S.a (id bigserial);
                CREATE UNIQUE INDEX ON S.a (id) WHERE id > 7;
                CREATE VIEW S.t AS SELECT id AS uid FROM S.a;
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, at timestamptz);
                CREATE VIEW S.t AS SELECT id AS uid FROM S.a WHERE at < now() - interval '1 hour';
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, at timestamptz);
                CREATE VIEW S.v AS SELECT id FROM S.a WHERE at < CURRENT_TIMESTAMP;
                CREATE VIEW S.t AS SELECT id AS uid FROM S.v;
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, at timestamptz);
                CREATE VIEW S.t AS SELECT id AS uid FROM S.a
                WHERE at < CAST('no' || 'w' AS timestamptz);
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, owner text);
                CREATE VIEW S.t AS SELECT id AS uid FROM S.a
                WHERE owner = current_setting('application_name');
                """
        ),
        Case(
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, at timestamptz, "now(" text);
                CREATE VIEW S.t AS SELECT id AS uid, to_char(at, 'YYYY') AS year, lower("now(") AS n
                FROM S.a WHERE at < timestamptz '2024-01-01' AND "now(" <> 'now()';
                """
        ),
        Case(
            "row-security",
            script: """
                CREATE TABLE S.a (id bigserial PRIMARY KEY, owner text);
                ALTER TABLE S.a ENABLE ROW LEVEL SECURITY;
                CREATE VIEW S.t AS SELECT id AS uid FROM S.a;
                """
        ),
    ]

    @Test("A source's risks are recognised, and no others", arguments: cases)
    func risks(_ expected: Case) async throws {
        try await withWatchBench(expected.script) { bench in
            let watch = try await bench.watch()
            #expect(watch.risks.map(\.name) == expected.risks)
            for risk in watch.risks where risk.name != "descending-sequence" {
                #expect(
                    risk.explanation.contains("late") || risk.name == "cyclic-sequence"
                        || risk.name == "no-unique-index"
                )
            }
        }
    }

    @Test(
        "A table without an index is told to be read as a whole, with the statement that mends it",
        arguments: [
            ("CREATE TABLE S.t (uid bigserial);", false, true),
            ("CREATE TABLE S.t (uid bigserial); CREATE INDEX ON S.t (uid);", true, true),
            (
                "CREATE TABLE S.t (uid bigserial); CREATE INDEX ON S.t USING hash (uid);",
                false, true
            ),
            ("CREATE TABLE S.t (k int, uid bigserial, PRIMARY KEY (k, uid));", false, true),
            ("CREATE TABLE S.t (k int, uid bigserial, PRIMARY KEY (uid, k));", true, true),
            (
                #"""
                CREATE TABLE S."a ""table"" " ("the id" bigserial);
                CREATE VIEW S.t AS SELECT "the id" AS uid FROM S."a ""table"" ";
                """#, false, true
            ),
            (
                """
                CREATE TABLE S.t (uid bigserial) PARTITION BY RANGE (uid);
                CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
                """, false, true
            ),
            (
                """
                CREATE TABLE S.t (uid bigserial, k int) PARTITION BY RANGE (k);
                CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
                """, false, false
            ),
        ]
    )
    func missingIndex(_ script: String, isThere: Bool, isUnique: Bool) async throws {
        try await withWatchBench(script) { bench in
            func risk() async throws -> String? {
                try await bench.watch().risks.first { $0.name == "no-unique-index" }?.explanation
            }
            let before = try #require(try await risk())
            #expect(before.contains("each acquire reads the whole table") == !isThere, "\(before)")
            let found = try #require(
                before.firstMatch(of: #/CREATE (UNIQUE )?INDEX .*?\)/#),
                "\(before)"
            )
            #expect((found.1 != nil) == isUnique, "\(before)")
            // A transaction takes no CONCURRENTLY.
            let remedy = found.0.replacing(" CONCURRENTLY", with: "")
            try await bench.database.run(String(remedy))
            let after = try await risk()
            #expect((after == nil) == isUnique)
            #expect(after?.contains("reads the whole table") != true)
        }
    }

    @Test("A table that a subscription writes to is a risk, and so is a partition of one")
    func subscription() async throws {
        try await withWatchBench(
            """
            CREATE TABLE S.t (uid bigserial PRIMARY KEY) PARTITION BY RANGE (uid);
            CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (9);
            """
        ) { bench in
            let name = "sub_" + bench.schema
            try await withTestSession(on: bench.server) { session in
                // Not connected: nothing is applied, and there is no slot to drop.
                try await session.run(
                    """
                    CREATE SUBSCRIPTION \(name: name) CONNECTION 'dbname=none' PUBLICATION p
                    WITH (connect = false, slot_name = NONE)
                    """,
                    """
                    INSERT INTO pg_subscription_rel (srsubid, srrelid, srsubstate)
                    SELECT s.oid, to_regclass(\(bench.database.name("t").quoted)), 'r'
                    FROM pg_subscription AS s WHERE s.subname = \(name)
                    """
                )
                let risks = try await (bench.watch().risks + bench.watch("t1").risks).map(\.name)
                try await session.run("DROP SUBSCRIPTION \(name: name)")
                #expect(risks == ["subscription", "subscription"])
            }
        }
    }

    @Test("A foreign table is a risk, and so is a foreign partition")
    func foreignTable() async throws {
        let script = """
            CREATE FOREIGN DATA WRAPPER S_wrapper;
            CREATE SERVER S_server FOREIGN DATA WRAPPER S_wrapper;
            CREATE FOREIGN TABLE S.t (uid bigint) SERVER S_server;
            CREATE TABLE S.p (uid bigserial) PARTITION BY RANGE (uid);
            CREATE FOREIGN TABLE S.p1 PARTITION OF S.p FOR VALUES FROM (0) TO (9) SERVER S_server;
            """
        try await withWatchBench("") { bench in
            let text = script.replacing("S_", with: bench.schema + "_")
            try await bench.database.run(bench.script(text).text)
            // The table itself cannot be read: its wrapper has no handler.
            #expect(
                try await bench.watch().risks.map(\.name) == ["foreign-table", "no-unique-index"]
            )
            let database = try bench.source()
            let family = try await database.watch(bench.database.name("p1"), uid: "uid")
            await database.close()
            #expect(family.risks.map(\.name) == ["foreign-table", "no-unique-index"])
            try await bench.database.run(
                "DROP FOREIGN DATA WRAPPER \(bench.schema)_wrapper CASCADE;"
            )
        }
    }

    @Test("A standby is a risk, and tells what it knows")
    func standby() async throws {
        try await withOwnPostgreSQL { server in
            try await withTestSession(on: server.server) { session in
                try await session.run("CREATE TABLE t (uid bigserial PRIMARY KEY)")
            }
            try await server.stop()
            // Without a primary it waits for one, and answers readers.
            try Data().write(to: server.folder.appending(path: "data/standby.signal"))
            try await server.start()
            let database = PostgreSQLDatabase(
                url: try PostgreSQLURL(server.url()),
                isReadOnly: true,
                lockTimeout: .seconds(30),
                maxConnections: 1
            )
            let watch = try await database.watch(SQLTableName(table: "t"), uid: "uid")
            #expect(watch.risks.map(\.name) == ["standby"])
            let statement = try #require(watch.writers)
            #expect(try await database.read(statement)[0].count == 1)
            await database.close()
        }
    }

    @Test("What a role may not see of a sequence is left out")
    func rights() async throws {
        try await withWatchBench(
            """
            CREATE TABLE S.t (uid bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 5) PRIMARY KEY);
            INSERT INTO S.t VALUES (7);
            """
        ) { bench in
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
            let names = try await bench.watch(url: url.string).risks.map(\.name)
            #expect(names == ["cached-sequence"])
            #expect(
                try await bench.watch().risks.map(\.name) == ["cached-sequence", "explicit-ids"]
            )
            try await bench.database.run("DROP OWNED BY \(role); DROP ROLE \(role);")
        }
    }

    @Test("A risk's text names what it is about")
    func texts() async throws {
        try await withWatchBench(
            "CREATE TABLE S.t (uid bigint GENERATED ALWAYS AS IDENTITY (CACHE 20));"
        ) { bench in
            let risk = try #require(try await bench.watch().risks.first)
            #expect(risk.explanation.contains("\(bench.schema).t_uid_seq"))
            #expect(risk.explanation.contains("20 ids"))
            #expect(risk.explanation.contains("--settle-lag"))
        }
    }
}
