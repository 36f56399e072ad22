import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheConnectors
import TrancheSQLite
import TrancheTestKit

@testable import TrancheOrchestrator

@Suite("Backfills that are complete, as events", .timeLimit(.minutes(2)))
struct CompletedRunTests {
    private static let source = InputLogSource("numbers")

    /// An inventory with three events to work on.
    private func inventory() async throws -> Inventory {
        let inventory = Inventory(store: MemoryInventoryStore())
        try await addNumbers(1...3, to: inventory)
        return inventory
    }

    private func addNumbers(_ numbers: ClosedRange<Int>, to inventory: Inventory) async throws {
        let log = InputLog(of: "numbers", in: inventory)
        for number in numbers {
            try await log.append(Event(location: "x", operation: .create, id: "\(number)"))
        }
    }

    private func batch(
        _ run: Run,
        of inventory: Inventory,
        count: Int = 2
    ) async throws -> Batch? {
        var request = BatchRequest(job: "load", run: run, limit: .count(count))
        request.policy.maxAttempts = 1
        return try await inventory.acquireBatches(count: 1, request, from: Self.source).first
    }

    /// Hands out a batch, and succeeds.
    private func work(on run: Run, of inventory: Inventory, count: Int = 2) async throws {
        let batch = try #require(try await self.batch(run, of: inventory, count: count))
        try await batch.succeed()
    }

    /// Looks once, and says which events there are by now.
    private func given(_ inventory: Inventory) async throws -> [String] {
        let input = InventoryInput("done", job: "load", gives: .completed)
        try await input.gather(InputLog(of: "done", in: inventory))
        let logs = try await inventory.inputLogs()
        guard logs.contains(where: { $0.name == "done" }) else { return [] }
        return try await inventory.store.events(of: "done", in: 1...99, limit: 99).map {
            let event = try Event(json: $0.event.content)
            return "\(event.id) \(event.payload ?? "")"
        }
    }

