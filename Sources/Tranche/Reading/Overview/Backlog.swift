package import Foundation

/// What of a source waits behind a run's cursor.
package struct Backlog: Sendable, Hashable {
    /// How many items.
    package var items: Int
    /// Their weight.
    package var weight: Double
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

/// A source that can count the waiting items without reading them.
package protocol BacklogSource: MetaSource {
    /// Adds up what waits.
    ///
    /// - Parameters:
    ///   - cursor: The id after which items wait; `nil` from the beginning.
    ///   - bounds: The ids that may be used.
    /// - Returns: The backlog, of ``Backlog/mostItems`` entries looked at.
    /// - Throws: The source's failure.
    func backlog(after cursor: Int64?, within bounds: IDBounds) async throws -> Backlog
}

extension MetaSource {
    /// Adds up what waits; of most sources by planning.
    ///
    /// - Parameters:
    ///   - cursor: The id after which items wait; `nil` from the beginning.
    ///   - bounds: The ids that may be used.
    /// - Returns: The backlog.
    /// - Throws: The source's failure.
    package func waiting(after cursor: Int64?, within bounds: IDBounds) async throws -> Backlog {
        if let source = self as? any BacklogSource {
            return try await source.backlog(after: cursor, within: bounds)
        }
        let plan = try await nextRange(
            after: cursor,
            within: bounds,
            limit: BatchLimit(count: Backlog.mostItems),
            batches: 1
        )
        guard let range = plan.ranges.first, let first = range.ids.first, let last = range.ids.last
        else { return Backlog(isExact: plan.reachedEnd, highestID: plan.highestID) }
        if plan.reachedEnd {
            return Backlog(items: range.count, weight: range.weight, highestID: last)
        }
        let highest = min(try await highestID() ?? last, bounds.upper ?? .max)
        return Backlog(
            items: range.count,
            weight: range.weight,
            in: first...max(first, last),
            through: highest
        )
    }
}
