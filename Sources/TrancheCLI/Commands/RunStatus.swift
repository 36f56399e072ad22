import Foundation
import Tranche

/// A run, its batches, its gaps and its source, as far as `status` tells of them.
struct RunStatus: Sendable {
    let summary: RunSummary
    let gaps: [Gap]
    /// What no proof covers in the source; `nil` when it could not be opened.
    let risks: [SourceRisk]?
    let now: Date

    /// What a run is doing, as far as the inventory knows without a look at the source.
    enum State: Sendable {
        case paused(reason: String)
        case held(reason: String, until: Date?)
        case running
        case waiting(until: Date)
        case unsettled
        case complete
        case idle
    }

    var run: RunRecord { summary.run }

    /// How many gaps wait for transactions.
    var openGaps: Int { gaps.count { $0.isOpen } }

    var state: State {
        if let reason = run.pauseReason { return .paused(reason: reason) }
        if let hold { return .held(reason: hold.reason, until: hold.until) }
        if batches(.running) > 0 { return .running }
        if let nextDue = summary.nextDue { return .waiting(until: nextDue) }
        if openGaps > 0 || run.settling.candidate != nil { return .unsettled }
        return run.isAtEnd && !summary.isDue ? .complete : .idle
    }

    func batches(_ status: BatchStatus) -> Int {
        summary.totals[status]?.batches ?? 0
    }

    /// The hold because of the source, or that of an outage; while its probe is out, until that must have
    /// ended.
    private var hold: (reason: String, until: Date?)? {
        if let reason = run.standing.hold { return (reason, nil) }
        guard let hold = run.outage.hold else { return nil }
        return (run.outage.reason, Date(milliseconds: hold.until))
    }

    var document: JSON {
        let totals = BatchStatus.allCases.map { status in
            let totals = summary.totals[status] ?? .init()
            return (
                status.rawValue,
                JSON.object([
                    ("batches", JSON(totals.batches)), ("items", JSON(totals.items)),
                    ("weight", .number(totals.weight)),
                ])
            )
        }
        let held = hold.map { hold in
            JSON.object([("reason", .string(hold.reason)), ("until", JSON(hold.until))])
        }
        let gapCounts = JSON.object([
            ("open", JSON(openGaps)), ("closed", JSON(gaps.count - openGaps)),
            ("dropped", JSON(run.droppedGaps)), ("next_look", JSON(run.gapsDueAt)),
        ])
        return .object(
            JSON.members(of: run.key) + [
                ("state", .string(state.name)),
                ("bounds", JSON(run.bounds)),
                ("cursor", JSON(run.cursor)),
                ("paused", JSON(run.pauseReason)),
                ("policy", JSON(run.policy)),
                ("totals", .object(totals)),
                ("next_due", JSON(summary.nextDue)),
                ("last_success", JSON(summary.lastSuccess)),
                ("weight_per_s", JSON(summary.weightPerSecond)),
                ("items_per_s", JSON(summary.itemsPerSecond)),
                ("definition", run.definition.map { .raw($0) } ?? .null),
                ("created_at", JSON(run.createdAt)),
                ("held", held ?? .null),
                ("gaps", gapCounts),
                ("root_ids", JSON(run.rootIDs)),
                ("risks", risks.map { .array($0.map { JSON($0) }) } ?? .null),
            ]
        )
    }
}

extension RunStatus.State {
    var name: String {
        switch self {
        case .paused: "paused"
        case .held: "held"
        case .running: "running"
        case .waiting: "waiting"
        case .unsettled: "unsettled"
        case .complete: "complete"
        case .idle: "idle"
        }
    }

    func words(_ now: Date) -> String {
        switch self {
        case .paused(let reason) where !reason.isEmpty: "paused: \(reason)"
        case .held(_, nil): "held"
        case .held(_, let until?): "held, tried \(HumanText.relative(max(until, now), to: now))"
        case .waiting(let until): "due \(HumanText.relative(until, to: now))"
        default: name
        }
    }

    var colour: Colour? {
        switch self {
        case .paused, .held, .waiting, .unsettled: .yellow
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
