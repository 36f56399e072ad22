import Synchronization
import Testing
import TrancheTestKit

@testable import Tranche

@Suite("Repeating requests")
struct RetryingTests {
    @Test(
        "An acquire whose answer is lost gives its batch, and no other",
        arguments: [FaultInjectingStore.Moment.before, .after]
    )
    func acquire(moment: FaultInjectingStore.Moment) async throws {
        let bench = Workbench(ids: 1...9)
        // The first call asks for a plan, the second hands out.
        bench.store.inject(moment, call: 2, of: .acquire)
        let batch = try await bench.withMovingClock { try await bench.take(3) }
        #expect(batch.ids == 1...3)
        #expect(try await batch.items.map(\.id) == [1, 2, 3])
        #expect(bench.store.calls(of: .acquire) == 3)
        #expect(try await bench.store.base.batches(BatchSelection()).map(\.id) == [batch.id])
    }

    @Test("An offer whose answer is lost is not made twice")
    func offer() async throws {
        let bench = Workbench(ids: 1...9)
        try await bench.take(3).release()
        let calls = bench.store.calls(of: .acquire)
        bench.store.inject(.after, call: calls + 1, of: .acquire)
        let batch = try await bench.withMovingClock { try await bench.take(3) }
        #expect(batch.ids == 1...3)
        #expect(batch.attempt == 2)
        #expect(try await bench.record(batch) == batch.record)
    }

    @Test(
        "An end whose answer is lost is recorded once",
        arguments: [FaultInjectingStore.Moment.before, .after]
    )
    func ends(moment: FaultInjectingStore.Moment) async throws {
        let bench = Workbench(ids: 1...9)
        for request in [FaultInjectingStore.Request.succeed, .fail, .release] {
            bench.store.inject(moment, call: 1, of: request)
        }
        let done = try await bench.take(1)
        let failed = try await bench.take(1)
        let given = try await bench.take(1)
        let records = try await bench.withMovingClock {
            [try await done.succeed(), try await failed.fail("no"), try await given.release()]
        }
        #expect(records.map(\.status) == [.succeeded, .failed, .released])
        #expect(records.map(\.failures) == [0, 1, 0])
        for record in records {
            #expect(try await bench.store.attempts(of: record.id).count == 1)
        }
        #expect(bench.store.calls(of: .succeed) == 2)
    }

    @Test("A store that stays away is an error after a bounded wait")
    func bound() async throws {
        let bench = Workbench(ids: 1...9, retryLimit: .seconds(1))
        for call in 1...20 { bench.store.inject(.before, call: call, of: .acquire) }
        let task = Task { try await bench.take() }
        // 25, 50, 100, 200 and 400 ms, then what is left of a second.
        for _ in 0..<6 {
            try await bench.clock.waitForSleepers(1)
            bench.clock.advance(by: .milliseconds(400))
        }
        let error = await #expect(throws: TrancheError.self) { try await task.value }
        #expect(error?.code == .storeUnavailable)
        #expect(error?.category == .transient)
        #expect(bench.store.calls(of: .acquire) == 7)
    }

    @Test(
        "Other errors are not waited out",
        arguments: [TrancheError.Code.storeFailed, .redefined, .invalidItem, .accessRefused]
    )
    func otherErrors(code: TrancheError.Code) async throws {
        let bench = Workbench(ids: 1...9)
        bench.store.inject(.before, call: 1, of: .acquire, throwing: TrancheError(code, "injected"))
        let error = await #expect(throws: TrancheError.self) { try await bench.take() }
        #expect(error?.code == code)
        #expect(bench.store.calls(of: .acquire) == 1)
    }

    @Test("A success that meets a lock for longer than its lease is recorded all the same")
    func busyEnd() async throws {
        let bench = Workbench(ids: 1...9)
        let batch = try await bench.take()
        for call in 1...3 {
            bench.store.inject(
                .before,
                call: call,
                of: .succeed,
                throwing: TrancheError(.storeBusy, "locked")
            )
        }
        let record = try await bench.withMovingClock { try await batch.succeed() }
        #expect(record.status == .succeeded)
        #expect(bench.store.calls(of: .succeed) == 4)
    }

