import FoundationEssentials
import Tranche

/// The four numbers that come before any table.
struct StatusHead {
    let overview: Overview

    init(_ overview: Overview) {
        self.overview = overview
    }

    /// The numbers in one line.
    func text(_ context: Context) -> String {
        let (waiting, failed) = (overview.waitingItems, overview.failedLastHour)
        let oldest = overview.oldestAt.map { HumanText.age(since: $0, at: context.now()) }
        return [
            context.style.paint(waitingWords, waiting > 0 ? .yellow : nil),
            "oldest \(oldest ?? "-")",
            flightWords,
            context.style.paint(failedWords, failed > 0 ? .red : nil),
        ].joined(separator: ", ")
    }

    /// The same, without what depends on the time.
    var plainWords: String { "\(waitingWords), \(flightWords), \(failedWords)" }

    private var waitingWords: String {
        let sign = overview.isExact ? "" : "~"
        let known = "\(sign)\(HumanText.count(overview.waitingItems, "item")) waiting"
        guard overview.unseen > 0 else { return known }
        let runs = HumanText.count(overview.unseen, "run") + " could not be looked at"
        return overview.waitingItems == 0 ? "? items waiting (\(runs))" : "\(known) (\(runs))"
    }

    private var flightWords: String {
        "\(HumanText.count(overview.inFlight, "batch", "batches")) in flight"
    }

    private var failedWords: String {
        let more = overview.isFailuresCut ? "+" : ""
        return "\(HumanText.number(overview.failedLastHour))\(more) failed in the last hour"
    }
}
