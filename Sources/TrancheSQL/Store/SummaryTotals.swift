import FoundationEssentials
import Tranche

/// What the batches of one run add up to, while it is read.
struct SummaryTotals {
    /// Tiles read at most that no tally has, before they are added to one.
    static let mostRead = 5000
    /// Tiles of a run for which that is worth it.
    static let leastKept = 20
    /// Tiles that are added at once.
    static let step = 50_000
    /// Runs whose tiles are added in one transaction, as far as that is one step.
    static let mostTogether = 64

    /// How many tiles were read that no tally has.
    private(set) var tail = 0
    /// What the tally has, and what of that has not succeeded.
    private var kept = RunSummary.Totals()
    private var isKept = false
    private var open = RunSummary.Totals()

    /// Adds a row of the totals.
    mutating func add(_ row: inout SQLRow, to summary: inout RunSummary) throws {
        let part = try row.text()
        guard let status = BatchStatus(rawValue: try row.text()) else { return }
        let cause = row.optionalText().flatMap { BatchCause(rawValue: $0) }
        let totals = try Self.totals(&row)
        if let due = try row.optionalInstant() {
            summary.nextDue = min(due, summary.nextDue ?? due)
        }
        if let ended = try row.optionalInstant() {
            summary.lastSuccess = max(ended, summary.lastSuccess ?? ended)
        }
        if try row.integer() > 0 { summary.isDue = true }
        let hasRetry = try row.integer() > 0
        summary.runningAgain += Int(try row.integer())
        if try row.integer() > 0 { summary.lapsed.add(totals) }
        if let since = try row.optionalInstant() {
            summary.dueSince = min(since, summary.dueSince ?? since)
        }
        if part == "tally" {
            kept = totals
            isKept = true
            return
        }
        switch part {
        case "tail": tail = Int(try row.integer())
        case "rest": summary.lastHour.succeeded.add(try Self.totals(&row))
        default: open.add(try Self.totals(&row))
        }
        guard totals.batches > 0 else { return }
        summary.totals[status, default: RunSummary.Totals()].add(totals)
        if let cause { summary.causes[cause, default: RunSummary.Totals()].add(totals) }
        if status == .failed, cause == nil, hasRetry { summary.retrying.add(totals) }
    }

    /// Adds what the tally has of batches that succeeded.
    func finish(_ summary: inout RunSummary) {
        guard isKept, kept.batches > open.batches else { return }
        let done = RunSummary.Totals(
            batches: kept.batches - open.batches,
            items: max(0, kept.items - open.items),
            weight: max(0, kept.weight - open.weight)
        )
        summary.totals[.succeeded, default: RunSummary.Totals()].add(done)
    }

    private static func totals(_ row: inout SQLRow) throws -> RunSummary.Totals {
        var totals = RunSummary.Totals(
            batches: Int(try row.optionalInteger() ?? 0),
            items: Int(try row.optionalInteger() ?? 0)
        )
        totals.add(weight: try row.optionalDouble() ?? 0)
        return totals
    }
}

extension RunSummary {
    /// Adds a row of what the latest batches came to.
    mutating func addLatest(_ row: inout SQLRow, of most: Int) throws {
        let count = try row.integer()
        let items = try row.optionalInteger() ?? 0
        let weight = try row.optionalDouble() ?? 0
        let (start, end) = (try row.optionalInstant(), try row.optionalInstant())
        var ofHour = Totals(
            batches: Int(try row.optionalInteger() ?? 0),
            items: Int(try row.optionalInteger() ?? 0)
        )
        ofHour.add(weight: try row.optionalDouble() ?? 0)
        let now = try row.instant()
        if count > 0, let start, let end {
            lastSuccess = max(end, lastSuccess ?? end)
            let seconds = end.timeIntervalSince(start)
            if seconds > 0 {
                itemsPerSecond = Double(items) / seconds
                weightPerSecond = (weight / seconds).clamped
            }
        }
        // Where all that was looked at is of the hour, there may be more before it.
        lastHour.isCut = ofHour.batches >= most
        if lastHour.isCut {
            lastHour.succeeded = ofHour
        } else {
            lastHour.succeeded.add(ofHour)
        }
        guard count > 0 || lastHour.succeeded.batches > 0 else { return }
        let hourAgo = max(run.createdAt, now.addingTimeInterval(-3600))
        let since = lastHour.isCut ? start ?? hourAgo : hourAgo
        lastHour.seconds = min(3600, max(0, now.timeIntervalSince(since)))
    }
}
