import Foundation
import Synchronization
import Testing
import Tranche
import TrancheTestKit

@Suite struct EventTests {
    @Test("Every event comes, with the fields that the article's table says")
    func table() async throws {
        let table = try EventTable()
        #expect(table.rows.map(\.name) == InventoryEvent.Name.all.map(\.description))
        let log = EventLog()
        try await everything(log)
        for row in table.rows {
            let events = log.events.filter { $0.name.description == row.name }
            #expect(!events.isEmpty, "\(row.name)")
            for event in events {
                let missing = row.required.subtracting(event.fields)
                #expect(missing.isEmpty, "\(row.name)")
                let unknown = event.fields.subtracting(row.required).subtracting(row.optional)
                #expect(unknown.isEmpty, "\(row.name)")
            }
        }
    }

    /// Makes everything happen that is reported.
    private func everything(_ log: EventLog) async throws {
        let bench = Workbench(ids: [1, 3, 5, 7, 9], observers: [log])
        let policy = RunPolicy(lease: .seconds(60), maxAttempts: 2, backoff: .zero)
        let request = BatchRequest(job: "job", limit: BatchLimit(count: 2), policy: policy)
        func take() async throws -> Batch {
            guard
                case .batch(let batch) = try await bench.inventory.acquire(
                    request,
                    from: bench.source
                )
            else { throw WorkError(description: "no batch") }
            return batch
        }
        let first = try await take()
        try await first.heartbeat()
        try await first.release()
        try await take().succeed()
        let second = try await take()
        bench.clock.advance(by: .seconds(61))
        try await take().fail("no", badItems: [5])
        await #expect(throws: TrancheError.self) { try await second.succeed() }
        bench.source.insert([Item(id: 2)])
        bench.clock.advance(by: .seconds(2))
        for _ in 0..<3 { try await take().succeed() }
        let key = second.record.key
        try await bench.inventory.pause(key, reason: "lunch")
        for _ in 0..<2 { _ = try await bench.inventory.acquire(request, from: bench.source) }
        try await bench.inventory.resume(key)
        _ = try await bench.inventory.acquire(request, from: bench.source)
        _ = try await bench.inventory.audit(key, from: bench.source)
        for call in 1...2 {
            let next = bench.store.calls(of: .read) + call
            bench.store.inject(
                .before,
                call: next,
                of: .read,
                throwing: TrancheError(.storeUnavailable, "gone")
            )
        }
        _ = try await bench.withMovingClock(by: .seconds(2)) {
            try await bench.inventory.summaries()
        }
        await bench.inventory.close()
        let held = log.names.filter { $0 == .held || $0 == .resumed }
        #expect(held == [.held, .resumed])
    }

    @Test("An observer is told of the events that it wants")
    func wanted() async throws {
        let (some, all) = (EventLog(wanted: [.released, .failed]), EventLog())
        let bench = Workbench(ids: 1...4, observers: [some, all])
        try await bench.take(2).release()
        try await bench.take(2).succeed()
        await bench.inventory.close()
        #expect(some.names == [.released])
        #expect(all.names == [.acquired, .released, .acquired, .succeeded])
    }

    @Test("A close in a task that is cancelled tells of what has happened")
    func cancelled() async throws {
        let blocker = Blocker()
        let log = EventLog()
        let bench = Workbench(ids: 1...4, observers: [blocker, log])
        try await bench.take(2).release()
        blocker.waitUntilBlocked()
        let closing = Task { await bench.inventory.close() }
        closing.cancel()
        blocker.open()
        await closing.value
        #expect(blocker.events.withLock(\.count) == 2)
        #expect(log.names == [.acquired, .released])
    }

    @Test("An observer that throws is told of the next event all the same")
    func throwing() async throws {
        let log = EventLog()
        let bench = Workbench(ids: 1...4, observers: [Thrower(), log, Thrower()])
        for _ in 0..<2 { try await bench.take(2).succeed() }
        await bench.inventory.close()
        #expect(log.names == [.acquired, .succeeded, .acquired, .succeeded])
    }

    @Test("An observer that blocks holds up neither the work nor another observer")
    func blocking() async throws {
        let log = EventLog()
        let blocker = Blocker()
        let bench = Workbench(ids: 1...20, observers: [blocker, log], eventLimit: 4)
        for _ in 0..<10 { try await bench.take(2).succeed() }
        // One is being told, four wait, and the others are dropped.
        blocker.open()
        await bench.inventory.close()
        #expect(blocker.events.withLock { $0 }.count >= 4)
        #expect(log.events.allSatisfy { $0.inventory == "memory" })
    }

