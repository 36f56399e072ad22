package import FoundationEssentials

/// What of a source waits behind a run's cursor.
package struct Backlog: Sendable, Hashable {
    /// How many items.
    package var items: Int
    /// Their weight; 0 where ``hasWrongWeights``.
    package var weight: Double
    /// Whether one of them has a weight that is no number from 0 up, so that they have no sum, and
    /// the run stops there.
    package var hasWrongWeights = false
    /// Whether all of them were looked at; otherwise both numbers are estimates, from the first of
    /// them and how far the source goes.
    package var isExact: Bool
    /// The highest id of the source; `nil` where nobody asked.
    package var highestID: Int64?
    /// When the oldest of them was made, or since when at least something waits; `nil` where nobody
    /// knows.
    package var oldestAt: Date?

    /// How many items are looked at.
    package static let mostItems = 10_000

    /// Makes a backlog; without arguments, none.
    package init(
        items: Int = 0,
        weight: Double = 0,
        isExact: Bool = true,
        highestID: Int64? = nil,
        oldestAt: Date? = nil
    ) {
        self.items = items
        self.weight = weight
        self.isExact = isExact
        self.highestID = highestID
        self.oldestAt = oldestAt
    }

    /// Adds what waits without an id, and gets ids above all others.
    package mutating func add(_ other: Backlog) {
        if other.items > 0 {
            highestID = (highestID ?? 0).addingClamped(Int64(other.items))
        }
        items = items.addingClamped(other.items)
        weight = hasWrongWeights ? 0 : weight.addingClamped(other.weight)
        if other.hasWrongWeights { spoilWeight() }
        isExact = isExact && other.isExact
        oldestAt = [oldestAt, other.oldestAt].compactMap { $0 }.min()
    }

    /// Notes that weights are wrong.
    package mutating func spoilWeight() {
        weight = 0
        hasWrongWeights = true
    }

    /// Estimates what waits from what was looked at.
    ///
    /// - Parameters:
    ///   - items: The items that were looked at.
    ///   - weight: Their weight.
    ///   - range: The ids in which they are.
    ///   - highest: The highest id that waits.
    ///   - oldestAt: When the oldest of them was made.
    package init(
        items: Int,
        weight: Double,
        in range: ClosedRange<Int64>,
        through highest: Int64,
        oldestAt: Date? = nil
    ) {
        let looked = Double(range.upperBound) - Double(range.lowerBound) + 1
        let all = Double(max(highest, range.upperBound)) - Double(range.lowerBound) + 1
        let factor = all / looked
        self.init(
            items: Int(min(1e18, (Double(items) * factor).rounded())),
            weight: (weight * factor).clamped,
            isExact: false,
            highestID: highest,
            oldestAt: oldestAt
        )
    }
}

/// What of a source is left for a run.
package struct SourcePart: Sendable, Hashable {
    /// The id after which items wait; `nil` from the beginning.
    package var cursor: Int64?
    /// The ids that may be used.
    package var bounds: IDBounds

    /// Makes a part.
    package init(after cursor: Int64?, within bounds: IDBounds) {
        self.cursor = cursor
        self.bounds = bounds
    }
}

/// A source that can count the waiting items without reading them.
package protocol BacklogSource: MetaSource {
    /// Adds up what waits, for several runs at once.
    ///
    /// - Parameter parts: What is left for each.
    /// - Returns: The backlogs in the same order, each of ``Backlog/mostItems`` entries looked at.
    /// - Throws: The source's failure.
    func backlogs(of parts: [SourcePart]) async throws -> [Backlog]
}

extension MetaSource {
    /// Adds up what waits; of most sources by planning.
    ///
    /// - Parameter parts: What is left for runs.
    /// - Returns: The backlog of each.
    /// - Throws: The source's failure.
    package func waiting(in parts: Set<SourcePart>) async throws -> [SourcePart: Backlog] {
        if parts.isEmpty { return [:] }
        let asked = Array(parts)
        var found: [SourcePart: Backlog] = [:]
        if let source = self as? any BacklogSource {
            for (part, backlog) in zip(asked, try await source.backlogs(of: asked)) {
                found[part] = backlog
            }
        } else {
            for part in asked { found[part] = try await planned(part) }
        }
        return found
    }

    private func planned(_ part: SourcePart) async throws -> Backlog {
        let plan = try await nextRange(
            after: part.cursor,
            within: part.bounds,
            limit: BatchLimit(count: Backlog.mostItems),
            batches: 1
        )
        guard let range = plan.ranges.first, let first = range.ids.first, let last = range.ids.last
        else { return Backlog(isExact: plan.reachedEnd, highestID: plan.highestID) }
        if plan.reachedEnd {
            return Backlog(items: range.count, weight: range.weight, highestID: last)
        }
        let highest = min(try await highestID() ?? last, part.bounds.upper ?? .max)
        return Backlog(
            items: range.count,
            weight: range.weight,
            in: first...max(first, last),
            through: highest
        )
    }
}
