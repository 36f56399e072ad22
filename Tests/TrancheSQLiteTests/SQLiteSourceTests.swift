import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("SQLite sources", .timeLimit(.minutes(10)))
struct SQLiteSourceTests {
    /// Runs `body` with an inventory in a file whose tables a script makes.
    func withTables(
        _ script: String,
        _ body: (Inventory) async throws -> Void
    ) async throws {
        try await withTestDatabase(.sqlite, isMigrated: true) { database in
            try await database.run(script)
            let inventory = try await database.open()
            try await body(inventory)
            await inventory.close()
        }
    }

    /// Expects that nothing is handed out of the table `t`.
    func refused(_ script: String, _ code: TrancheError.Code, _ says: String...) async throws {
        try await withTables(script) { inventory in
            var good: [Int64] = []
            let error = await #expect(throws: TrancheError.self) {
                // What stands before the first that is refused is handed out.
                while let batch = try await inventory.acquireBatch(from: SQLSource("t"), job: "job")
                {
                    good += try await batch.items.map(\.id)
                }
            }
            #expect(error?.code == code)
            #expect(good == (code == .invalidItem ? [1] : []))
            for words in says {
                #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
            }
            let batches = try await inventory.batches(BatchSelection())
            #expect(batches.map(\.idEnd) == good)
        }
    }

    func ids(
        _ source: SQLSource,
        of inventory: Inventory,
        job: String = "job"
    ) async throws -> [Int64]? {
        try await inventory.acquireBatch(from: source, job: job)?.items.map(\.id)
    }

    // MARK: Filters

    @Test("A name in double quotes that is no column is refused, where SQLite would make it a text")
    func quotedNames() async throws {
        let script = """
            CREATE TABLE t (uid INTEGER PRIMARY KEY AUTOINCREMENT, "Status" TEXT);
            INSERT INTO t ("Status") VALUES ('new'), ('old');
            CREATE VIEW v AS SELECT uid, "Status", "text" AS kind FROM t;
            """
        try await withTables(script) { inventory in
            let wrong = [
                "\"Statu\" = 'new'", "\"Status\" = \"new\"", "uid IN (SELECT \"uidd\")",
            ]
            for filter in wrong {
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await inventory.acquireBatch(
                        from: SQLSource("t", filter: filter),
                        job: "job"
                    )
                }
                #expect(error?.code == .invalidSource)
                #expect(
                    error?.message.contains("there is no column \"") == true,
                    "\(error?.message ?? "")"
                )
            }
            let good = SQLSource("t", filter: "\"Status\" = 'new' AND \"uid\" < 2.5")
            let found = try await ids(good, of: inventory)
            #expect(found == [1])
            // What a view is made of is its owner's.
            let view = SQLSource("v", filter: "kind = 'text' AND \"Status\" = 'old'")
            let seen = try await ids(view, of: inventory, job: "view")
            #expect(seen == [2])
        }
    }

    // MARK: Ids

    @Test("An id column of text that is not unique is refused, and one of bytes")
    func textColumn() async throws {
        try await refused("CREATE TABLE t (uid TEXT);", .invalidSource, "'uid'", "TEXT", "unique")
        try await refused("CREATE TABLE t (uid BLOB PRIMARY KEY);", .invalidSource, "'uid'", "BLOB")
    }

    @Test("An id column of doubles is refused")
    func realColumn() async throws {
        try await refused("CREATE TABLE t (uid REAL PRIMARY KEY);", .invalidSource, "'uid'", "REAL")
    }

    @Test("Ids that are no integers are refused, named", arguments: ["'seven'", "7.5", "x'07'"])
    func noIntegers(_ id: String) async throws {
        try await refused(
            "CREATE TABLE t (uid, item TEXT); INSERT INTO t VALUES (1, 'a'), (\(id), 'b');",
            .invalidItem,
            "integers"
        )
    }

    @Test(
        "An id that is no integer, between two that are, is refused, and not passed over",
        arguments: [
            "(uid INTEGER UNIQUE, item TEXT)", "(uid INTEGER PRIMARY KEY DESC, item TEXT)",
            "(uid INTEGER PRIMARY KEY, item TEXT) WITHOUT ROWID",
        ]
    )
    func realBetween(table: String) async throws {
        let script = """
            CREATE TABLE t \(table);
            INSERT INTO t VALUES (1, 'a'), (2, 'b'), (2.5, 'c'), (4, 'd');
            """
        try await withTables(script) { inventory in
            let source = SQLSource("t")
            #expect(try await ids(source, of: inventory) == [1, 2])
            for _ in 1...2 {
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await inventory.acquireBatch(from: source, job: "job")
                }
                #expect(error?.code == .invalidItem, "\(error?.message ?? "")")
                #expect(error?.message.contains("'t' has the id '2.5'") == true)
                #expect(error?.message.contains("give its row another") == true)
            }
            let batches = try await inventory.batches(BatchSelection())
            #expect(batches.map(\.idEnd) == [2])
        }
    }

    @Test("A NULL id is refused", arguments: ["INTEGER", "INTEGER PRIMARY KEY DESC"])
    func nullID(type: String) async throws {
        try await refused(
            "CREATE TABLE t (uid \(type), item TEXT); INSERT INTO t VALUES (1, 'a'), (NULL, 'b');",
            .invalidSource,
            "'uid'",
            "NULL"
        )
    }

    @Test("An id that stands twice is refused, named")
    func duplicateID() async throws {
        try await refused(
            "CREATE TABLE t (uid INTEGER, item TEXT); INSERT INTO t VALUES (1, 'a'), (7, 'b'), (7, 'c');",
            .invalidItem,
            "id 7"
        )
    }

    @Test("The lowest and highest ids there are work")
    func extremes() async throws {
        let script = """
            CREATE TABLE t (uid INTEGER PRIMARY KEY);
            INSERT INTO t VALUES (-9223372036854775808), (0), (9223372036854775807);
            """
        try await withTables(script) { inventory in
            let all = try await ids(SQLSource("t"), of: inventory)
            #expect(all == [.min, 0, .max])
            let rest = try await ids(SQLSource("t"), of: inventory)
            #expect(rest == nil)
        }
    }

    // MARK: Weights

    @Test(
        "A weight that is none is refused, with its id",
        arguments: [
            "-1", "-0.5", "9e999", "-9e999", "'heavy'", "x'01'",
        ]
    )
    func badWeight(_ weight: String) async throws {
        try await refused(
            "CREATE TABLE t (uid INTEGER PRIMARY KEY, weight); INSERT INTO t VALUES (1, 1), (7, \(weight));",
            .invalidItem,
            "id 7"
        )
    }

    @Test("A weight that is missing counts as 0")
    func nullWeight() async throws {
        let script = """
            CREATE TABLE t (uid INTEGER PRIMARY KEY, weight REAL);
            INSERT INTO t VALUES (1, NULL), (2, 3), (3, 9);
            """
        try await withTables(script) { inventory in
            let batch = try await inventory.acquireBatch(
                from: SQLSource("t"),
                job: "job",
                limit: .weight(5)
            )
            #expect(batch?.ids == 1...2)
            #expect(batch?.count == 2)
            #expect(batch?.weight == 3)
        }
    }

    @Test("A weight column of text is refused")
    func textWeight() async throws {
        try await refused(
            "CREATE TABLE t (uid INTEGER PRIMARY KEY, weight TEXT);",
            .invalidSource,
            "'weight'",
            "TEXT"
        )
    }

    // MARK: Tables and names

    @Test("A view is a source")
    func view() async throws {
        let script = """
            CREATE TABLE base (uid INTEGER PRIMARY KEY, size INTEGER);
            INSERT INTO base VALUES (1, 5), (2, 6), (3, 7);
            CREATE VIEW t AS SELECT uid, size * 2 AS weight FROM base WHERE uid <> 2;
            """
        try await withTables(script) { inventory in
            let batch = try await inventory.acquireBatch(from: SQLSource("t"), job: "job")
            #expect(try await batch?.items.map(\.id) == [1, 3])
            #expect(batch?.weight == 24)
        }
    }

    @Test("A table or column that is not there is named, with what there is")
    func missing() async throws {
        try await withTables("CREATE TABLE t (id INTEGER PRIMARY KEY, size INTEGER);") {
            inventory in
            let cases: [(source: SQLSource, words: [String])] = [
                (SQLSource("nowhere"), ["'nowhere'"]),
                (SQLSource("t"), ["'uid'", "'id'", "'size'"]),
                (SQLSource("t", uid: "id", item: "path"), ["'path'"]),
                (SQLSource("t", uid: "id", weight: "bytes"), ["'bytes'"]),
                (SQLSource("other.t"), ["other.t"]),
            ]
            for (source, words) in cases {
                let error = await #expect(throws: TrancheError.self) {
                    _ = try await inventory.acquireBatch(from: source, job: "job")
                }
                #expect(error?.code == .invalidSource)
                for word in words { #expect(error?.message.contains(word) == true) }
            }
        }
    }

    @Test("A name that holds a dot is told as such")
    func dottedName() async throws {
        let script = #"CREATE TABLE "a.b" (uid INTEGER PRIMARY KEY); INSERT INTO "a.b" VALUES (1);"#
        try await withTables(script) { inventory in
            let bare = try await ids(SQLSource(table: "a.b", schema: nil), of: inventory)
            #expect(bare == [1])
            let qualified = SQLSource(table: "a.b", schema: "main")
            #expect(try await ids(qualified, of: inventory, job: "other") == [1])
            // Under the same job it is the same table.
            await #expect(throws: TrancheError.self) { try await ids(qualified, of: inventory) }
        }
    }
}

