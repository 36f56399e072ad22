import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@Suite("A clock that is set back", .timeLimit(.minutes(10)))
struct ClockSetBackTests {
    /// A time that may go anywhere.
    private final class Time: Sendable {
        private let date = Mutex(Date(milliseconds: 1_800_000_000_000))

        var now: Date { date.withLock { $0 } }

        func move(by seconds: TimeInterval) {
            date.withLock { $0 += seconds }
        }
    }

    @Test("A lease is no longer by that, and whoever keeps a batch still does")
    func leases() async throws {
        let time = Time()
        var stores: [any InventoryStore] = [MemoryInventoryStore(now: { time.now })]
        for backend in TestDatabase.Backend.available {
            try await withTestDatabase(backend) { database in
                let migrator = try await database.migrator()
                _ = try await migrator.up(to: nil, adoption: AdoptionOptions(), isDryRun: false)
                await migrator.close()
                let configuration = database.configuration(now: { time.now })
                let inventory = try await Inventory.open(
                    database.location,
                    configuration: Inventory.Configuration(store: configuration)
                )
                stores.append(inventory.store)
                try await self.leases(inventory.store, time)
                await inventory.close()
            }
        }
        try await leases(stores[0], time)
    }

    private func leases(_ store: any InventoryStore, _ time: Time) async throws {
        let inventory = Inventory(
            store: store,
            configuration: Inventory.Configuration(store: StoreConfiguration(now: { time.now }))
        )
        let source = MemorySource(items: (1...3).map { Item(id: $0) })
        let policy = RunPolicy(lease: .seconds(5), backoff: .seconds(1), backoffLimit: .seconds(9))
        let request = BatchRequest(job: "job", limit: BatchLimit(count: 1), policy: policy)
        func acquire() async throws -> Acquired {
            try await inventory.acquire(request, from: source)
        }
        guard case .batch(let kept) = try await acquire(), case .batch = try await acquire(),
            case .batch(let failed) = try await acquire()
        else {
            Issue.record("there is no batch")
            return
        }
        try await failed.fail("no")
        time.move(by: -3600)
        // One hour and a second: not so long any more.
        guard case .noBatch(.waiting(let until)) = try await acquire() else {
            Issue.record("nothing is waited for")
            return
        }
        #expect(until.timeIntervalSince(time.now) == 5)
        time.move(by: 4)
        #expect(try await kept.heartbeat().timeIntervalSince(time.now) == 5)
        time.move(by: 2)
        guard case .batch(let taken) = try await acquire() else {
            Issue.record("the lease has not ended")
            return
        }
        #expect(taken.ids == 2...2 && taken.attempt == 2)
        time.move(by: 1)
        try await kept.succeed()
        time.move(by: 4)
        guard case .batch(let again) = try await acquire() else {
            Issue.record("the retry has not come")
            return
        }
        #expect([2, 3].contains(again.ids.lowerBound))
    }
}
