import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("A clock that moves within a transaction", .timeLimit(.minutes(5)))
struct TickingClockTests {
    // statement                     clock
    // lock the run, read the clock  1
    // end batch 1                   2
    // hand out batch 2 again        begins at 2, not at 1: the worker never held both
    @Test(
        "What is handed out with a success begins no sooner than that ended",
        arguments: TestDatabase.Backend.available
    )
    func successWithNext(on backend: TestDatabase.Backend) async throws {
        let ticks = Atomic(0)
        let now: @Sendable () -> Date = {
            let tick = ticks.add(1, ordering: .relaxed).newValue
            return Date(milliseconds: 1_800_000_000_000 + Int64(tick))
        }
        try await withTestDatabase(backend, isMigrated: true) { database in
            let inventory = try await Inventory.open(
                database.location,
                configuration: .init(store: database.configuration(now: now))
            )
            try await database.run(
                """
                CREATE TABLE \(database.prefix)item (uid bigint PRIMARY KEY, item text, weight real);
                INSERT INTO \(database.prefix)item
                    VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 1);
                """
            )
            let source = SQLSource(database.prefix + "item")
            let request = BatchRequest(job: "load", limit: .count(1))
            let first = try #require(try await inventory.acquire(request, from: source).held)
            let second = try #require(try await inventory.acquire(request, from: source).held)
            try await second.release()
            let next = try #require(
                try await first.succeed(thenAcquire: request, from: source).held
            )
            #expect(next.id == second.id)
            let ended = try #require(try await inventory.batch(first.id).endedAt)
            #expect(next.record.startedAt >= ended)
            await inventory.close()
        }
    }
}

extension Acquired {
    fileprivate var held: Batch? {
        guard case .batch(let batch) = self else { return nil }
        return batch
    }
}
