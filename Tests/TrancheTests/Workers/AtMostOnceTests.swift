import Foundation
import Synchronization
import Testing
import TrancheTestKit

@testable import Tranche

@Suite("Work that starts at most once", .timeLimit(.minutes(10)))
struct AtMostOnceTests {
    /// Does something once the store has noted that work begins, before that is answered.
    private final class LateStore: ForwardingStore {
        let base: any InventoryStore
        let afterBegin: @Sendable (_ call: Int) async throws -> Void
        private let calls = Mutex(0)

        init(
            _ base: any InventoryStore,
            afterBegin: @escaping @Sendable (_ call: Int) async throws -> Void
        ) {
            self.base = base
            self.afterBegin = afterBegin
        }

        func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
            let answer = try await body()
            if request == .begin {
                let call = calls.withLock { calls in
                    calls += 1
                    return calls
                }
                try await afterBegin(call)
            }
            return answer
        }
    }

    private let clock = ManualClock()
    private let items = MemorySource(items: (1...3).map { Item(id: $0, item: .null, weight: 1) })

    private func inventory(over store: any InventoryStore) -> Inventory {
        let clock = clock
        return Inventory(
            store: store,
            configuration: .init(
                store: StoreConfiguration(now: { clock.date }),
                worker: "worker",
                clock: clock,
                randomness: { 0 }
            )
        )
    }

    private func group(
        _ inventory: Inventory,
        _ configuration: WorkerGroup.Configuration = .init(end: .whenNothingIsReady),
        _ handler: any BatchHandler
    ) -> WorkerGroup {
        WorkerGroup(
            inventory,
            BatchRequest(
                job: "job",
                limit: BatchLimit(count: 1),
                policy: RunPolicy(execution: .atMostOnce)
            ),
            from: items,
            configuration: configuration,
            handler: handler
        )
    }

    private func batches(_ inventory: Inventory) async throws -> [BatchRecord] {
        try await inventory.store.batches(BatchSelection()).reversed()
    }

    @Test(
        "An answer that comes after half the lease does not start the handler",
        arguments: [(seconds: 30, attempts: [1, 1, 1]), (seconds: 31, attempts: [2, 1, 1])]
    )
    func late(seconds: Int, attempts: [Int]) async throws {
        let clock = clock
        let store = LateStore(MemoryInventoryStore(clock: clock)) { call in
            if call == 1 { clock.advance(by: .seconds(seconds)) }
        }
        let inventory = inventory(over: store)
        let handler = ClosureHandler { batch, _ in batch.attempt }
        let report = try await group(inventory, .init(end: .whenNothingIsReady), handler).run()
        #expect(report.succeeded == 3)
        #expect(report.lost == (attempts[0] == 1 ? 0 : 1))
        let batches = try await batches(inventory)
        #expect(batches.map(\.status) == [.succeeded, .succeeded, .succeeded])
        #expect(batches.map(\.attempt) == attempts)
        // What was given back without having begun is no failure.
        #expect(batches.map(\.failures) == [0, 0, 0])
    }

    @Test("A begin whose answer is lost is repeated, and the handler starts once")
    func lostAnswer() async throws {
        let store = FaultInjectingStore(MemoryInventoryStore(clock: clock))
        store.inject(.after, call: 1, of: .begin)
        let inventory = inventory(over: store)
        let starts = Mutex<[Int64]>([])
        let handler = ClosureHandler { batch, _ in starts.withLock { $0.append(batch.id) } }
        async let report = group(inventory, .init(end: .whenNothingIsReady), handler).run()
        // A heartbeat, and the wait before it is repeated.
        try await clock.waitForSleepers(2)
        clock.advance(by: .seconds(1))
        #expect(try await report.succeeded == 3)
        #expect(starts.withLock { $0 } == [1, 2, 3])
        #expect(store.calls(of: .begin) == 4)
    }

    @Test("Who is stopped while work begins takes that back, and the batch is offered again")
    func stopped() async throws {
        let clock = clock
        let begun = AsyncStream<Void>.makeStream()
        let store = LateStore(MemoryInventoryStore(clock: clock)) { _ in
            begun.continuation.yield()
            try await clock.sleep(for: .seconds(86_400))
        }
        let inventory = inventory(over: store)
        let handler = ClosureHandler { _, _ in Issue.record("the handler has started") }
        let group = group(inventory, .init(), handler)
        async let report = group.run()
        for await _ in begun.stream { break }
        #expect(try await batches(inventory).first?.begunAt != nil)
        group.stop.advance(to: .ending)
        #expect(try await report == ProcessReport())
        let record = try #require(try await batches(inventory).first)
        #expect(record.status == .released)
        #expect(record.begunAt == nil)
    }

    @Test("What has begun and is cut short is failed for good; what was held ahead is given back")
    func grace() async throws {
        let inventory = inventory(over: MemoryInventoryStore(clock: clock))
        let started = AsyncStream<Void>.makeStream()
        let handler = ClosureHandler { [clock] _, _ in
            started.continuation.yield()
            try await clock.sleep(for: .seconds(86_400))
        }
        let group = group(inventory, .init(prefetch: 2), handler)
        async let report = group.run()
        for await _ in started.stream { break }
        while try await batches(inventory).count < 3 { await Task.yield() }
        // Batches that are held ahead have not begun.
        #expect(try await batches(inventory).map { $0.begunAt != nil } == [true, false, false])
        group.stop.advance(to: .ending)
        #expect(try await report.failed == 1)
        let batches = try await batches(inventory)
        #expect(batches.map(\.status) == [.failed, .released, .released])
        #expect(batches.map(\.cause) == [.begun, nil, nil])
        #expect(batches[0].isFinal)
    }

    @Test("A success is recorded before the next batch begins")
    func successAtOnce() async throws {
        let inventory = inventory(over: MemoryInventoryStore(clock: clock))
        let seen = Mutex<[[BatchStatus]]>([])
        let handler = ClosureHandler { [self] _, _ in
            let statuses = try await batches(inventory).filter { $0.begunAt != nil }.map(\.status)
            seen.withLock { $0.append(statuses) }
        }
        let configuration = WorkerGroup.Configuration(prefetch: 2, end: .whenNothingIsReady)
        #expect(try await group(inventory, configuration, handler).run().succeeded == 3)
        #expect(
            seen.withLock { $0 } == [
                [.running], [.succeeded, .running], [.succeeded, .succeeded, .running],
            ]
        )
    }

    @Test("A handler that fails, or asks to come back later, has its batch failed for good")
    func failures() async throws {
        let inventory = inventory(over: MemoryInventoryStore(clock: clock))
        let handler = ClosureHandler { batch, _ in
            switch batch.id {
            case 1: throw WorkError(description: "no luck")
            case 2: throw BatchDeferral(for: .seconds(30), reason: "busy")
            default: return
            }
        }
        let report = try await group(inventory, .init(), handler).run()
        #expect(report.failed == 2)
        #expect(report.reason == .complete)
        let batches = try await batches(inventory)
        #expect(batches.map(\.cause) == [.begun, .begun, nil])
        #expect(batches[0].logging == "no luck")
        #expect(batches[1].logging?.contains("busy") == true)
    }

    @Test("Processing a batch begins it, and does no work on one that has begun before")
    func process() async throws {
        let inventory = inventory(over: MemoryInventoryStore(clock: clock))
        let request = BatchRequest(
            job: "job",
            limit: BatchLimit(count: 1),
            policy: RunPolicy(execution: .atMostOnce)
        )
        guard case .batch(let batch) = try await inventory.acquire(request, from: items) else {
            Issue.record("no batch")
            return
        }
        try await batch.begin()
        await #expect(throws: TrancheError.self) {
            try await batch.process { _ in Issue.record("work has started") }
        }
        #expect(try await batches(inventory).first?.status == .running)
        guard case .batch(let next) = try await inventory.acquire(request, from: items) else {
            Issue.record("no batch")
            return
        }
        _ = try await next.process { _ in }
        #expect(try await batches(inventory).last?.status == .succeeded)
        #expect(try await batches(inventory).last?.begunAt != nil)
    }
}
