import Foundation
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
        return "\(sign)\(HumanText.count(overview.waitingItems, "item")) waiting"
    }

    private var flightWords: String {
        "\(HumanText.count(overview.inFlight, "batch", "batches")) in flight"
    }

    private var failedWords: String {
        let more = overview.isFailuresCut ? "+" : ""
        return "\(HumanText.number(overview.failedLastHour))\(more) failed in the last hour"
    }
}

extension HumanText {
    /// How long ago something was, such as `3 min`.
    static func age(since time: Date, at now: Date) -> String {
        let words = relative(min(time, now), to: now)
        return words.hasSuffix(" ago") ? String(words.dropLast(4)) : "0 s"
    }

    /// A time that is known as a range, such as `3-5 min`, or `now`.
    static func range(_ shortest: Double, _ longest: Double) -> String {
        func words(_ seconds: Double) -> String {
            let start = Date(timeIntervalSince1970: 0)
            let words = relative(start.addingTimeInterval(max(0, seconds)), to: start)
            return words == "now" ? "0 s" : String(words.dropFirst(3))
        }
        let (low, high) = (words(shortest), words(longest))
        if low == high { return low }
        let (from, to) = (low.split(separator: " "), high.split(separator: " "))
        return from.count == 2 && to.count == 2 && from[1] == to[1]
            ? "\(from[0])-\(to[0]) \(to[1])" : "\(low) - \(high)"
    }
}