    @Test(
        "A backfill is complete where its source ends, with an upper bound beyond and without one",
        arguments: [true, false]
    )
    func beyondTheEnd(isBounded: Bool) async throws {
        let inventory = try await inventory()
        let run: Run = isBounded ? .backfill("again", ids: 1...100) : .backfill("again")
        let first = try #require(try await batch(run, of: inventory))
        #expect(try await given(inventory) == [])
        try await first.succeed()
        // The third waits in the source.
        #expect(try await given(inventory) == [])
        let second = try #require(try await batch(run, of: inventory))
        #expect(try await given(inventory) == [])
        try await second.succeed()
        let expected = [#"again {"succeeded":2,"failed":0}"#]
        #expect(try await given(inventory) == expected)
        #expect(try await given(inventory) == expected)
        // What comes later changes nothing of that.
        try await addNumbers(4...4, to: inventory)
        #expect(try await given(inventory) == expected)
    }

    @Test("Batches that failed for good are counted, and do not hold up the event")
    func failures() async throws {
        let inventory = try await inventory()
        let run = Run.backfill("again", ids: 1...100)
        try await work(on: run, of: inventory)
        let second = try #require(try await batch(run, of: inventory))
        _ = try await second.fail("no")
        #expect(try await given(inventory) == [#"again {"succeeded":1,"failed":1}"#])
    }

    @Test("A backfill that was given back, or is paused or cancelled, is not complete")
    func open() async throws {
        let inventory = try await inventory()
        let run = Run.backfill("again", ids: 1...100)
        let all = try #require(try await batch(run, of: inventory, count: 9))
        _ = try await all.release()
        #expect(try await given(inventory) == [])
        let again = try #require(try await batch(run, of: inventory, count: 9))
        try await again.succeed()
        _ = try await inventory.cancel(again.record.key)
        #expect(try await given(inventory) == [])
    }

    @Test("An incremental run is never complete")
    func incremental() async throws {
        let inventory = try await inventory()
        try await work(on: .incremental, of: inventory, count: 9)
        #expect(try await batch(.incremental, of: inventory) == nil)
        #expect(try await given(inventory) == [])
    }

    @Test("A run that begins anew under its name is complete once more")
    func anew() async throws {
        let inventory = try await inventory()
        let run = Run.backfill("again")
        for count in 1...2 {
            try await work(on: run, of: inventory, count: 9)
            #expect(try await given(inventory).count == count)
            _ = try await inventory.forget(RunSelection(job: "load", run: "again"))
            // Times of beginnings have milliseconds.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("A source that cannot be found is told, and its run not taken for complete")
    func unknownSource() async throws {
        let inventory = try await inventory()
        try await work(on: .backfill("again"), of: inventory, count: 9)
        let told = Mutex<[String]>([])
        let input = InventoryInput(
            "done",
            job: "load",
            gives: .completed,
            connectors: Connectors([])
        )
        let log = InputLog(
            of: "done",
            in: inventory,
            tell: { error in told.withLock { $0.append("\(error)") } }
        )
        try await input.gather(log)
        let errors = told.withLock { $0 }
        #expect(errors.count == 1)
        #expect(errors.first?.contains("cannot look at 'input:numbers'") == true)
        #expect(try await !inventory.inputLogs().contains { $0.name == "done" && $0.last > 0 })
    }

    @Test("Two orchestrators beside each other give one event")
    func twoOrchestrators() async throws {
        try await withTemporaryFolder { folder in
            var configuration = Inventory.Configuration()
            configuration.pollInterval = .milliseconds(20)
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                try await addNumbers(1...3, to: inventory)
                let run = Run.backfill("again", ids: 1...100)
                let open = try #require(try await batch(run, of: inventory, count: 9))
                let seen = Mutex<[String]>([])
                let stops = [StopSource(), StopSource()]
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for stop in stops {
                        let orchestrator = Orchestrator(inventory, stop: stop)
                        try orchestrator.add(
                            InventoryInput("done", job: "load", gives: .completed)
                        )
                        try orchestrator.add(
                            ClosureProcess("p") { event in seen.withLock { $0.append(event.id) } }
                        )
                        try orchestrator.link("done", to: "p")
                        group.addTask { try await orchestrator.run() }
                    }
                    try await open.succeed()
                    while seen.withLock({ $0.isEmpty }) {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                    // Both look several times more.
                    try await Task.sleep(for: .milliseconds(200))
                    for stop in stops { stop.advance(to: .stopping) }
                    try await group.waitForAll()
                }
                #expect(seen.withLock { $0 } == ["again"])
                let logs = try await inventory.inputLogs().filter { $0.name == "done" }
                #expect(logs.map(\.last) == [1])
            }
        }
    }

    @Test("A run that stands still is looked at less and less often, and at once when it moves")
    func looks() async throws {
        let inventory = try await inventory()
        try await work(on: .backfill("again"), of: inventory)
        let summaries = try await inventory.summaries(RunSelection(job: "load"))
        let summary = try #require(summaries.first)
        var looks = CompletionLooks()
        let now = Date()
        #expect(looks.isDue(summary, at: now))
        #expect(looks.note(.open, of: summary, at: now) == nil)
        #expect(!looks.isDue(summary, at: now.addingTimeInterval(0.9)))
        #expect(looks.isDue(summary, at: now.addingTimeInterval(1)))
        #expect(looks.note(.unknown("away"), of: summary, at: now) == "away")
        #expect(looks.note(.unknown("away"), of: summary, at: now) == nil)
        #expect(!looks.isDue(summary, at: now.addingTimeInterval(3.9)))
        #expect(looks.isDue(summary, at: now.addingTimeInterval(4)))
        var moved = summary
        moved.run.cursor = 99
        #expect(looks.isDue(moved, at: now))
        looks.gave(summary)
        #expect(!looks.isDue(moved, at: now.addingTimeInterval(1000)))
        moved.run.createdAt += 1
        #expect(looks.isDue(moved, at: now))
    }
}
