import Foundation
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TrancheServer

@Suite("When the feed looks", .serialized, .timeLimit(.minutes(5)))
struct EventFeedTests {
    /// A store that counts how often its runs are read.
    private struct CountingStore: ForwardingStore, ChangeMarkStore {
        let base: any InventoryStore
        let reads = Counter()

        func summaries(
            _ selection: RunSelection,
            after mark: RunKey?,
            limit: Int
        ) async throws -> [RunSummary] {
            reads.add()
            return try await base.summaries(selection, after: mark, limit: limit)
        }

        func changeMark() async throws -> String? {
            try await (base as? any ChangeMarkStore)?.changeMark()
        }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    private static func moveOn(_ clock: ManualClock, by time: Duration) async {
        clock.advance(by: time)
        // It has looked when it sleeps again.
        while clock.sleepers == 0 { await Task.yield() }
    }

    /// What was sent and is not read yet.
    private static func text(of stream: HTTPResponseStream) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = buffer.withUnsafeMutableBytes { stream.read(into: $0) }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    @Test(
        "Runs are read once something has changed, and at times besides",
        arguments: TestDatabase.Backend.available
    )
    func looks(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend, isMigrated: true) { database in
            let table = database.prefix + "item"
            try await database.run(
                """
                CREATE TABLE \(table) (uid bigint PRIMARY KEY);
                INSERT INTO \(table) VALUES (1), (2), (3);
                """
            )
            let worker = try await database.open()
            let request = BatchRequest(job: "job", limit: .count(1))
            let source = SQLSource(table)
            _ = try await worker.acquire(request, from: source)
            let store = CountingStore(base: worker.store)
            let clock = ManualClock()
            let feed = EventFeed(Inventory(store: store), clock: clock)
            let stream = HTTPResponseStream()
            feed.add(stream, of: Caller(roles: [.look]), after: nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await feed.run() }
                while clock.sleepers == 0 { await Task.yield() }
                #expect(store.reads.value == 1)
                let mark = try await store.changeMark()
                // On PostgreSQL the transactions of all databases of the server count.
                if backend == .sqlite {
                    #expect(feed.runs(at: mark)?.count == 1)
                    for _ in 0..<10 { await Self.moveOn(clock, by: .milliseconds(200)) }
                    #expect(store.reads.value == 1)
                }
                let before = store.reads.value
                _ = try await worker.acquire(request, from: source)
                await Self.moveOn(clock, by: .milliseconds(200))
                #expect(store.reads.value == before + 1)
                #expect(feed.runs(at: mark) == nil)
                let sent = Self.text(of: stream)
                #expect(sent.contains(": hello\n\n") && !sent.contains(": still here"))
                await Self.moveOn(clock, by: .seconds(15))
                #expect(store.reads.value == before + 2)
                // Which shows that the connection is there.
                #expect(Self.text(of: stream).contains(": still here\n\n"))
                group.cancelAll()
                while let result = await group.nextResult() {
                    #expect(throws: CancellationError.self) { try result.get() }
                }
            }
            await worker.close()
        }
    }

    @Test("Of very many runs it is told only that they have changed, also to who was away")
    func manyRuns() {
        func change(_ job: Int) -> RunChangeDocument {
            let run = RunRecord(
                key: RunKey(metaTable: "files", job: "job \(job)"),
                definition: nil,
                bounds: IDBounds(),
                policy: RunPolicy(),
                createdAt: Date(timeIntervalSince1970: 0)
            )
            return RunChangeDocument(RunSummary(run: run, totals: [:]))
        }
        var log = EventLog()
        let most = (0..<EventLog.mostRuns).map(change)
        let first = log.add([change(0)])
        let begin = log.mark(0)
        #expect(log.events(after: begin)?.count == 1)
        let whole = log.add(most)
        #expect(whole?.text(for: nil, in: log).map { $0.utf8.count < 200 << 10 } == true)
        // Each can be told, but not one behind the other.
        #expect(log.events(after: begin) == nil)
        #expect(log.events(after: log.mark(first?.number ?? 0))?.count == 1)
        let before = log.mark(whole?.number ?? 0)
        #expect(log.add(most + [change(-1)]) == nil)
        #expect(log.events(after: before) == nil)
        #expect(log.events(after: log.mark(3))?.isEmpty == true)
        // What one look finds has numbers of its own, and is told to who was away.
        let change = log.add([change(1)])
        let stale = log.addStale("something was changed")
        #expect([change?.number, stale.number] == [4, 5])
        #expect(log.events(after: log.mark(4))?.map(\.stale) == ["something was changed"])
        let own = stale.text(for: Caller(name: "a", roles: [.look], jobs: ["x"]), in: log)
        #expect(own?.hasPrefix("id: \(log.mark(5))\nevent: overview-stale\n") == true)
    }

    @Test("A value is given again as long as nothing has changed, and is never too old")
    func sharing() async throws {
        let clock = ManualClock()
        let (reads, mark) = (Counter(), Counter())
        let shared = SharedReading(
            age: .seconds(1),
            longest: .seconds(15),
            clock: clock,
            mark: { "\(mark.value)" }
        ) { known in
            reads.add()
            return "\(reads.value) at \(known ?? "-")"
        }
        #expect(try await shared.value == "1 at 0")
        clock.advance(by: .seconds(14))
        #expect(try await shared.value == "1 at 0")
        mark.add()
        #expect(try await shared.value == "2 at 1")
        clock.advance(by: .milliseconds(900))
        mark.add()
        #expect(try await shared.value == "2 at 1")
        clock.advance(by: .milliseconds(200))
        #expect(try await shared.value == "3 at 2")
        await shared.forget()
        #expect(try await shared.value == "4 at 2")
        clock.advance(by: .seconds(16))
        #expect(try await shared.value == "5 at 2")
    }

    @Test("A value whose time is over is given for a while, and meanwhile read anew for the next")
    func grace() async throws {
        let clock = ManualClock()
        let (reads, gate) = (Counter(), AsyncStream<Void>.makeStream())
        let shared = SharedReading(age: .seconds(1), grace: .seconds(1), clock: clock) { _ in
            reads.add()
            // The second is not there before the test says so.
            if reads.value == 2 { for await _ in gate.stream { break } }
            return reads.value
        }
        let first = try await shared.value
        #expect(first == 1)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await shared.run() }
            clock.advance(by: .milliseconds(1500))
            let old = try await shared.value
            #expect(old == 1)
            while reads.value < 2 { await Task.yield() }
            // Nobody waits for it yet, and it is not read twice.
            let again = try await shared.value
            #expect(again == 1)
            clock.advance(by: .milliseconds(600))
            async let next = shared.value
            gate.continuation.yield()
            let new = try await next
            #expect(new == 2)
            #expect(reads.value == 2)
            // Beyond the grace it is waited for.
            clock.advance(by: .milliseconds(2100))
            let last = try await shared.value
            #expect(last == 3)
            group.cancelAll()
            while let result = await group.nextResult() {
                #expect(throws: CancellationError.self) { try result.get() }
            }
        }
    }
}
