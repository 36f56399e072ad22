import Testing
import Tranche
import TrancheTestKit

@Suite("Cutting a batch into parts")
struct BatchSplitterTests {
    @Test("The halves are as even as a slow model makes them", arguments: 0..<300)
    func halves(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let items = randomItems(&random)
        let ids = IDRuns(items.map(\.id))
        let parts = BatchSplitter(ids: ids, items: items).halves
        try #require(parts.count == 2, "seed \(seed)")
        #expect(parts[0].ids.union(parts[1].ids) == ids, "seed \(seed)")
        let last = try #require(parts[0].ids.last)
        let first = try #require(parts[1].ids.first)
        #expect(last < first, "seed \(seed)")
        for part in parts {
            let weight = items.filter { part.ids.contains($0.id) }.reduce(0) { $0 + $1.weight }
            #expect(part.weight == weight, "seed \(seed)")
            #expect(!part.isBad)
        }
        // For each cut, the heavier side.
        let best = (1..<items.count).map { cut in
            let left = items.prefix(cut).reduce(0) { $0 + $1.weight }
            return max(left, items.reduce(0) { $0 + $1.weight } - left)
        }.min()
        #expect(max(parts[0].weight, parts[1].weight) == best, "seed \(seed)")
    }

    @Test("Items without weight are halved by number")
    func weightless() {
        let items = (1...9).map { Item(id: $0) }
        let parts = BatchSplitter(ids: IDRuns(1...9), items: items).halves
        #expect(parts.map(\.ids.packed) == ["1-4", "5-9"])
    }

    @Test("Samples are single ids, spread out, and the halves of the rest", arguments: 8...200)
    func samples(count: Int) throws {
        let ids = IDRuns((1...Int64(count)).map { $0 * 3 })
        let parts = BatchSplitter(ids: ids, items: []).samples(5)
        #expect(parts.map(\.ids.count).prefix(5) == [1, 1, 1, 1, 1])
        #expect(parts.count == 7)
        #expect(parts.reduce(IDRuns()) { $0.union($1.ids) } == ids)
        #expect(parts.reduce(0) { $0 + $1.ids.count } == count)
    }

    @Test("Of few ids, each is a sample", arguments: 1...7)
    func fewSamples(count: Int64) {
        let parts = BatchSplitter(ids: IDRuns(1...count), items: []).samples(5)
        #expect(parts.map(\.ids.packed) == (1...count).map { "\($0)" })
    }

    @Test("A single id is one part, and none is none")
    func single() {
        let item = Item(id: 7, weight: 2)
        let one = BatchSplitter(ids: nil, items: [item]).halves
        #expect(one == [BatchPart(ids: IDRuns(7...7), weight: 2)])
        #expect(BatchSplitter(ids: nil, items: []).halves.isEmpty)
    }

    @Test(
        "An item of a thousand is alone after ten cuts, wherever it is",
        arguments: [1, 437, 1000]
    )
    func isolation(bad: Int64) throws {
        let items = (Int64(1)...1000).map { Item(id: $0, weight: 1) }
        var ids = IDRuns(1...1000)
        var cuts = 0
        while ids.count > 1 {
            let parts = BatchSplitter(ids: ids, items: items).halves
            ids = try #require(parts.first { $0.ids.contains(bad) }).ids
            cuts += 1
        }
        #expect(cuts <= 10)
    }

    @Test("Bad items are parts of their own, and the rest is one", arguments: 0..<100)
    func badItems(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let items = randomItems(&random)
        let bad = Set(items.map(\.id).filter { _ in Int.random(in: 0...3, using: &random) == 0 })
        // One of them has vanished: it weighs nothing, and is still the batch's.
        let vanished = items.first?.id
        let splitter = BatchSplitter(
            ids: IDRuns(items.map(\.id)),
            items: items.filter { $0.id != vanished }
        )
        let parts = try splitter.parts(bad: bad)
        #expect(Set(parts.filter(\.isBad).flatMap { Array($0.ids.ids) }) == bad, "seed \(seed)")
        #expect(parts.filter(\.isBad).allSatisfy { $0.ids.count == 1 }, "seed \(seed)")
        #expect(parts.filter { !$0.isBad }.count == (bad.count < items.count ? 1 : 0))
        #expect(parts.reduce(0) { $0 + $1.ids.count } == items.count, "seed \(seed)")
        let weight = items.dropFirst().reduce(0) { $0 + $1.weight }
        #expect(parts.reduce(0) { $0 + $1.weight } == weight, "seed \(seed)")
    }

    @Test("An id that is not the batch's is refused")
    func unknown() {
        let splitter = BatchSplitter(ids: IDRuns(1...3), items: [])
        let error = #expect(throws: TrancheError.self) { try splitter.parts(bad: [2, 5, 9]) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("5, 9") == true)
    }

    private func randomItems(_ random: inout SplitMix64) -> [Item] {
        var id = Int64.random(in: -9...9, using: &random)
        return (0..<Int.random(in: 2...30, using: &random)).map { _ in
            id += Int64.random(in: 1...3, using: &random)
            return Item(id: id, weight: Double(Int.random(in: 0...12, using: &random)) / 2)
        }
    }
}
