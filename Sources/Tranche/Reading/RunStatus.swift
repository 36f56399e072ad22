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
    /// What waits behind its cursor; `nil` where nobody looked, as for history, or the source could
    /// not be opened.
    package let backlog: Backlog?
    /// The budgets that let nothing of it in, or would not now, whether or not it has work.
    private let obstacles: [Waiting]

    /// Makes the status of a run.
    package init(
        summary: RunSummary,
        gaps: [Gap],
        stuck: BatchRecord? = nil,
        risks: [SourceRisk]?,
        obstacles: [Waiting] = [],
        backlog: Backlog? = nil
    ) {
        self.summary = summary
        self.gaps = gaps
        self.backlog = backlog
        self.stuck = stuck
        self.risks = risks
        self.obstacles = obstacles
    }

    /// That a run waits for room in a budget, or would if a worker asked for it.
    package struct Waiting: Sendable, Hashable {
        /// Whose budget it is; the run's own is its parallelism, and what its probes hold back.
        package let owner: Budget.Owner
        /// What it waits for; `nil` where no worker was refused just now.
        package let wait: BudgetWait?
        /// Why nothing is let in, whatever is held; `nil` where what is held stands in the way.
        package let closing: Closing?

        /// Makes a wait.
        package init(owner: Budget.Owner, wait: BudgetWait?, closing: Closing?) {
            self.owner = owner
            self.wait = wait
            self.closing = closing
        }

        /// Why there is no room; without what others hold.
        package var reason: String { closing?.reason ?? "no room" }

        /// That the run gets nothing, and why, such as `gets nothing under budget 'api': paused`.
        package var phrase: String {
            let budget = owner.name.map { " under budget '\($0)'" } ?? ""
            return "gets nothing\(budget): \(HumanText.excerpt(redacted(reason), 200))"
        }

        /// The same, with when that may change.
        package func words(at now: Date) -> String {
            guard let until = closing?.until else { return phrase }
            return "\(phrase); tried again \(HumanText.relative(max(until, now), to: now))"
        }
    }

    /// Why a budget lets nothing in, whatever is held under it.
    package struct Closing: Sendable, Hashable {
        /// The reason.
        package let reason: String
        /// Until when it is so at least, or when a probe is asked again; `nil` where nobody knows.
        package let until: Date?
        /// Whether nobody ordered it: a probe cannot be asked.
        package let isFault: Bool

        /// Makes a reason.
        package init(reason: String, until: Date? = nil, isFault: Bool = false) {
            self.reason = reason
            self.until = until
            self.isFault = isFault
        }
    }

    /// The budgets that it waits for, or would if a worker asked; none where it has nothing to
    /// hand out.
    package var waits: [Waiting] {
        if run.cancellation != nil || run.isFormer { return [] }
        let mayHaveWork = hasWork || backlog == nil && !run.isAtEnd
        return obstacles.filter { $0.wait != nil || mayHaveWork }
    }

    /// Whether something could be handed out, if nothing stood in the way.
    private var hasWork: Bool { waitingItems > 0 || summary.isDue }

    /// What keeps work of it from being handed out, though nobody cancelled it and it is not held:
    /// a pause, or a budget that lets nothing in; `nil` where nothing waits, or nothing does.
    package func stoppage(at now: Date) -> String? {
        guard hasWork, run.cancellation == nil, hold == nil else { return nil }
        if let reason = run.pauseInForce {
            return "is paused" + (reason.isEmpty ? "" : ": \(HumanText.excerpt(reason, 200))")
        }
        if let closed = waits.first(where: { $0.closing != nil }) { return closed.words(at: now) }
        guard case .limited = state else { return nil }
        return waits.first?.words(at: now)
    }

    /// The run.
    package var run: RunRecord { summary.run }

    /// The last id that is the run's to hand out, as far as is known; `nil` where nothing is.
    ///
    /// Where nothing waits it is the last that was passed: a file goes on behind the id of its last
    /// record.
    package var lastID: Int64? {
        if let upper = run.bounds.upper { return upper }
        if let backlog, backlog.items == 0, backlog.isExact, let cursor = run.cursor {
            return cursor
        }
        return [run.cursor, backlog?.highestID].compactMap { $0 }.max()
    }

    /// How many gaps wait for transactions.
    package var openGaps: Int { gaps.count { $0.isOpen } }

    /// Whether transactions are waited for that may still commit ids which were passed over.
    package var isUnsettled: Bool { openGaps > 0 || run.settling.candidate != nil }

    /// What the run is doing, as far as the inventory knows without a look at the source, and
    /// whatever has failed.
    package var activity: State {
        if let cancellation = run.cancellation { return .cancelled(cancellation) }
        if let reason = run.pauseInForce { return .paused(reason: reason) }
        if let hold { return .held(reason: hold.reason, until: hold.until) }
        if held.batches > 0 { return .running }
        if let nextDue = summary.nextDue { return .waiting(until: nextDue) }
        if isUnsettled { return .unsettled }
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
            guard hasWork else { return activity }
            return waits.isEmpty ? .ready : .limited
        default: return activity
        }
    }

    /// Whether batches that failed run again, or are to be tried again.
    private var isRetrying: Bool { summary.runningAgain > 0 || summary.retrying.batches > 0 }

    /// Batches that failed for good, or are quarantined, and that nobody cancelled.
    package var failedBatches: Int { summary.failedBatches }

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
    ///
    /// A run that is kept as history has none.
    package var waitingItems: Int {
        if run.isFormer { return 0 }
        let open = (summary.totals[.released]?.items ?? 0) + summary.retrying.items
        return (backlog?.items ?? 0).addingClamped(open).addingClamped(summary.lapsed.items)
    }

    /// Their weight, as far as it is known.
    package var waitingWeight: Double {
        if run.isFormer { return 0 }
        let open = (summary.totals[.released]?.weight ?? 0) + summary.retrying.weight
        return (backlog?.weight ?? 0).addingClamped(open).addingClamped(summary.lapsed.weight)
    }

    /// Whether what waits has a sum of weights; where one is no number from 0 up, it has none.
    package var isWeightKnown: Bool { !(backlog?.hasWrongWeights ?? false) }

    /// Since when the oldest item waits, as far as is known: above the cursor, or in a batch that
    /// may be taken.
    package var oldestAt: Date? {
        if run.isFormer { return nil }
        let first = (backlog?.items ?? 0) > 0 ? backlog?.oldestAt : nil
        return [first, summary.dueSince].compactMap { $0 }.min()
    }

    /// How long it takes until nothing waits any more.
    ///
    /// - Parameter hasWeights: Whether the items have weights.
    /// - Returns: The time; `nil` where nothing waits, or nobody knows, as where nothing is handed
    ///   out.
    package func drains(hasWeights: Bool) -> DrainForecast? {
        let isStopped = run.cancellation != nil || run.pauseReason != nil || hold != nil
        if isStopped || waits.contains(where: { $0.closing != nil }) { return nil }
        if case .limited = state { return nil }
        // Nobody knows what transactions that are waited for will commit.
        if waitingItems == 0, isUnsettled { return nil }
        return DrainForecast(
            items: waitingItems,
            weight: hasWeights && isWeightKnown ? waitingWeight : nil,
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
        /// Nothing of it is in hand, and what could be handed out has no room in a budget, or is
        /// held back by one.
        case limited
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
            case .limited: "limited"
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
            "limited", "paused", "cancelled", "idle", "complete",
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
            case .limited: 8
            case .paused: 9
            case .cancelled: 10
            case .idle: 11
            case .complete: 12
            }
        }
    }
}
