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

extension [RunSummary] {
    /// That batches of the runs were cancelled, and what offers them again; `nil` where none was.
    ///
    /// They are no failure: somebody wanted them not to be done.
    var cancelledWords: String? {
        let count = reduce(0) { $0 + ($1.causes[.cancelled]?.batches ?? 0) }
        guard count > 0 else { return nil }
        let batches = HumanText.count(count, "batch has", "batches have")
        return "\(batches) been cancelled; 'tranche retry --cancelled' offers them again"
    }
}