@Suite("Settle columns of SQLite sources", .timeLimit(.minutes(10)))
struct SQLiteSettleColumnTests {
    /// A time that is no point in time, and what is said of it.
    static let faults = [
        ("1795748514020", "milliseconds"), ("2461372.5", "Julian day"),
        ("'11/27/2026 03:01'", "11/27"), ("'2025-02-31 03:01'", "not a time"),
        ("'2026-11-27'", "'2026-11-27'"), ("NULL", "NULL"), ("x'00'", "bytes"), ("'now'", "'now'"),
        ("'2461372.5'", "not a time"), ("'2999-01-01 00:00:00'", "2999"),
        ("1795748514020123", "microseconds"),
        ("0", "1980"), ("9e999", "Inf"),
    ]

    private func acquire(_ values: [String], lag: Duration = .seconds(2)) async throws -> [Int64] {
        try await withTestDatabase(.sqlite, isMigrated: true) { database in
            try await database.run("CREATE TABLE t (uid INTEGER PRIMARY KEY, at)")
            for value in values { try await database.run("INSERT INTO t (at) VALUES (\(value))") }
            let inventory = try await database.open()
            var source = SQLSource("t")
            source.settleColumn = "at"
            let request = BatchRequest(job: "job", policy: RunPolicy(settleLag: lag))
            var ids: [Int64] = []
            while case .batch(let batch) = try await inventory.acquire(request, from: source) {
                ids += try await batch.items.map(\.id)
                if ids.count == values.count { break }
            }
            await inventory.close()
            return ids
        }
    }

