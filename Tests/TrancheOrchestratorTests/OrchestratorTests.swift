import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheOrchestrator
import TrancheSQLite

/// Gives events of numbers once, and stays.
private struct Numbers: Input {
    let name: String
    var numbers: Range<Int>

    func run(_ log: InputLog) async throws {
        try await gather(log)
        try await log.clock.sleep(for: .seconds(3600))
    }

    func gather(_ log: InputLog) async throws {
        try await log.append(
            numbers.map { number in
                let event = Event(location: "numbers", operation: .create, id: "\(number)")
                return InputLog.Entry(event, identity: "\(number)")
            }
        )
    }
}

/// What processes saw, and who is told when there was enough.
private final class Seen: Sendable {
    private let state = Mutex<[String: [String]]>([:])

    func add(_ id: String, by process: String) {
        state.withLock { $0[process, default: []].append(id) }
    }

    subscript(process: String) -> [String] { state.withLock { $0[process] ?? [] } }

    var count: Int { state.withLock { $0.values.map(\.count).reduce(0, +) } }
}

@Suite("Orchestrator")
struct OrchestratorTests {
    private func withInventory(
        _ body: (Inventory) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            var configuration = Inventory.Configuration()
            configuration.pollInterval = .milliseconds(20)
            let path = folder.path("inventory.db")
            try await Inventory.with(.sqlite(path), configuration: configuration) { inventory in
                try await body(inventory)
            }
        }
    }

    @Test("Each of two processes gets every event once")
    func everyEventOnce() async throws {
        try await withInventory { inventory in
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<1000))
            for name in ["first", "second"] {
                try orchestrator.add(ClosureProcess(name) { seen.add($0.id, by: name) })
                try orchestrator.link(Link(from: "numbers", to: name, limit: .count(20)))
            }
            try await orchestrator.drain()
            let ids = Set((0..<1000).map(String.init))
            for name in ["first", "second"] {
                #expect(seen[name].count == 1000)
                #expect(Set(seen[name]) == ids)
            }
        }
    }

    @Test("A process runs on what another one completed")
    func chain() async throws {
        try await withInventory { inventory in
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<5))
            try orchestrator.add(
                ClosureProcess(
                    "double",
                    onBatches: { events in
                        let ids = events.events.map(\.id).joined(separator: ",")
                        return ProcessResult(result: #"{"ids":"\#(ids)"}"#)
                    }
                )
            )
            try orchestrator.add(
                ClosureProcess("after") { event in
                    #expect(event.trigger == "double")
                    seen.add(event.payload ?? "", by: "after")
                }
            )
            try orchestrator.link("numbers", to: "double")
            try orchestrator.link("double", to: "after")
            try await orchestrator.drain()
            #expect(seen["after"].count == 5)
            #expect(seen["after"][0].hasSuffix(#""result":{"ids":"0"}}"#))
            let jobs = try await inventory.runs(RunSelection()).map(\.key.job)
            #expect(Set(jobs) == ["numbers/double", "numbers/double/after"])
        }
    }

    @Test("Of an ordered link no later event is worked on before one that failed")
    func ordered() async throws {
        try await withInventory { inventory in
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<20))
            try orchestrator.add(
                ClosureProcess("p") { event in
                    seen.add(event.id, by: "p")
                    // Each third fails twice.
                    let times = seen["p"].filter { $0 == event.id }.count
                    guard event.id.hasSuffix("3"), times < 3 else { return }
                    throw TrancheError(.sourceFailed, "no")
                }
            )
            try orchestrator.link(Link(from: "numbers", to: "p", isOrdered: true))
            try await orchestrator.drain()
            let expected = (0..<20).flatMap { [Int](repeating: $0, count: $0 % 10 == 3 ? 3 : 1) }
            #expect(seen["p"] == expected.map(String.init))
        }
    }

    @Test("A link that is ordered when its run is there already holds one batch at a time")
    func orderedLater() async throws {
        try await withInventory { inventory in
            for isOrdered in [false, true] {
                let orchestrator = Orchestrator(inventory)
                try orchestrator.add(Numbers(name: "numbers", numbers: 0..<4))
                try orchestrator.add(ClosureProcess("p") { _ in })
                try orchestrator.link(Link(from: "numbers", to: "p", isOrdered: isOrdered))
                try await orchestrator.drain()
            }
            let run = try #require(try await inventory.runs(RunSelection(job: "numbers/p")).first)
            let own = try await inventory.budgets(of: run.key).first { $0.owner == .run(run.key) }
            #expect(own?.limits.batches == 1)
        }
    }

    @Test("An input of another source is refused where links follow those that it had begun")
    func otherSource() async throws {
        try await withInventory { inventory in
            for log in ["a", "b"] {
                try await InputLog(of: log, in: inventory)
                    .append(Event(location: "here", operation: .create, id: "1"))
            }
            func drain(_ log: String, follows: Bool) async throws {
                let orchestrator = Orchestrator(inventory)
                try orchestrator.add(ListingInput("l", source: InputLogSource(log)))
                for name in ["p", "q"] { try orchestrator.add(ClosureProcess(name) { _ in }) }
                try orchestrator.link("l", to: "p")
                if follows { try orchestrator.link("p", to: "q") }
                try await orchestrator.drain()
            }
            try await drain("a", follows: true)
            let error = await #expect(throws: TrancheError.self) {
                try await drain("b", follows: true)
            }
            #expect(error?.message.contains("Give the input another name") == true)
            // One that nothing follows begins anew.
            try await drain("b", follows: false)
        }
    }

    @Test("What runs ends with a stop, and another goes on where it was")
    func stopping() async throws {
        try await withInventory { inventory in
            let seen = Seen()
            func run(until enough: Int) async throws {
                let stop = StopSource()
                let orchestrator = Orchestrator(inventory, stop: stop)
                try orchestrator.add(Numbers(name: "numbers", numbers: 0..<40))
                try orchestrator.add(
                    ClosureProcess("p") { event in
                        seen.add(event.id, by: "p")
                        if seen.count >= enough { stop.advance(to: .stopping) }
                    }
                )
                try orchestrator.link("numbers", to: "p")
                try await orchestrator.run()
                #expect(orchestrator.status.links[0].state == .stopped)
            }
            try await run(until: 7)
            #expect(seen.count < 40)
            try await run(until: 40)
            #expect(Set(seen["p"]).count == 40)
            #expect(seen["p"].count == 40)
        }
    }

    @Test("Inputs that end or fail are started again, and hold up no other")
    func supervision() async throws {
        struct Ending: Input {
            let name: String
            let starts: Seen
            let fails: Bool

            func run(_ log: InputLog) async throws {
                starts.add("start", by: name)
                struct Broken: Error {}
                if fails { throw Broken() }
            }
        }
        try await withInventory { inventory in
            let (seen, starts) = (Seen(), Seen())
            let stop = StopSource()
            let orchestrator = Orchestrator(inventory, stop: stop)
            try orchestrator.add(Ending(name: "ends", starts: starts, fails: false))
            try orchestrator.add(Ending(name: "fails", starts: starts, fails: true))
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<10))
            try orchestrator.add(ClosureProcess("p") { seen.add($0.id, by: "p") })
            for input in ["ends", "fails", "numbers"] { try orchestrator.link(input, to: "p") }
            async let running: Void = orchestrator.run()
            var errors: Set<String> = []
            for await error in orchestrator.errors {
                errors.insert(error.part)
                let isDone = starts["ends"].count > 1 && starts["fails"].count > 1
                if isDone, seen.count == 10 { stop.advance(to: .stopping) }
            }
            try await running
            #expect(errors == ["ends", "fails"])
            #expect(seen.count == 10)
            #expect(orchestrator.status.inputs.allSatisfy { $0.state == .stopped })
        }
    }

    @Test("A batch whose process throws comes again, and its error is told")
    func failing() async throws {
        try await withInventory { inventory in
            struct Refused: Error, CustomStringConvertible { let description = "not this one" }
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<4))
            try orchestrator.add(
                ClosureProcess("p") { event in
                    seen.add(event.id, by: "p")
                    if event.id == "2" { throw Refused() }
                }
            )
            var link = Link(from: "numbers", to: "p")
            link.policy = RunPolicy(maxAttempts: 2, backoff: .zero)
            try orchestrator.link(link)
            try await orchestrator.drain()
            #expect(seen["p"].filter { $0 == "2" }.count == 2)
            let part = orchestrator.status.links[0]
            #expect(part.succeeded == 3)
            #expect(part.failed == 2)
            #expect(part.error?.contains("not this one") == true)
        }
    }

    @Test("At most so many processes run at once, over all links")
    func atOnce() async throws {
        try await withInventory { inventory in
            let most = Mutex((now: 0, most: 0))
            var configuration = Orchestrator.Configuration()
            configuration.processes = 3
            let stop = StopSource()
            let done = Seen()
            let orchestrator = Orchestrator(inventory, configuration: configuration, stop: stop)
            for name in ["a", "b"] {
                try orchestrator.add(Numbers(name: name, numbers: 0..<30))
                try orchestrator.add(
                    ClosureProcess("p\(name)") { event in
                        most.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                        await Task.yield()
                        most.withLock { $0.now -= 1 }
                        done.add(event.id, by: name)
                        if done.count == 60 { stop.advance(to: .stopping) }
                    }
                )
                try orchestrator.link(name, to: "p\(name)")
            }
            try await orchestrator.run()
            #expect(done.count == 60)
            #expect(most.withLock { $0.most } <= 3)
        }
    }

    @Test("Of events about the same the newest alone is run on")
    func coalescing() async throws {
        struct Changes: Input {
            let name = "changes"

            func gather(_ log: InputLog) async throws {
                for id in ["a", "b", "a", "a", "c", "b"] {
                    try await log.append(Event(location: "t", operation: .update, id: id))
                }
            }
        }
        try await withInventory { inventory in
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Changes())
            try orchestrator.add(ClosureProcess("p") { seen.add($0.id, by: "p") })
            try orchestrator.link(Link(from: "changes", to: "p", workers: 1, coalesce: .zero))
            try await orchestrator.drain()
            #expect(seen["p"] == ["a", "c", "b"])
            let batches = try await inventory.batches(BatchSelection())
            #expect(batches.count == 6)
            let words = batches.sorted { $0.idStart < $1.idStart }.compactMap(\.logging)
            #expect(
                words == [
                    "event 1 is superseded by event 4", "event 2 is superseded by event 6",
                    "event 3 is superseded by event 4",
                ]
            )
        }
    }

    @Test("A link that is new begins at the end where it is told to, and stays there")
    func startingAtTheEnd() async throws {
        try await withInventory { inventory in
            let seen = Seen()
            for numbers in [0..<3, 0..<5, 0..<6] {
                let orchestrator = Orchestrator(inventory)
                let input = Numbers(name: "numbers", numbers: numbers)
                if numbers.count == 3 {
                    try await input.gather(InputLog(of: "numbers", in: inventory))
                }
                try orchestrator.add(input)
                try orchestrator.add(ClosureProcess("p") { seen.add($0.id, by: "p") })
                try orchestrator.link(Link(from: "numbers", to: "p", workers: 1, start: .end))
                try await orchestrator.drain()
            }
            #expect(seen["p"] == ["3", "4", "5"])
        }
    }

    @Test("Operations that a link does not name end without its process")
    func operations() async throws {
        struct Changes: Input {
            let name = "changes"
            let operations: Set<Event.Operation> = [.create, .delete]

            func gather(_ log: InputLog) async throws {
                for operation in Event.Operation.allCases {
                    let event = Event(location: "t", operation: operation, id: "\(operation)")
                    try await log.append(event)
                }
            }
        }
        try await withInventory { inventory in
            let seen = Seen()
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Changes())
            try orchestrator.add(ClosureProcess("all") { seen.add($0.id, by: "all") })
            try orchestrator.add(ClosureProcess("one") { seen.add($0.id, by: "one") })
            try orchestrator.link("changes", to: "all")
            try orchestrator.link(Link(from: "changes", to: "one", operations: [.delete]))
            try await orchestrator.drain()
            #expect(seen["all"] == ["create", "delete"])
            #expect(seen["one"] == ["delete"])
        }
    }

    @Test("Nothing is run without links, and nothing is added to what runs")
    func refusals() async throws {
        try await withInventory { inventory in
            let orchestrator = Orchestrator(inventory)
            try orchestrator.add(Numbers(name: "numbers", numbers: 0..<1))
            await #expect(throws: GraphError.empty) { try await orchestrator.run() }
            try orchestrator.add(ClosureProcess("p") { _ in })
            #expect(throws: GraphError.duplicateName("p")) {
                try orchestrator.add(ClosureProcess("p") { _ in })
            }
            try orchestrator.link("numbers", to: "p")
            try await orchestrator.drain()
            #expect(throws: TrancheError.self) { try orchestrator.link("numbers", to: "p") }
            await #expect(throws: TrancheError.self) { try await orchestrator.run() }
        }
    }
}
