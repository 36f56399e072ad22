import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

/// The cases in which it loses rows to wait for those who hold a lock on the source's table, and to
/// read up to the sequence's last value.
@Suite(
    "Late ids that no lock on the table announces, on PostgreSQL",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct TableLockTests {
    /// Whether anybody but the looker holds a lock on the table itself that a writer takes.
    private func isLocked(_ bench: LateBench) async throws -> Bool {
        try await bench.database.column(
            """
            SELECT count(*) FROM pg_locks
            WHERE relation = to_regclass(\(bench.t.quoted)) AND mode = 'RowExclusiveLock'
            """
        ) != ["0"]
    }

    /// ```
    ///  writers                                  worker
    ///  A: BEGIN, nextval: 5
    ///  B: inserts 6, commits
    ///                                           nobody holds the table
    ///                                           hands nothing out
    ///  A: inserts 5, commits
    ///                                           hands out 5, 6
    /// ```
    @Test(
        "An id that is drawn before the table is locked is waited for",
        arguments: Placement.allCases
    )
    func drawnFirst(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            #expect(try await bench.drain().ids == [1, 2, 3, 4])
            let late = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            #expect(try await !isLocked(bench))
            let none = try await bench.drain()
            #expect(none.ids.isEmpty)
            #expect(none.isUnsettled)
            try await late.run(bench.script("INSERT INTO S.t (uid) VALUES (5)"), "COMMIT")
            let all = try await bench.drain()
            #expect(all.ids == [5, 6])
            #expect(all.late.isEmpty)
            #expect(all.reason == .complete)
            await late.close()
        }
    }

    @Test(
        "Ids that idle sessions keep of a sequence with CACHE are all handed out, once",
        arguments: Placement.allCases
    )
    func cached(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            """
            CREATE SEQUENCE S.s CACHE 10;
            CREATE TABLE S.t (uid bigint PRIMARY KEY DEFAULT nextval('S.s'), item text);
            ALTER SEQUENCE S.s OWNED BY S.t.uid;
            """
        ) { bench in
            let one = try await bench.session("INSERT INTO S.t (item) VALUES ('1')")
            let two = try await bench.session("INSERT INTO S.t (item) VALUES ('11')")
            var handedOut = try await bench.drain().ids
            #expect(handedOut == [1, 11])
            // The sequence's own last value is 20 by now.
            for round in 0..<9 {
                let session = round % 2 == 0 ? one : two
                try await session.run(bench.script("INSERT INTO S.t (item) VALUES ('x')"))
                bench.clock.advance(by: .seconds(2))
                handedOut += try await bench.drain().ids
            }
            // One that is open while a look is made.
            try await one.run("BEGIN", bench.script("INSERT INTO S.t (item) VALUES ('x')"))
            bench.clock.advance(by: .seconds(2))
            handedOut += try await bench.drain().ids
            try await one.run("COMMIT")
            bench.clock.advance(by: .seconds(2))
            let last = try await bench.drain()
            handedOut += last.ids
            #expect(last.reason == .complete)
            #expect(try await handedOut.sorted() == bench.ids())
            #expect(Set(handedOut).count == handedOut.count)
            let risks = try await bench.inventory.source(bench.source).risks.map(\.name)
            #expect(risks == ["cached-sequence"])
            await one.close()
            await two.close()
        }
    }

    @Test(
        "Who writes to a partition by its own name is waited for",
        arguments: Placement.allCases
    )
    func partition(_ placement: Placement) async throws {
        try await withLateBench(
            placement,
            """
            CREATE TABLE S.t (uid bigserial PRIMARY KEY, item text) PARTITION BY RANGE (uid);
            CREATE TABLE S.t1 PARTITION OF S.t FOR VALUES FROM (0) TO (1000);
            CREATE SEQUENCE S.other;
            SELECT setval('S.t_uid_seq', 10);
            """
        ) { bench in
            // The id is the writer's own: not even the sequence is touched.
            let late = try await bench.session("BEGIN", "INSERT INTO S.t1 VALUES (5, 'late')")
            try await bench.run("INSERT INTO S.t (item) VALUES ('eleven');")
            #expect(try await !isLocked(bench))
            #expect(try await bench.drain().isUnsettled)
            try await late.run("COMMIT")
            let all = try await bench.drain()
            #expect(all.ids == [5, 11])
            #expect(all.late.isEmpty)
            await late.close()
        }
    }

    @Test(
        "A role that presets REPEATABLE READ or SERIALIZABLE costs no row",
        arguments: Placement.allCases,
        ["repeatable read", "serializable"]
    )
    func isolation(_ placement: Placement, _ level: String) async throws {
        let server = try #require(TestPostgreSQL.server)
        var url = try #require(URLComponents(string: server.url))
        url.queryItems = [
            URLQueryItem(
                name: "options",
                value: "-c default_transaction_isolation=" + level.replacing(" ", with: #"\ "#)
            )
        ]
        let presetting = TestPostgreSQL(url: try #require(url.string))
        try await withLateBench(placement, on: presetting, LateBench.four) { bench in
            #expect(try await bench.drain().ids == [1, 2, 3, 4])
            let late = try await bench.session(
                "BEGIN ISOLATION LEVEL REPEATABLE READ",
                "INSERT INTO S.t (item) VALUES ('late')"
            )
            try await bench.run("INSERT INTO S.t (item) VALUES ('six');")
            let holder = try await bench.session(
                "BEGIN",
                "INSERT INTO S.t (item) VALUES ('seven')"
            )
            #expect(try await bench.drain().isUnsettled)
            try await late.run("COMMIT")
            try await holder.run("COMMIT")
            let all = try await bench.drain()
            #expect(all.ids == [5, 6, 7])
            #expect(all.late.isEmpty)
            await late.close()
            await holder.close()
        }
    }

    @Test(
        "Ids that a sequence gives after it was set back are handed out late",
        arguments: Placement.allCases
    )
    func setBack(_ placement: Placement) async throws {
        try await withLateBench(placement, LateBench.four) { bench in
            #expect(try await bench.drain().ids == [1, 2, 3, 4])
            try await bench.run(
                "SELECT setval('S.t_uid_seq', 100); INSERT INTO S.t (item) VALUES ('101');"
            )
            #expect(try await bench.drain().ids == [101])
            try await bench.run(
                """
                SELECT setval('S.t_uid_seq', 50);
                INSERT INTO S.t (item) VALUES ('51'), ('52');
                """
            )
            bench.clock.advance(by: .seconds(2))
            let drained = try await bench.drain()
            #expect(drained.late == [51, 52])
            #expect(drained.ids == [51, 52])
        }
    }
}
