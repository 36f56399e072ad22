import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("The gaps of a tile")
struct TileGapsTests {
    @Test("Every id that was not handed out is in one gap", arguments: 0..<300)
    func model(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let start = Int64.random(in: -20...20, using: &random)
        let cursor = Bool.random(using: &random) ? start : nil
        let end = start + Int64.random(in: 1...120, using: &random)
        let odds = Int.random(in: 1...4, using: &random)
        let ids = IDRuns(
            (start + 1...end).filter { $0 == end || Int.random(in: 0...odds, using: &random) == 0 }
        )
        let lower: Int64? = Bool.random(using: &random) ? start - 5 : nil
        let gaps = maker().gaps(
            after: cursor,
            through: end,
            handedOut: ids,
            within: IDBounds(lower: lower, upper: nil)
        )
        for (one, next) in zip(gaps, gaps.dropFirst()) {
            #expect(one.range.upperBound < next.range.lowerBound, "seed \(seed)")
        }
        #expect(gaps.count <= 17, "seed \(seed)")
        let first = cursor.map { $0 + 1 } ?? lower
        for id in (first ?? start - 30)...end {
            let gap = gaps.first { $0.range.contains(id) }
            if !ids.contains(id) {
                #expect(gap != nil, "seed \(seed): id \(id)")
            } else if let gap {
                #expect(!gap.isExact, "seed \(seed): id \(id)")
            }
        }
        #expect(gaps.allSatisfy { $0.known == ids.intersection($0.range).count }, "seed \(seed)")
        #expect(gaps.first.map { $0.range.lowerBound >= first ?? .min } ?? true, "seed \(seed)")
        if first == nil { #expect(gaps.first?.range.lowerBound == .min, "seed \(seed)") }
    }

    @Test("Ids that step by 1000 make one gap, however many they are")
    func steps() {
        let ids = IDRuns((1...5000).map { $0 * 1000 })
        let gaps = maker().gaps(
            after: 0,
            through: 5_000_000,
            handedOut: ids,
            within: IDBounds()
        )
        #expect(gaps.map(\.range) == [1...5_000_000])
        #expect(gaps.map(\.known) == [5000])
    }

    @Test("The ends of what 64 bits hold are reached")
    func ends() {
        let bounds = IDBounds()
        let low = maker().gaps(after: nil, through: .min, handedOut: IDRuns([.min]), within: bounds)
        #expect(low.isEmpty)
        let high = maker().gaps(after: .max - 2, through: .max, handedOut: IDRuns(), within: bounds)
        #expect(high.map(\.range) == [(.max - 1)...(.max)])
        let behind = maker().gaps(after: .max, through: .max, handedOut: IDRuns(), within: bounds)
        #expect(behind.isEmpty)
    }

    @Test("Writers that were waited for in vain keep a gap open")
    func open() {
        let start = Date(timeIntervalSince1970: 0)
        var settling = SettlingState()
        let observation = WriterObservation(highestID: 9, epoch: "e", holders: ["slow"])
        settling.observe(observation, now: start, wait: .seconds(5))
        let policy = RunPolicy(settleWait: .seconds(5), watch: .seconds(100))
        for (seconds, holders) in [(4.0, Set<String>()), (5, ["slow"])] {
            let now = start.addingTimeInterval(seconds)
            let gaps = TileGaps(settling: settling, policy: policy, now: now).gaps(
                after: 1,
                through: 3,
                handedOut: IDRuns([3]),
                within: IDBounds()
            )
            #expect(gaps.map(\.holders) == [holders])
            #expect(gaps.map(\.isOpen) == [!holders.isEmpty])
            #expect(gaps.map(\.epoch) == [holders.isEmpty ? "" : "e"])
            #expect(gaps.map(\.nextLook) == [now.addingTimeInterval(1)])
            #expect(gaps.map(\.watchUntil) == [now.addingTimeInterval(100)])
        }
    }

    private func maker() -> TileGaps {
        TileGaps(
            settling: SettlingState(),
            policy: RunPolicy(),
            now: Date(timeIntervalSince1970: 0)
        )
    }
}
