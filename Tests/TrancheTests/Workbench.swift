import Testing
import Tranche
import TrancheTestKit

/// An inventory over the reference store, driven by a manual clock, with a store that can fail.
struct Workbench: Sendable {
    let clock = ManualClock()
    let store: FaultInjectingStore
    let source: MemorySource
    let inventory: Inventory

    init(
        ids: some Sequence<Int64>,
        retryLimit: Duration = .seconds(30),
        auditsWhileWorking: Bool = false,
        observers: [any InventoryObserver] = [],
        eventLimit: Int = 1024
    ) {
        let clock = clock
        store = FaultInjectingStore(MemoryInventoryStore(clock: clock))
        source = MemorySource(items: ids.map { Item(id: $0, item: .text("item \($0)"), weight: 1) })
        var configuration = Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            worker: "worker",
            retryLimit: retryLimit,
            clock: clock,
            randomness: { 0 }
        )
        configuration.auditsWhileWorking = auditsWhileWorking
        configuration.observers = observers
        configuration.eventLimit = eventLimit
        inventory = Inventory(store: store, configuration: configuration)
    }

    func take(_ count: Int? = nil) async throws -> Batch {
        try #require(
            try await inventory.acquireBatch(
                from: source,
                job: "job",
                limit: BatchLimit(count: count)
            )
        )
    }

    func record(_ batch: Batch) async throws -> BatchRecord {
        try #require(try await store.base.batches(BatchSelection(ids: [batch.id])).first)
    }

    /// Runs `body` while the clock moves on whenever somebody waits for it.
    func withMovingClock<R: Sendable>(
        by step: Duration = .milliseconds(25),
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    do {
                        try await clock.waitForSleepers(1)
                    } catch is CancellationError {
                        return nil
                    }
                    clock.advance(by: step)
                }
            }
            defer { group.cancelAll() }
            return try #require(try await group.next() ?? nil)
        }
    }
}

/// An error of a worker.
struct WorkError: Error, CustomStringConvertible {
    let description: String
}
