import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite("What becomes of gaps after a look")
struct LateOfferTests {
    private let now = Date(timeIntervalSince1970: 1000)

    @Test("Every id that appears is handed out once, whoever looked", arguments: 0..<300)
    func model(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var world = GapWorld(random: &random)
        for _ in 0..<30 {
            world.addRows(&random)
            // Two look at the same time; the first to come back changes the gaps for the other.
            let looks = world.look(&random)
            let others = world.look(&random)
            try world.apply(looks, limit: Int.random(in: 1...4, using: &random), seed: seed)
            try world.apply(others, limit: Int.random(in: 1...4, using: &random), seed: seed)
        }
        for _ in 0..<200 { try world.apply(world.lookAtAll(), limit: 4, seed: seed) }
        #expect(world.handedOut == world.rows, "seed \(seed)")
    }

    @Test("A gap is removed when it is closed, nothing was found, and its watch is over")
    func closing() throws {
        for (isOpen, found, isOver, isRemoved) in [
            (false, [], true, true), (false, [], false, false), (true, [], true, false),
            (false, [5], true, false),
        ] as [(Bool, [Int64], Bool, Bool)] {
            let gap = gap(4...6, watchUntil: now.addingTimeInterval(isOver ? 0 : 1))
            let look = GapCheck(
                gap: gap,
                found: found.map { Item(id: $0) },
                known: 0,
                holders: isOpen ? ["a"] : [],
                epoch: "1"
            )
            let offer = try offer([look], [gap], isWanted: false)
            #expect(offer.removed == (isRemoved ? [1] : []))
            #expect(offer.kept.map(\.isOpen) == (isRemoved ? [] : [isOpen]))
            #expect(offer.batch == nil)
        }
    }

    @Test("What was found and not taken is looked at again at once; else later and later")
    func nextLook() throws {
        var gap = gap(4...6)
        for wait in [2.0, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600] {
            let offer = try offer([GapCheck(gap: gap, found: [], known: 0)], [gap])
            gap = try #require(offer.kept.first)
            #expect(gap.nextLook == now.addingTimeInterval(wait))
        }
        let look = GapCheck(gap: gap, found: [Item(id: 5)], known: 0)
        #expect(try offer([look], [gap], isWanted: false).kept.map(\.nextLook) == [now])
        let open = GapCheck(gap: gap, found: [], known: 0, holders: ["a"], epoch: "1")
        let kept = try offer([open], [gap]).kept
        #expect(kept.map(\.nextLook) == [now.addingTimeInterval(1)])
    }

    @Test("A look at a gap that has changed since does not count")
    func stale() throws {
        let gap = gap(4...6)
        var changed = gap
        changed.looks += 1
        let look = GapCheck(gap: gap, found: [Item(id: 5)], known: 0)
        let offer = try offer([look], [changed])
        #expect(offer.batch == nil && offer.kept.isEmpty && offer.removed.isEmpty)
    }

    @Test("A late batch keeps to the limit, and is of all gaps together")
    func limit() throws {
        let gaps = [gap(1...3), gap(7...9, id: 2)]
        let found = [[Item(id: 2, weight: 2)], [Item(id: 7, weight: 1), Item(id: 9, weight: 4)]]
        let looks = zip(gaps, found).map { GapCheck(gap: $0, found: $1, known: 0) }
        let offer = try LateOffer(
            looks: looks,
            gaps: gaps,
            limit: BatchLimit(weight: 5),
            isWanted: true,
            now: now
        )
        #expect(offer.batch?.ids.packed == "2,7")
        #expect(offer.batch?.weight == 3)
        #expect(offer.kept.map(\.range) == [1...1, 3...3, 8...9])
        #expect(offer.kept.map(\.id) == [1, 0, 2])
    }

    @Test("Queued ids are handed out once, and do not make a coarse gap forget")
    func redo() throws {
        var coarse = gap(1...100)
        coarse.known = 50
        var queued = gap(10...11, id: 2)
        queued.isRedo = true
        let items = [Item(id: 10), Item(id: 11)]
        let looks = [
            GapCheck(gap: coarse, found: [], known: 50),
            GapCheck(gap: queued, found: items, known: 0),
        ]
        let offer = try offer(looks, [coarse, queued])
        #expect(offer.batch?.ids.packed == "10-11")
        #expect(offer.removed == [2])
        #expect(offer.kept.map(\.known) == [50])
    }

    private func offer(_ looks: [GapCheck], _ gaps: [Gap], isWanted: Bool = true) throws
        -> LateOffer
    {
        let limit = BatchLimit()
        return try LateOffer(looks: looks, gaps: gaps, limit: limit, isWanted: isWanted, now: now)
    }

    private func gap(
        _ range: ClosedRange<Int64>,
        id: Int64 = 1,
        watchUntil: Date = .distantFuture
    ) -> Gap {
        Gap(id: id, range: range, foundAt: now, nextLook: now, watchUntil: watchUntil)
    }
}

/// A run with gaps, and rows that appear in them.
private struct GapWorld {
    private(set) var rows: Set<Int64> = []
    private(set) var handedOut: Set<Int64> = []
    private var gaps: [Gap] = []
    private var lastGap: Int64 = 0
    private let end: Int64
    private let now = Date(timeIntervalSince1970: 1000)

    init(random: inout SplitMix64) {
        end = Int64.random(in: 5...60, using: &random)
        let odds = Int.random(in: 0...3, using: &random)
        rows = Set((1...end).filter { _ in Int.random(in: 0...odds, using: &random) == 0 })
        handedOut = rows
        let maker = TileGaps(settling: SettlingState(), policy: RunPolicy(), now: now)
        let new = maker.gaps(
            after: 0,
            through: end,
            handedOut: IDRuns(handedOut),
            within: IDBounds()
        )
        for gap in new { add(gap) }
    }

    private mutating func add(_ gap: Gap) {
        lastGap += 1
        var gap = gap
        gap.id = lastGap
        gaps.append(gap)
    }

    mutating func addRows(_ random: inout SplitMix64) {
        for id in 1...end where Int.random(in: 0...20, using: &random) == 0 { rows.insert(id) }
    }

    /// Looks at some gaps.
    func look(_ random: inout SplitMix64) -> [GapCheck] {
        gaps.filter { _ in Bool.random(using: &random) }.map(look)
    }

    func lookAtAll() -> [GapCheck] { gaps.map(look) }

    private func look(_ gap: Gap) -> GapCheck {
        let present = rows.filter { gap.range.contains($0) }
        let new = present.subtracting(handedOut).sorted()
        return GapCheck(
            gap: gap,
            found: new.map { Item(id: $0, weight: 1) },
            known: present.count - new.count
        )
    }

    mutating func apply(_ looks: [GapCheck], limit: Int, seed: Int) throws {
        let offer = try LateOffer(
            looks: looks,
            gaps: gaps,
            limit: BatchLimit(count: limit),
            isWanted: true,
            now: now
        )
        for id in offer.batch?.ids.ids.map({ $0 }) ?? [] {
            #expect(handedOut.insert(id).inserted, "seed \(seed): id \(id) was handed out twice")
        }
        gaps.removeAll { gap in
            offer.removed.contains(gap.id) || offer.kept.contains { $0.id == gap.id }
        }
        for gap in offer.kept {
            if gap.id == 0 { add(gap) } else { gaps.append(gap) }
        }
        for gap in gaps where gap.isExact {
            let inside = handedOut.filter { gap.range.contains($0) }
            #expect(inside.isEmpty, "seed \(seed): \(gap.range) has \(inside)")
        }
    }
}
