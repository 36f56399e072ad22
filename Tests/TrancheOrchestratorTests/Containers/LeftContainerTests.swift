import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQLite
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("Attempts that hold their batches no longer")
struct LostAttemptTests {
    @Test("An attempt says why it is lost: another, an end, a cancellation, its lease, no batch")
    func reasons() async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let inventory = Inventory(
            store: MemoryInventoryStore(clock: clock),
            configuration: configuration
        )
        let log = InputLog(of: "numbers", in: inventory)
        for number in 1...6 {
            try await log.append(Event(location: "x", operation: .create, id: "\(number)"))
        }
        let request = BatchRequest(job: "load", limit: .count(1))
        let source = InputLogSource("numbers")
        let batches = try await inventory.acquireBatches(count: 6, request, from: source)
        try #require(batches.count == 6)
        let keys = batches.map { AttemptKey(batch: $0.id, attempt: $0.attempt) }
        #expect(try await inventory.losses(of: keys) == [:])
        try await batches[0].succeed()
        _ = try await batches[1].release()
        let again = try await inventory.acquireBatches(count: 1, request, from: source)
        #expect(again.map(\.attempt) == [2])
        _ = try await inventory.cancel(batch: batches[2].id)
        clock.advance(by: .seconds(50))
        _ = try await batches[4].heartbeat()
        clock.advance(by: .seconds(20))
        let unknown = AttemptKey(batch: 99, attempt: 1)
        let reasons = try await inventory.losses(of: keys + [unknown]).mapValues(\.reason)
        #expect(reasons[keys[0]] == "the batch has succeeded")
        #expect(reasons[keys[1]] == "attempt 2 holds it")
        #expect(reasons[keys[2]] == "the batch was cancelled")
        #expect(reasons[keys[3]]?.hasPrefix("its lease ended at ") == true)
        #expect(reasons[keys[4]] == nil)
        #expect(reasons[unknown] == "batch 99 is packed, or forgotten")
    }

    @Test("One whose lease has ended alone may return for a minute, and while its process lives")
    func returning() async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let own = try #require(ProcessMark.own)
        let store = MemoryInventoryStore(clock: clock)
        func attempt(_ mark: ProcessMark?) async throws -> AttemptKey {
            var marked = configuration
            let token = UUID().uuidString
            marked.makeToken = { "~\(mark?.marking(token) ?? token)" }
            let inventory = Inventory(store: store, configuration: marked)
            let batch = try await inventory.acquireBatch(
                from: InputLogSource("numbers"),
                job: "load",
                limit: .count(1)
            )
            return try #require(batch).holding
        }
        let inventory = Inventory(store: store, configuration: configuration)
        let log = InputLog(of: "numbers", in: inventory)
        for number in 1...3 {
            try await log.append(Event(location: "x", operation: .create, id: "\(number)"))
        }
        let ended = ProcessMark(
            place: own.place,
            process: own.process,
            startedAt: own.startedAt - 1
        )
        let alive = try await attempt(own)
        let dead = try await attempt(ended)
        let unknown = try await attempt(nil)
        let keys = [alive, dead, unknown]
        func returning() async throws -> Set<AttemptKey> {
            try await inventory.returning(among: inventory.losses(of: keys))
        }
        #expect(try await returning() == [])
        clock.advance(by: .seconds(61))
        #expect(try await returning() == [alive, unknown])
        clock.advance(by: .seconds(60))
        #expect(try await returning() == [alive])
    }
}

@Suite(
    "Containers that are left behind",
    .enabled(if: TestEngine.isThere),
    .timeLimit(.minutes(5))
)
struct LeftContainerTests {
    @Test("An orchestrator removes them beside its work, tells it, and leaves what is held")
    func besideTheWork() async throws {
        try await withTemporaryFolder { folder in
            try await Inventory.with(.sqlite(folder.path("inventory.db"))) { inventory in
                try await withEngine(inventory: inventory.containerMark) { engine in
                    try await check(engine, inventory)
                }
            }
        }
    }

