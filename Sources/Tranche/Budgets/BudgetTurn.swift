import FoundationEssentials

/// Whose turn it is, of the runs that wait under a budget.
///
/// Each run has a quota: its share of the batches of the runs that wait. A quota is a whole number
/// of the run's batches; what is over goes to one run or another from second to second, so that
/// each has its share in the long run, also of a single place. One that is below its quota comes
/// first; above it, a run is let in only where no such one would have to wait for it. A batch that
/// is heavier than its run's share has its turn as often as is fair, and reserves what becomes free
/// once it has waited long for it: others would take it away forever.
///
/// It is the same for all that ask within the same second, and asks nobody: what was let in is all
/// that is known. Where nobody else waits, it leaves everything to the run that asks.
struct BudgetTurn {
    private let capacity: Double
    private let now: Date
    private let waiting: [Claimant]
    private let asking: Claimant
    private var quotas: [RunKey: Double] = [:]
    private var parts: [RunKey: Double] = [:]

    /// A run that waits or asks, in units of the capacity.
    struct Claimant {
        let run: RunKey
        let rank: BudgetRank
        let held: Double
        let need: Double
        let since: Date
    }

    /// Makes the turn of a moment.
    ///
    /// - Parameters:
    ///   - capacity: How much may be held, of batches or weight.
    ///   - asking: The run that asks.
    ///   - waiting: The others that wait.
    ///   - besides: The batches of runs that do not wait.
    ///   - now: The inventory's time.
    init(
        of capacity: Double,
        asking: Claimant,
        waiting: [Claimant],
        besides: Double,
        now: Date
    ) {
        self.capacity = capacity
        self.asking = asking
        self.waiting = waiting
        self.now = now
        share(max(capacity - besides, 0))
    }

    /// The runs that come before the one that asks, whose need stays reserved.
    var first: Set<RunKey> {
        let isLate = isOverdue(asking)
        let hasTurn = isLate || isBelowQuota(asking)
        return Set(
            waiting.filter { precedes($0, hasTurn: hasTurn, isLate: isLate) }.map(\.run)
        )
    }

    private func precedes(_ other: Claimant, hasTurn: Bool, isLate: Bool) -> Bool {
        if other.rank.priority != asking.rank.priority {
            return (other.rank.priority > asking.rank.priority) != isOfLower
        }
        if other.need >= asking.need, isOverdue(other) {
            return !isLate || other.since < asking.since
        }
        return !hasTurn && isBelowQuota(other)
    }

    // MARK: - Quotas

    /// The seconds since the reference date: in each there is another turn.
    private var second: Int64 { now.milliseconds / 1000 }

    /// Whether this is one of the seconds that are kept for lower priorities: one of twenty.
    private var isOfLower: Bool { second % 20 == 19 }

    /// Shares what may be held out among those of the priority of the one that asks, the one with
    /// the heaviest batches for its share first.
    private mutating func share(_ capacity: Double) {
        let equals = (waiting + [asking]).filter { $0.rank.priority == asking.rank.priority }
        let others = waiting.filter { $0.rank.priority != asking.rank.priority }
        let order = equals.sorted {
            let (left, right) = ($0.need / $0.rank.share, $1.need / $1.rank.share)
            return left == right ? $0.run.text < $1.run.text : left > right
        }
        var rest = max(capacity - others.reduce(0) { $0 + $1.held }, 0)
        var shares = order.reduce(0) { $0 + $1.rank.share }
        let (all, sum) = (rest, shares)
        for (place, claimant) in order.enumerated() {
            let need = min(max(claimant.need, .leastNonzeroMagnitude), self.capacity)
            let part = rest * claimant.rank.share / max(shares, claimant.rank.share)
            let count = (part / need + chance(claimant.run, at: place) + Self.slack).rounded(.down)
            let most = (rest / need + Self.slack).rounded(.down)
            let quota = min(count, most) * need
            quotas[claimant.run] = quota
            parts[claimant.run] = all * claimant.rank.share / sum
            rest = max(rest - quota, 0)
            shares -= claimant.rank.share
        }
    }

    /// Where a run stands in this second, in 0..<1.
    ///
    /// That of the first goes round evenly, by the golden ratio; those of the others do not depend
    /// on it.
    private func chance(_ run: RunKey, at place: Int) -> Double {
        if place == 0 {
            return (Double(second % 1_000_000) * 0.618_033_988_749_895)
                .truncatingRemainder(dividingBy: 1)
        }
        var hash = FNVHash(of: "\(run.text)\0\(second)").value
        // The lower bits of such a hash mix well only once the upper ones are folded in.
        hash ^= hash >> 33
        hash = hash &* 0xff51_afd7_ed55_8ccd
        hash ^= hash >> 33
        return Double(hash >> 11) / Double(UInt64(1) << 53)
    }

    private func isBelowQuota(_ claimant: Claimant) -> Bool {
        let need = min(claimant.need, capacity)
        return claimant.held + need <= (quotas[claimant.run] ?? 0) * (1 + Self.slack)
    }

    /// Whether a run that can never have enough by its share alone has waited for five times as
    /// long as it should between two turns.
    private func isOverdue(_ claimant: Claimant) -> Bool {
        let part = parts[claimant.run] ?? 0
        return claimant.need > part && claimant.held < part
            && now.timeIntervalSince(claimant.since) * part >= 5 * claimant.need
    }

    /// Sums of the same weights in another order differ a little.
    private static let slack = 1e-9
}

extension RunKey {
    /// The key as one text, to be compared by.
    fileprivate var text: String { "\(metaTable)\0\(job)\0\(run)" }
}
