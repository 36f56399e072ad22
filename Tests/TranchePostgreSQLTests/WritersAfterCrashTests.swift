import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@Suite(
    "Who writes, after the server crashed",
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct WritersAfterCrashTests {
    /// How a server comes to a new life.
    enum Crash: String, Sendable, CaseIterable {
        /// Stopped in order, and started.
        case restart
        /// As after a loss of power.
        case powerLoss
        /// One of its processes is killed: the server throws out the others, and goes on.
        case killedProcess

        func happen(to server: OwnPostgreSQL) async throws {
            switch self {
            case .restart:
                try await server.stop()
                try await server.start()
            case .powerLoss:
                try await server.crash()
            case .killedProcess:
                let session = try TestSession(on: server.server)
                let process = try await session.number("SELECT pg_backend_pid()")
                try await server.crashProcess(Int32(process))
                await session.close()
            }
        }
    }

    @Test("A prepared transaction outlives each, as a survivor in a new life of the server")
    func prepared() async throws {
        try await withOwnPostgreSQL { server in
            for crash in Crash.allCases {
                try await withWatchBench(
                    on: server.server,
                    "CREATE TABLE S.t (uid bigserial PRIMARY KEY);"
                ) { bench in
                    try await check(crash, of: server, bench)
                }
            }
        }
    }

    private func check(_ crash: Crash, of server: OwnPostgreSQL, _ bench: WatchBench) async throws {
        let watch = try await bench.watch()
        let writer = try TestSession(on: bench.server)
        try await writer.run("BEGIN", bench.script("INSERT INTO S.t DEFAULT VALUES"))
        let name = try await writer.transaction()
        try await writer.run("PREPARE TRANSACTION 'kept'")
        let other = try TestSession(on: bench.server)
        try await other.run("BEGIN", bench.script("INSERT INTO S.t DEFAULT VALUES"))
        let lost = try await other.transaction()
        let before = try await bench.writers(watch)
        #expect(before.holders == [name, lost])
        #expect(before.survivors.isEmpty)

        try await crash.happen(to: server)
        await writer.close()
        await other.close()
        let after = try await bench.writers(watch)
        #expect(after.epoch != before.epoch, "\(crash)")
        #expect(after.holders.count == 1)
        #expect(after.survivors == after.holders)
        #expect(after.holders.first?.hasPrefix("-1/") == true)

        // It is the same life as long as nothing happens, whatever statistics are reset.
        try await withTestSession(on: bench.server) { session in
            try await session.run(
                "SELECT pg_stat_reset_shared('bgwriter')",
                "SELECT pg_stat_reset()"
            )
            #expect(try await bench.writers(watch) == after)
            try await session.run("COMMIT PREPARED 'kept'")
            let ended = try await bench.writers(watch)
            #expect(ended.holders.isEmpty)
            #expect(ended.epoch == after.epoch)
        }
    }
}
