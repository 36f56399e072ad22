import Foundation
import Testing
import Tranche

@Suite("Many gaps")
struct GapLimitTests {
    private let now = Date(timeIntervalSince1970: 1000)

    @Test("As many gaps as may be stay as they are")
    func few() {
        let limit = GapLimit(gaps(GapLimit.most))
        #expect(limit.joined.isEmpty && limit.removed.isEmpty && limit.dropped == 0)
    }

    @Test("Of more, neighbours are joined, and no id is left out", arguments: [1001, 1500, 20_000])
    func many(count: Int) {
        let all = gaps(count)
        let limit = GapLimit(all)
        let removed = Set(limit.removed)
        let joined = Dictionary(uniqueKeysWithValues: limit.joined.map { ($0.id, $0) })
        let left = all.filter { !removed.contains($0.id) }.map { joined[$0.id] ?? $0 }
        #expect(left.count <= GapLimit.most)
        #expect(limit.dropped == 0)
        #expect(all.allSatisfy { gap in left.contains { $0.range.contains(gap.range.lowerBound) } })
        #expect(limit.joined.allSatisfy { $0.known == nil && $0.looks > 0 })
    }

    @Test("Open gaps and queued ids stay apart; of the others the longest watched are given up")
    func apart() {
        var all = gaps(1100)
        for index in all.indices where index % 2 == 0 {
            if index % 4 == 0 { all[index].holders = ["a"] } else { all[index].isRedo = true }
        }
        let limit = GapLimit(all)
        #expect(limit.joined.isEmpty)
        #expect(limit.dropped == 100)
        #expect(limit.removed.sorted() == (1...100).map { Int64($0) * 2 })
    }

    private func gaps(_ count: Int) -> [Gap] {
        (1...count).map { number in
            let id = Int64(number)
            return Gap(
                id: id,
                range: (id * 10)...(id * 10 + 3),
                foundAt: now,
                nextLook: now,
                watchUntil: now.addingTimeInterval(Double(number))
            )
        }
    }
}