    @Test(
        "What is no point in time is refused, with its id, the column and a remedy",
        arguments: faults
    )
    func refused(_ value: String, _ words: String) async throws {
        let error = await #expect(throws: TrancheError.self) {
            _ = try await acquire([value, value])
        }
        #expect(error?.code == .invalidSource)
        for part in ["id 2 of 't'", "'at'", words, "seconds since 1970"] {
            #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
        }
    }

    @Test("One such entry is told when nothing but it is waited for")
    func one() async throws {
        let good = "datetime('now', '-1 minute')"
        #expect(try await acquire([good, "NULL", good]) == [1, 2, 3])
        let error = await #expect(throws: TrancheError.self) {
            _ = try await acquire([good, good, "NULL"])
        }
        #expect(error?.code == .invalidItem)
        #expect(error?.message.contains("id 3 of 't' has NULL") == true)
    }

    @Test(
        "Times are UTC text, or seconds since 1970",
        arguments: [
            "datetime('now', '-1 minute')", "strftime('%s', 'now', '-1 minute') + 0",
            "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 minute')", "strftime('%s', 'now') - 60.5",
            "strftime('%Y-%m-%d %H:%M', 'now', '-2 minutes')",
        ]
    )
    func good(_ value: String) async throws {
        #expect(try await acquire([value]) == [1])
    }
}
