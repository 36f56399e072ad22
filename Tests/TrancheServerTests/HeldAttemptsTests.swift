import Foundation
import Synchronization
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheServer

@Suite("How attempts end that were handed out over REST") struct HeldAttemptsTests {
    /// What an observer is told, such as `succeeded 1.1`.
    private final class Told: InventoryObserver {
        private let kept = Mutex<[String]>([])

        var all: [String] { kept.withLock { $0 } }
        /// The ends.
        var ends: [String] { all.filter { !$0.hasPrefix("acquired") } }

        func observe(_ event: InventoryEvent) {
            let (batch, attempt) = (event.batch?.id ?? 0, event.batch?.attempt ?? 0)
            kept.withLock { $0.append("\(event.name) \(batch).\(attempt)") }
        }
    }

    /// Two processes of one inventory.
    private struct Ground {
        let clock = ManualClock()
        let told = Told()
        let own: Inventory
        let other: Inventory
        let held: HeldAttempts
        private let source = MemorySource(items: (1...40).map { Item(id: $0, weight: 1) })

        init() {
            let clock = clock
            let store = MemoryInventoryStore(clock: clock)
            var configuration = Inventory.Configuration(
                store: StoreConfiguration(now: { clock.date }),
                clock: clock
            )
            configuration.auditsWhileWorking = false
            other = Inventory(store: store, configuration: configuration)
            configuration.observers = [told]
            own = Inventory(store: store, configuration: configuration)
            held = HeldAttempts(own, clock: clock)
        }

        func take(_ inventory: Inventory, token: String? = nil) async throws -> Batch {
            var request = BatchRequest(
                job: "job",
                limit: BatchLimit(count: 2),
                policy: RunPolicy(lease: .seconds(60), maxAttempts: 5)
            )
            request.token = token
            guard case .batch(let batch) = try await inventory.acquire(request, from: source) else {
                throw CancellationError()
            }
            return batch
        }
    }

    private func key(_ batch: Batch) -> AttemptKey {
        AttemptKey(batch: batch.id, attempt: batch.attempt)
    }

