package import FoundationEssentials

/// Makes the gaps of what a run passes over.
package struct TileGaps: Sendable {
    /// Most exact gaps of one tile; a tile with more becomes one coarse gap.
    static let mostExact = 16

    private let now: Date
    private let watch: Duration
    private let holders: Set<String>
    private let epoch: String

    /// Makes the maker for one acquire.
    ///
    /// - Parameters:
    ///   - settling: How far the run may hand out, as it is now.
    ///   - policy: The run's policy.
    ///   - now: The inventory's time.
    package init(settling: SettlingState, policy: RunPolicy, now: Date) {
        self.now = now
        watch = policy.watch
        holders = settling.lingering(now: now, wait: policy.settleWait)
        epoch = settling.epoch
    }

    /// The gaps of a part of the id space that a run passes over.
    ///
    /// - Parameters:
    ///   - cursor: Where the run stood; `nil` before the first item.
    ///   - end: Where it stands then.
    ///   - ids: The ids handed out.
    ///   - bounds: The ids that the run may use.
    /// - Returns: The gaps, ascending; none when every id was handed out.
    package func gaps(
        after cursor: Int64?,
        through end: Int64,
        handedOut ids: IDRuns,
        within bounds: IDBounds
    ) -> [Gap] {
        let start = cursor.map { $0 == .max ? $0 : $0 + 1 } ?? .min
        let lower = max(start, bounds.lower ?? .min)
        guard lower <= end, lower > cursor ?? .min || cursor == nil else { return [] }
        let free = ids.complement(in: lower...end)
        if free.count <= Self.mostExact { return free.map { gap($0, known: 0) } }
        guard cursor == nil, let first = ids.first, first > lower else {
            return [gap(lower...end, known: ids.count)]
        }
        // The part before the very first item is apart: it may be as wide as the id space.
        return [gap(lower...(first - 1), known: 0), gap(first...end, known: ids.count)]
    }

    private func gap(_ range: ClosedRange<Int64>, known: Int) -> Gap {
        Gap(
            range: range,
            known: known,
            holders: holders,
            epoch: holders.isEmpty ? "" : epoch,
            foundAt: now,
            nextLook: now.addingTimeInterval(1),
            watchUntil: now.addingTimeInterval(watch.seconds)
        )
    }
}
