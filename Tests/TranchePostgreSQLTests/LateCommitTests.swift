import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "Ids that commit late, on PostgreSQL",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct LateCommitTests {
    // MARK: The settled ceiling

    /// A way to take an id before another, and to commit it after that one.
    struct Way: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var script = LateBench.four
        /// What opens the transaction.
        var open: [String]
        /// What it does when the higher id is there.
        var finish = ["COMMIT"]
        /// What commits the higher id.
        var other = "INSERT INTO S.t (item) VALUES ('other')"
        var table = "t"
    }

    static let ways = [
        Way(
            testDescription: "inserted and not committed",
            open: ["BEGIN", "INSERT INTO S.t (item) VALUES ('late')"]
        ),
        Way(
            testDescription: "reserved, and inserted later",
            open: ["BEGIN", "SELECT nextval('S.t_uid_seq')"],
            finish: ["INSERT INTO S.t (uid) VALUES (currval('S.t_uid_seq'))", "COMMIT"]
        ),
        Way(
            testDescription: "reserved behind a savepoint",
            open: [
                "BEGIN", "SAVEPOINT s", "SELECT nextval('S.t_uid_seq')", "ROLLBACK TO s",
            ],
            finish: ["INSERT INTO S.t (uid) VALUES (currval('S.t_uid_seq'))", "COMMIT"]
        ),
        Way(
            testDescription: "inserted in REPEATABLE READ",
            open: [
                "BEGIN ISOLATION LEVEL REPEATABLE READ", "INSERT INTO S.t (item) VALUES ('late')",
            ]
        ),
        Way(
            testDescription: "reserved in SERIALIZABLE, and inserted later",
            open: ["BEGIN ISOLATION LEVEL SERIALIZABLE", "SELECT nextval('S.t_uid_seq')"],
            finish: ["INSERT INTO S.t (uid) VALUES (currval('S.t_uid_seq'))", "COMMIT"]
        ),
        Way(
            testDescription: "copied",
            open: ["BEGIN", "COPY S.t (item) FROM PROGRAM 'seq 1000'"]
        ),
        Way(
            testDescription: "an identity column",
            script: """
                CREATE TABLE S.t (
                    uid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, item text
                );
                INSERT INTO S.t (item) SELECT 'x' FROM generate_series(1, 4);
                """,
            open: ["BEGIN", "INSERT INTO S.t (item) VALUES ('late')"]
        ),
        Way(
            testDescription: "a partition, written through its parent",
            script: Self.partitioned,
            open: ["BEGIN", "INSERT INTO S.t (item) VALUES ('late')"]
        ),
        Way(
            testDescription: "a partition, written directly",
            script: Self.partitioned,
            open: ["BEGIN", "INSERT INTO S.t1 (item) VALUES ('late')"]
        ),
        Way(
            testDescription: "a partition's partition, written directly",
            script: Self.partitioned,
            open: ["BEGIN", "INSERT INTO S.t21 (item) VALUES ('late')"],
            other: "INSERT INTO S.t21 (item) VALUES ('other')"
        ),
        Way(
            testDescription: "a partition as the source, written through its parent",
            script: """
                CREATE TABLE S.p (uid bigserial PRIMARY KEY, item text) PARTITION BY RANGE (uid);
                CREATE TABLE S.t PARTITION OF S.p FOR VALUES FROM (0) TO (1000);
                """,
            open: ["BEGIN", "SELECT nextval('S.p_uid_seq')"],
            finish: ["INSERT INTO S.p (uid) VALUES (currval('S.p_uid_seq'))", "COMMIT"],
            other: "INSERT INTO S.p (item) VALUES ('other')"
        ),
        Way(
            testDescription: "an heir",
            script: LateBench.four + "CREATE TABLE S.heir () INHERITS (S.t);",
            open: ["BEGIN", "INSERT INTO S.heir (item) VALUES ('late')"]
        ),
        Way(
            testDescription: "the table beneath a view",
            script: """
                CREATE TABLE S.base (id bigserial PRIMARY KEY, item text);
                INSERT INTO S.base (item) SELECT 'x' FROM generate_series(1, 4);
                CREATE VIEW S.t AS SELECT id AS uid, item FROM S.base WHERE item <> 'hidden';
                """,
            open: ["BEGIN", "SELECT nextval('S.base_id_seq')"],
            finish: ["INSERT INTO S.base VALUES (currval('S.base_id_seq'), 'late')", "COMMIT"],
            other: "INSERT INTO S.base (item) VALUES ('other')"
        ),
        Way(
            testDescription: "odd names",
            script: """
                CREATE TABLE S."it's; ""odd"" {1,2}" (uid bigserial PRIMARY KEY, item text);
                """,
            open: ["BEGIN", #"INSERT INTO S."it's; ""odd"" {1,2}" (item) VALUES ('late')"#],
            other: #"INSERT INTO S."it's; ""odd"" {1,2}" (item) VALUES ('other')"#,
            table: #"it's; "odd" {1,2}"#
        ),
        Way(
            testDescription: "prepared, and committed later",
            open: [
                "BEGIN", "INSERT INTO S.t (item) VALUES ('late')", "PREPARE TRANSACTION 'S.late'",
            ],
            finish: ["COMMIT PREPARED 'S.late'"]
        ),
    ]

    static let partitioned = """
        CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text) PARTITION BY RANGE (uid);
        CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (1000);
        CREATE TABLE S.t2 PARTITION OF S.t FOR VALUES FROM (1000) TO (9000) PARTITION BY RANGE (uid);
        CREATE TABLE S.t21 PARTITION OF S.t2 FOR VALUES FROM (1000) TO (2000);
        INSERT INTO S.t (item) SELECT 'x' FROM generate_series(1, 4);
        SELECT setval('S.t_uid_seq', 998);
        """

    @Test(
        "A lower id that is still to be committed is waited for",
        arguments: ways,
        Placement.allCases
    )
    func waited(_ way: Way, _ placement: Placement) async throws {
        var way = way
        // These go to the second partition, whose ids begin at 1000.
        if way.testDescription.contains("partition's partition") {
            way.script += "SELECT setval('S.t_uid_seq', 1500);"
        }
        try await withLateBench(placement, way.script, table: way.table) { bench in
            let start = try await bench.drain()
            #expect(try await bench.ids() == start.ids)
            let late = try await bench.session()
            for statement in way.open { try await late.run(bench.script(statement)) }
            try await bench.run(way.other + ";")
            for _ in 0..<3 {
                let none = try await bench.drain()
                #expect(none.ids.isEmpty)
                #expect(none.unsettledUntil == bench.clock.date.addingTimeInterval(60))
            }
            for statement in way.finish { try await late.run(bench.script(statement)) }
            let all = try await bench.drain()
            #expect(try await start.ids + all.ids == bench.ids())
            #expect(all.late.isEmpty)
            #expect(all.reason == .complete)
            await late.close()
        }
    }

    @Test(
        "An id reserved in a transaction without a transaction id, and inserted later, is waited for",
        arguments: Placement.allCases
    )
    func reservedWithoutTransactionID(_ placement: Placement) async throws {
        try await withLateBench(placement) { bench in
            let late = try await bench.session()
            // Every 32nd time, and after a checkpoint, drawing is logged, and takes a transaction
            // id.
            var id: Int64 = 0
            while true {
                try await late.run("BEGIN")
                id = try await late.number(bench.script("SELECT nextval('S.t_uid_seq')"))
                if try await late.run("SELECT pg_current_xact_id_if_assigned()") == [["NULL"]] {
                    break
                }
                try await late.run("ROLLBACK")
            }
            try await bench.run("INSERT INTO S.t (item) VALUES ('other');")
            #expect(try await bench.drain().isUnsettled)
            #expect(
                try await late.run("SELECT pg_current_xact_id_if_assigned()") == [["NULL"]]
            )
            try await late.run("INSERT INTO \(bench.t) (uid) VALUES (\(id))", "COMMIT")
            let drained = try await bench.drain()
            #expect(drained.ids == [id, id + 1])
            #expect(drained.late.isEmpty)
            await late.close()
        }
    }

    @Test("A writer who is there when the run begins is waited for", arguments: Placement.allCases)
    func first(_ placement: Placement) async throws {
        try await withLateBench(placement) { bench in
            let late = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('b');")
            #expect(try await bench.drain().isUnsettled)
            try await late.run(
                bench.script("INSERT INTO S.t (uid) VALUES (currval('S.t_uid_seq'))"),
                "COMMIT"
            )
            #expect(try await bench.drain().ids == [1, 2])
            await late.close()
        }
    }

    /// Two writers take turns so that there is always one.
    @Test("Writers who keep coming delay nobody for ever", arguments: Placement.allCases)
    func turns(_ placement: Placement) async throws {
        try await withLateBench(placement) { bench in
            var ids: [Int64] = []
            var open = try await bench.session("BEGIN", "INSERT INTO S.t (item) VALUES ('x')")
            for _ in 0..<10 {
                let next = try await bench.session("BEGIN", "INSERT INTO S.t (item) VALUES ('x')")
                try await open.run("COMMIT")
                await open.close()
                open = next
                let drained = try await bench.drain()
                #expect(drained.late.isEmpty)
                ids += drained.ids
            }
            // Each round passes what the round before it had found.
            #expect(ids.count >= 8)
            #expect(ids == Array((1...10).prefix(ids.count)))
            await open.close()
        }
    }

    /// ```
    ///  worker                        writers
    ///                                A reserves 5, B commits 6
    ///  asks for the run's row,
    ///  which another session holds
    ///                                A commits 5
    ///                                the run's row says that 6 is proven
    ///  gets the row
    /// ```
    @Test(
        "Who waited for the run's row uses no ceiling that was proven after its snapshot",
        arguments: [Placement.sameDatabase, .ownConnections]
    )
    func staleSnapshot(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            #expect(try await bench.drain().ids == [1, 2, 3, 4])
            let late = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            let holder = try await bench.session(
                "BEGIN",
                "SELECT id FROM S.inventory_run FOR UPDATE"
            )
            async let drained = bench.drain()
            try await bench.untilSomebodyWaits()
            try await late.run(bench.script("INSERT INTO S.t (uid) VALUES (5)"), "COMMIT")
            try await holder.run(
                bench.script("UPDATE S.inventory_run SET ceiling_id = 6, ceiling_next = NULL"),
                "COMMIT"
            )
            var got = try await drained
            let rest = try await bench.drain()
            got.ids += rest.ids
            got.late += rest.late
            #expect(got.ids == [5, 6])
            #expect(got.late.isEmpty)
            await late.close()
            await holder.close()
        }
    }

    @Test(
        "An unrelated transaction delays nothing, however long it lasts",
        arguments: Placement.allCases
    )
    func unrelated(_ placement: Placement) async throws {
        let script = LateBench.table + "CREATE TABLE S.other (uid bigserial, n bigserial);"
        try await withLateBench(placement, script) { bench in
            let others = [
                try await bench.session("BEGIN", "INSERT INTO S.other DEFAULT VALUES"),
                try await bench.session("BEGIN ISOLATION LEVEL REPEATABLE READ", "TABLE S.t"),
                try await bench.session("BEGIN", "SELECT pg_current_xact_id()"),
                try await bench.session("BEGIN", "TABLE S.t FOR SHARE"),
            ]
            for round in 1...5 as ClosedRange<Int64> {
                try await bench.run("INSERT INTO S.t (item) VALUES ('x');")
                let drained = try await bench.drain()
                #expect(drained.ids == [round])
                #expect(drained.reason == .complete)
            }
            for other in others { await other.close() }
        }
    }

    // MARK: Gaps

    @Test(
        "A writer that hangs delays the run once, and its id is handed out late",
        arguments: Placement.allCases
    )
    func hanging(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            #expect(try await bench.drain().ids.count == 4)
            let start = bench.clock.date
            let update = try await bench.session("BEGIN", "UPDATE S.t SET item = 'y' WHERE uid = 1")
            let late = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            #expect(try await bench.drain().unsettledUntil == start.addingTimeInterval(60))
            bench.clock.advance(by: .seconds(59))
            #expect(try await bench.drain().unsettledUntil == start.addingTimeInterval(60))
            bench.clock.advance(by: .seconds(1))
            let passed = try await bench.drain()
            #expect(passed.ids == [6])
            #expect(passed.reason == .unsettled(until: nil))
            #expect(try await bench.gaps().contains { $0.isOpen && $0.range == 5...5 })

            // Nothing more waits for them.
            for id in 7...9 as ClosedRange<Int64> {
                try await bench.run("INSERT INTO S.t (item) VALUES ('x');")
                let drained = try await bench.drain()
                #expect(drained.ids == [id])
                // The gap is open: the run is not complete.
                #expect(drained.isUnsettled)
            }
            try await late.run(bench.script("INSERT INTO S.t (uid) VALUES (5)"), "COMMIT")
            let drained = try await bench.drain()
            #expect(drained.ids == [5])
            #expect(drained.late == [5])
            await late.close()
            await update.close()
            bench.clock.advance(by: .seconds(2))
            #expect(try await bench.drain().reason == .complete)
            #expect(try await bench.gaps().allSatisfy { !$0.isOpen })
        }
    }

    @Test(
        "Several workers wait for a writer once together, whoever saw it first",
        arguments: Placement.allCases
    )
    func together(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            var others: [LateBench] = []
            for _ in 0..<2 { others.append(try await bench.another()) }
            #expect(try await bench.drain().ids.count == 4)
            for other in others { #expect(try await other.drain().ids.isEmpty) }
            let start = bench.clock.date
            let hanging = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            #expect(try await bench.drain().unsettledUntil == start.addingTimeInterval(60))
            for other in others {
                bench.clock.advance(by: .seconds(20))
                #expect(try await other.drain().unsettledUntil == start.addingTimeInterval(60))
            }
            bench.clock.advance(by: .seconds(20))
            #expect(try await others[1].drain().ids == [6])
            for other in others { await other.inventory.close() }
            await hanging.close()
        }
    }

    @Test("A writer who came later is waited for anew", arguments: Placement.allCases)
    func laterHolder(_ placement: Placement) async throws {
        try await withLateBench(placement) { bench in
            let hanging = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('x');")
            #expect(try await bench.drain().isUnsettled)
            bench.clock.advance(by: .seconds(60))
            #expect(try await bench.drain().ids == [2])
            let late = try await bench.session("BEGIN", "INSERT INTO S.t (item) VALUES ('three')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('four');")
            let until = try await bench.drain().unsettledUntil
            #expect(until == bench.clock.date.addingTimeInterval(60))
            try await late.run("COMMIT")
            #expect(try await bench.drain().ids == [3, 4])
            await late.close()
            await hanging.close()
        }
    }

    @Test(
        "Ids that were rolled back do not keep the run from being complete",
        arguments: Placement.allCases
    )
    func rolledBack(_ placement: Placement) async throws {
        try await withLateBench(placement) { bench in
            for _ in 0..<5 {
                let session = try await bench.session(
                    "BEGIN",
                    "INSERT INTO S.t (item) VALUES ('x')",
                    "ROLLBACK"
                )
                await session.close()
                try await bench.run("INSERT INTO S.t (item) VALUES ('x');")
            }
            let drained = try await bench.drain(count: 2)
            #expect(drained.ids == [2, 4, 6, 8, 10])
            #expect(drained.reason == .complete)
            #expect(try await bench.gaps().allSatisfy { !$0.isOpen })
        }
    }

    @Test("Ids that step by 1000 make few gaps", arguments: Placement.allCases)
    func steps(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            LateBench.table
                + "INSERT INTO S.t (uid) SELECT i * 1000 FROM generate_series(1, 5000) AS i;"
        ) { bench in
            let drained = try await bench.drain(count: 100)
            #expect(drained.ids.count == 5000)
            #expect(drained.reason == .complete)
            // Two for each of the 50 tiles at most, and not one for each id.
            #expect(try await bench.gaps().count <= 100)
            try await bench.run("INSERT INTO S.t (uid) VALUES (1), (2500123), (2500124);")
            bench.clock.advance(by: .seconds(600))
            #expect(try await bench.drain().late == [1, 2_500_123, 2_500_124])
        }
    }

    @Test("Gaps before the first item are watched", arguments: Placement.allCases)
    func beforeFirst(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            LateBench.table + "INSERT INTO S.t (uid) VALUES (100);"
        ) { bench in
            #expect(try await bench.drain().ids == [100])
            try await bench.run("INSERT INTO S.t (uid) VALUES (-7), (1), (99);")
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.drain().late == [-7, 1, 99])
        }
    }

    @Test(
        "A filter leaves out items, not ids: one that comes late behind it is handed out",
        arguments: Placement.allCases
    )
    func filtered(_ placement: Placement) async throws {
        let script =
            LateBench.table
            + "INSERT INTO S.t (uid, weight) SELECT i, i FROM generate_series(2, 20, 2) AS i;"
        try await withLateBench(placement, script, filter: "weight % 4 = 0") { bench in
            #expect(try await bench.drain(count: 3).ids == [4, 8, 12, 16, 20])
            // 3 and 11 do not match; 7 and 13 do.
            try await bench.run(
                "INSERT INTO S.t VALUES (3, '', 3), (7, '', 4), (11, '', 2), (13, '', 8);"
            )
            // Behind a filter a gap is looked at when it is due: the second time after two seconds.
            bench.clock.advance(by: .seconds(2))
            let drained = try await bench.drain()
            #expect(drained.late == [7, 13])
            #expect(drained.reason == .complete)
        }
    }

    @Test(
        "A writer is waited for where a filter lets nothing through, too",
        arguments: Placement.allCases
    )
    func filteredCeiling(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four, filter: "item = 'late'") { bench in
            #expect(try await bench.drain().ids.isEmpty)
            let late = try await bench.session("BEGIN", "INSERT INTO S.t (item) VALUES ('late')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('x');")
            #expect(try await bench.drain().isUnsettled)
            try await late.run("COMMIT")
            let drained = try await bench.drain()
            #expect(drained.ids == [5])
            #expect(drained.late.isEmpty)
            await late.close()
        }
    }

    @Test(
        "A batch tried again has the ids it had, not those of a late one",
        arguments: Placement.allCases
    )
    func retried(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            LateBench.table + "INSERT INTO S.t (uid) VALUES (4), (6);"
        ) { bench in
            guard case .batch(let first) = try await bench.acquire() else {
                Issue.record("nothing was handed out")
                return
            }
            #expect(try await first.items.map(\.id) == [4, 6])
            try await bench.run("INSERT INTO S.t (uid) VALUES (5);")
            bench.clock.advance(by: .seconds(1))
            guard case .batch(let late) = try await bench.acquire() else {
                Issue.record("nothing was handed out")
                return
            }
            #expect(late.kind == .late)
            #expect(try await late.items.map(\.id) == [5])
            try await first.fail("no")
            bench.clock.advance(by: .seconds(30))
            let again = try await bench.drain()
            #expect(again.ids == [4, 6])
            try await late.succeed()
            #expect(try await bench.drain().reason == .complete)
        }
    }
}
