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

    /// Looks at the reference, and at a store of each database.
    private func withStores(
        _ body: (any InventoryStore, Time) async throws -> Void
    ) async throws {
        let time = Time()
        try await body(MemoryInventoryStore(now: { time.now }), time)
        for backend in TestDatabase.Backend.available {
            try await withTestDatabase(backend, isMigrated: true) { database in
                let configuration = database.configuration(now: { time.now })
                let inventory = try await Inventory.open(
                    database.location,
                    configuration: Inventory.Configuration(store: configuration)
                )
                try await body(inventory.store, time)
                await inventory.close()
            }
        }
    }

    /// What is acquired by a request of a job on three items.
    private func acquiring(
        _ store: any InventoryStore,
        _ time: Time,
        _ request: BatchRequest
    ) -> () async throws -> Acquired {
        let inventory = Inventory(
            store: store,
            configuration: Inventory.Configuration(store: StoreConfiguration(now: { time.now }))
        )
        let source = MemorySource(items: (1...3).map { Item(id: $0, weight: 1) })
        return { try await inventory.acquire(request, from: source) }
    }

    @Test(
        "A highest id, and what is too little, is waited for no longer than the lag and the linger",
        arguments: [
            BatchRequest(job: "job", policy: RunPolicy(settleLag: .seconds(5))),
            BatchRequest(job: "job", minWeight: 10, linger: .seconds(5)),
        ]
    )
    func waiting(request: BatchRequest) async throws {
        try await withStores { store, time in
            let acquire = acquiring(store, time, request)
            for step in [0, -86_400.0] {
                time.move(by: step)
                let until = time.now.addingTimeInterval(5)
                let wanted: NoBatchReason =
                    request.linger > .zero ? .waiting(until: until) : .unsettled(until: until)
                guard case .noBatch(let reason) = try await acquire() else {
                    Issue.record("nothing is waited for")
                    return
                }
                #expect(reason == wanted)
            }
            time.move(by: 5)
            guard case .batch = try await acquire() else {
                Issue.record("it waits on")
                return
            }
        }
    }

    @Test("A rate lets in what it would have let in from the beginning")
    func rates() async throws {
        try await withStores { store, time in
            let inventory = Inventory(store: store, configuration: Inventory.Configuration())
            let rate = BudgetRate(2, per: .seconds(10))
            try await inventory.setBudget("api", BudgetLimits(rate: rate))
            var request = BatchRequest(job: "job", limit: BatchLimit(count: 1))
            request.limits = RunLimits(budgets: ["api"])
            let acquire = acquiring(store, time, request)
            for _ in 1...2 {
                guard case .batch = try await acquire() else {
                    Issue.record("the burst is not let in")
                    return
                }
            }
            let third = try await acquire()
            guard case .noBatch(.limited("api", _)) = third else {
                Issue.record("there is no limit: \(third)")
                return
            }
            time.move(by: -86_400)
            guard case .batch = try await acquire() else {
                Issue.record("nothing is let in")
                return
            }
        }
    }

    @Test("A lease is no longer by that, and whoever keeps a batch still does")
    func leases() async throws {
        try await withStores { store, time in try await leases(store, time) }
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
