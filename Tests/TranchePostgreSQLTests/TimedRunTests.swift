import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// A clock on which each wait is over at once, once something was done.
private struct ActingClock: Clock {
    let act: @Sendable () async throws -> Void

    var now: ContinuousClock.Instant { .now }
    var minimumResolution: Duration { .nanoseconds(1) }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try await act()
    }
}

@Suite(
    "Runs that are bounded by time beside writers",
    .timeLimit(.minutes(5)),
    .enabled(if: TestPostgreSQL.server != nil)
)
struct TimedRunTests {
    /// Ids of a day of which one writer has drawn the lowest, and another the highest.
    private func withWriters(
        _ body: (TestDatabase, SQLSource, [TestSession]) async throws -> Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        let sessions = try [TestSession(on: server), TestSession(on: server)]
        try await withTestDatabase(.postgreSQL) { database in
            try await database.migrateUp()
            let name = "\(database.prefix)event"
            try await database.run(
                """
                CREATE TABLE \(name) (
                    uid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL
                );
                """
            )
            let insert = "INSERT INTO \(name) (at) VALUES ('2026-01-01T12:00Z')"
            try await sessions[0].run("BEGIN", "\(unsafeRaw: insert)")
            try await database.run(insert)
            try await sessions[1].run("BEGIN", "\(unsafeRaw: insert)")
            let day = Date(milliseconds: 1_767_225_600_000)
            let time = SourceTime("at", from: day, to: day.addingTimeInterval(86_400))
            do {
                try await body(database, SQLSource(name, time: time), sessions)
            } catch {
                // What they hold keeps the tables from being removed.
                for session in sessions { await session.close() }
                throw error
            }
            for session in sessions { await session.close() }
        }
    }

    private func inventory(
        _ database: TestDatabase,
        _ clock: some Clock<Duration>
    ) async throws -> Inventory {
        var configuration = Inventory.Configuration(store: database.configuration())
        configuration.clock = clock
        return try await Inventory.open(database.location, configuration: configuration)
    }

    @Test("Such a run has what was being written as it began, whatever ids that has")
    func waits() async throws {
        try await withWriters { database, source, sessions in
            let left = Mutex(sessions)
            let clock = ActingClock {
                guard let session = left.withLock({ $0.popLast() }) else { return }
                try await session.run("COMMIT")
            }
            let inventory = try await inventory(database, clock)
            let request = BatchRequest(job: "job", run: "day")
            let timed = try await inventory.timed(request, from: source)
            #expect(timed?.request.ids == IDBounds(1...3))
            await inventory.close()
        }
    }

    @Test("A writer is waited for as long as the run waits for such, and that is told once")
    func endsWaiting() async throws {
        try await withWriters { database, source, _ in
            let inventory = try await inventory(database, ActingClock {})
            var request = BatchRequest(job: "job", run: "day")
            request.policy.settleWait = .seconds(5)
            let told = Mutex(0)
            let timed = try await inventory.timed(request, from: source) {
                told.withLock { $0 += 1 }
            }
            #expect(timed?.request.ids == IDBounds(2...2))
            #expect(told.withLock { $0 } == 1)
            await inventory.close()
        }
    }
}
