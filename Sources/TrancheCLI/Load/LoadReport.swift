import FoundationEssentials
import Tranche
import TrancheChains

/// What a load of one or several files came to.
struct LoadReport: Sendable {
    /// What was counted in the batches that succeeded here.
    var counters = Counters()
    /// How many attempts ended here, well or badly.
    private(set) var attempts = 0
    /// Why there was no further batch: of several files that of the first that is not complete.
    private(set) var reason = NoBatchReason.complete
    /// Whether all files are complete, and all their batches succeeded.
    private(set) var isSuccess = true
    /// The last error of an attempt that failed here.
    private(set) var lastError: String?
    /// How many files could not be loaded.
    private(set) var unread = 0
    /// How many files were not begun, as the load was stopped before.
    private(set) var left = 0
    /// The runs, as far as they have batches.
    private(set) var runs: [RunSummary] = []

    /// Adds what came of a file.
    mutating func add(_ report: ChainReport) {
        counters.merge(report.counters)
        attempts +=
            report.succeeded + report.failed + report.lost + report.deferred
            + report.cancelled
        if reason == .complete { reason = report.reason }
        isSuccess = isSuccess && report.isSuccess
        lastError = report.lastError ?? lastError
        if let run = report.run { runs.append(run) }
    }

    /// Adds a file that was loaded before.
    mutating func add(_ run: RunSummary) {
        runs.append(run)
    }

    /// Adds a file that could not be loaded.
    mutating func add(failure: String) {
        isSuccess = false
        unread += 1
        lastError = failure
    }

    /// Notes that files were not begun.
    mutating func add(left files: Int) {
        left += files
    }

    /// Whether all files are there, and nothing more is to come of them but what failed.
    ///
    /// A stop may come between two files: those that were worked on are complete then, and the load
    /// is not.
    var isOver: Bool { unread == 0 && left == 0 && reason == .complete }

    /// Whether all is loaded that there is, so that the load is put together for good.
    var isFinished: Bool { isSuccess && left == 0 && reason == .complete }

    /// Whether batches stay failed or quarantined, without those that were cancelled.
    var hasFailedBatches: Bool { runs.contains { $0.failedBatches > 0 } }

    /// What to say when there was nothing to do, and why.
    ///
    /// - Parameters:
    ///   - what: The file or files, in words.
    ///   - hasHeader: Whether they have headers for sure.
    ///   - isBounded: Whether only some of their records were asked for.
    /// - Returns: The words; `nil` when something was done.
    func nothingToDo(_ what: String, hasHeader: Bool, isBounded: Bool) -> String? {
        guard attempts == 0, isFinished else { return nil }
        let done = runs.compactMap { $0.totals[.succeeded] }
        let batches = done.reduce(0) { $0 + $1.batches }
        guard batches > 0 else {
            if isBounded { return "nothing to do: \(what) has no records within the bounds" }
            let words = hasHeader ? "has a header and no records" : "has no records"
            return "nothing to do: \(what) \(words)"
        }
        let items = done.reduce(0) { $0 + $1.items }
        let target = runs.lazy.compactMap { $0.run.source?.target }.first
        let last = runs.compactMap(\.lastSuccess).max()
        let records = items == 1 ? "the 1 record" : "all \(HumanText.number(items)) records"
        return "nothing to do: \(records) of \(what) were loaded"
            + (target.map { " into \($0)" } ?? "")
            + (last.map { " on \(Self.words($0))" } ?? "")
            + " (\(HumanText.count(batches, "batch", "batches"))); --again NAME loads them anew"
    }

    private static func words(_ time: Date) -> String {
        String(time.formatted(.iso8601.dateTimeSeparator(.space)).prefix(16)) + " UTC"
    }
}
