import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

/// What no list of writers announces is found in the gaps.
@Suite(
    "Ids that commit late unannounced, on PostgreSQL",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct UnprovenCommitTests {
    /// Expects that a table's ids were all handed out, after a look that was due, and some of them
    /// late.
    private func expectLate(
        _ ids: [Int64],
        in bench: LateBench,
        after earlier: [Int64],
        location: SourceLocation = #_sourceLocation
    ) async throws {
        bench.clock.advance(by: .seconds(1))
        let drained = try await bench.drain()
        #expect(drained.late == ids, sourceLocation: location)
        #expect(drained.reason == .complete, sourceLocation: location)
        #expect(
            try await (earlier + drained.ids).sorted() == bench.ids(),
            sourceLocation: location
        )
    }

    @Test(
        "An id drawn in one transaction and used in a later one is handed out late",
        arguments: Placement.allCases
    )
    func autocommit(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            let session = try await bench.session("SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            let drained = try await bench.drain()
            #expect(drained.ids == [1, 2, 3, 4, 6])
            #expect(drained.reason == .complete)
            try await session.run(bench.script("INSERT INTO S.t (uid) VALUES (5)"))
            try await expectLate([5], in: bench, after: drained.ids)
            await session.close()
        }
    }

    @Test(
        "Blocks of ids, used by two programs in turns, are handed out",
        arguments: Placement.allCases
    )
    func hiLo(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            """
            CREATE TABLE S.t (uid bigint PRIMARY KEY);
            CREATE SEQUENCE S.s INCREMENT BY 50 OWNED BY S.t.uid;
            """
        ) { bench in
            #expect(try await bench.risks() == ["sequence-increment"])
            let one = try await bench.session()
            let low = try await one.number(bench.script("SELECT nextval('S.s')"))
            let two = try await bench.session()
            let high = try await two.number(bench.script("SELECT nextval('S.s')"))
            #expect(high == low + 50)
            var ids: [Int64] = []
            for step in 0..<5 as Range<Int64> {
                try await two.run("INSERT INTO \(bench.t) VALUES (\(high + step))")
                ids += try await bench.drain().ids
                try await one.run("INSERT INTO \(bench.t) VALUES (\(low + step))")
                bench.clock.advance(by: .seconds(2))
                let drained = try await bench.drain()
                #expect(drained.late == [low + step])
                ids += drained.ids
            }
            #expect(try await ids.sorted() == bench.ids())
            await one.close()
            await two.close()
        }
    }

    @Test(
        "Ids that a session keeps in its cache are handed out late",
        arguments: Placement.allCases
    )
    func cache(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            "CREATE TABLE S.t (uid bigint GENERATED ALWAYS AS IDENTITY (CACHE 20) PRIMARY KEY);"
        ) { bench in
            #expect(try await bench.risks() == ["cached-sequence"])
            let one = try await bench.session("INSERT INTO S.t DEFAULT VALUES")
            let two = try await bench.session("INSERT INTO S.t DEFAULT VALUES")
            let drained = try await bench.drain()
            #expect(drained.ids == [1, 21])
            #expect(drained.reason == .complete)
            try await one.run(bench.script("INSERT INTO S.t DEFAULT VALUES"))
            try await expectLate([2], in: bench, after: drained.ids)
            await one.close()
            await two.close()
        }
    }

    @Test("Ids given explicitly are handed out late", arguments: Placement.allCases)
    func explicit(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            LateBench.table + "INSERT INTO S.t (uid) VALUES (10), (20);"
        ) { bench in
            #expect(try await bench.risks() == ["explicit-ids"])
            let drained = try await bench.drain()
            #expect(drained.ids == [10, 20])
            let hidden = try await bench.session("BEGIN", "INSERT INTO S.t (uid) VALUES (13)")
            try await bench.run("INSERT INTO S.t (uid) VALUES (7), (15), (16);")
            bench.clock.advance(by: .seconds(1))
            let late = try await bench.drain()
            #expect(late.late == [7, 15, 16])
            try await hidden.run("COMMIT")
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.drain().late == [13])
            await hidden.close()
        }
    }

    @Test("Rows of a partition that is attached are handed out late", arguments: Placement.allCases)
    func attached(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            """
            CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text) PARTITION BY RANGE (uid);
            CREATE TABLE S.high PARTITION OF S.t FOR VALUES FROM (100) TO (1000);
            CREATE TABLE S.low (uid bigint PRIMARY KEY, item text);
            INSERT INTO S.low SELECT i FROM generate_series(40, 42) AS i;
            SELECT setval('S.t_uid_seq', 100);
            INSERT INTO S.t (item) VALUES ('x');
            """
        ) { bench in
            let drained = try await bench.drain()
            #expect(drained.ids == [101])
            // Nothing tells of it while it is open, either: ANALYZE takes the same lock.
            let session = try await bench.session(
                "BEGIN",
                "ALTER TABLE S.t ATTACH PARTITION S.low FOR VALUES FROM (0) TO (100)"
            )
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.drain().reason == .complete)
            try await session.run("COMMIT")
            bench.clock.advance(by: .seconds(1))
            try await expectLate([40, 41, 42], in: bench, after: drained.ids)
            await session.close()
        }
    }

    @Test("What a subscriber applies out of order is handed out late")
    func subscriber() async throws {
        try await withLateBench(
            .sameDatabase,
            "CREATE TABLE S.t (uid bigint PRIMARY KEY);"
        ) { bench in
            try await withPublisher(of: bench) { publisher in
                let late = try TestSession(on: publisher)
                try await late.run("BEGIN", "INSERT INTO \(bench.t) VALUES (1)")
                try await withTestSession(on: publisher) { other in
                    _ = try await other.run("INSERT INTO \(bench.t) VALUES (2)")
                }
                while try await bench.ids() != [2] {}
                #expect(try await bench.risks().contains("subscription"))
                let drained = try await bench.drain()
                #expect(drained.ids == [2])
                #expect(drained.reason == .complete)
                try await late.run("COMMIT")
                await late.close()
                while try await bench.ids() != [1, 2] {}
                try await expectLate([1], in: bench, after: drained.ids)
            }
        }
    }

    /// Runs `body` with a database of its own that publishes the table `t` to the bench's.
    private func withPublisher(
        of bench: LateBench,
        _ body: (TestPostgreSQL) async throws -> Void
    ) async throws {
        let name = "pub_" + (bench.database.schema ?? "")
        var url = try #require(URLComponents(string: bench.server.url))
        url.path = "/" + name
        let publisher = TestPostgreSQL(url: try #require(url.string))
        let admin = try await bench.session()
        try await admin.run("CREATE DATABASE \(name: name)")
        // A slot that the subscription itself makes would wait for its own transaction: both
        // databases are on one server.
        try await withTestSession(on: publisher) { session in
            try await session.run(
                "CREATE SCHEMA \(name: bench.database.schema ?? "")",
                "CREATE TABLE \(bench.t) (uid bigint PRIMARY KEY)",
                "CREATE PUBLICATION tranche FOR TABLE \(bench.t)",
                // It waits for every transaction that is open in the server, other tests' too.
                "SET lock_timeout = 0",
                "SELECT pg_create_logical_replication_slot(\(name), 'pgoutput')"
            )
        }
        try await admin.run(
            """
            CREATE SUBSCRIPTION \(name: name) CONNECTION \(unsafeRaw: publisher.url.quotedAsText)
            PUBLICATION tranche
            WITH (create_slot = false, slot_name = \(name: name), copy_data = false)
            """
        )
        func remove() async throws {
            try await admin.run(
                "DROP SUBSCRIPTION \(name: name)",
                "DROP DATABASE \(name: name) WITH (FORCE)"
            )
            await admin.close()
        }
        do {
            try await body(publisher)
            try await remove()
        } catch {
            try await remove()
            throw error
        }
    }

    @Test(
        "A lag of the user's choice lets ids wait where nothing proves them",
        arguments: Placement.allCases
    )
    func lag(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            let request = BatchRequest(
                job: "job",
                policy: RunPolicy(settleLag: .seconds(30))
            )
            func drain() async throws -> [Int64] {
                var ids: [Int64] = []
                while case .batch(let batch) = try await bench.inventory.acquire(
                    request,
                    from: bench.source
                ) {
                    #expect(batch.kind == .incremental)
                    ids += try await batch.items.map(\.id)
                    try await batch.succeed()
                }
                return ids
            }
            #expect(try await drain().isEmpty)
            bench.clock.advance(by: .seconds(30))
            #expect(try await drain() == [1, 2, 3, 4])
            try await bench.run("SELECT nextval('S.t_uid_seq');")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            #expect(try await drain().isEmpty)
            bench.clock.advance(by: .seconds(29))
            try await bench.run("INSERT INTO S.t (uid) VALUES (5);")
            #expect(try await drain().isEmpty)
            bench.clock.advance(by: .seconds(1))
            #expect(try await drain() == [5, 6])
        }
    }
}

extension LateBench {
    /// The table `t`.
    var t: SQLTableName { database.name("t") }

    /// The names of the source's risks.
    func risks() async throws -> [String] {
        try await inventory.source(source).risks.map(\.name)
    }
}
