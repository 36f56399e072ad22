import FoundationEssentials
import Tranche

/// A run or an input as it is now.
struct AlertSight: Sendable {
    var subject: AlertSubject
    /// The batches of a run; `nil` of an input.
    var counts: AlertDocument.Counts?
    /// Why nothing is handed out of a run.
    var reason: String?
    /// The id up to which all is done, and the highest; `nil` where nobody asked, or that could not
    /// be seen.
    var reach: (done: Int64, highest: Int64)?
    /// What is wrong with an input; `nil` while it is well.
    var trouble: PartTrouble?

    /// Sees a run.
    init(_ summary: RunSummary) {
        subject = .run(summary.run.key)
        counts = AlertDocument.Counts(summary)
        reason = summary.run.hindrance
    }

    /// Sees an input.
    init(input: String, of worker: String, _ trouble: PartTrouble?) {
        subject = .input(input, worker: worker)
        self.trouble = trouble
    }

    /// Whether a condition holds, and for how long something is not done; `nil` where that cannot
    /// be seen.
    func holds(
        _ condition: PipelineAlert.Condition,
        _ state: inout AlertState,
        at now: Date
    ) -> (isOn: Bool, lag: Duration?)? {
        if case .input = subject { return inputHolds(condition, at: now) }
        let counts = counts ?? AlertDocument.Counts()
        switch condition {
        case .failed: return (counts.failed + counts.quarantined > 0, nil)
        case .stuck: return (counts.stuck > 0, nil)
        case .held: return (reason != nil, nil)
        case .lag(let bound):
            guard let reach else { return nil }
            let time = state.lag(done: reach.done, highest: reach.highest, bound: bound, at: now)
            return (time > bound, time)
        }
    }

    /// One that fails again and again, and one that gives nothing for that long; an input is
    /// neither stuck nor held.
    private func inputHolds(
        _ condition: PipelineAlert.Condition,
        at now: Date
    ) -> (isOn: Bool, lag: Duration?)? {
        switch condition {
        case .failed: return (trouble?.isLasting ?? false, nil)
        case .stuck, .held: return nil
        case .lag(let bound):
            let time = trouble.map { Duration.seconds(max(now.timeIntervalSince($0.since), 0)) }
            return (time ?? .zero > bound, time ?? .zero)
        }
    }
}

extension AlertDocument.Counts {
    /// Counts the batches of a run.
    fileprivate init(_ summary: RunSummary) {
        let stuck = summary.causes[.stuck]?.batches ?? 0
        let quarantined = summary.totals[.quarantined]?.batches ?? 0
        self.init(
            succeeded: summary.totals[.succeeded]?.batches ?? 0,
            running: summary.totals[.running]?.batches ?? 0,
            failed: max(summary.failedBatches - quarantined - stuck, 0),
            quarantined: quarantined,
            stuck: stuck
        )
    }
}

extension RunRecord {
    /// Why nothing is handed out of the run; `nil` where something may be.
    fileprivate var hindrance: String? {
        if let reason = pauseReason { return reason.isEmpty ? "paused" : "paused: \(reason)" }
        if let reason = standing.hold { return reason }
        return outage.hold == nil ? nil : outage.reason
    }
}
