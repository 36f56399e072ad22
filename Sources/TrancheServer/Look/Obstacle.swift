import FoundationEssentials
import Tranche

/// Why a run is not faster: what stands first in its way.
struct Obstacle: Sendable {
    /// A word for programs.
    let kind: String
    /// In a phrase.
    let phrase: String
    /// Since when or until when, as the kind says.
    var at: Date?

    /// Finds it.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - fault: Why its source could not be looked at.
    ///   - parallelism: The most batches of it at once.
    ///   - now: The present.
    init(_ run: RunStatus, fault: String?, parallelism: Int?, now: Date) {
        let held = run.batches(.running)
        switch run.activity {
        case .cancelled(let cancellation):
            let words = Self.with(
                cancellation.note.reason,
                "cancelled by \(cancellation.note.by ?? "somebody")"
            )
            self.init("cancelled", words, at: cancellation.at)
            return
        case .paused(let reason):
            self.init("paused", Self.with(reason, "paused"))
            return
        case .held(let reason, let until):
            self.init("held", Self.with(reason, "held"), at: until)
            return
        default: break
        }
        if fault != nil {
            self.init("source", "its source cannot be looked at")
        } else if let closed = run.waits.first(where: { $0.closing != nil }) {
            self.init("limited", closed.phrase, at: closed.closing?.until)
        } else if let waiting = run.noted.min(by: { $0.since < $1.since }) {
            self.init("budget", "waits for budget \(waiting.budget)", at: waiting.since)
        } else if run.openGaps > 0, held == 0 {
            let holder = run.gaps.lazy.flatMap(\.holders).first
            self.init("gap", "a gap is held" + (holder.map { " by \($0)" } ?? ""))
        } else if run.run.settling.candidate != nil, held == 0 {
            self.init("unsettled", "writers may still commit ids")
        } else if let parallelism, held >= parallelism {
            self.init("parallelism", "holds all \(parallelism) of its batches")
        } else if held > 0 {
            self.init("working", "works on \(HumanText.count(held, "batch", "batches"))")
        } else if let full = run.waits.lazy.compactMap(\.owner.name).first {
            self.init("budget", "waits for budget \(full)")
        } else if run.waitingItems > 0 || run.summary.isDue {
            self.init("no_worker", "no worker takes it", at: run.summary.lastSuccess)
        } else if let due = run.summary.nextDue {
            self.init("due", "waits for the next attempt", at: due)
        } else {
            self.init("nothing", "nothing to do")
        }
    }

    private init(_ kind: String, _ phrase: String, at: Date? = nil) {
        self.kind = kind
        self.phrase = phrase
        self.at = at
    }

    private static func with(_ reason: String?, _ words: String) -> String {
        guard let reason, !reason.isEmpty else { return words }
        return "\(words): \(HumanText.excerpt(redacted(reason), 120))"
    }
}

extension RunStatus {
    /// The named budgets for which a worker waits, and since when.
    fileprivate var noted: [(budget: String, since: Date)] {
        waits.compactMap { waiting in
            guard let name = waiting.owner.name, let wait = waiting.wait else { return nil }
            return (name, wait.since)
        }
    }
}
