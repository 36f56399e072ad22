import FoundationEssentials
import Tranche

/// Which runs are looked at for whether they are complete, and when.
///
/// A look at a source costs: one that found something waiting is taken again after a while that
/// doubles, or as soon as the run has moved on.
struct CompletionLooks: Sendable {
    private var given: [RunKey: Date] = [:]
    private var looked: [RunKey: Look] = [:]

    /// The longest time between two looks at a run that stands still.
    private static let longest = 60.0

    private struct Look {
        var cursor: Int64?
        var totals: [BatchStatus: RunSummary.Totals]
        var next: Date
        /// In seconds.
        var wait: Double
        var fault: String?

        func isOf(_ summary: RunSummary) -> Bool {
            cursor == summary.run.cursor && totals == summary.totals
        }
    }

    /// Whether a run is to be looked at now.
    func isDue(_ summary: RunSummary, at now: Date) -> Bool {
        let run = summary.run
        // A run of the name that began later is another one.
        if run.key.run.isEmpty || given[run.key] == run.createdAt { return false }
        guard let look = looked[run.key], look.isOf(summary) else { return true }
        return now >= look.next
    }

    /// Notes what was found.
    ///
    /// - Parameters:
    ///   - found: Whether the run is complete.
    ///   - summary: The run as it was before.
    ///   - now: The time.
    /// - Returns: Why its source cannot be looked at, where that was not told before.
    mutating func note(_ found: Completeness, of summary: RunSummary, at now: Date) -> String? {
        let key = summary.run.key
        let last = looked[key]
        let wait = last?.isOf(summary) == true ? min((last?.wait ?? 0) * 2, Self.longest) : 1
        var look = Look(
            cursor: summary.run.cursor,
            totals: summary.totals,
            next: now.addingTimeInterval(wait),
            wait: wait
        )
        if case .unknown(let fault) = found { look.fault = fault }
        looked[key] = look
        return look.fault == last?.fault ? nil : look.fault
    }

    /// Notes that the event of a run is kept.
    mutating func gave(_ summary: RunSummary) {
        given[summary.run.key] = summary.run.createdAt
        looked[summary.run.key] = nil
    }
}