    @Test("What a request itself takes counts towards the bound")
    func slowRequests() async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(retryLimit: .seconds(60), clock: clock)
        configuration.randomness = { 0 }
        let inventory = Inventory(store: MemoryInventoryStore(), configuration: configuration)
        let count = Mutex(0)
        let task = Task {
            try await inventory.retrying { @Sendable _ in
                count.withLock { $0 += 1 }
                // As a request that waits for a lock.
                clock.advance(by: .seconds(30))
                throw TrancheError(.storeBusy, "locked")
            }
        }
        try await clock.waitForSleepers(1)
        clock.advance(by: .milliseconds(25))
        await #expect(throws: TrancheError.self) { try await task.value }
        #expect(count.withLock { $0 } == 2)
    }

    @Test("An outage of more than a second is told once, and so is its end")
    func outage() async throws {
        let clock = ManualClock()
        let log = EventLog()
        var configuration = Inventory.Configuration(retryLimit: .seconds(60), clock: clock)
        configuration.randomness = { 0 }
        configuration.observers = [log]
        let inventory = Inventory(store: MemoryInventoryStore(), configuration: configuration)
        let server = Server()
        let tasks = (0..<3).map { _ in
            Task {
                try await inventory.retrying { @Sendable _ in
                    if server.isBack.withLock({ $0 }) { return }
                    throw TrancheError(.storeUnavailable, "gone")
                }
            }
        }
        for step in 0..<12 {
            try await clock.waitForSleepers(3)
            if step < 3 { #expect(log.events.isEmpty) }
            if step == 11 { server.isBack.withLock { $0 = true } }
            clock.advance(by: .seconds(step < 5 ? 0.4 : 3))
        }
        for task in tasks { try await task.value }
        await inventory.close()
        #expect(log.names == [.storeLost, .storeFound])
        #expect(log.events.map(\.duration) == [.seconds(60), .seconds(23)])
        #expect(log.events.map(\.code) == [.storeUnavailable, .storeUnavailable])
        #expect(log.events.first?.message == "gone")
    }

    @Test("Opening waits for a server that is away as long as was asked for, and tells it")
    func opening() async throws {
        let clock = ManualClock()
        let log = EventLog()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.randomness = { 0 }
        configuration.observers = [log]
        let asked = configuration
        let server = Server()
        let place = InventoryLocation(name: "place") { _ in
            if server.isBack.withLock({ $0 }) { return MemoryInventoryStore() }
            throw TrancheError(.storeUnavailable, "gone")
        }
        await #expect(throws: TrancheError.self) {
            try await Inventory.open(place, configuration: asked)
        }
        #expect(log.events.isEmpty)
        let task = Task {
            try await Inventory.open(place, configuration: asked, waiting: .seconds(30))
        }
        for step in 0..<9 {
            try await clock.waitForSleepers(1)
            if step == 8 { server.isBack.withLock { $0 = true } }
            clock.advance(by: .seconds(1))
        }
        let inventory = try await task.value
        await inventory.close()
        #expect(log.names == [.storeLost, .storeFound])
        #expect(log.events.map(\.duration) == [.seconds(30), .seconds(9)])
        server.isBack.withLock { $0 = false }
        let late = Task {
            try await Inventory.open(place, configuration: asked, waiting: .seconds(3))
        }
        let moving = Task {
            while true {
                try await clock.waitForSleepers(1)
                clock.advance(by: .seconds(1))
            }
        }
        await #expect(throws: TrancheError.self) { try await late.value }
        moving.cancel()
    }

    @Test("The end of an outage is told too where all requests gave up meanwhile")
    func givenUp() async throws {
        let clock = ManualClock()
        let log = EventLog()
        var configuration = Inventory.Configuration(retryLimit: .seconds(5), clock: clock)
        configuration.randomness = { 0 }
        configuration.observers = [log]
        let inventory = Inventory(store: MemoryInventoryStore(), configuration: configuration)
        func fail(with code: TrancheError.Code) async throws {
            let task = Task {
                try await inventory.retrying { @Sendable _ in throw TrancheError(code, "gone") }
            }
            let moving = Task {
                while true {
                    try await clock.waitForSleepers(1)
                    clock.advance(by: .seconds(1))
                }
            }
            await #expect(throws: TrancheError.self) { try await task.value }
            moving.cancel()
        }
        try await fail(with: .storeUnavailable)
        try await fail(with: .storeUnavailable)
        // Whether the source is back, a success at the store does not tell.
        try await fail(with: .sourceUnavailable)
        try await inventory.retrying { @Sendable _ in }
        try await inventory.retrying { @Sendable _ in }
        try await fail(with: .sourceUnavailable)
        try await fail(with: .storeUnavailable)
        inventory.outages.noteSourceAnswer()
        await inventory.close()
        #expect(
            log.names
                == [.storeLost, .storeLost, .storeFound, .storeLost, .storeLost, .storeFound]
        )
        let codes: [TrancheError.Code?] = [
            .storeUnavailable, .sourceUnavailable, .storeUnavailable, .sourceUnavailable,
            .storeUnavailable, .sourceUnavailable,
        ]
        #expect(log.events.map(\.code) == codes)
    }

    private final class Server: Sendable {
        let isBack = Mutex(false)
    }

    @Test("A failure that the next request mends is told to nobody")
    func shortOutage() async throws {
        let log = EventLog()
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.observers = [log]
        let inventory = Inventory(store: MemoryInventoryStore(), configuration: configuration)
        let task = Task {
            try await inventory.retrying { @Sendable isRepeated in
                if !isRepeated { throw TrancheError(.sourceUnavailable, "gone") }
            }
        }
        try await clock.waitForSleepers(1)
        clock.advance(by: .seconds(1))
        try await task.value
        await inventory.close()
        #expect(log.events.isEmpty)
    }

    @Test("An end is written even when its task was cancelled")
    func cancelledEnd() async throws {
        let bench = Workbench(ids: 1...9)
        let batch = try await bench.take()
        bench.store.inject(.before, call: 1, of: .succeed)
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await batch.succeed()
        }
        let record = try await bench.withMovingClock { try await task.value }
        #expect(record.status == .succeeded)
    }

    @Test(
        "Wherever a fault strikes, every item is done once",
        arguments: [FaultInjectingStore.Moment.before, .after],
        [FaultInjectingStore.Request.acquire, .succeed, .fail, .release]
    )
    func everyCall(
        moment: FaultInjectingStore.Moment,
        request: FaultInjectingStore.Request
    ) async throws {
        for call in 1...12 {
            let bench = Workbench(ids: 1...9)
            bench.store.inject(moment, call: call, of: request)
            let done = try await bench.withMovingClock { try await workOff(bench) }
            #expect(done == Array(1...9), "a fault at call \(call)")
            let batches = try await bench.store.base.batches(BatchSelection())
            let ids = batches.flatMap { $0.ids?.runs.flatMap { Array($0) } ?? [] }.sorted()
            #expect(ids == Array(1...9), "a fault at call \(call)")
            #expect(batches.allSatisfy { $0.status == .succeeded }, "a fault at call \(call)")
        }
    }

    /// Works off all items; every batch fails once and is given back once.
    private func workOff(_ bench: Workbench) async throws -> [Int64] {
        let request = BatchRequest(job: "job", limit: BatchLimit(count: 2))
        var done: [Int64] = []
        while true {
            let answer = try await bench.inventory.nextBatch(
                request,
                from: bench.source,
                end: .whenComplete
            )
            guard case .batch(let batch) = answer else { return done.sorted() }
            switch batch.attempt {
            case 1:
                try await batch.fail("no")
            case 2:
                try await batch.release()
            default:
                done += try await batch.items.map(\.id)
                try await batch.succeed()
            }
        }
    }
}
