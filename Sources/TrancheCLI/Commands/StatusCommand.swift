import Foundation
import Tranche

/// Lists runs with what their batches add up to.
struct StatusCommand: Command {
    static let description = CommandDescription(
        name: "status",
        summary: "Show the runs and how far they are",
        groups: [RunOptions.group(jobIsRequired: false)]
    )

    private let selection: RunSelection

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments).selection
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let runs = try await context.withInventory { try await $0.summaries(selection) }
        try context.write(.object([("runs", .array(runs.map(document)))])) {
            runs.isEmpty ? "" : table(runs, context)
        }
        if runs.isEmpty {
            let isAny = selection == RunSelection()
            try context.note(isAny ? "no run has begun yet" : "there is no such run")
        }
        return .done
    }

    private func table(_ runs: [RunSummary], _ context: Context) -> String {
        var table = Table([
            .text("JOB"), .text("META"), .text("RUN"), .text("STATE"), .number("DONE"),
            .number("ITEMS"),
            .number("WEIGHT"), .number("RUNNING"), .number("RELEASED"), .number("FAILED"),
            .number("CURSOR"),
            .number("PACE"), .text("LAST SUCCESS"),
        ])
        for summary in runs { table.add(row(summary, context)) }
        return table.text(context.style)
    }

    private func row(_ summary: RunSummary, _ context: Context) -> [Table.Cell] {
        let run = summary.run
        let done = summary.totals[.succeeded] ?? .init()
        let failed = summary.failedBatches
        let released = summary.totals[.released]?.batches ?? 0
        let state = summary.state
        return [
            Table.Cell(run.key.job),
            Table.Cell(run.key.metaTable),
            Table.Cell(runName(run)),
            Table.Cell(state.words(context.now()), state.colour),
            Table.Cell(HumanText.number(done.batches)),
            Table.Cell(HumanText.number(done.items)),
            Table.Cell(HumanText.weight(done.weight, isBytes: run.weighsBytes)),
            Table.Cell(HumanText.number(summary.totals[.running]?.batches ?? 0)),
            Table.Cell(HumanText.number(released)),
            Table.Cell(HumanText.number(failed), failed > 0 ? .red : nil),
            Table.Cell(run.cursor.map(String.init) ?? "-"),
            Table.Cell(pace(summary)),
            Table.Cell(
                summary.lastSuccess.map { HumanText.relative($0, to: context.now()) } ?? "-"
            ),
        ]
    }

    private func runName(_ run: RunRecord) -> String {
        run.key.run.isEmpty ? "-" : "\(run.key.run) (\(run.bounds))"
    }

    private func pace(_ summary: RunSummary) -> String {
        if summary.run.source?.weight != nil, let pace = summary.weightPerSecond {
            return HumanText.weight(pace.rounded(), isBytes: summary.run.weighsBytes) + "/s"
        }
        return summary.itemsPerSecond.map { "\(HumanText.fixed($0, 1)) items/s" } ?? "-"
    }

    private func document(_ summary: RunSummary) -> JSON {
        let run = summary.run
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
        return .object([
            ("job", .string(run.key.job)),
            ("meta", .string(run.key.metaTable)),
            ("run", .string(run.key.run)),
            ("state", .string(summary.state.name)),
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
        ])
    }
}

extension RunSummary {
    /// Batches that are failed or quarantined now.
    var failedBatches: Int {
        (totals[.failed]?.batches ?? 0) + (totals[.quarantined]?.batches ?? 0)
    }

    /// What a run is doing, as far as the inventory knows without a look at the source.
    enum State: Sendable {
        case paused(reason: String)
        case running
        case waiting(until: Date)
        case complete
        case idle
    }

    var state: State {
        if let reason = run.pauseReason { return .paused(reason: reason) }
        if (totals[.running]?.batches ?? 0) > 0 { return .running }
        if let nextDue { return .waiting(until: nextDue) }
        let open = totals[.released]?.batches ?? 0
        return run.isAtEnd && open == 0 ? .complete : .idle
    }
}

extension RunSummary.State {
    var name: String {
        switch self {
        case .paused: "paused"
        case .running: "running"
        case .waiting: "waiting"
        case .complete: "complete"
        case .idle: "idle"
        }
    }

    func words(_ now: Date) -> String {
        switch self {
        case .paused(let reason) where !reason.isEmpty: "paused: \(reason)"
        case .waiting(let until): "due \(HumanText.relative(until, to: now))"
        default: name
        }
    }

    var colour: Colour? {
        switch self {
        case .paused, .waiting: .yellow
        case .running: .blue
        case .complete: .green
        case .idle: nil
        }
    }
}
