import Foundation
import Synchronization
import Testing
import TrancheTestKit

@testable import Tranche

@Suite("A group that has nothing in hand", .timeLimit(.minutes(10)))
struct WaitingGroupTests {
    /// Keeps what a group tells.
    private final class Log: WorkWatcher {
        private let state = Mutex((waits: [WaitExplanation](), taken: [OpenBatch](), running: 0))
        private let ends = AsyncStream<Int64>.makeStream()

        var waits: [WaitExplanation] { state.withLock { $0.waits } }
        var taken: [Int64] { state.withLock { $0.taken.map(\.batch.id) } }
        var running: Int { state.withLock { $0.running } }

        func began(_ batch: Batch) { state.withLock { $0.running += 1 } }
        func finished(_ batch: Batch) {
            state.withLock { $0.running -= 1 }
            ends.continuation.yield(batch.id)
        }

        /// Waits until the work on a batch is over.
        func end() async { for await _ in ends.stream { return } }
        func waits(_ explanation: WaitExplanation) {
            state.withLock { $0.waits.append(explanation) }
        }
        func tookOver(_ batches: [OpenBatch]) { state.withLock { $0.taken += batches } }
    }

    private let clock = ManualClock()
    private let log = Log()
    private let items = MemorySource(items: (1...2).map { Item(id: $0, item: .null, weight: 1) })

    private func inventory(
        _ store: (any InventoryStore)? = nil,
        marked mark: ProcessMark? = nil
    ) -> Inventory {
        let clock = clock
        let number = Mutex(0)
        return Inventory(
            store: store ?? MemoryInventoryStore(clock: clock),
            configuration: .init(
                store: StoreConfiguration(now: { clock.date }),
                worker: "worker",
                clock: clock,
                randomness: { 0 },
                makeToken: {
                    let token = number.withLock { number in
                        number += 1
                        return "~\(number)"
                    }
                    return mark?.marking(token) ?? token
                }
            )
        )
    }

    private var request: BatchRequest {
        BatchRequest(job: "job", limit: .count(1), policy: RunPolicy(lease: .seconds(600)))
    }

    private func group(_ inventory: Inventory, _ slots: Int = 1) -> WorkerGroup {
        WorkerGroup(
            inventory,
            request,
            from: items,
            configuration: .init(slots: slots),
            handler: ClosureHandler { batch, _ in batch.id },
            watcher: log
        )
    }

    private func acquire(_ inventory: Inventory) async throws -> Batch {
        let answer = try await inventory.acquire(request, from: items)
        guard case .batch(let batch) = answer else { throw CancellationError() }
        return batch
    }

    @Test("It tells who holds what is left after 2 s, and again after 30 s")
    func others() async throws {
        let inventory = inventory()
        let held = try await acquire(inventory)
        async let report = group(inventory).run()
        // Until then its heartbeats sleep, too.
        await log.end()
        var seconds = 0
        while log.waits.count < 2, seconds < 60 {
            try await clock.waitForSleepers(1)
            clock.advance(by: .seconds(1))
            seconds += 1
        }
        // The wait begins with the second's first look; the last look may stand before a step.
        #expect((32...35).contains(seconds), "\(seconds)")
        // It would end without another wait where it looks after that.
        try await clock.waitForSleepers(1)
        try await held.succeed()
        clock.advance(by: .seconds(1))
        #expect(try await report.succeeded == 1)
        let waits = log.waits
        #expect(waits.count == 2)
        #expect(waits.first?.open.map(\.batch.id) == [held.id])
        #expect(waits.first?.open.first?.isHeld == true)
        #expect(log.running == 0)
    }

    @Test(
        "Batches of a process of this host that has ended are taken at once, and no others",
        arguments: [true, false]
    )
    func takesOver(hasEnded: Bool) async throws {
        let own = try #require(ProcessMark.own)
        let store = MemoryInventoryStore(clock: clock)
        let gone = ProcessMark(
            place: hasEnded ? own.place : "elsewhere",
            process: own.process,
            startedAt: own.startedAt - 1
        )
        let dead = inventory(store, marked: gone)
        let held = try await acquire(dead)
        let inventory = inventory(store)
        async let report = group(inventory).run()
        if !hasEnded {
            await log.end()
            try await clock.waitForSleepers(1)
            #expect(try await store.batch(held.id).status == .running)
            try await held.release()
            clock.advance(by: .seconds(1))
        }
        #expect(try await report.succeeded == 2)
        #expect(log.taken == (hasEnded ? [held.id] : []))
        let batch = try await store.batch(held.id)
        #expect(batch.attempt == 2)
        #expect(batch.failures == (hasEnded ? 1 : 0))
    }

    /// Counts the looks for batches whose holders have ended.
    private final class LookStore: ForwardingStore {
        let base: any InventoryStore
        private let count = Mutex(0)

        var looks: Int { count.withLock { $0 } }

        init(_ base: any InventoryStore) { self.base = base }

        func openBatches(
            of key: RunKey,
            heldAt place: String?,
            limit: Int
        ) async throws -> [OpenBatch] {
            if place != nil { count.withLock { $0 += 1 } }
            return try await base.openBatches(of: key, heldAt: place, limit: limit)
        }
    }

    @Test(
        "While a group is given batches it looks every 5 s, and more rarely where many are held",
        arguments: [(held: 0, looks: 8), (held: 99, looks: 4), (held: 199, looks: 2)]
    )
    func looksRarely(held: Int, looks: Int) async throws {
        let store = LookStore(MemoryInventoryStore(clock: clock))
        let items = MemorySource(
            items: (1...Int64(held + 40)).map { Item(id: $0, item: .null, weight: 1) }
        )
        let beside = inventory(store, marked: ProcessMark.own)
        for _ in 0..<held { _ = try await beside.acquire(request, from: items) }
        let clock = clock
        let group = WorkerGroup(
            inventory(store),
            request,
            from: items,
            configuration: .init(slots: 1, limit: 40),
            handler: ClosureHandler { _, _ in clock.advance(by: .seconds(1)) }
        )
        #expect(try await group.run().succeeded == 40)
        #expect(store.looks == looks)
    }

    @Test("What a group holds is marked with its process, and what others acquire is not")
    func marks() async throws {
        let inventory = inventory()
        let marks = Mutex<[ProcessMark?]>([])
        let items = items
        let group = WorkerGroup(
            inventory,
            request,
            from: items,
            handler: ClosureHandler { batch, _ in
                let key = batch.record.key
                let open = try await batch.inventory.store.openBatches(
                    of: key,
                    heldAt: nil,
                    limit: 10
                )
                marks.withLock { $0 += open.map(\.process) }
            }
        )
        _ = try await group.run()
        #expect(marks.withLock { $0 } == [ProcessMark.own, ProcessMark.own])
        let other = try await self.inventory().acquireBatch(from: items, job: "job")
        let key = try #require(other?.record.key)
        let open = try await #require(other).inventory.store.openBatches(
            of: key,
            heldAt: nil,
            limit: 10
        )
        #expect(open.map(\.process) == [nil])
    }
}
