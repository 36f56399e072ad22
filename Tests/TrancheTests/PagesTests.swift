import Synchronization
import Testing
import Tranche
import TrancheTestKit

@Suite("Pages that are read, named and worked on")
struct PagesTests {
    private let source = PagedSource("p", first: "1")
    private let request = BatchRequest(job: "job", policy: RunPolicy(maxAttempts: 2))

    /// Pages whose cursors are their numbers.
    private static func content(_ cursor: String, of last: Int) throws -> PageContent<Int> {
        guard let number = Int(cursor) else { throw WorkError(description: "'\(cursor)'") }
        return PageContent(number * 10, next: number < last ? "\(number + 1)" : nil)
    }

    // worker 1                          worker 2
    // works on page 1, waits
    //                                   works on page 2
    // goes on
    @Test("The page that follows is worked on while the one before is")
    func ahead() async throws {
        let bench = Workbench(ids: [])
        let isSecondReached = AsyncStream<Void>.makeStream()
        let worked = Mutex<[Int: Int]>([:])
        let report = try await bench.withMovingClock {
            try await bench.inventory.pages(request, from: source) {
                try Self.content($0, of: 3)
            }.process(workers: 2) { page in
                if page.number == 1 { for await _ in isSecondReached.stream {} }
                if page.number == 2 { isSecondReached.continuation.finish() }
                worked.withLock { $0[Int(page.number)] = page.content }
            }
        }
        #expect(report.succeeded == 3)
        #expect(report.reason == .complete)
        #expect(worked.withLock { $0 } == [1: 10, 2: 20, 3: 30])
    }

    // worker 1                          worker 2
    // holds page 1
    //                                   plans: page 1 is the last, and no end
    // names page 2, succeeds
    //                                   acquires
    @Test("Who planned before the successor was named is given it, and not told of an end")
    func lateNaming() async throws {
        let bench = Workbench(ids: [])
        let first = try await bench.inventory.acquireBatch(
            from: source,
            job: "job",
            limit: .count(1)
        )
        let held = try #require(first)
        let store = MeddlingStore(bench.store, beforeAcquire: 2) {
            try await held.registerNext("2")
            try await held.succeed()
        }
        let other = Inventory(store: store, configuration: bench.inventory.configuration)
        let next = try await other.acquireBatch(from: source, job: "job", limit: .count(1))
        #expect(next?.ids == 2...2)
    }

    // worker 1                          worker 2
    // reads the pages: only page 1
    //                                   names page 2
    // reads which page is the last
    @Test(
        "A page that is named between the look at the pages and at the last one is not passed over"
    )
    func namedBetween() async throws {
        let bench = Workbench(ids: [])
        let first = try await bench.inventory.acquireBatch(
            from: source,
            job: "job",
            limit: .count(1)
        )
        let held = try #require(first)
        let store = NamingStore(bench.store) { try await held.registerNext("2") }
        let pages = try await source.open(beside: store)
        let plan = try await pages.nextRange(
            after: 1,
            within: IDBounds(),
            limit: .count(1),
            batches: 1
        )
        #expect(plan.ranges.map(\.ids) == [IDRuns([2])])
        #expect(plan.openEnd == nil)
    }

    @Test("Each page of a batch of several is read, named and worked on")
    func several() async throws {
        let bench = Workbench(ids: [])
        let first = try #require(
            try await bench.inventory.acquireBatch(from: source, job: "one", limit: .count(1))
        )
        try await first.registerNext("2")
        _ = try await bench.inventory.register(.page("3"), after: 2, of: source.name)
        // Somebody else's request, which left a batch of three.
        let batch = try #require(
            try await bench.inventory.acquireBatch(from: source, job: "job", limit: .count(3))
        )
        #expect(batch.count == 3)
        try await batch.release()
        let worked = Mutex<[Int64: Int]>([:])
        let report = try await bench.withMovingClock {
            try await bench.inventory.pages(request, from: source) {
                try Self.content($0, of: 4)
            }.process { page in worked.withLock { $0[page.number] = page.content } }
        }
        #expect(worked.withLock { $0 } == [1: 10, 2: 20, 3: 30, 4: 40])
        #expect(report.reason == .complete)
    }

    @Test("A page that failed for good is read again for its successor alone")
    func apart() async throws {
        let bench = Workbench(ids: [])
        let reads = Mutex<[String]>([])
        let worked = Mutex<[Int64]>([])
        let report = try await bench.withMovingClock(by: .seconds(5)) {
            try await bench.inventory.pages(request, from: source) { cursor in
                let before = reads.withLock { reads in
                    defer { reads.append(cursor) }
                    return reads.count { $0 == cursor }
                }
                // Twice for the page's work, once for its successor alone.
                if cursor == "2", before < 3 { throw WorkError(description: "no answer") }
                return try Self.content(cursor, of: 3)
            }.process { page in worked.withLock { $0.append(page.number) } }
        }
        #expect(reads.withLock { $0 } == ["1", "2", "2", "2", "2", "3"])
        #expect(worked.withLock { $0 } == [1, 3])
        #expect((report.succeeded, report.failed) == (2, 2))
        #expect(report.reason == .complete)
        let batches = try await bench.inventory.batches(BatchSelection())
        #expect(batches.map(\.status) == [.succeeded, .failed, .succeeded])
    }

    @Test("Where no successor is found the run is held, with the last error")
    func held() async throws {
        let bench = Workbench(ids: [])
        let report = try await bench.withMovingClock(by: .seconds(5)) {
            try await bench.inventory.pages(request, from: source) { cursor in
                if cursor == "2" { throw WorkError(description: "404") }
                return try Self.content(cursor, of: 3)
            }.process { _ in }
        }
        #expect(report.reason == .held(reason: "discovery stopped at page 2: 404", until: nil))
    }

    @Test("Work that fails after the successor was named does not stop discovery")
    func workFails() async throws {
        let bench = Workbench(ids: [])
        let report = try await bench.withMovingClock(by: .seconds(5)) {
            try await bench.inventory.pages(request, from: source) {
                try Self.content($0, of: 3)
            }.process { page in
                if page.number == 3 { throw WorkError(description: "a bad row") }
            }
        }
        #expect(report.reason == .complete)
        #expect((report.succeeded, report.failed) == (2, 2))
    }
}

/// A store that does something else before one of the acquires.
private final class MeddlingStore: ForwardingStore {
    let base: any InventoryStore
    private let place: Int
    private let meddle: @Sendable () async throws -> Void
    private let acquires = Mutex(0)

    init(
        _ base: any InventoryStore,
        beforeAcquire place: Int,
        _ meddle: @escaping @Sendable () async throws -> Void
    ) {
        self.base = base
        self.place = place
        self.meddle = meddle
    }

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        if request == .acquire,
            acquires.withLock({
                $0 += 1; return $0
            }) == place
        {
            try await meddle()
        }
        return try await body()
    }
}

/// A store that does something else once, after pages were read and before the answer is used.
private final class NamingStore: ForwardingStore {
    let base: any InventoryStore
    private let meddle: @Sendable () async throws -> Void
    private let hasRead = Mutex(false)

    init(_ base: any InventoryStore, _ meddle: @escaping @Sendable () async throws -> Void) {
        self.base = base
        self.meddle = meddle
    }

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        let answer = try await body()
        let isFirst = hasRead.withLock { hasRead in
            defer { hasRead = hasRead || answer is [PageRecord] }
            return !hasRead && answer is [PageRecord]
        }
        if isFirst { try await meddle() }
        return answer
    }
}
