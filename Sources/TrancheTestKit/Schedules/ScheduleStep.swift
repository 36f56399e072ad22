import Tranche

/// One step of a random schedule.
enum ScheduleStep: Sendable {
    /// Batches of a run are acquired.
    case acquire(run: Int, Asked)
    /// A batch, by its place in the order of hand-outs, is ended or extended by one of its
    /// attempts.
    case end(batch: Int, attempt: Int, End)
    /// Time passes, in milliseconds.
    case advance(Int64)
    /// Items come.
    case insert([SourceRow])
    /// Items go.
    case delete([Int64])
    /// A run is paused, or resumed.
    case pause(run: Int, Bool)
    /// A run, or its batch at a place, is cancelled.
    case cancel(run: Int, batch: Int?)
    /// A run that was cancelled goes on; its cancelled batches are made due again.
    case takeBack(run: Int)
    /// A run's parallelism changes.
    case parallelism(run: Int, Int?)
    /// How many batches of one key of a run may be held changes.
    case perKey(run: Int, Int?)
    /// A run refers to the budget that runs share, or to none.
    case refer(run: Int, Bool)
    /// The budget that runs share changes.
    case budget(BudgetLimits)
    /// The budget of all runs that refer to none changes, or is removed.
    case budgetOfAll(BudgetLimits?)
    /// A run's failed batches are made due; those, too, that have begun, where they may be.
    case retry(run: Int, mayRepeat: Bool)
    /// A run's quarantined items are made batches again.
    case redrive(run: Int)
    /// A run's policy changes.
    case redefine(run: Int, RunPolicy)

    /// What an acquire asks for.
    struct Asked: Sendable {
        var limit = BatchLimit()
        var minWeight: Double?
        var linger = Duration.zero
        var batches = 1
        /// A batch that is ended well before, by its place and attempt, as loops do.
        var last: Held?
    }

    /// A batch, by its place in the order of hand-outs, in the hands of one of its attempts.
    struct Held: Sendable {
        var batch: Int
        var attempt: Int
    }

    /// The ways to end or extend a batch.
    enum End: String, Sendable, CaseIterable {
        case succeed, fail, failForNow, failBadItems, release, putOff, heartbeat, begin
    }
}

extension ScheduleStep: CustomStringConvertible {
    /// The step in one line, for failures.
    var description: String {
        switch self {
        case .acquire(let run, let asked): "acquire run \(run) \(asked)"
        case .end(let batch, let attempt, let end): "\(end) batch \(batch) attempt \(attempt)"
        case .advance(let milliseconds): "advance \(milliseconds) ms"
        case .insert(let rows):
            "insert " + rows.map { "\($0.id):\($0.weight ?? 0)" }.joined(separator: " ")
        case .delete(let ids): "delete \(ids)"
        case .pause(let run, let isPaused): "\(isPaused ? "pause" : "resume") run \(run)"
        case .cancel(let run, let batch): "cancel run \(run) batch \(batch ?? -1)"
        case .takeBack(let run): "take back the cancel of run \(run)"
        case .parallelism(let run, let most): "parallelism of run \(run): \(most ?? -1)"
        case .perKey(let run, let most): "per key of run \(run): \(most ?? -1)"
        case .refer(let run, let refers): "run \(run) \(refers ? "shares" : "leaves") the budget"
        case .budgetOfAll(let limits): "budget of all \(limits?.text ?? "removed")"
        case .budget(let limits): "budget \(limits.text)"
        case .retry(let run, let mayRepeat):
            "retry run \(run)\(mayRepeat ? ", may repeat" : "")"
        case .redrive(let run): "redrive run \(run)"
        case .redefine(let run, let policy):
            "redefine run \(run): lease \(policy.lease), attempts \(policy.maxAttempts), then"
                + " \(policy.onExhausted)"
        }
    }
}

extension ScheduleStep.Asked: CustomStringConvertible {
    var description: String {
        "\(batches) of weight \(limit.weight ?? 0), count \(limit.count ?? 0),"
            + " least \(minWeight ?? 0) lingering \(linger)"
            + (last.map { ", having ended batch \($0.batch) attempt \($0.attempt)" } ?? "")
    }
}
