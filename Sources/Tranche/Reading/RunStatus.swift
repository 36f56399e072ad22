package import FoundationEssentials

/// A run, its batches, its gaps and its source, as far as the inventory and a look at the source
/// tell.
package struct RunStatus: Sendable {
    /// The run with what its batches add up to.
    package let summary: RunSummary
    /// Its gaps, ascending.
    package let gaps: [Gap]
    /// One of its stuck batches, if there is one.
    package let stuck: BatchRecord?
    /// What no proof covers in the source; `nil` when it could not be opened.
    package let risks: [SourceRisk]?
    /// What waits behind its cursor; `nil` where nobody looked, or the source could not be opened.
    package let backlog: Backlog?
    /// The named budgets that it waits for, and since when.
    package let waits: [Waiting]

    /// Makes the status of a run.
    package init(
        summary: RunSummary,
        gaps: [Gap],
        stuck: BatchRecord? = nil,
        risks: [SourceRisk]?,
        budgets: [Budget] = [],
        backlog: Backlog? = nil
    ) {
        self.summary = summary
        self.gaps = gaps
        self.backlog = backlog
        self.stuck = stuck
        self.risks = risks
        waits = budgets.compactMap { budget in
            let claim = budget.claims.first { $0.run == summary.run.key }
            guard let name = budget.owner.name, let wait = claim?.wait else { return nil }
            return Waiting(budget: name, wait: wait)
        }
    }

    /// That a run waits for room in a budget.
    package struct Waiting: Sendable, Hashable {
        /// The budget's name.
        package let budget: String
        /// What it waits for.
        package let wait: BudgetWait
    }

    /// The run.
    package var run: RunRecord { summary.run }

    /// How many gaps wait for transactions.
    package var openGaps: Int { gaps.count { $0.isOpen } }

    /// What the run is doing, as far as the inventory knows without a look at the source, and
    /// whatever has failed.
    package var activity: State {
        if let cancellation = run.cancellation { return .cancelled(cancellation) }
        if let reason = run.pauseInForce { return .paused(reason: reason) }
        if let hold { return .held(reason: hold.reason, until: hold.until) }
        if held.batches > 0 { return .running }
        if let nextDue = summary.nextDue { return .waiting(until: nextDue) }
        if openGaps > 0 || run.settling.candidate != nil { return .unsettled }
        if summary.causes[.stuck] != nil { return .stuck }
        return run.isAtEnd && !summary.isDue ? .complete : .idle
    }

    /// What is to be said of the run first: what failed before what runs, and what could be done
    /// before what is done.
    package var state: State {
        let activity = activity
        switch activity {
        case .cancelled, .paused, .held: return activity
        case _ where isRetrying: return .retrying(until: summary.nextDue)
        case .complete, .idle:
            if failedBatches > 0 { return .failed }
            return waitingItems > 0 || summary.isDue ? .ready : activity
        default: return activity
        }
    }

    /// Whether batches that failed run again, or are to be tried again.
    private var isRetrying: Bool { summary.runningAgain > 0 || summary.retrying.batches > 0 }

    /// Batches that failed for good, or are quarantined, and that nobody cancelled.
    package var failedBatches: Int {
        let cancelled = summary.causes[.cancelled]?.batches ?? 0
        let failed = batches(.failed) - summary.retrying.batches - cancelled
        return max(0, failed) + batches(.quarantined)
    }

    /// The batches that somebody holds: those that run, without those whose lease is over.
    package var held: RunSummary.Totals {
        let running = summary.totals[.running] ?? RunSummary.Totals()
        return RunSummary.Totals(
            batches: max(0, running.batches - summary.lapsed.batches),
            items: max(0, running.items - summary.lapsed.items),
            weight: max(0, running.weight - summary.lapsed.weight)
        )
    }

    /// Items done in the last hour: counted, or estimated at the pace of the newest tiles where
    /// those are too many to count, and no more than have ever been done; `nil` where none is
    /// known.
    package var itemsOfHour: (count: Int, isEstimate: Bool)? {
        let hour = summary.lastHour
        guard let pace = hour.itemsPerSecond else { return nil }
        guard hour.isCut else { return (hour.succeeded.items, false) }
        let all = summary.totals[.succeeded]?.items ?? hour.succeeded.items
        let estimate = Int(clamping: (pace * 3600).nearestInteger)
        return (min(estimate, max(all, hour.succeeded.items)), true)
    }

    /// Items that nobody works on: above the cursor, given back, or to be tried again.
    package var waitingItems: Int {
        let open = (summary.totals[.released]?.items ?? 0) + summary.retrying.items
        return (backlog?.items ?? 0).addingClamped(open).addingClamped(summary.lapsed.items)
    }

    /// Their weight.
    package var waitingWeight: Double {
        let open = (summary.totals[.released]?.weight ?? 0) + summary.retrying.weight
        return (backlog?.weight ?? 0).addingClamped(open).addingClamped(summary.lapsed.weight)
    }

    /// Since when the oldest item waits, as far as is known: above the cursor, or in a batch that
    /// may be taken.
    package var oldestAt: Date? {
        let first = (backlog?.items ?? 0) > 0 ? backlog?.oldestAt : nil
        return [first, summary.dueSince].compactMap { $0 }.min()
    }

    /// How long it takes until nothing waits any more.
    ///
    /// - Parameter hasWeights: Whether the items have weights.
    /// - Returns: The time; `nil` where nothing waits, or nobody knows.
    package func drains(hasWeights: Bool) -> DrainForecast? {
        DrainForecast(
            items: waitingItems,
            weight: hasWeights ? waitingWeight : nil,
            summary
        )
    }

    /// How many of its batches have a status now.
    package func batches(_ status: BatchStatus) -> Int {
        summary.totals[status]?.batches ?? 0
    }

    /// The hold because of the source, or that of an outage; while its probe is out, until that
    /// must have ended.
    package var hold: (reason: String, until: Date?)? {
        if let reason = run.standing.hold { return (reason, nil) }
        guard let hold = run.outage.hold else { return nil }
        return (run.outage.reason, Date(milliseconds: hold.until))
    }

    /// What a run is doing.
    package enum State: Sendable {
        /// Somebody cancelled it.
        case cancelled(RunCancellation)
        /// Somebody paused it.
        case paused(reason: String)
        /// Nothing is handed out because of the source, or of failures that are not the items'.
        case held(reason: String, until: Date?)
        /// Batches of it failed, and run again or are to be tried again then; `nil` for at once.
        case retrying(until: Date?)
        /// Batches of it are in hand.
        case running
        /// The next batch is due then.
        case waiting(until: Date)
        /// Nothing of it is in hand, and batches are left that have used up their attempts.
        case stuck
        /// Nothing of it is in hand, and batches have failed for good or are quarantined.
        case failed
        /// Something of it may be handed out, and nobody takes it.
        case ready
        /// Writers may still commit ids that it has passed.
        case unsettled
        /// It is at its end.
        case complete
        /// Nothing of it is in hand.
        case idle

        /// The state in one word.
        package var name: String {
            switch self {
            case .cancelled: "cancelled"
            case .paused: "paused"
            case .held: "held"
            case .retrying: "retrying"
            case .failed: "failed"
            case .ready: "ready"
            case .running: "running"
            case .waiting: "waiting"
            case .stuck: "stuck"
            case .unsettled: "unsettled"
            case .complete: "complete"
            case .idle: "idle"
            }
        }

        /// The names of all states, in the order of ``rank``.
        package static let names = [
            "held", "failed", "stuck", "retrying", "unsettled", "ready", "running", "waiting",
            "paused", "cancelled", "idle", "complete",
        ]

        /// Where it stands among others, what needs somebody first.
        package var rank: Int {
            switch self {
            case .held: 0
            case .failed: 1
            case .stuck: 2
            case .retrying: 3
            case .unsettled: 4
            case .ready: 5
            case .running: 6
            case .waiting: 7
            case .paused: 8
            case .cancelled: 9
            case .idle: 10
            case .complete: 11
            }
        }
    }
}
