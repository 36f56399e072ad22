import Foundation
import Tranche

/// Runs as people read them; columns that seldom hold anything are shown when they do.
struct StatusTable {
    let runs: [RunStatus]
    let context: Context

    var text: String {
        var table = Table(columns.map(\.column))
        for run in runs { table.add(columns.map { $0.cell(run) }) }
        return table.text(context.style) + lines.map { $0 + "\n" }.joined()
    }

    private struct Part {
        var column: Table.Column
        var cell: (RunStatus) -> Table.Cell
    }

    private var columns: [Part] {
        var parts = [
            Part(column: .text("JOB")) { Table.Cell($0.run.key.job) },
            Part(column: .text("META")) { Table.Cell($0.run.key.metaTable) },
            Part(column: .text("RUN")) { Table.Cell(name($0.run)) },
            Part(column: .text("STATE")) {
                Table.Cell($0.state.words(context.now()), $0.state.colour)
            },
            Part(column: .number("DONE")) { number($0.batches(.succeeded)) },
            Part(column: .number("ITEMS")) { number($0.summary.totals[.succeeded]?.items ?? 0) },
            Part(column: .number("WEIGHT")) { run in
                let weight = run.summary.totals[.succeeded]?.weight ?? 0
                return Table.Cell(HumanText.weight(weight, isBytes: run.run.weighsBytes))
            },
            Part(column: .number("RUNNING")) { number($0.batches(.running)) },
            Part(column: .number("RELEASED")) { number($0.batches(.released)) },
            Part(column: .number("FAILED")) { number($0.batches(.failed), .red) },
        ]
        for (title, status, colour) in [
            ("SPLIT", BatchStatus.split, Colour.yellow), ("QUARANTINED", .quarantined, .red),
        ] where runs.contains(where: { $0.batches(status) > 0 }) {
            parts.append(Part(column: .number(title)) { number($0.batches(status), colour) })
        }
        if runs.contains(where: { $0.openGaps > 0 }) {
            parts.append(Part(column: .number("OPEN GAPS")) { number($0.openGaps, .yellow) })
        }
        return parts + [
            Part(column: .number("CURSOR")) { Table.Cell($0.run.cursor.map(String.init) ?? "-") },
            Part(column: .number("PACE")) { Table.Cell(pace($0.summary)) },
            Part(column: .text("LAST SUCCESS")) { run in
                let last = run.summary.lastSuccess
                return Table.Cell(last.map { HumanText.relative($0, to: context.now()) } ?? "-")
            },
        ]
    }

    /// What a cell has no room for.
    private var lines: [String] {
        var lines: [String] = []
        for run in runs {
            if let column = run.run.keyColumn {
                let most = run.run.perKey.map {
                    ", at most \(HumanText.count($0, "batch", "batches")) of one at once"
                }
                lines.append(
                    HumanText.oneLine("\(run.run.key)")
                        + " is cut by the key \(HumanText.oneLine(column))\(most ?? "")"
                )
            }
            if case .held(let reason, _) = run.state {
                lines.append(HumanText.oneLine("\(run.run.key) is held: \(reason)"))
            }
            if let stuck = run.stuck {
                let count = run.summary.causes[.stuck]?.batches ?? 1
                let error = redacted(stuck.logging ?? "").prefix { !$0.isNewline }.prefix(80)
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " has "
                        + "\(HumanText.count(count, "stuck batch", "stuck batches")), such as "
                        + "\(stuck.id): \(error); 'tranche batches --status stuck' lists them"
                )
            }
            if let begun = run.summary.causes[.begun], begun.batches > 0 {
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " has "
                        + "\(HumanText.count(begun.batches, "failed batch", "failed batches")) "
                        + "that may have been executed; 'tranche batches --status begun' lists "
                        + "them, "
                        + "'tranche retry --may-repeat' offers them again"
                )
            }
            for waiting in run.waits {
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " and budget '\(waiting.budget)': it "
                        + waiting.wait.words(at: context.now())
                        + "; 'tranche budget show \(waiting.budget)' tells who holds it"
                )
            }
            if let due = run.summary.nextDue, due > context.now() + longestWait(of: run.run) {
                lines.append(
                    HumanText.oneLine("\(run.run.key)")
                        + " waits \(HumanText.relative(due, to: context.now())) for a lease or a "
                        + "retry, longer than either lasts: the clock may have been set back. "
                        + "Where nobody works on the batch any more, 'tranche release BATCH "
                        + "--attempt N' offers it at once; 'tranche batches' tells both numbers"
                )
            }
            if run.run.droppedGaps > 0 {
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " has given up "
                        + "\(HumanText.count(run.run.droppedGaps, "gap")), as there were too many; "
                        + "'tranche audit' looks at all ids"
                )
            }
        }
        for run in runs {
            for risk in run.risks ?? [] {
                let line = "risk: \(risk.explanation)"
                if !lines.contains(line) { lines.append(line) }
            }
        }
        return lines
    }

    /// How long a lease or a wait for a retry lasts at most, and a little more.
    private func longestWait(of run: RunRecord) -> TimeInterval {
        // What is put off waits for up to a fifth longer than was asked for.
        let longest = max(run.policy.lease, run.policy.backoffLimit, BatchDeferral.longest * 1.2)
        return longest.seconds + 60
    }

    private func name(_ run: RunRecord) -> String {
        if run.key.run.isEmpty { return "-" }
        if run.rootIDs.isOpen { return "\(run.key.run) (\(run.bounds))" }
        let bounds = run.bounds.isOpen ? "" : "\(run.bounds), "
        return "\(run.key.run) (\(bounds)root ids \(run.rootIDs))"
    }

    private func number(_ count: Int, _ colour: Colour? = nil) -> Table.Cell {
        Table.Cell(HumanText.number(count), count > 0 ? colour : nil)
    }

    private func pace(_ summary: RunSummary) -> String {
        if summary.run.source?.weight != nil, let pace = summary.weightPerSecond {
            return HumanText.weight(pace.rounded(), isBytes: summary.run.weighsBytes) + "/s"
        }
        return summary.itemsPerSecond.map { "\(HumanText.fixed($0, 1)) items/s" } ?? "-"
    }
}
