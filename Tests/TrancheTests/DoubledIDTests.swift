import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Ids that stand more than once")
struct DoubledIDTests {
    @Test("A range is read to its end, each row once, wherever ids are doubled", arguments: 0..<300)
    func reading(seed: Int) async {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = (0..<Int.random(in: 0...40, using: &random)).map { _ in
            Int64.random(in: 1...12, using: &random)
        }.sorted()
        let size = Int.random(in: 1...9, using: &random)
        var reading = RangeReading(0...20, size: size)
        var read: [Int64] = []
        while let page = await reading.next(
            { range, limit in Array(ids.filter { range.contains($0) }.prefix(limit)) },
            id: { $0 }
        ) {
            read += page
        }
        // Of an id with more rows than a step has, as many as one has.
        let counts = Dictionary(grouping: ids, by: \.self).mapValues { min($0.count, size) }
        #expect(Dictionary(grouping: read, by: \.self).mapValues(\.count) == counts, "seed \(seed)")
        #expect(read == read.sorted(), "seed \(seed)")
    }

    @Test("A set takes ids in any order, each once", arguments: 0..<200)
    func anyOrder(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = (0..<30).map { _ in Int64.random(in: -20...20, using: &random) }
        var runs = IDRuns()
        for id in ids { runs.append(id) }
        #expect(runs == IDRuns(ids), "seed \(seed)")
        #expect(runs.count == Set(ids).count, "seed \(seed)")
    }

    @Test("Sets as wide as the id space neither trap nor hang")
    func widest() {
        let all = IDRuns(.min ... .max)
        #expect(all.count == .max)
        #expect(all.packed == "\(Int64.min)-\(Int64.max)")
        #expect(IDRuns(0 ... .max).union(all) == all)
        #expect(all.subtracting(all).count == 0)
        #expect(IDChecksum(all).count == .max)
        #expect(
            IDChecksum(IDRuns(-3...4_000_000)).sum
                == (-3...4_000_000).reduce(0) { $0 + ($1 & IDChecksum.mask) }
        )
        #expect(all.pages(of: 3).first { _ in true } != nil)
    }
}
