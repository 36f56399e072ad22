package import Foundation

/// All runs at once: whether all is well, and how much waits.
package struct Overview: Sendable {
    /// The runs, those that need somebody first.
    package let runs: [RunStatus]
    /// How many items wait: behind the cursors, and given back or to be tried again.
    package let waitingItems: Int
    /// Whether all that waits was looked at.
    package let isExact: Bool
    /// Since when the oldest of it waits, as far as is known.
    package let oldestAt: Date?
    /// Batches that somebody holds.
    package let inFlight: Int
    /// Attempts that failed or lapsed in the last hour.
    package let failedLastHour: Int
    /// Whether there were more failures than are counted.
    package var isFailuresCut: Bool { failedLastHour >= RunSummary.Activity.mostFailures }

    /// Puts runs in order and adds them up.
    package init(_ runs: [RunStatus]) {
        self.runs = runs.enumerated().sorted { first, second in
            let (one, other) = (first.element, second.element)
            if one.state.rank != other.state.rank { return one.state.rank < other.state.rank }
            return one.run.key.isBefore(other.run.key) ?? (first.offset < second.offset)
        }.map(\.element)
        waitingItems = runs.reduce(0) { $0.addingClamped($1.waitingItems) }
        isExact = runs.allSatisfy { $0.backlog?.isExact ?? true }
        oldestAt = runs.compactMap(\.oldestAt).min()
        inFlight = runs.reduce(0) { $0 + $1.batches(.running) }
        failedLastHour = runs.reduce(0) { $0 + $1.summary.lastHour.failures }
    }
}

extension RunKey {
    /// Whether a run comes before another in the order in which people count: `job2` before `job10`.
    ///
    /// - Returns: `nil` where both are alike.
    fileprivate func isBefore(_ other: RunKey) -> Bool? {
        for (mine, theirs) in [
            (job, other.job), (metaTable, other.metaTable), (run, other.run),
        ] where mine != theirs {
            return NaturalOrder.isBefore(mine, theirs)
        }
        return nil
    }
}

/// The order in which people count.
package enum NaturalOrder {
    /// Whether a text comes before another: digits in a row are one number.
    package static func isBefore(_ one: String, _ other: String) -> Bool {
        var (rest, others) = (Substring(one), Substring(other))
        while let first = rest.first, let second = others.first {
            let numbers = (digits(of: rest), digits(of: others))
            if !numbers.0.isEmpty, !numbers.1.isEmpty {
                let (mine, theirs) = (value(numbers.0), value(numbers.1))
                if mine.count != theirs.count { return mine.count < theirs.count }
                if mine != theirs { return mine < theirs }
                rest = rest.dropFirst(numbers.0.count)
                others = others.dropFirst(numbers.1.count)
                continue
            }
            let (mine, theirs) = (first.lowercased(), second.lowercased())
            if mine != theirs { return mine < theirs }
            rest = rest.dropFirst()
            others = others.dropFirst()
        }
        if rest.isEmpty != others.isEmpty { return rest.isEmpty }
        return one < other
    }

    private static func digits(of text: Substring) -> Substring {
        text.prefix { $0.isASCII && $0.isNumber }
    }

    /// Digits without zeros in front.
    private static func value(_ digits: Substring) -> Substring {
        digits.drop { $0 == "0" }
    }
}
