import FoundationEssentials
import Tranche

extension RunStatus.State {
    func words(_ now: Date) -> String {
        switch self {
        case .cancelled(let cancellation): cancellation.note.cancelWords
        case .paused(let reason) where !reason.isEmpty: "paused: \(reason)"
        case .held(_, nil): "held"
        case .held(_, let until?): "held, tried \(HumanText.relative(max(until, now), to: now))"
        case .retrying(let until?): "retrying, due \(HumanText.relative(until, to: now))"
        case .waiting(let until): "due \(HumanText.relative(until, to: now))"
        default: name
        }
    }

    var colour: Colour? {
        switch self {
        case .stuck, .failed: .red
        case .paused, .cancelled, .held, .waiting, .unsettled, .retrying, .ready, .limited: .yellow
        case .running: .blue
        case .complete: .green
        case .idle: nil
        }
    }
}

extension RunSummary {
    /// Batches that are failed or quarantined now.
    var failedBatches: Int {
        (totals[.failed]?.batches ?? 0) + (totals[.quarantined]?.batches ?? 0)
    }
}