    @Test("An end that is asked for here is told once, however often it is asked for")
    func here() async throws {
        let ground = Ground()
        let (own, held) = (ground.own, ground.held)
        let one = try await ground.take(own)
        held.add(one)
        held.add(one)
        #expect(held.count == 1)
        for _ in 0..<2 {
            let success = AttemptSuccess(key(one), result: nil, logging: nil)
            let record = try await held.ending(key(one), as: .succeeded) {
                try await own.succeed(success, within: .seconds(1))
            }
            #expect(record.status == .succeeded)
        }
        let two = try await ground.take(own)
        held.add(two)
        _ = try await held.ending(key(two), as: nil) { try await own.store.release(key(two)) }
        let lost = try await ground.take(own)
        held.add(lost)
        ground.clock.advance(by: .seconds(61))
        _ = try await ground.take(ground.other)
        await #expect(throws: TrancheError.self) {
            _ = try await held.extending(key(lost)) {
                try await own.heartbeat(key(lost), within: .seconds(1))
            }
        }
        #expect(held.count == 0)
        await own.close()
        #expect(
            ground.told.ends == [
                "succeeded \(one.id).1", "released \(two.id).1", "lost \(lost.id).\(lost.attempt)",
            ]
        )
    }

    @Test("An end elsewhere is told once it is seen, and one that is held still is kept")
    func elsewhere() async throws {
        let ground = Ground()
        let (own, other, held) = (ground.own, ground.other, ground.held)
        var batches: [Batch] = []
        for _ in 0..<4 {
            let batch = try await ground.take(own)
            held.add(batch)
            batches.append(batch)
        }
        let (done, failed) = (batches[0], batches[1])
        let success = AttemptSuccess(key(done), result: nil, logging: nil)
        _ = try await other.succeed(success, within: .seconds(1))
        _ = try await other.store.fail(key(failed), with: BatchFailure("no", isFinal: true))
        try await held.look()
        // Nobody looks before a lease was to end.
        #expect(held.count == 4)
        ground.clock.advance(by: .seconds(61))
        let taken = try await ground.take(other)
        try #require(taken.attempt == 2)
        try await held.look()
        #expect(held.count == 1)
        try await held.look()
        await own.close()
        #expect(
            Set(ground.told.ends) == [
                "succeeded \(done.id).1", "failed \(failed.id).1", "lost \(taken.id).1",
            ]
        )
        #expect(ground.told.ends.count == 3)
    }

    @Test("An attempt that has ended does not begin again where its batch is given again")
    func repeated() async throws {
        let ground = Ground()
        let (own, held) = (ground.own, ground.held)
        let one = try await ground.take(own, token: "t")
        held.add(one)
        for _ in 0..<2 {
            let success = AttemptSuccess(key(one), result: nil, logging: nil)
            _ = try await held.ending(key(one), as: .succeeded) {
                try await own.succeed(success, within: .seconds(1))
            }
            let again = try await ground.take(own, token: "t")
            #expect(again.id == one.id)
            #expect(again.record.status == .succeeded)
            held.add(again)
            #expect(held.count == 0)
        }
        await own.close()
        #expect(ground.told.all == ["acquired \(one.id).1", "succeeded \(one.id).1"])
    }

    @Test("A lease that has been over for a while is told as a loss, and a success after it once")
    func lapsed() async throws {
        let ground = Ground()
        let (own, other, held) = (ground.own, ground.other, ground.held)
        var batches: [Batch] = []
        for _ in 0..<4 {
            let batch = try await ground.take(own)
            held.add(batch)
            batches.append(batch)
        }
        let (here, elsewhere, beating) = (batches[1], batches[2], batches[3])
        ground.clock.advance(by: .seconds(61))
        try await held.look()
        _ = try await held.extending(key(beating)) {
            try await own.heartbeat(key(beating), within: .seconds(1))
        }
        ground.clock.advance(by: .seconds(15))
        for _ in 0..<2 { try await held.look() }
        for _ in 0..<2 {
            let success = AttemptSuccess(key(here), result: nil, logging: nil)
            _ = try await held.ending(key(here), as: .succeeded) {
                try await own.succeed(success, within: .seconds(1))
            }
        }
        let success = AttemptSuccess(key(elsewhere), result: nil, logging: nil)
        _ = try await other.succeed(success, within: .seconds(1))
        ground.clock.advance(by: .seconds(300))
        for _ in 0..<2 { try await held.look() }
        #expect(held.count == 2)
        await own.close()
        let ends = ground.told.ends
        try #require(ends.count == 6, "\(ends)")
        #expect(Set(ends[..<3]) == Set(batches[..<3].map { "lost \($0.id).1" }))
        #expect(ends[3] == "succeeded \(here.id).1")
        #expect(Set(ends[4...]) == ["succeeded \(elsewhere.id).1", "lost \(beating.id).1"])
    }

    @Test("A failure of an attempt that was told as lost is no second end")
    func lapsedFailure() async throws {
        let ground = Ground()
        let (own, held) = (ground.own, ground.held)
        let one = try await ground.take(own)
        held.add(one)
        ground.clock.advance(by: .seconds(76))
        try await held.look()
        let failure = BatchFailure("no")
        _ = try await held.ending(key(one), as: .failed, failure) {
            try await own.store.fail(key(one), with: failure)
        }
        #expect(held.count == 0)
        await own.close()
        #expect(ground.told.ends == ["lost \(one.id).1"])
    }

    @Test("Without an observer nothing is kept")
    func unobserved() async throws {
        let ground = Ground()
        let held = HeldAttempts(ground.other, clock: ground.clock)
        held.add(try await ground.take(ground.other))
        #expect(held.count == 0)
    }
}
