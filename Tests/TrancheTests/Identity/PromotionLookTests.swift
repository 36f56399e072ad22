import Synchronization
import Testing
import Tranche
import TrancheTestKit

@Suite("A standby that leads while several workers acquire", .timeLimit(.minutes(2)))
struct PromotionLookTests {
    @Test(
        "Who acquires while another looks back takes lost rows for no rewinding",
        arguments: [PromotedSource.Step.mark, .witness]
    )
    fileprivate func besideALook(_ step: PromotedSource.Step) async throws {
        let clock = ManualClock()
        let store = MemoryInventoryStore(clock: clock)
        let inventory = Inventory(store: store, configuration: .init(clock: clock))
        let source = PromotedSource(ids: 1...20)
        let all = try #require(try await inventory.acquireBatch(from: source, job: "j"))
        #expect(all.ids == 1...20)
        try await all.succeed()
        #expect(try await inventory.acquireBatch(from: source, job: "j") == nil)

        // The standby lacks the last rows.
        source.promote(losing: Array(11...20))
        clock.advance(by: .seconds(2))
        source.holdNext(step)
        async let looking = inventory.acquireBatch(from: source, job: "j")
        await source.waitForHeld()
        let beside = try await inventory.acquireBatch(from: source, job: "j")
        source.letGo()
        let batches = try await [beside, looking].compactMap { $0 }

        // All that is left may be other rows, and is handed out again, once.
        #expect(batches.map(\.ids) == [1...10])
        for batch in batches { try await batch.succeed() }
        let standing = try #require(try await inventory.runs(RunSelection()).first).standing
        #expect(standing.promotion?.missing == 10)
        #expect(standing.rewoundTo == nil)
        #expect(standing.hold == nil)

        // Rows under the lost ids are new ones.
        source.rows.insert((11...15).map { Item(id: $0, item: .text("new")) })
        clock.advance(by: .seconds(60))
        #expect(try await inventory.acquireBatch(from: source, job: "j")?.ids == 11...15)
    }

    @Test("Who asked before another looked back is not told of a rewinding")
    func beforeALook() async throws {
        let clock = ManualClock()
        let store = MemoryInventoryStore(clock: clock)
        let inventory = Inventory(store: store, configuration: .init(clock: clock))
        let source = PromotedSource(ids: 1...20)
        let all = try #require(try await inventory.acquireBatch(from: source, job: "j"))
        try await all.succeed()
        #expect(try await inventory.acquireBatch(from: source, job: "j") == nil)
        source.promote(losing: Array(11...20))

        // It looked a moment ago, asks the store, and is held before it finds out what that means.
        source.holdNext(.mark)
        async let answer = inventory.acquire(BatchRequest(job: "j"), from: source)
        await source.waitForHeld()
        clock.advance(by: .seconds(2))
        let again = try await inventory.acquireBatch(from: source, job: "j")
        #expect(again?.ids == 1...10)
        source.letGo()
        guard case .noBatch(let reason) = try await answer else {
            Issue.record("all that is left is in hand")
            return
        }
        if case .held = reason { Issue.record("\(reason)") }
    }

    @Test("A rewinding that was noted before the look is none, once the timeline tells")
    func afterARewinding() async throws {
        let clock = ManualClock()
        let store = MemoryInventoryStore(clock: clock)
        let source = PromotedSource(ids: 1...20)
        let inventory = Inventory(store: store, configuration: .init(clock: clock))
        let all = try #require(try await inventory.acquireBatch(from: source, job: "j"))
        try await all.succeed()
        #expect(try await inventory.acquireBatch(from: source, job: "j") == nil)
        source.promote(losing: Array(11...20))
        var run = try #require(try await inventory.runs(RunSelection()).first)
        run.standing.rewoundTo = 10
        try await store.note(run.standing, insteadOf: run.standing.identity?.mark, of: run.key)
        source.rows.insert((11...12).map { Item(id: $0, item: .text("new")) })

        clock.advance(by: .seconds(2))
        let again = try #require(try await inventory.acquireBatch(from: source, job: "j"))
        #expect(again.ids == 1...12)
        #expect(try await inventory.runs(RunSelection()).first?.standing.hold == nil)
    }
}

/// Rows of a server with a timeline, a look at which a test may hold.
private final class PromotedSource: MetaSource, IdentifiedSource, MetaSourceDescription {
    let rows: MemorySource
    private let state = Mutex(State())
    private let (held, isHeld) = AsyncStream.makeStream(of: Never.self)
    private let (released, release) = AsyncStream.makeStream(of: Never.self)

    /// Where a look may be held.
    enum Step { case mark, witness }

    private struct State {
        var timeline: Int64 = 1
        var held: Step?
    }

    init(ids: ClosedRange<Int64>) {
        rows = MemorySource(items: ids.map { Item(id: $0, item: .text("old")) })
    }

    func promote(losing ids: [Int64]) {
        rows.delete(ids)
        state.withLock { $0.timeline += 1 }
    }

    /// Holds the next one to get there.
    func holdNext(_ step: Step) { state.withLock { $0.held = step } }

    func waitForHeld() async { for await _ in held {} }

    func letGo() { release.finish() }

    // MARK: Identity

    func mark() async throws -> String? {
        await pass(.mark)
        return String(state.withLock { $0.timeline })
    }

    func timeline(in mark: String) -> Int64? { Int64(mark) }

    func witness() async throws -> String? {
        await pass(.witness)
        return "rows"
    }

    private func pass(_ step: Step) async {
        let isHeldHere = state.withLock { state in
            guard state.held == step else { return false }
            state.held = nil
            return true
        }
        guard isHeldHere else { return }
        isHeld.finish()
        for await _ in released {}
    }

    func compare(
        mark: String,
        with known: SourceIdentity,
        passed cursor: Int64?
    ) async throws -> SourceComparison { .same }

    // MARK: Rows

    var definition: SourceDefinition { rows.definition }

    func open(beside store: any InventoryStore) async throws -> any MetaSource { self }

    static func == (lhs: PromotedSource, rhs: PromotedSource) -> Bool { lhs === rhs }

    func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }

    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        try await rows.nextRange(after: cursor, within: bounds, limit: limit, batches: batches)
    }

    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await rows.items(in: range, limit: limit)
    }

    func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await rows.items(withIDs: ids)
    }

    func highestID() async throws -> Int64? { try await rows.highestID() }

    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await rows.matchingItems(in: ranges, limit: limit)
    }
}
