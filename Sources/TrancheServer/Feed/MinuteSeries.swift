import FoundationEssentials
import Tranche

/// What was done in each minute of the last hour, as far as this server has looked.
struct MinuteSeries: Sendable {
    /// What there was at a time.
    private struct Sample {
        let minute: Int
        let doneBatches: Int
        let doneItems: Int
        let failed: Int
        let waitingItems: Int?
    }

    private var samples: [Sample] = []

    /// Minutes that are told.
    static let minutes = 60

    /// Adds what there is at a time.
    mutating func add(_ summaries: [RunSummary], waiting: Int?, at now: Date) {
        var (batches, items, failed) = (0, 0, 0)
        for summary in summaries {
            let done = summary.totals[.succeeded] ?? RunSummary.Totals()
            batches += done.batches
            items = items.addingClamped(done.items)
            failed += RunStatus(summary: summary, gaps: [], risks: nil).failedBatches
        }
        let minute = Self.minute(of: now)
        samples.removeAll { $0.minute >= minute || $0.minute < minute - Self.minutes }
        samples.append(
            Sample(
                minute: minute,
                doneBatches: batches,
                doneItems: items,
                failed: failed,
                waitingItems: waiting
            )
        )
    }

    /// The minutes of the hour before a time.
    func minutes(before now: Date) -> [OverviewDocument.Minute] {
        let last = Self.minute(of: now)
        let known = Dictionary(samples.map { ($0.minute, $0) }, uniquingKeysWith: { $1 })
        return (last - Self.minutes + 1...last).map { minute in
            let at = Date(timeIntervalSince1970: Double(minute) * 60)
            guard let here = known[minute], let before = known[minute - 1] else {
                return OverviewDocument.Minute(
                    at: at,
                    doneBatches: nil,
                    doneItems: nil,
                    failed: nil,
                    waitingItems: known[minute]?.waitingItems
                )
            }
            // What was forgotten meanwhile is nothing that was undone.
            return OverviewDocument.Minute(
                at: at,
                doneBatches: max(0, here.doneBatches - before.doneBatches),
                doneItems: max(0, here.doneItems - before.doneItems),
                failed: max(0, here.failed - before.failed),
                waitingItems: here.waitingItems
            )
        }
    }

    private static func minute(of time: Date) -> Int {
        Int((time.timeIntervalSince1970 / 60).rounded(.down))
    }
}
