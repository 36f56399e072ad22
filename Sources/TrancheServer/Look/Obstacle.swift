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

    /// The most writers that are named.
    private static let mostNamed = 2

    /// Finds it.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - fault: Why its source could not be looked at.
    ///   - parallelism: The most batches of it at once.
    ///   - writers: The transactions that it waits for.
    ///   - now: The present.
    init(
        _ run: RunStatus,
        fault: String?,
        parallelism: Int?,
        writers: [SourceWriter],
        now: Date
    ) {
        let held = run.held.batches
        let hasWork = run.waitingItems > 0 || run.summary.isDue
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
        } else if held == 0, run.run.settling.candidate != nil || !hasWork,
            let unsettled = Self(unsettled: run, writers, now)
        {
            // A gap keeps back its own ids alone.
            self = unsettled
        } else if let parallelism, held >= parallelism {
            self.init("parallelism", "holds all \(parallelism) of its batches")
        } else if held > 0 {
            self.init("working", "works on \(HumanText.count(held, "batch", "batches"))")
        } else if let full = run.waits.lazy.compactMap(\.owner.name).first {
            self.init("budget", "waits for budget \(full)")
        } else if hasWork {
            self.init("no_worker", "no worker takes it", at: run.summary.lastSuccess)
        } else if let due = run.summary.nextDue {
            self.init("due", "waits for the next attempt", at: due)
        } else {
            self.init("nothing", "nothing to do")
        }
    }

    /// Tells for whom a run waits, which may still commit ids; `nil` where it waits for nobody.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - writers: The transactions that it waits for.
    ///   - now: The present.
    init?(unsettled run: RunStatus, _ writers: [SourceWriter], _ now: Date) {
        var names = writers.prefix(Self.mostNamed).map { $0.words(at: now, showingQuery: false) }
        let more = writers.count - names.count
        if more > 0 { names.append("\(HumanText.number(more)) more") }
        let who = names.joined(separator: " and ")
        let since = writers.compactMap { $0.since ?? $0.seenSince }.min()
        if run.run.settling.candidate != nil {
            let words = who.isEmpty ? "writers may still commit ids" : "waits for ids of \(who)"
            self.init("unsettled", words, at: since)
        } else if run.openGaps > 0 {
            self.init("gap", "a gap is held" + (who.isEmpty ? "" : " by \(who)"), at: since)
        } else {
            return nil
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
