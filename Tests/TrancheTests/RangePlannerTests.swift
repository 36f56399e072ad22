import Testing
import Tranche
import TrancheTestKit

@Suite("Planning ranges")
struct RangePlannerTests {
    @Test("Ranges are those of a slow model", arguments: 0..<500)
    func model(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let items = randomItems(&random)
        let weights: [Double?] = [nil, 0.5, 1, 4, 10]
        let counts: [Int?] = [nil, 1, 2, 5]
        let limit = BatchLimit(
            weight: weights[Int.random(in: 0..<5, using: &random)],
            count: counts[Int.random(in: 0..<4, using: &random)]
        )
        let wanted = Int.random(in: 1...4, using: &random)
        let all = slowRanges(of: items, limit: limit)
        let plan = try plan(items, after: nil, limit: limit, batches: wanted)
        #expect(plan.ranges.map { $0.items ?? [] } == Array(all.prefix(wanted)), "seed \(seed)")
        #expect(plan.reachedEnd == (all.count <= wanted), "seed \(seed)")
        for (range, model) in zip(plan.ranges, all) {
            #expect(range.weight == model.reduce(0) { $0 + $1.weight }, "seed \(seed)")
            #expect(range.ids.runs.flatMap { Array($0) } == model.map(\.id), "seed \(seed)")
            #expect(range.count == model.count, "seed \(seed)")
        }
    }

    @Test("Ranges cover the ids from the cursor on, one after the other")
    func cover() throws {
        let items = [4, 6, 9, 12].map { Item(id: $0) }
        let plan = try plan(items, after: 2, limit: BatchLimit(count: 1), batches: 3)
        #expect(plan.cursor == 2)
        #expect(plan.ranges.map(\.coverStart) == [2, 4, 6])
        #expect(!plan.reachedEnd)
    }

    @Test("The last wanted range, at the source's end, has reached the end")
    func end() throws {
        let items = [1, 2, 3].map { Item(id: $0) }
        #expect(try plan(items, after: nil, limit: BatchLimit(), batches: 1).reachedEnd)
        #expect(try plan(items, after: nil, limit: BatchLimit(count: 3), batches: 1).reachedEnd)
        #expect(try plan(items, after: nil, limit: BatchLimit(count: 2), batches: 2).reachedEnd)
        #expect(try !plan(items, after: nil, limit: BatchLimit(count: 2), batches: 1).reachedEnd)
    }

    @Test("A plan without ranges says how far it looked")
    func fruitless() {
        var planner = RangePlanner(after: 5, limit: BatchLimit())
        planner.passOver(to: 4)
        #expect(planner.position == 5)
        planner.passOver(to: 9)
        let plan = planner.finish(reachedEnd: false)
        #expect(plan.ranges.isEmpty)
        #expect(plan.scannedTo == 9)
        #expect(!plan.reachedEnd)
    }

    @Test("A range that is not known to be whole is left out")
    func unfinished() throws {
        var planner = RangePlanner(after: nil, limit: BatchLimit(count: 2), batches: 3)
        for id: Int64 in 1...3 { #expect(try planner.offer(Item(id: id))) }
        #expect(planner.isOpen)
        let plan = planner.finish(reachedEnd: false)
        #expect(plan.ranges.map { $0.ids.packed } == ["1-2"])
        #expect(plan.scannedTo == nil)
    }

    @Test("An id that does not ascend is refused", arguments: [5, 4, -1] as [Int64])
    func ascending(id: Int64) throws {
        var planner = RangePlanner(after: 5, limit: BatchLimit())
        #expect(throws: TrancheError.self) { try planner.offer(Item(id: id)) }
    }

    @Test("What stands before an item that breaks a rule is a range, which ends before it")
    func beforeFault() throws {
        let faults: [(item: Item, ids: String, weight: Double)] = [
            (Item(id: 9, weight: .nan), "1-2,4", 7), (Item(id: 4, weight: 1), "1-2", 3),
            (Item(id: 3, weight: 1), "1-2,4", 7),
        ]
        for fault in faults {
            var planner = RangePlanner(after: nil, limit: BatchLimit(), batches: 2)
            for id: Int64 in [1, 2, 4] {
                #expect(try planner.offer(Item(id: id, weight: Double(id))))
            }
            #expect(try !planner.offer(fault.item))
            let plan = planner.finish(reachedEnd: true)
            #expect(!plan.reachedEnd)
            #expect(plan.ranges.map(\.ids.packed) == [fault.ids])
            #expect(plan.ranges.first?.weight == fault.weight)
            #expect(plan.ranges.first?.items?.count == plan.ranges.first?.count)
        }
    }

    @Test("A weight beyond all numbers is the highest")
    func saturated() throws {
        var planner = RangePlanner(after: nil, limit: BatchLimit())
        for id: Int64 in 1...3 { _ = try planner.offer(Item(id: id, weight: 1e308)) }
        #expect(planner.finish(reachedEnd: true).ranges.first?.weight == .greatestFiniteMagnitude)
    }

    @Test("A wrong weight is refused, naming the id", arguments: [-1, -0.001, .infinity, .nan])
    func wrongWeight(weight: Double) {
        var planner = RangePlanner(after: nil, limit: BatchLimit())
        let error = #expect(throws: TrancheError.self) {
            try planner.offer(Item(id: 4711, weight: weight))
        }
        #expect(error?.code == .invalidItem)
        #expect(error?.message.contains("4711") == true)
    }

    @Test("A range too large to keep has no items, but all ids")
    func keptItems() throws {
        var planner = RangePlanner(after: nil, limit: BatchLimit(), keptItems: 3)
        for id: Int64 in 1...4 {
            _ = try planner.offer(Item(id: id, weight: 2))
            #expect(planner.keepsItems == (id <= 3))
        }
        let plan = planner.finish(reachedEnd: true)
        #expect(plan.ranges.first?.items == nil)
        #expect(plan.ranges.first?.count == 4)
        #expect(plan.ranges.first?.weight == 8)
    }

    private func plan(
        _ items: [Item],
        after cursor: Int64?,
        limit: BatchLimit,
        batches: Int
    ) throws -> RangePlan {
        var planner = RangePlanner(after: cursor, limit: limit, batches: batches)
        for item in items where try !planner.offer(item) {
            return planner.finish(reachedEnd: false)
        }
        return planner.finish(reachedEnd: true)
    }

    /// For each beginning, tries every length.
    private func slowRanges(of items: [Item], limit: BatchLimit) -> [[Item]] {
        var ranges: [[Item]] = []
        var left = items[...]
        while !left.isEmpty {
            let fitting = (1...left.count).filter { length in
                let weight = left.prefix(length).reduce(0) { $0 + $1.weight }
                return weight <= limit.weight ?? .infinity && length <= limit.count ?? .max
            }
            let length = fitting.max() ?? 1
            ranges.append(Array(left.prefix(length)))
            left = left.dropFirst(length)
        }
        return ranges
    }

    private func randomItems(_ random: inout SplitMix64) -> [Item] {
        var id = Int64.random(in: -9...9, using: &random)
        return (0..<Int.random(in: 0...25, using: &random)).map { _ in
            id += Int64.random(in: 1...3, using: &random)
            return Item(id: id, weight: Double(Int.random(in: 0...12, using: &random)) / 2)
        }
    }
}
