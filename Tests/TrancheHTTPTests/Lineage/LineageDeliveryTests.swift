import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheTestKit

@testable import TrancheHTTP

@Suite("Delivering events of OpenLineage", .timeLimit(.minutes(5)))
struct LineageDeliveryTests {
    /// What was noted.
    private final class Notes: Sendable {
        private let kept = Mutex<[String]>([])
        var lines: [String] { kept.withLock { $0 } }
        func add(_ line: String) { kept.withLock { $0.append(line) } }
    }

    private func lineage(
        _ url: String,
        endpoint: String = LineageDestination.defaultEndpoint,
        bearer: String? = nil,
        _ notes: Notes = Notes(),
        _ change: (inout Lineage.Configuration) -> Void = { _ in }
    ) throws -> Lineage {
        var configuration = Lineage.Configuration(namespace: "shop")
        configuration.note = { notes.add($0) }
        configuration.clock = SkippingClock()
        configuration.noise = { 0 }
        change(&configuration)
        return try Lineage(
            to: .address(url, endpoint: endpoint, bearer: bearer),
            configuration
        )
    }

    /// Works on batches of a source in memory.
    ///
    /// - Returns: How often the store was asked, by what.
    private func work(
        _ batches: Int,
        emitting lineage: Lineage?
    ) async throws -> [StoreRequest: Int] {
        let clock = ManualClock()
        let store = FaultInjectingStore(MemoryInventoryStore(clock: clock))
        let source = MemorySource(items: (1...Int64(batches)).map { Item(id: $0, weight: 1) })
        var configuration = Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            clock: clock
        )
        configuration.auditsWhileWorking = false
        configuration.observers = lineage.map { [$0.observer] } ?? []
        configuration.eventLimit = 100_000
        let inventory = Inventory(store: store, configuration: configuration)
        while let batch = try await inventory.acquireBatch(
            from: source,
            job: "job",
            limit: .count(1)
        ) {
            try await batch.succeed()
        }
        await inventory.close()
        let calls = StoreRequest.allCases.map { ($0, store.calls(of: $0)) }
        return Dictionary(uniqueKeysWithValues: calls)
    }

    /// Waits until events have gone their way.
    private func wait(for lineage: Lineage, _ count: Int) async {
        while lineage.counts.delivered + lineage.counts.dropped < count { await Task.yield() }
    }

    @Test("Each event is posted once, with the token, and those of a batch in order")
    func posting() async throws {
        try await withHTTPServer { _, _ in
            .init(201)
        } _: { server in
            let notes = Notes()
            let lineage = try lineage(server.url, bearer: "secret", notes)
            try await lineage.whileEmitting {
                _ = try await work(20, emitting: lineage)
                await wait(for: lineage, 40)
            }
            #expect(lineage.counts == .init(delivered: 40, dropped: 0))
            #expect(server.requests.count == 40)
            #expect(server.requests.allSatisfy { $0.method == "POST" })
            #expect(server.requests.allSatisfy { $0.target == "/api/v1/lineage" })
            #expect(server.requests.allSatisfy { $0.headers["authorization"] == "Bearer secret" })
            #expect(
                server.requests.allSatisfy { $0.headers["content-type"] == "application/json" }
            )
            try await withTemporaryFolder { folder in
                let file = folder.path("lineage.jsonl")
                let text = server.requests.map { $0.text + "\n" }.joined()
                try Data(text.utf8).write(to: URL(filePath: file))
                if let summary = try OpenLineage.check(file) {
                    #expect(summary.runs == 20)
                    #expect(summary.types == ["START": 20, "COMPLETE": 20])
                }
            }
            #expect(notes.lines.isEmpty)
        }
    }

    @Test("An address for lists gets lists, of all events in order")
    func lists() async throws {
        try await withHTTPServer { _, before in
            .init(before == 1 ? 503 : 200)
        } _: { server in
            let lineage = try lineage(server.url, endpoint: "api/v1/lineage/batch")
            try await lineage.whileEmitting {
                _ = try await work(300, emitting: lineage)
                await wait(for: lineage, 600)
            }
            #expect(lineage.counts == .init(delivered: 600, dropped: 0))
            #expect(server.requests.allSatisfy { $0.target == "/api/v1/lineage/batch" })
            #expect(server.requests.count < 50, "\(server.requests.count)")
            var taken = server.requests.map(\.text)
            taken.remove(at: 1)
            let events = try taken.flatMap { text in
                let list = try JSONSerialization.jsonObject(with: Data(text.utf8))
                return try #require(list as? [[String: Any]])
            }
            #expect(events.count == 600)
            let types = events.compactMap { $0["eventType"] as? String }
            #expect(types == (1...300).flatMap { _ in ["START", "COMPLETE"] })
            try await withTemporaryFolder { folder in
                let file = folder.path("lineage.jsonl")
                let lines = try events.map { try JSONSerialization.data(withJSONObject: $0) }
                try Data(lines.joined(separator: Data("\n".utf8)) + Data("\n".utf8))
                    .write(to: URL(filePath: file))
                if let summary = try OpenLineage.check(file) {
                    #expect(summary.types == ["START": 300, "COMPLETE": 300])
                }
            }
        }
    }

    @Test("A list that is refused is counted event by event, and said once")
    func refusedList() async throws {
        try await withHTTPServer { _, _ in
            .init(400, text: "no lists")
        } _: { server in
            let notes = Notes()
            let lineage = try lineage(server.url, endpoint: "lineage/batch", notes)
            try await lineage.whileEmitting {
                _ = try await work(5, emitting: lineage)
                await wait(for: lineage, 10)
            }
            #expect(lineage.counts == .init(delivered: 0, dropped: 10))
            #expect(notes.lines.last?.hasPrefix("10 of 10 lineage events") == true)
        }
    }

    @Test("What a server does not take for a while is sent again, and said once")
    func again() async throws {
        try await withHTTPServer { _, before in
            .init(before < 9 ? 503 : 201)
        } _: { server in
            let notes = Notes()
            let lineage = try lineage(server.url, notes)
            try await lineage.whileEmitting {
                _ = try await work(5, emitting: lineage)
                await wait(for: lineage, 10)
            }
            #expect(lineage.counts == .init(delivered: 10, dropped: 0))
            #expect(server.requests.count == 19)
            #expect(notes.lines.count == 1)
            #expect(notes.lines.first?.contains("answered 503") == true, "\(notes.lines)")
        }
    }

    @Test("What a server refuses is given up, said once, and counted at the end")
    func refused() async throws {
        try await withHTTPServer { _, _ in
            .init(401, text: "who?")
        } _: { server in
            let notes = Notes()
            let lineage = try lineage(server.url, bearer: "secret", notes)
            try await lineage.whileEmitting {
                _ = try await work(5, emitting: lineage)
                await wait(for: lineage, 10)
            }
            #expect(lineage.counts == .init(delivered: 0, dropped: 10))
            #expect(server.requests.count == 10)
            #expect(notes.lines.count == 2, "\(notes.lines)")
            #expect(notes.lines.first?.contains("answered 401: who?") == true, "\(notes.lines)")
            #expect(notes.lines.last?.hasPrefix("10 of 10 lineage events") == true)
            #expect(!notes.lines.joined().contains("secret"))
        }
    }

    @Test("Beside a dead address the work asks the store no more than without")
    func dead() async throws {
        let without = try await work(50, emitting: nil)
        let notes = Notes()
        // A port at which nobody listens: it was, until now, a server's.
        let url = try await withHTTPServer { _, _ in
            .init(201)
        } _: {
            $0.url
        }
        let lineage = try lineage(url, notes) { $0.eventLimit = 30 }
        let with = try await lineage.whileEmitting {
            let requests = try await work(50, emitting: lineage)
            // The end waits for nothing here, so that it could come before the first try.
            while notes.lines.isEmpty { await Task.yield() }
            return requests
        }
        #expect(with == without)
        #expect(lineage.counts == .init(delivered: 0, dropped: 100))
        #expect(notes.lines.count == 2, "\(notes.lines)")
        #expect(notes.lines.last?.hasPrefix("100 of 100 lineage events") == true)
    }

    @Test("A server that never answers holds up the end for as long as was said, and no longer")
    func silent() async throws {
        try await withHTTPServer { _, _ in
            .silence
        } _: { server in
            let clock = ContinuousClock()
            let notes = Notes()
            let lineage = try lineage(server.url, notes) {
                $0.clock = clock
                $0.flushLimit = .milliseconds(300)
            }
            let start = clock.now
            try await lineage.whileEmitting { _ = try await work(5, emitting: lineage) }
            #expect(clock.now - start < .seconds(8))
            #expect(lineage.counts == .init(delivered: 0, dropped: 10))
            #expect(notes.lines.count == 1, "\(notes.lines)")
        }
    }

    @Test("What the body throws is thrown, after what was told before is sent")
    func throwing() async throws {
        try await withHTTPServer { _, _ in
            .init(201)
        } _: { server in
            let lineage = try lineage(server.url)
            await #expect(throws: CancellationError.self) {
                try await lineage.whileEmitting {
                    _ = try await work(3, emitting: lineage)
                    await wait(for: lineage, 6)
                    throw CancellationError()
                }
            }
            #expect(lineage.counts == .init(delivered: 6, dropped: 0))
        }
    }

    /// What a server and a test tell each other.
    private final class Gate: Sendable {
        let state = Mutex((isOpen: false, hasWorked: false))
    }

    @Test("A task that is cancelled sends what waits before it ends")
    func cancelled() async throws {
        let gate = Gate()
        try await withHTTPServer { _, _ in
            .init(gate.state.withLock { $0.isOpen } ? 201 : 503)
        } _: { server in
            let lineage = try lineage(server.url) { $0.clock = ContinuousClock() }
            let task = Task {
                try await lineage.whileEmitting {
                    _ = try await work(3, emitting: lineage)
                    gate.state.withLock { $0.hasWorked = true }
                    // It ends when the task is cancelled.
                    let (never, hold) = AsyncStream<Never>.makeStream()
                    for await _ in never {}
                    hold.finish()
                    try Task.checkCancellation()
                }
            }
            while !gate.state.withLock({ $0.hasWorked }) || server.requests.isEmpty {
                await Task.yield()
            }
            #expect(lineage.counts.delivered == 0)
            gate.state.withLock { $0.isOpen = true }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(lineage.counts.delivered == 6)
            #expect(lineage.counts.dropped == 0)
        }
    }

    @Test("A file that cannot be made is refused at once, with what to do")
    func noFile() throws {
        let error = #expect(throws: TrancheError.self) {
            try Lineage(to: .file("/nowhere/lineage.jsonl"))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("No such file or directory") == true)
    }

    @Test("A full disk loses lines and nothing else, and is said once")
    func fullDisk() async throws {
        let notes = Notes()
        var configuration = Lineage.Configuration()
        configuration.note = { notes.add($0) }
        let lineage = try Lineage(to: .file("/dev/full"), configuration)
        try await lineage.whileEmitting { _ = try await work(5, emitting: lineage) }
        #expect(lineage.counts == .init(delivered: 0, dropped: 10))
        #expect(notes.lines.count == 2, "\(notes.lines)")
    }
}