    private func check(_ engine: TestEngine, _ inventory: Inventory) async throws {
        let log = InputLog(of: "numbers", in: inventory)
        for number in 1...2 {
            try await log.append(Event(location: "x", operation: .create, id: "\(number)"))
        }
        let batches = try await inventory.acquireBatches(
            count: 2,
            BatchRequest(job: "load", limit: .count(1)),
            from: InputLogSource("numbers")
        )
        try #require(batches.count == 2)
        for batch in batches { try await engine.leave(engine.work(batch: batch.id), "sleep 600") }
        try await batches[0].succeed()
        let orchestrator = Orchestrator(inventory)
        let program = try engine.shell("true")
        try orchestrator.add(ContainerProcess("c", program: program))
        let told = Mutex<[String]>([])
        let reaping = Task {
            await orchestrator.reap(every: .milliseconds(50)) { words in
                told.withLock { $0.append(words) }
            }
        }
        while try await engine.container(batches[0].id) != nil {
            try await Task.sleep(for: .milliseconds(50))
        }
        // It looks several times more.
        try await Task.sleep(for: .milliseconds(200))
        reaping.cancel()
        await reaping.value
        #expect(try await engine.container(batches[1].id)?.phase == .running)
        let words = told.withLock { $0 }
        #expect(words.count == 1)
        #expect(words.first?.hasPrefix("stopped and removed container tranche-") == true)
        #expect(words.first?.hasSuffix("the batch has succeeded") == true)
    }

    @Test(
        "One at work whose lease has ended alone is left to a worker that may come back",
        arguments: [false, true]
    )
    func lapsed(lives: Bool) async throws {
        let clock = ManualClock()
        var configuration = Inventory.Configuration(clock: clock)
        configuration.store.now = { clock.date }
        let own = try #require(ProcessMark.own)
        configuration.makeToken = {
            let token = UUID().uuidString
            // Of a process without a mark it is not known.
            return "~\(lives ? own.marking(token) : token)"
        }
        try await withTemporaryFolder { folder in
            try await Inventory.with(
                .sqlite(folder.path("inventory.db")),
                configuration: configuration
            ) { inventory in
                try await withEngine(inventory: inventory.containerMark) { engine in
                    try await check(engine, inventory, clock, lives: lives)
                }
            }
        }
    }

    private func check(
        _ engine: TestEngine,
        _ inventory: Inventory,
        _ clock: ManualClock,
        lives: Bool
    ) async throws {
        try await InputLog(of: "numbers", in: inventory)
            .append(Event(location: "x", operation: .create, id: "1"))
        let batches = try await inventory.acquireBatches(
            count: 1,
            BatchRequest(job: "load", limit: .count(1)),
            from: InputLogSource("numbers")
        )
        let batch = try #require(batches.first)
        try await engine.leave(engine.work(batch: batch.id), "sleep 600")
        clock.advance(by: .seconds(120))
        let orchestrator = Orchestrator(inventory)
        try orchestrator.add(ContainerProcess("c", program: try engine.shell("true")))
        let told = Mutex<[String]>([])
        let reaping = Task {
            await orchestrator.reap { words in told.withLock { $0.append(words) } }
        }
        // Its worker has the batch again before the second look.
        try await clock.waitForSleepers(1)
        _ = try await batch.heartbeat()
        clock.advance(by: .seconds(120))
        try await clock.waitForSleepers(1)
        #expect(try await engine.container(batch.id)?.phase == .running)
        #expect(told.withLock { $0 } == [])
        // Now nobody has.
        clock.advance(by: .seconds(60))
        if lives {
            try await clock.waitForSleepers(1)
            reaping.cancel()
            await reaping.value
            #expect(try await engine.container(batch.id)?.phase == .running)
            #expect(told.withLock { $0 } == [])
            return
        }
        while told.withLock({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(try await engine.container(batch.id) == nil)
        reaping.cancel()
        await reaping.value
    }

    @Test("A container that is reaped has the time to stop that it was begun with")
    func stopTime() async throws {
        try await withEngine { engine in
            let begun = Sighting("begun")
            let script = "trap 'sleep 4; exit 0' TERM; echo begun; while :; do sleep 0.1; done"
            let program = try engine.shell(script, copy: Copy { begun.add($0) }) {
                $0.stopTimeout = .seconds(30)
            }
            let run = Task { try await program.run(engine.work()) }
            await begun.wait()
            let time = ContinuousClock.now
            let reaped = try await engine.engine.reap(
                inventory: engine.inventory,
                now: Date(),
                stopTimeout: .seconds(1)
            ) { _, _ in false }
            // Ended by itself: it was not killed after a second.
            #expect(.now - time >= .seconds(3))
            #expect(reaped.map(\.wasRunning) == [true])
            // Its end may be read before it is gone, or not.
            _ = await run.result
        }
    }
}
