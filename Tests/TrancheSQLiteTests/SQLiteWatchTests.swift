import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("Risks of SQLite sources", .timeLimit(.minutes(10)))
struct SQLiteWatchTests {
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
        Case(script: "CREATE TABLE t (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT);"),
        Case(script: #"CREATE TABLE t ("uid" integer NOT NULL primary key autoincrement);"#),
        Case(
            script: """
                CREATE TABLE base (id INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT);
                CREATE VIEW t AS SELECT id AS uid, item FROM base WHERE item <> '';
                """
        ),
        Case("reused-ids", script: "CREATE TABLE t (uid INTEGER PRIMARY KEY, item TEXT);"),
        Case(
            "reused-ids",
            script: "CREATE TABLE t (uid INTEGER PRIMARY KEY, n TEXT DEFAULT 'autoincrement');"
        ),
        Case(
            "reused-ids",
            script: "CREATE TABLE t (uid INTEGER PRIMARY KEY /* no AUTOINCREMENT */);"
        ),
        Case(
            "reused-ids",
            script: """
                CREATE TABLE base (id INTEGER PRIMARY KEY);
                CREATE VIEW v AS SELECT id FROM base;
                CREATE VIEW t AS SELECT id AS uid FROM v;
                """
        ),
        Case("explicit-ids", script: "CREATE TABLE t (uid INT PRIMARY KEY);"),
        Case("explicit-ids", script: "CREATE TABLE t (uid INTEGER PRIMARY KEY DESC);"),
        Case(
            "explicit-ids",
            script: "CREATE TABLE t (uid INTEGER PRIMARY KEY) WITHOUT ROWID;"
        ),
        Case(
            "explicit-ids",
            script: "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, uid INTEGER UNIQUE);"
        ),
        Case("explicit-ids", "no-unique-index", script: "CREATE TABLE t (uid INTEGER);"),
        Case(
            "explicit-ids",
            "no-unique-index",
            script: "CREATE TABLE t (uid INTEGER, n INTEGER, PRIMARY KEY (uid, n));"
        ),
        Case(
            "explicit-ids",
            "no-unique-index",
            script: """
                CREATE TABLE base (id INTEGER PRIMARY KEY AUTOINCREMENT, n INTEGER);
                CREATE VIEW t AS SELECT n AS uid FROM base;
                """
        ),
        Case(
            "several-tables",
            "no-unique-index",
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);
                CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT);
                CREATE VIEW t AS SELECT a.id AS uid FROM a JOIN b ON a.id = b.id;
                """
        ),
        Case(
            "several-tables",
            "no-unique-index",
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);
                CREATE TABLE b (id INTEGER PRIMARY KEY AUTOINCREMENT);
                CREATE VIEW t AS SELECT id AS uid FROM a UNION ALL SELECT -id FROM b;
                """
        ),
        Case(
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER);
                CREATE INDEX a_kind ON a (kind);
                CREATE VIEW t AS SELECT id AS uid FROM a WHERE kind = 7;
                """
        ),
        Case(
            "no-unique-index",
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);
                CREATE VIEW t AS SELECT id AS uid FROM a UNION ALL SELECT id FROM a;
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
                CREATE VIEW v AS SELECT id FROM a WHERE at < CURRENT_TIMESTAMP;
                CREATE VIEW t AS SELECT id AS uid FROM v;
                """
        ),
        Case(
            "changing-view",
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
                CREATE VIEW t AS SELECT id AS uid FROM a WHERE at < date('now', '-1 day');
                """
        ),
        Case(
            script: """
                CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
                CREATE VIEW t AS SELECT id AS uid, date(at) AS day FROM a WHERE date(at) < '2024-01-01';
                """
        ),
    ]

    @Test("A source's risks are recognised, and no others", arguments: cases)
    func risks(_ expected: Case) async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run(expected.script)
            let watch = try await database.database.watch(database.name("t"), uid: "uid")
            #expect(watch.risks.map(\.name) == expected.risks)
            #expect(watch.writers == nil)
        }
    }

    @Test(
        "A table without an index is told to be read as a whole, with the statement that mends it",
        arguments: [
            ("CREATE TABLE t (uid INTEGER)", false),
            ("CREATE TABLE t (uid INTEGER); CREATE INDEX i ON t (uid)", true),
            ("CREATE TABLE t (uid INTEGER, n INTEGER, PRIMARY KEY (n, uid))", false),
            ("CREATE TABLE t (uid INTEGER, n INTEGER, PRIMARY KEY (uid, n))", true),
            ("CREATE TABLE t (uid INTEGER); CREATE INDEX i ON t (uid) WHERE uid > 7", false),
        ]
    )
    func missingIndex(_ script: String, isThere: Bool) async throws {
        try await withTestDatabase(.sqlite) { database in
            try await database.run(script)
            func risk() async throws -> String? {
                try await database.database.watch(database.name("t"), uid: "uid").risks
                    .first { $0.name == "no-unique-index" }?.explanation
            }
            let before = try #require(try await risk())
            #expect(before.contains("each acquire reads the whole table") == !isThere, "\(before)")
            let remedy = try #require(before.firstMatch(of: #/CREATE UNIQUE INDEX .*?\)/#))
            try await database.run(String(remedy.output))
            #expect(try await risk() == nil)
        }
    }

    @Test("Names may be odd", arguments: ["my items", #"so "called""#, "it's", "select", "Größe"])
    func named(_ name: String) async throws {
        try await withTestDatabase(.sqlite) { database in
            let (table, uid) = (name.quotedAsName, (name + " id").quotedAsName)
            try await database.run(
                """
                CREATE TABLE \(table) (\(uid) INTEGER PRIMARY KEY);
                CREATE VIEW v AS SELECT \(uid) FROM \(table);
                """
            )
            for found in [name, "v"] {
                let watch = try await database.database.watch(
                    database.name(found),
                    uid: name + " id"
                )
                #expect(watch.risks.map(\.name) == ["reused-ids"])
                #expect(watch.risks.first?.explanation.contains("'\(name)'") == true)
            }
        }
    }
}
