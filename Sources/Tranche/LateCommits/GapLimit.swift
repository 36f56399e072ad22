/// Keeps the number of a run's gaps bounded.
///
/// Neighbours are joined into coarse gaps; of closed ones that are still too many, those that were
/// watched longest are given up: they are left to the audit.
package struct GapLimit: Sendable {
    /// Most gaps of a run.
    package static let most = 1000

    /// Gaps that have grown.
    package private(set) var joined: [Gap] = []
    /// The numbers of gaps that are no more: joined to another, or given up.
    package private(set) var removed: [Int64] = []
    /// How many were given up.
    package private(set) var dropped = 0

    /// Decides.
    ///
    /// - Parameter gaps: All gaps of a run, ascending.
    package init(_ gaps: [Gap]) {
        guard gaps.count > Self.most else { return }
        let target = Self.most / 2
        // The widest reach to neighbours that leaves few enough of them.
        let groupSize = gaps.count / target + 1
        var kept: [Gap] = []
        var group: [Gap] = []
        for gap in gaps {
            let isOther =
                group.last.map { $0.holders != gap.holders || $0.epoch != gap.epoch } ?? false
            if gap.isRedo || isOther || group.count == groupSize {
                Self.close(&group, into: &kept, &removed)
            }
            if gap.isRedo { kept.append(gap) } else { group.append(gap) }
        }
        Self.close(&group, into: &kept, &removed)
        if kept.count > Self.most {
            let closed = kept.filter { !$0.isOpen && !$0.isRedo }
            let old = closed.sorted { ($0.watchUntil, $0.id) < ($1.watchUntil, $1.id) }
                .prefix(kept.count - Self.most)
            removed += old.map(\.id)
            dropped = old.count
            let gone = Set(old.map(\.id))
            kept.removeAll { gone.contains($0.id) }
        }
        let before = Dictionary(gaps.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        joined = kept.filter { before[$0.id]?.range != $0.range }
    }

    private static func close(
        _ group: inout [Gap],
        into kept: inout [Gap],
        _ removed: inout [Int64]
    ) {
        defer { group = [] }
        guard var gap = group.first, let last = group.last else { return }
        if group.count > 1 {
            gap.range =
                gap.range
                .lowerBound...group.reduce(last.range.upperBound) {
                    max($0, $1.range.upperBound)
                }
            // Between them ids were handed out: they are compared at the next look.
            gap.known = nil
            gap.looks = (group.map(\.looks).max() ?? 0) + 1
            gap.watchUntil = group.map(\.watchUntil).max() ?? gap.watchUntil
            gap.nextLook = group.map(\.nextLook).min() ?? gap.nextLook
            removed += group.dropFirst().map(\.id)
        }
        kept.append(gap)
    }
}
