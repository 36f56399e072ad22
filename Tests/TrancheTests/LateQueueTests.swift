import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("Queueing ids for a late batch")
struct LateQueueTests {
    private let now = Date(timeIntervalSince1970: 1000)

    @Test("Every id is in a gap that is due", arguments: 0..<100, [false, true])
    func model(seed: Int, isRedo: Bool) {
        var random = SplitMix64(seed: UInt64(seed))
        let ids = IDRuns((1...60).filter { _ in Int.random(in: 0...4, using: &random) == 0 })
        var gaps: [Gap] = []
        for number in 0..<Int64(6) where Bool.random(using: &random) {
            var gap = Gap(
                id: number + 1,
                range: (number * 10)...(number * 10 + Int64.random(in: 0...9, using: &random)),
                foundAt: now,
                nextLook: .distantFuture,
                watchUntil: .distantFuture
            )
            gap.known = Int.random(in: 0...1, using: &random)
            gap.isRedo = Bool.random(using: &random)
            gaps.append(gap)
        }
        let queue = LateQueue(
            ids: ids,
            gaps: gaps,
            isRedo: isRedo,
            watch: .seconds(9),
            now: now
        )
        #expect(queue.count == ids.count, "seed \(seed)")
        let due = queue.changed + queue.new
        for id in ids.ids {
            #expect(due.contains { $0.range.contains(id) && $0.isRedo == isRedo }, "seed \(seed)")
        }
        #expect(due.allSatisfy { $0.nextLook == now }, "seed \(seed)")
        for changed in queue.changed {
            let before = gaps.first { $0.id == changed.id }
            #expect(changed.looks == 1, "seed \(seed)")
            #expect(before?.isExact == true ? changed.isExact : changed.known == nil || isRedo)
        }
        #expect(queue.new.allSatisfy { $0.isExact && $0.id == 0 }, "seed \(seed)")
    }
}