    @Test("The event after dropped ones says how many were")
    func dropped() async throws {
        let blocker = Blocker()
        let bench = Workbench(ids: 1...20, observers: [blocker], eventLimit: 4)
        try await bench.take(2).succeed()
        blocker.waitUntilBlocked()
        // One is held by the observer and one waits; three more find room.
        for _ in 0..<9 { try await bench.take(2).succeed() }
        blocker.open()
        while blocker.events.withLock({ $0.count }) < 5 { await Task.yield() }
        let batch = try await bench.inventory.acquireBatch(
            from: bench.source,
            job: "again",
            limit: .count(20)
        )
        try await batch?.succeed()
        await bench.inventory.close()
        let events = blocker.events.withLock { $0 }
        #expect(events.count == 7)
        #expect(events.map(\.dropped) == [0, 0, 0, 0, 0, 15, 0])
    }

    @Test("An observer that waits for many is given them at once, by the close at the latest")
    func gathering() async throws {
        let gatherer = Gatherer()
        let bench = Workbench(ids: 1...20, observers: [gatherer])
        for _ in 0..<10 { try await bench.take(2).succeed() }
        #expect(gatherer.groups.withLock { $0 } == [])
        await bench.inventory.close()
        #expect(gatherer.groups.withLock { $0 } == [20])
    }

    @Test("What waits is given before there are too many, and nothing is dropped")
    func hurrying() async throws {
        let gatherer = Gatherer()
        let bench = Workbench(ids: 1...20, observers: [gatherer], eventLimit: 8)
        for round in 1...2 {
            for _ in 0..<3 { try await bench.take(1).succeed() }
            while gatherer.groups.withLock({ $0.reduce(0, +) }) < 5 * round { await Task.yield() }
        }
        await bench.inventory.close()
        #expect(gatherer.groups.withLock { $0.reduce(0, +) } == 12)
        #expect(gatherer.dropped.withLock { $0 } == 0)
    }

    @Test("Without observers a batch keeps nothing for them")
    func nobody() async throws {
        let bench = Workbench(ids: 1...4)
        let batch = try await bench.take(2)
        #expect(
            !Mirror(reflecting: bench.inventory).children.contains {
                $0.label == "events" && hasValue($0.value)
            }
        )
        #expect(
            !Mirror(reflecting: batch).children.contains {
                $0.label == "watch" && hasValue($0.value)
            }
        )
    }

    private func hasValue(_ value: Any) -> Bool {
        let mirror = Mirror(reflecting: value)
        return mirror.displayStyle != .optional || !mirror.children.isEmpty
    }
}

/// An observer that is of no use.
private struct Thrower: InventoryObserver {
    func observe(_ event: InventoryEvent) throws {
        throw WorkError(description: "no")
    }
}

/// An observer that blocks at its first event until it is opened.
private final class Blocker: InventoryObserver {
    let events = Mutex<[InventoryEvent]>([])
    private let isBlocked = DispatchSemaphore(value: 0)
    private let gate = DispatchSemaphore(value: 0)

    func observe(_ event: InventoryEvent) {
        let isFirst = events.withLock { events in
            events.append(event)
            return events.count == 1
        }
        guard isFirst else { return }
        isBlocked.signal()
        gate.wait()
    }

    func waitUntilBlocked() { isBlocked.wait() }

    func open() { gate.signal() }
}

/// An observer that waits for longer than any test.
private final class Gatherer: InventoryObserver {
    let groups = Mutex<[Int]>([])
    let dropped = Mutex(0)
    let delay = Duration.seconds(3600)

    func observe(_ events: [InventoryEvent]) {
        groups.withLock { $0.append(events.count) }
        dropped.withLock { $0 += events.reduce(0) { $0 + $1.dropped } }
    }

    func observe(_ event: InventoryEvent) {
        observe([event])
    }
}

extension InventoryEvent {
    /// The optional fields that have a value.
    fileprivate var fields: Set<String> {
        let all: [(String, Any?)] = [
            ("run", run), ("batch", batch), ("source", source), ("sourcePlace", sourcePlace),
            ("duration", duration), ("count", count),
            ("message", message), ("code", code), ("until", until), ("audit", audit),
        ]
        return Set(all.filter { $0.1 != nil }.map(\.0))
    }
}

/// The table of the article about events.
private struct EventTable {
    struct Row {
        var name: String
        var required: Set<String>
        var optional: Set<String>
    }

    var rows: [Row] = []

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../Sources/Tranche/Documentation.docc/Events.md")
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard cells.count == 6, let name = cells[1].firstMatch(of: /^ `(\w+)` $/) else {
                continue
            }
            var row = Row(name: String(name.output.1), required: [], optional: [])
            for match in (cells[3] + cells[4]).matches(of: /`(\w+)`(, where known)?/) {
                let field = String(match.output.1)
                if match.output.2 == nil {
                    row.required.insert(field)
                } else {
                    row.optional.insert(field)
                }
            }
            rows.append(row)
        }
    }
}
