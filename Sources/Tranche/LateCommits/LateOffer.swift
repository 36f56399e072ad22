package import FoundationEssentials

/// What becomes of gaps after a look, decided under the run's lock.
///
/// A look counts only for a gap that is as it was: a worker that hands out an id of a gap changes
/// the gap, so that an id found free is still free.
package struct LateOffer: Sendable {
    /// The items of the late batch; `nil` when there is none.
    package private(set) var batch: PlannedRange?
    /// The gaps as they are now; with ``Gap/id`` 0 those that are new.
    package private(set) var kept: [Gap] = []
    /// The numbers of the gaps that are no more.
    package private(set) var removed: [Int64] = []

    /// Decides.
    ///
    /// - Parameters:
    ///   - looks: What the looks found.
    ///   - gaps: The gaps as they are now.
    ///   - limit: How large a late batch may be.
    ///   - isWanted: Whether a late batch is handed out.
    ///   - hasKeys: Whether a batch of another key may be handed out where one is not; not by
    ///     default.
    ///   - now: The inventory's time.
    ///   - admit: Whether a batch is handed out; asked of one after another, until one is. Any is
    ///     by default.
    /// - Throws: ``TrancheError`` `.invalidItem` for an item that breaks the rules.
    package init(
        looks: [GapCheck],
        gaps: [Gap],
        limit: BatchLimit,
        isWanted: Bool,
        hasKeys: Bool = false,
        now: Date,
        admit: (PlannedRange) -> Bool = { _ in true }
    ) throws {
        let current = Dictionary(gaps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let valid = looks.filter { current[$0.gap.id]?.looks == $0.gap.looks }
        var late = IDRuns()
        if isWanted {
            var planner = RangePlanner(
                after: nil,
                limit: limit,
                batches: hasKeys ? .max : 1,
                keptItems: GapCheck.limit
            )
            var last: Int64?
            feeding: for item in valid.flatMap(\.found).sorted(by: { $0.id < $1.id }) {
                // Gaps may overlap where ids are queued again.
                if let last, item.id <= last { continue }
                last = item.id
                if try !planner.offer(item) { break feeding }
            }
            batch = planner.finish(reachedEnd: true).ranges.first(where: admit)
            late = batch?.ids ?? late
        }
        for look in valid { settle(look, late: late, now: now) }
    }

    private mutating func settle(_ look: GapCheck, late: IDRuns, now: Date) {
        var gap = look.gap
        let taken = late.intersection(gap.range)
        let isLeft = look.hasMore || look.found.contains { !late.contains($0.id) }
        if gap.isOpen, look.holders.isEmpty {
            // Watched from here on for as long as it would have been.
            gap.watchUntil = now + gap.watchUntil.timeIntervalSince(gap.foundAt)
        }
        gap.holders = look.holders
        gap.epoch = look.holders.isEmpty ? "" : look.epoch
        gap.looks += 1
        gap.nextLook =
            isLeft
            ? now
            : now.addingTimeInterval(
                Gap.wait(afterLooks: taken.count > 0 ? 0 : gap.looks, isOpen: gap.isOpen).seconds
            )
        if gap.isRedo {
            // Queued ids are handed out once.
            replace(gap, by: isLeft ? late.complement(in: gap.range) : [])
        } else if !gap.isOpen, !isLeft, now >= gap.watchUntil {
            removed.append(gap.id)
        } else if gap.isExact, taken.count > 0, taken.runs.count <= TileGaps.mostExact {
            replace(gap, by: taken.complement(in: gap.range))
        } else {
            // What the source had and has no more is not expected again. An id that was queued to
            // be done again is taken too, but was known before.
            let new = look.found.count { late.contains($0.id) }
            let known = look.known + new
            // None would mean an exact gap: ids that have all vanished are compared when they are
            // back.
            gap.known = look.hasMore || known == 0 && !gap.isExact ? nil : known
            kept.append(gap)
        }
    }

    private mutating func replace(_ gap: Gap, by ranges: [ClosedRange<Int64>]) {
        if ranges.isEmpty { removed.append(gap.id) }
        for (index, range) in ranges.enumerated() {
            var part = gap
            part.range = range
            if index > 0 { part.id = 0 }
            kept.append(part)
        }
    }
}
