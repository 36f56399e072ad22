package import FoundationEssentials

/// Queues ids for a late batch: what becomes of a run's gaps.
package struct LateQueue: Sendable {
    /// Most gaps made in one go; what is more is not queued, and found again by the next audit.
    static let mostNew = 1000

    /// How many ids are queued.
    package let count: Int
    /// Gaps that are looked at at once, since they hold some of the ids.
    package private(set) var changed: [Gap] = []
    /// New gaps for the other ids.
    package private(set) var new: [Gap] = []

    /// Decides.
    ///
    /// - Parameters:
    ///   - ids: The ids; those handed out are left out already, unless they are to be again.
    ///   - gaps: The run's gaps that may hold one.
    ///   - isRedo: Whether ids are queued that were handed out before.
    ///   - watch: How long new gaps are watched.
    ///   - now: The inventory's time.
    package init(ids: IDRuns, gaps: [Gap], isRedo: Bool, watch: Duration, now: Date) {
        var rest = ids
        var queued = 0
        for gap in gaps where gap.isRedo == isRedo {
            let held = rest.intersection(gap.range)
            if held.count == 0 { continue }
            rest = rest.subtracting(held)
            queued += held.count
            var gap = gap
            if !gap.isExact, !gap.isRedo { gap.known = nil }
            gap.nextLook = now
            gap.looks += 1
            changed.append(gap)
        }
        new = rest.runs.prefix(Self.mostNew).map { run in
            queued += run.count
            return Gap(
                range: run,
                foundAt: now,
                nextLook: now,
                watchUntil: now.addingTimeInterval(watch.seconds),
                isRedo: isRedo
            )
        }
        count = queued
    }

    /// Decides about ids that were handed out and have no row any more.
    ///
    /// Gaps that count, or wait for what is to be done again, would take another row for the one
    /// that was there; only those without any id handed out watch for it.
    ///
    /// - Parameters:
    ///   - ids: The ids.
    ///   - gaps: The run's gaps that may hold one.
    ///   - watch: How long new gaps are watched.
    ///   - now: The inventory's time.
    package init(gone ids: IDRuns, gaps: [Gap], watch: Duration, now: Date) {
        var rest = ids
        for gap in gaps where gap.isExact && !gap.isRedo {
            rest = rest.subtracting(rest.intersection(gap.range))
        }
        new = rest.runs.prefix(Self.mostNew).map { run in
            Gap(
                range: run,
                foundAt: now,
                nextLook: now,
                watchUntil: now.addingTimeInterval(watch.seconds)
            )
        }
        count = ids.count
    }
}
