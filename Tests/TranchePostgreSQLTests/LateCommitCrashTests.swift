import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL
import TrancheTestKit

@Suite(
    "Ids that commit late, past a crash of the server",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct LateCommitCrashTests {
    /// How the server comes to a new life.
    static let crashes = WritersAfterCrashTests.Crash.allCases

    /// Acquires until there is nothing; connections that the crash cut are found out one by one.
    private func drain(_ bench: LateBench) async throws -> LateBench.Drained {
        for _ in 0..<20 {
            do {
                return try await bench.drain()
            } catch let error as TrancheError where error.category == .transient {}
        }
        return try await bench.drain()
    }

    @Test(
        "A prepared transaction is waited for past a crash, a session that died is not",
        arguments: crashes
    )
    func candidate(_ crash: WritersAfterCrashTests.Crash) async throws {
        try await withOwnPostgreSQL { server in
            for placement in [Placement.sameDatabase, .sqlite] {
                try await withLateBench(placement, on: server.server, LateBench.four) { bench in
                    let start = try await bench.drain()
                    #expect(start.ids == [1, 2, 3, 4])
                    let late = try await bench.session(
                        "BEGIN",
                        "INSERT INTO S.t (item) VALUES ('late')",
                        "PREPARE TRANSACTION 'late'"
                    )
                    let lost = try await bench.session("BEGIN", "SELECT nextval('S.t_uid_seq')")
                    try await bench.run("INSERT INTO S.t (item) VALUES ('other');")
                    #expect(try await bench.drain().isUnsettled)

                    try await crash.happen(to: server)
                    await late.close()
                    await lost.close()
                    for _ in 0..<3 {
                        let none = try await drain(bench)
                        #expect(none.ids.isEmpty)
                        #expect(none.isUnsettled)
                    }
                    try await withTestSession(on: server.server) { session in
                        _ = try await session.run("COMMIT PREPARED 'late'")
                    }
                    let drained = try await drain(bench)
                    #expect(try await start.ids + drained.ids == bench.ids())
                    #expect(drained.ids == [5, 7])
                    #expect(drained.late.isEmpty)
                    #expect(drained.reason == .complete)
                }
            }
        }
    }

    @Test(
        "An open gap stays open past a crash while a prepared transaction lives",
        arguments: crashes
    )
    func gap(_ crash: WritersAfterCrashTests.Crash) async throws {
        try await withOwnPostgreSQL { server in
            for placement in [Placement.sameDatabase, .sqlite] {
                try await withLateBench(placement, on: server.server) { bench in
                    let late = try await bench.session(
                        "BEGIN",
                        "INSERT INTO S.t (item) VALUES ('late')",
                        "PREPARE TRANSACTION 'late'"
                    )
                    try await bench.run("INSERT INTO S.t (item) VALUES ('other');")
                    #expect(try await bench.drain().isUnsettled)
                    bench.clock.advance(by: .seconds(60))
                    #expect(try await bench.drain().ids == [2])
                    #expect(try await bench.gaps().contains(where: \.isOpen))

                    try await crash.happen(to: server)
                    await late.close()
                    for _ in 0..<3 {
                        bench.clock.advance(by: .seconds(1))
                        let none = try await drain(bench)
                        #expect(none.ids.isEmpty)
                        #expect(none.reason != .complete)
                        #expect(try await bench.gaps().contains(where: \.isOpen))
                    }
                    try await withTestSession(on: server.server) { session in
                        _ = try await session.run("COMMIT PREPARED 'late'")
                    }
                    bench.clock.advance(by: .seconds(1))
                    let drained = try await drain(bench)
                    #expect(drained.late == [1])
                    #expect(drained.reason == .complete)
                    #expect(try await bench.gaps().allSatisfy { !$0.isOpen })
                }
            }
        }
    }
}
