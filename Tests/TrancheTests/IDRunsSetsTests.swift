import Testing
import Tranche
import TrancheTestKit

@Suite("Adding and taking away sets of ids")
struct IDRunsSetsTests {
    @Test("They are what sets of single ids are", arguments: 0..<400)
    func model(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let (one, other) = (randomIDs(&random), randomIDs(&random))
        let (mine, others) = (IDRuns(one), IDRuns(other))
        check(mine, one, seed)
        check(mine.union(others), one.union(other), seed)
        check(mine.subtracting(others), one.subtracting(other), seed)
        let low = Int64.random(in: -35...35, using: &random)
        let range = low...low + Int64.random(in: 0...30, using: &random)
        check(mine.intersection(range), one.filter { range.contains($0) }, seed)
        let left = mine.complement(in: range)
        #expect(Set(left.flatMap { $0 }) == Set(range).subtracting(one), "seed \(seed)")
        for (first, next) in zip(left, left.dropFirst()) {
            #expect(first.upperBound + 1 < next.lowerBound, "seed \(seed)")
        }
    }

    @Test("Ids in any order, and twice, are a set")
    func unordered() {
        #expect(IDRuns([5, 1, 2, 5, 9, 1, 3]).packed == "1-3,5,9")
        #expect(IDRuns([Int64]()).runs.isEmpty)
    }

    @Test("A run that touches the last is joined to it")
    func appending() {
        var runs = IDRuns()
        runs.append(run: 1...3)
        runs.append(run: 4...4)
        runs.append(run: 6...9)
        #expect(runs.packed == "1-4,6-9")
        #expect(runs.count == 8)
    }

    @Test("The ends of what 64 bits hold are reached")
    func ends() {
        let runs = IDRuns([.min, 0, .max])
        #expect(runs.complement(in: (.min)...(.max)) == [(.min + 1)...(-1), 1...(.max - 1)])
        #expect(IDRuns().complement(in: (.min)...(.max)) == [(.min)...(.max)])
        #expect(runs.intersection((.min)...(.max)) == runs)
        #expect(runs.subtracting(IDRuns([.max])).packed == "\(Int64.min),0")
        #expect(IDRuns([0]).union(IDRuns([.min, .max])) == runs)
        #expect(runs.complement(in: (.max)...(.max)).isEmpty)
    }

    private func check(_ runs: IDRuns, _ ids: Set<Int64>, _ seed: Int) {
        #expect(Array(runs.ids) == ids.sorted(), "seed \(seed)")
        #expect(runs.count == ids.count, "seed \(seed)")
        for (one, next) in zip(runs.runs, runs.runs.dropFirst()) {
            #expect(one.upperBound + 1 < next.lowerBound, "seed \(seed): \(runs.packed)")
        }
    }

    private func randomIDs(_ random: inout SplitMix64) -> Set<Int64> {
        let odds = Int.random(in: 0...5, using: &random)
        let isInverted = Bool.random(using: &random)
        return Set(
            (-30...30).filter { _ in
                (Int.random(in: 0...odds, using: &random) == 0) != isInverted
            }
        )
    }
}
