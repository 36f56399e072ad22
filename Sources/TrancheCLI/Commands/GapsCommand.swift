import FoundationEssentials
import Tranche

/// Lists ids behind the cursor that may still be committed.
struct GapsCommand: Command {
    static let description = CommandDescription(
        name: "gaps",
        summary: "List ids that were passed over and may still be committed",
        examples: ["tranche gaps --job thumbs"],
        groups: [RunOptions.group(jobIsRequired: false)],
        notes: """
            An open gap waits for transactions; on PostgreSQL, for virtual transactions of
            pg_locks (-1/… is a transaction prepared before a restart). A closed gap is still
            checked until its watch ends. No id of an exact gap was handed out, some ids of a
            coarse gap were. A queued gap is handed out again.

            """
    )

    private let selection: RunOptions

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let runs = try await context.withInventory { inventory in
            var runs: [GapsOfRun] = []
            let records = try await inventory.runs(selection.known(in: inventory))
            let source = context.sourceFinder()
            for run in records {
                let gaps = try await inventory.gaps(of: run.key)
                let writers = try await inventory.writers(awaitedBy: run) {
                    try await source(run, inventory)
                } onFailure: { error in
                    try context.note("cannot look at '\(run.key.metaTable)': \(error)", .warning)
                }
                runs.append(GapsOfRun(run: run, gaps: gaps, writers: writers))
            }
            return runs
        }
        let document = GapsDocument(
            runs.map { ($0.run, $0.gaps) },
            writers: runs.flatMap { run in run.writers.map { (run.run.key, $0) } }
        )
        try context.write(document) { text(runs, context) }
        if runs.isEmpty {
            try context.note("no run has begun yet")
        } else if runs.allSatisfy(\.isEmpty) {
            try context.note("there is no gap")
        }
        return .done
    }

    private func text(_ runs: [GapsOfRun], _ context: Context) -> String {
        var table = Table([
            .text("JOB"), .text("META"), .text("RUN"), .text("IDS"), .text("KIND"), .text("FOUND"),
            .text("NEXT LOOK"), .text("STATE"),
        ])
        for run in runs {
            for gap in run.gaps { table.add(row(gap, of: run.run.key, context)) }
        }
        let lines = runs.flatMap { $0.lines(context.now()) }
        return (table.count > 0 ? table.text(context.style) : "") + lines.map { $0 + "\n" }.joined()
    }

    private func row(_ gap: Gap, of key: RunKey, _ context: Context) -> [Table.Cell] {
        let now = context.now()
        let state =
            gap.isOpen
            ? "open: \(gap.holders.sorted().joined(separator: ", "))"
            : "closed, last look \(HumanText.relative(gap.watchUntil, to: now))"
        return [
            Table.Cell(key.job), Table.Cell(key.metaTable),
            Table.Cell(key.run.isEmpty ? "-" : key.run), Table.Cell(HumanText.ids(gap.range)),
            Table.Cell(GapDocument(gap, of: key).kind.rawValue),
            Table.Cell(HumanText.relative(gap.foundAt, to: now)),
            Table.Cell(HumanText.relative(gap.nextLook, to: now)),
            Table.Cell(state, gap.isOpen ? .yellow : nil),
        ]
    }
}

/// The gaps of a run, and for whom it waits.
private struct GapsOfRun: Sendable {
    let run: RunRecord
    let gaps: [Gap]
    let writers: [SourceWriter]

    var isEmpty: Bool { gaps.isEmpty && run.settling.candidate == nil && run.droppedGaps == 0 }

    func lines(_ now: Date) -> [String] {
        var lines: [String] = []
        if let waiting = GapsDocument.Waiting(run) {
            let names = waiting.holders.map {
                "\($0.name) (seen \(HumanText.relative($0.since, to: now)))"
            }
            var line = "\(run.key): ids up to \(waiting.candidate) wait"
            if !names.isEmpty { line += " for \(names.joined(separator: ", "))" }
            if let passesAt = waiting.until {
                let latest = HumanText.relative(max(passesAt, now), to: now)
                line += "; they are handed out \(latest) at the latest"
            }
            lines.append(line)
        }
        for writer in writers {
            lines.append("\(writer.name) is \(writer.words(at: now))")
        }
        if run.droppedGaps > 0 {
            lines.append(
                "\(run.key): \(HumanText.count(run.droppedGaps, "gap")) given up, as there were too "
                    + "many; 'tranche audit' looks at all ids"
            )
        }
        return lines
    }
}
