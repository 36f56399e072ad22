import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "Numbers of uids that several give at once",
    .enabled(if: TestPostgreSQL.server != nil),
    .timeLimit(.minutes(5))
)
struct UIDRegistryTests {
    private func front(of database: TestDatabase) async throws -> [String] {
        try await database.column("SELECT front FROM \(database.name("inventory_registry"))")
    }

    /// Takes all that there is, and ends it well.
    private func drain(
        _ inventory: Inventory,
        _ source: SQLSource,
        job: String = "job",
        count: Int = 7
    ) async throws -> [String] {
        var found: [String] = []
        let request = BatchRequest(job: job, limit: .count(count))
        while case .batch(let batch) = try await inventory.acquire(request, from: source) {
            found += try await batch.items.map { $0.uid ?? "number \($0.id)" }
            try await batch.succeed()
        }
        return found
    }

    /// What writers wrote, and what was found by each job.
    private actor Tally {
        private(set) var writers: Int
        private(set) var written: Set<String> = []
        private(set) var found: [String: [String]] = [:]

        init(writers: Int) { self.writers = writers }

        func wrote(_ uids: [String]) { written.formUnion(uids) }

        func endWriter() { writers -= 1 }

        func found(_ uids: [String], by job: String) { found[job, default: []] += uids }
    }

    private func write(
        to table: String,
        _ server: TestPostgreSQL,
        _ tally: Tally
    ) async throws {
        let session = try TestSession(on: server)
        for _ in 0..<20 {
            let keys = (0..<5).map { _ in UUID().uuidString.lowercased() }
            try await session.run("BEGIN")
            for key in keys {
                let insert: String = "INSERT INTO \(table) VALUES ('\(key)')"
                try await session.run(SQLStatement(insert))
                await Task.yield()
            }
            try await session.run("COMMIT")
            await tally.wrote(keys)
        }
        await tally.endWriter()
    }

