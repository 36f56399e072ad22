import Synchronization
import Testing
import TrancheTestKit

@testable import Tranche

@Suite("A group of workers on content that cannot be read on", .timeLimit(.minutes(5)))
struct TornSourceTests {
    // worker   others
    // asks
    //          ask together, and are refused together
    // goes on alone, up to the row that is torn
    @Test("What was asked for in vain counts under no limit")
    func limit() async throws {
        let bench = Workbench(ids: 1...9)
        let source = TornSource(bench.source, after: 3)
        source.awaitOthers(3, of: bench.inventory)
        let group = WorkerGroup(
            bench.inventory,
            BatchRequest(job: "job", limit: BatchLimit(count: 1)),
            from: source,
            configuration: .init(slots: 4, limit: 4),
            handler: ClosureHandler { batch, _ in ["batch": batch.id] }
        )
        let error = await #expect(throws: TrancheError.self) { try await group.run() }
        #expect(error?.code == .invalidItem)
        let batches = try await bench.store.base.batches(BatchSelection())
        #expect(batches.map(\.status) == [.succeeded, .succeeded, .succeeded])
    }
}

/// A source that can be read one batch at a time, up to an id.
private final class TornSource: MetaSource, MetaSourceDescription {
    private let base: MemorySource
    private let last: Int64
    private let waiting = Mutex<(others: Int, inventory: Inventory)?>(nil)

    init(_ base: MemorySource, after last: Int64) {
        self.base = base
        self.last = last
    }

    /// Has the next plan wait until so many others wait for it.
    func awaitOthers(_ count: Int, of inventory: Inventory) {
        waiting.withLock { $0 = (count, inventory) }
    }

    var definition: SourceDefinition { base.definition }

    var promise: SourcePromise { base.promise }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        let awaited = waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }
        if let awaited {
            while awaited.inventory.waitingForBatches < awaited.others { await Task.yield() }
        }
        guard batches == 1, cursor ?? 0 < last else {
            throw TrancheError(.invalidItem, "row \(last + 1) is torn")
        }
        return try await base.nextRange(
            after: cursor,
            within: bounds,
            limit: limit,
            batches: batches
        )
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await base.items(in: range, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] { try await base.items(withIDs: ids) }

    func highestID() async throws -> Int64? { try await base.highestID() }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await base.matchingItems(in: ranges, limit: limit)
    }

    func open(beside store: any InventoryStore) async throws -> any MetaSource { self }

    static func == (left: TornSource, right: TornSource) -> Bool { left === right }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
