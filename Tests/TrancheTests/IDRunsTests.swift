import Testing
import Tranche
import TrancheTestKit

@Suite("Sets of ids")
struct IDRunsTests {
    @Test("Packed text gives the same ids again", arguments: 0..<200)
    func packing(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = randomIDs(&random)
        let runs = idRuns(ids)
        let again = try #require(IDRuns(packed: runs.packed), "seed \(seed)")
        #expect(again == runs, "seed \(seed): \(runs.packed)")
        #expect(runs.runs.flatMap { Array($0) } == ids, "seed \(seed)")
        #expect(runs.count == ids.count, "seed \(seed)")
    }

    @Test(
        "Packed text is runs of neighbours",
        arguments: [
            ([1, 2, 3, 4, 6, 9, 10], "1-4,6,9-10"), ([-5, -4, -3, -1, 0], "-5--3,-1-0"),
            ([7], "7"), ([], ""), ([.min, 0], "\(Int64.min),0"), ([0, .max], "0,\(Int64.max)"),
        ] as [([Int64], String)]
    )
    func packedText(ids: [Int64], text: String) {
        #expect(idRuns(ids).packed == text)
    }

    @Test(
        "Text that is not ascending runs is refused",
        arguments: [
            "a", "1-", "-", "3-1", "1,1", "5,4", "1-3,3-4", "1,,2", ",", "1 ", "1-2-3", "0x1",
        ]
    )
    func refusedText(text: String) {
        #expect(IDRuns(packed: text) == nil)
    }

    @Test("A set holds what was added, and nothing else", arguments: 0..<100)
    func contains(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = randomIDs(&random)
        let runs = idRuns(ids)
        let all = Set(ids)
        for id in (ids.first ?? 0) - 3...(ids.last ?? 0) + 3 {
            #expect(runs.contains(id) == all.contains(id), "seed \(seed), id \(id)")
        }
        let span = (ids.last ?? 0) - (ids.first ?? 0)
        #expect(runs.isDense == (ids.isEmpty || ids.count == Int(span) + 1))
        #expect(runs.first == ids.first)
        #expect(runs.last == ids.last)
    }

    @Test("Pages hold each id once, in order, and are not too large", arguments: 0..<200)
    func pages(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = randomIDs(&random)
        let size = Int.random(in: 1...20, using: &random)
        var read: [Int64] = []
        let runs = idRuns(ids)
        for page in runs.pages(of: size) {
            switch page {
            case .list(let list):
                #expect(!list.isEmpty && list.count <= size, "seed \(seed)")
                read += list
            case .range(let range):
                let found = range.filter { runs.contains($0) }
                #expect(!found.isEmpty && found.count <= size, "seed \(seed)")
                // Read without a filter: as many entries as a page may have, twice, at most.
                #expect(range.count <= 2 * size, "seed \(seed)")
                read += found
            }
        }
        #expect(read == ids, "seed \(seed), pages of \(size)")
    }

    @Test("Pages reach both ends of what 64 bits hold")
    func pagesAtTheEnds() {
        let runs = idRuns([.min, .min + 1, 0, .max - 1, .max])
        var read: [Int64] = []
        for page in runs.pages(of: 2) {
            switch page {
            case .list(let list): read += list
            case .range(let range): read += Array(range)
            }
        }
        #expect(read == [.min, .min + 1, 0, .max - 1, .max])
    }

    @Test("A range is one run")
    func range() {
        let runs = IDRuns(-3...4)
        #expect(runs.count == 8)
        #expect(runs.packed == "-3-4")
        #expect(runs.isDense)
    }

    private func idRuns(_ ids: [Int64]) -> IDRuns {
        var runs = IDRuns()
        for id in ids { runs.append(id) }
        return runs
    }

    private func randomIDs(_ random: inout SplitMix64) -> [Int64] {
        var ids: [Int64] = []
        var id = Int64.random(in: -50...50, using: &random)
        let gap = Int64.random(in: 1...6, using: &random)
        for _ in 0..<Int.random(in: 0...80, using: &random) {
            ids.append(id)
            id += Bool.random(using: &random) ? 1 : Int64.random(in: 1...gap, using: &random)
        }
        return ids
    }
}
