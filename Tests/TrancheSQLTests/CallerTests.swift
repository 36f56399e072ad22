import Dispatch
import Synchronization
import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

/// Requests run where their caller does: each change of thread on the way costs as much as a
/// statement of SQLite.
@Suite("Where requests run", .timeLimit(.minutes(5)))
struct CallerTests {
    @Test("What is asked on an actor stays on it", arguments: TestDatabase.Backend.available)
    func staying(on backend: TestDatabase.Backend) async throws {
        try await withCompactionWorld(backend) { world in
            try await world.add(1...100)
            let watch = CallerWatch(world.inventory.store)
            try await Caller().askAll(of: Inventory(store: watch), from: world.source)
            #expect(watch.strayed == [])
            #expect(
                watch.made == [.acquire, .heartbeat, .succeed, .fail, .release, .change, .read]
            )
        }
    }
}

/// An actor on a queue that can be told from others.
private actor Caller {
    private nonisolated let executor = MarkedExecutor()

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func askAll(of inventory: Inventory, from source: SQLSource) async throws {
        func take() async throws -> Batch {
            let limit = BatchLimit.count(10)
            let batch = try await inventory.acquireBatch(from: source, job: "load", limit: limit)
            return try #require(batch)
        }
        let first = try await take()
        try await first.heartbeat()
        try await first.succeed()
        try await take().fail("no")
        try await take().release()
        try await inventory.pause(first.record.key, reason: "lunch")
        _ = try await inventory.gaps(of: first.record.key)
    }
}

private final class MarkedExecutor: SerialExecutor {
    private static let mark = DispatchSpecificKey<Bool>()
    private let queue = DispatchQueue(label: "caller")

    /// Whether this code runs on one.
    static var isCurrent: Bool { DispatchQueue.getSpecific(key: mark) ?? false }

    init() { queue.setSpecific(key: Self.mark, value: true) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}

/// Notes which requests are made, or answered, elsewhere than on their caller.
private final class CallerWatch: ForwardingStore, SQLSourceProvider {
    let base: any InventoryStore
    private let requests = Mutex<(made: Set<StoreRequest>, strayed: Set<StoreRequest>)>(([], []))

    init(_ base: any InventoryStore) { self.base = base }

    var made: Set<StoreRequest> { requests.withLock { $0.made } }
    var strayed: Set<StoreRequest> { requests.withLock { $0.strayed } }

    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R {
        note(request)
        let answer = try await body()
        note(request)
        return answer
    }

    func openSource(_ source: SQLSource) async throws -> any MetaSource {
        try await #require(base as? any SQLSourceProvider).openSource(source)
    }

    private func note(_ request: StoreRequest) {
        requests.withLock {
            $0.made.insert(request)
            if !MarkedExecutor.isCurrent { $0.strayed.insert(request) }
        }
    }
}
