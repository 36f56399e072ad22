import Testing
import Tranche
import TrancheTestKit

@Suite("The source in memory")
struct MemorySourceTests {
    @Test("Items are in the order of their ids, each once")
    func order() async throws {
        let source = MemorySource(items: [Item(id: 5), Item(id: .min), Item(id: .max), Item(id: 0)])
        source.insert([Item(id: 5, weight: 3), Item(id: -1)])
        #expect(source.items.map(\.id) == [.min, -1, 0, 5, .max])
        #expect(source.items[3].weight == 3)
        #expect(try await source.highestID() == .max)
        source.delete([.max, 17])
        #expect(try await source.highestID() == 5)
        #expect(try await MemorySource().highestID() == nil)
    }

    @Test("Items are read whatever the filter says")
    func reading() async throws {
        let source = MemorySource(items: (1...9).map { Item(id: $0) }, filter: .even)
        #expect(try await source.items(in: 3...7, limit: 3).map(\.id) == [3, 4, 5])
        #expect(try await source.items(withIDs: [1, 8, 99]).map(\.id) == [1, 8])
    }

    @Test("A plan leaves out what the filter leaves out, and says how far it came")
    func filter() async throws {
        let items = (1...9).map { Item(id: $0, weight: 1) }
        let source = MemorySource(items: items, filter: .even)
        var plan = try await plan(source, after: 2, limit: BatchLimit(count: 2))
        #expect(plan.ranges.map { $0.ids.packed } == ["4,6"])
        #expect(!plan.reachedEnd)
        plan = try await self.plan(source, after: 8)
        #expect(plan.ranges.isEmpty)
        #expect(plan.scannedTo == 9)
        #expect(plan.reachedEnd)
    }

    @Test("A fruitless plan gives up when its patience ends")
    func patience() async throws {
        let items = (1...9).map { Item(id: $0 * 2 + 1) }
        let source = MemorySource(items: items, filter: .even, patience: 4)
        let first = try await plan(source, after: nil)
        #expect(first.scannedTo == 9)
        #expect(!first.reachedEnd)
    }

    @Test("Bounds and the cursor are kept to")
    func bounds() async throws {
        let source = MemorySource(items: (1...9).map { Item(id: $0) })
        let plan = try await source.nextRange(
            after: 4,
            within: IDBounds(2...7),
            limit: BatchLimit(),
            batches: 1
        )
        #expect(plan.ranges.map { $0.ids.packed } == ["5-7"])
        #expect(plan.reachedEnd)
    }

    @Test("Views share their items, and say what they are")
    func views() async throws {
        let source = MemorySource("files", items: [Item(id: 1, weight: 5)])
        let view = source.view(hasWeights: false, filter: .even)
        source.insert([Item(id: 2, weight: 7)])
        #expect(view.items.map(\.id) == [1, 2])
        #expect(try await view.items(withIDs: [2]).map(\.weight) == [0])
        #expect(source.definition.database == "memory:files")
        #expect(source.definition.weight == "weight")
        #expect(view.definition.weight == nil)
        #expect(view.definition.filter == "id % 2 = 0")
        #expect(view.definition.table == "files")
    }

    private func plan(
        _ source: MemorySource,
        after cursor: Int64?,
        limit: BatchLimit = BatchLimit()
    ) async throws -> RangePlan {
        try await source.nextRange(after: cursor, within: IDBounds(), limit: limit, batches: 1)
    }
}
