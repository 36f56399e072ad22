import FoundationEssentials
import Tranche

/// What was done in each minute of the last hour, as far as this server has looked, or the newest
/// batches tell.
struct MinuteSeries: Sendable {
    /// What there was at a time.
    private struct Sample {
        let minute: Int
        let doneBatches: Int
        let doneItems: Int
        let failed: Int
    }

    /// What waited when somebody last looked in a minute.
    private struct Waiting {
        let items: Int
        /// How long the oldest of it had waited, in seconds.
        let oldestSeconds: Double
    }

    /// What was done in a minute.
    private struct Done {
        var batches = 0
        var items = 0
        var failed = 0
    }

    private var samples: [Sample] = []
    /// The minutes before the first sample, as far as they are known.
    private var earlier: [Int: Done] = [:]
    private var waiting: [Int: Waiting] = [:]

    /// Minutes that are told.
    static let minutes = 60
    /// The newest batches that are read for the minutes before the first look.
    static let mostRead = 5000

    /// Takes the minutes before a time from the newest batches.
    ///
    /// A batch of which an older attempt failed counts once, as it ended last. Where there are more
    /// batches than were read, minutes before the oldest of these stay unknown; one that was made
    /// even before it and ended later is missed.
    ///
    /// - Parameters:
    ///   - batches: The newest batches, at most ``mostRead``.
    ///   - now: The time of the first sample.
    mutating func fill(from batches: [BatchRecord], before now: Date) {
        let last = Self.minute(of: now)
        let isCut = batches.count >= Self.mostRead
        let oldest = isCut ? batches.map(\.startedAt).min() : nil
        // Minutes end where the samples are taken.
        func minute(of time: Date) -> Int {
            last - Int((now.timeIntervalSince(time) / 60).rounded(.down))
        }
        let first = max(last - Self.minutes, oldest.map { minute(of: $0) + 1 } ?? .min)
        guard first <= last else { return }
        earlier = Dictionary(uniqueKeysWithValues: (first...last).map { ($0, Done()) })
        for batch in batches {
            guard let end = batch.endedAt, end <= now else { continue }
            let place = minute(of: end)
            switch batch.status {
            case .succeeded:
                earlier[place]?.batches += 1
                earlier[place]?.items += batch.count
            case .quarantined: earlier[place]?.failed += 1
            case .failed where batch.isFinal && batch.cause != .cancelled:
                earlier[place]?.failed += 1
            case .failed, .running, .released, .split: break
            }
        }
    }

    /// Adds what there is at a time.
    mutating func add(_ summaries: [RunSummary], at now: Date) {
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
                failed: failed
            )
        )
    }

    /// Takes what waits at a time.
    ///
    /// - Parameters:
    ///   - items: How many items.
    ///   - oldest: Since when the oldest waits, as far as is known.
    ///   - now: The time.
    mutating func note(waiting items: Int, since oldest: Date?, at now: Date) {
        let minute = Self.minute(of: now)
        waiting = waiting.filter { $0.key <= minute && $0.key > minute - Self.minutes }
        let seconds = oldest.map { max(0, now.timeIntervalSince($0)) } ?? 0
        waiting[minute] = Waiting(items: items, oldestSeconds: seconds)
    }

    /// The minutes of the hour before a time.
    func minutes(before now: Date) -> [OverviewDocument.Minute] {
        let last = Self.minute(of: now)
        let known = Dictionary(samples.map { ($0.minute, $0) }, uniquingKeysWith: { $1 })
        return (last - Self.minutes + 1...last).map { minute in
            let at = Date(timeIntervalSince1970: Double(minute) * 60)
            guard let here = known[minute], let before = known[minute - 1] else {
                let done = earlier[minute]
                return OverviewDocument.Minute(
                    at: at,
                    doneBatches: done?.batches,
                    doneItems: done?.items,
                    failed: done?.failed,
                    waitingItems: waiting[minute]?.items,
                    oldestSeconds: waiting[minute]?.oldestSeconds
                )
            }
            // What was forgotten meanwhile is nothing that was undone.
            return OverviewDocument.Minute(
                at: at,
                doneBatches: max(0, here.doneBatches - before.doneBatches),
                doneItems: max(0, here.doneItems - before.doneItems),
                failed: max(0, here.failed - before.failed),
                waitingItems: waiting[minute]?.items,
                oldestSeconds: waiting[minute]?.oldestSeconds
            )
        }
    }

    private static func minute(of time: Date) -> Int {
        Int((time.timeIntervalSince1970 / 60).rounded(.down))
    }
}