    @Test("Workers, jobs and writers at once: each uid is handed out once to each job")
    func race() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            try await database.run("CREATE TABLE \(database.prefix)item (key uuid PRIMARY KEY)")
            try await database.migrateUp()
            let source = SQLSource(database.prefix + "item", uid: "key")
            let table = database.prefix + "item"
            let server = try #require(TestPostgreSQL.server)
            let tally = Tally(writers: 3)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<3 { tasks.addTask { try await write(to: table, server, tally) } }
                for number in 0..<4 {
                    tasks.addTask {
                        let inventory = try await database.open()
                        let job = number % 2 == 0 ? "even" : "odd"
                        var isLast = false
                        repeat {
                            isLast = await tally.writers == 0
                            let more = try await drain(inventory, source, job: job)
                            await tally.found(more, by: job)
                        } while !isLast
                        await inventory.close()
                    }
                }
                // One that fails ends the others.
                for try await _ in tasks {}
            }
            let all = await tally.written
            #expect(all.count == 300)
            for job in ["even", "odd"] {
                let own = await tally.found[job] ?? []
                #expect(own.count == all.count)
                #expect(Set(own) == all)
            }
            let numbers = try await database.read(
                "SELECT count(*), min(number), max(number) FROM \(database.name("inventory_uid"))"
            )
            #expect(numbers == [["300", "1", "300"]])
            let gaps = try await database.column(
                "SELECT count(*) FROM \(database.name("inventory_gap"))"
            )
            #expect(gaps == ["0"])
        }
    }

    // writer                             worker
    // begins, inserts 'late'
    //                                    takes 'b', which came after it; a minute goes by
    // commits
    //                                    finds 'late' at the front
    @Test("What commits within a minute of its time is found at the front")
    func late() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (
                    key text PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp()
                );
                CREATE INDEX item_at ON \(table) (at);
                INSERT INTO \(table) VALUES ('a');
                """
            )
            try await database.migrateUp()
            let clock = ManualClock()
            let inventory = try await database.open(now: { clock.date })
            let source = SQLSource(table, uid: "key", settleColumn: "at")
            #expect(try await drain(inventory, source) == ["a"])
            #expect(try await front(of: database) == ["NULL"])
            clock.advance(by: .seconds(61))
            #expect(try await drain(inventory, source) == [])
            #expect(try await front(of: database) != ["NULL"])

            let writer = try TestSession(on: #require(TestPostgreSQL.server))
            let insert: String = "INSERT INTO \(table) VALUES ('late')"
            try await writer.run("BEGIN", SQLStatement(insert))
            try await database.run("INSERT INTO \(table) VALUES ('b')")
            #expect(try await drain(inventory, source) == ["b"])
            clock.advance(by: .seconds(59))
            #expect(try await drain(inventory, source) == [])
            try await writer.run("COMMIT")
            // By the front alone: nothing of the walk is looked at for it.
            try await database.run(
                "UPDATE \(database.name("inventory_registry").quoted) SET walked = 'zzz'"
            )
            #expect(try await drain(inventory, source) == ["late"])
            // Who comes later than that, and says so of no time, is met by the walk.
            for _ in 0..<3 {
                clock.advance(by: .seconds(61))
                #expect(try await drain(inventory, source) == [])
            }
            try await database.run("INSERT INTO \(table) VALUES ('old', '2001-01-01')")
            #expect(try await drain(inventory, source) == ["old"])
            await inventory.close()
        }
    }

    @Test("UUIDs of version 7, ULIDs and times are their own order; others have none")
    func orders() async throws {
        let seven = "0190b8a2-7c1e-7d30-8a4e-2f6f1f0d9c11"
        let kinds = [
            ("uuid", seven, true), ("uuid", "0190b8a2-7c1e-4d30-8a4e-2f6f1f0d9c11", false),
            ("text", "01ARZ3NDEKTSV4RRFFQ69G5FAV", true), ("text", "a path", false),
            ("timestamptz", "2020-01-01 00:00:00Z", true), ("date", "2020-01-01", true),
        ]
        for (type, value, rises) in kinds {
            try await withTestDatabase(.postgreSQL) { database in
                let table = database.prefix + "item"
                try await database.run(
                    """
                    CREATE TABLE \(table) (key \(type) PRIMARY KEY);
                    INSERT INTO \(table) VALUES ('\(value)');
                    """
                )
                try await database.migrateUp()
                let clock = ManualClock()
                let inventory = try await database.open(now: { clock.date })
                let source = SQLSource(table, uid: "key")
                #expect(try await drain(inventory, source).count == 1)
                clock.advance(by: .seconds(61))
                #expect(try await drain(inventory, source).isEmpty)
                let hasFront = try await front(of: database) != ["NULL"]
                #expect(hasFront == rises, "\(type) \(value)")
                let opened = try await inventory.source(source)
                #expect((opened.numbered?.searchCost == nil) == rises, "\(type) \(value)")
                await inventory.close()
            }
        }
    }

    @Test("What would make new uids cheap to find is said of the columns that there are")
    func advice() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (
                    key uuid PRIMARY KEY DEFAULT gen_random_uuid(),
                    made timestamptz NOT NULL DEFAULT now()
                );
                INSERT INTO \(table) DEFAULT VALUES;
                """
            )
            try await database.migrateUp()
            let plain = SQLSource(table, uid: "key")
            let settled = SQLSource(table, uid: "key", settleColumn: "made")
            func cost(of source: SQLSource) async throws -> String? {
                let inventory = try await database.open()
                let cost = try await inventory.source(source).numbered?.searchCost
                await inventory.close()
                return cost
            }
            let bare = try #require(try await cost(of: plain))
            #expect(
                bare.hasSuffix("A --settle-column with an index lets it read the newest rows alone")
            )
            let slow = try #require(try await cost(of: settled))
            #expect(slow.contains("An index that begins with 'made', as of "), "\(slow)")
            // The statement that it names does it.
            let statement = try #require(slow.firstMatch(of: #/CREATE INDEX .*\(.*?\)/#)).output
            try await database.run(String(statement))
            #expect(try await cost(of: settled) == nil)
        }
    }

    @Test("Texts are the same by their bytes, whatever the collation says")
    func collations() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE COLLATION \(database.prefix)loose (
                    provider = icu, locale = 'und-u-ks-level2', deterministic = false
                );
                CREATE TABLE \(table) (
                    key text COLLATE \(database.prefix)loose PRIMARY KEY, other text COLLATE "C" UNIQUE
                );
                INSERT INTO \(table) VALUES ('a', 'Z'), ('b', 'a');
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            let source = SQLSource(table, uid: "key")
            #expect(try await drain(inventory, source) == ["a", "b"])
            // Another uid, which the index takes for the same as the one that went.
            try await database.run("UPDATE \(table) SET key = 'A' WHERE key = 'a'")
            #expect(try await drain(inventory, source) == ["A"])
            let other = SQLSource(table, uid: "other")
            #expect(try await drain(inventory, other, job: "other") == ["Z", "a"])
            await inventory.close()
        }
    }

    @Test("A walk in portions finds all, and goes on where it stood")
    func portions() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (key text PRIMARY KEY);
                INSERT INTO \(table) SELECT md5(i::text) FROM generate_series(1, 20000) AS i;
                """
            )
            try await database.migrateUp()
            var inventory = try await database.open()
            let source = SQLSource(table, uid: "key")
            let request = BatchRequest(job: "job", limit: .count(5000))
            guard case .batch(let first) = try await inventory.acquire(request, from: source)
            else {
                Issue.record("there is no batch")
                return
            }
            #expect(first.count == 5000)
            let last = try await database.column(
                "SELECT last_id FROM \(database.name("inventory_registry"))"
            )
            #expect(last == ["8192"])
            await inventory.close()
            inventory = try await database.open()
            let rest = try await drain(inventory, source, count: 5000)
            #expect(rest.count == 15000)
            try await database.run("INSERT INTO \(table) VALUES ('0'), ('7'), ('g')")
            #expect(try await drain(inventory, source) == ["0", "7", "g"])
            await inventory.close()
        }
    }

    @Test("A bound of time is over rows without a number, too, wherever their uids are")
    func bounded() async throws {
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (key text PRIMARY KEY, at timestamptz NOT NULL);
                CREATE INDEX item_at ON \(table) (at);
                INSERT INTO \(table) VALUES ('a', now());
                """
            )
            try await database.migrateUp()
            let clock = ManualClock()
            let inventory = try await database.open(now: { clock.date })
            let daily = SQLSource(table, uid: "key", settleColumn: "at")
            #expect(try await drain(inventory, daily) == ["a"])
            clock.advance(by: .seconds(61))
            #expect(try await drain(inventory, daily) == [])
            #expect(try await front(of: database) != ["NULL"])
            // Behind the front, and more than one look comes to.
            try await database.run(
                """
                INSERT INTO \(table)
                SELECT md5(i::text), '2001-01-01T12:00Z' FROM generate_series(1, 20000) AS i
                """
            )
            let day = Date(milliseconds: 978_307_200_000)
            let time = SourceTime("at", from: day, to: day.addingTimeInterval(86_400))
            let source = SQLSource(table, uid: "key", settleColumn: "at", time: time)
            let request = BatchRequest(job: "job", run: "day")
            let timed = try await inventory.timed(request, from: source)
            #expect(timed?.request.ids == IDBounds(2...20_001))
            await inventory.close()
        }
    }

    // first acquire over the table         forget
    // has numbers, begins its run
    //                                      removes the only other run; waits for the numbers
    // commits
    //                                      leaves the numbers
    @Test("Who forgets the last run beside another's first acquire leaves the numbers")
    func forgotten() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestDatabase(.postgreSQL) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (key uuid PRIMARY KEY);
                INSERT INTO \(table) SELECT gen_random_uuid() FROM generate_series(1, 3);
                """
            )
            try await database.migrateUp()
            let inventory = try await database.open()
            #expect(try await drain(inventory, SQLSource(table, uid: "key")).count == 3)
            let registry = database.name("inventory_registry")
            let runs = database.name("inventory_run")
            let first = try TestSession(on: server)
            try await first.run(
                "BEGIN",
                "SELECT 1 FROM \(registry) FOR UPDATE",
                "CREATE TEMPORARY TABLE other ON COMMIT DROP AS SELECT * FROM \(runs)",
                "UPDATE other SET id = id + 100, job = 'other'",
                "INSERT INTO \(runs) OVERRIDING SYSTEM VALUE SELECT * FROM other"
            )
            async let report = inventory.forget(RunSelection(job: "job"))
            let waiting: SQLStatement = """
                SELECT count(*)
                FROM pg_stat_activity
                WHERE wait_event_type = 'Lock' AND query LIKE '%\(unsafeRaw: registry.quoted)%'
                """
            while try await database.column(waiting) != ["1"] { await Task.yield() }
            try await first.run("COMMIT")
            #expect(try await report.runs.count == 1)
            await first.close()
            let numbers = try await database.column(
                "SELECT count(*) FROM \(database.name("inventory_uid"))"
            )
            #expect(numbers == ["3"])
            await inventory.close()
        }
    }
}
