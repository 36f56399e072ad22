import FoundationEssentials
import Tranche

/// Runs as people read them; columns that seldom hold anything are shown when they do.
struct StatusTable {
    let runs: [RunStatus]
    /// The transactions that runs wait for.
    let writers: [RunKey: [SourceWriter]]
    /// A batch of each whose lease has ended.
    let lapsed: [RunKey: OpenBatch]
    let context: Context

    /// The columns that fit into 80 characters, and what is to be said besides.
    var text: String {
        var parts = narrow.map { $0.filled(runs) }
        var left: [String] = []
        // Names may be cut a little before a column goes.
        while leastWidth(of: parts) > Self.mostWidth {
            // What matters least goes first.
            guard
                let least = parts.indices.filter({ parts[$0].rank > 0 })
                    .max(by: { parts[$0].rank < parts[$1].rank })
            else { break }
            left.append(parts.remove(at: least).column.title)
        }
        if width(of: parts) > Self.mostWidth {
            let widest = (8...Self.mostWidth).last { width(of: parts, $0) <= Self.mostWidth } ?? 8
            for place in parts.indices { parts[place].cut(to: widest) }
        }
        if left.isEmpty { return table(parts) }
        return table(parts) + "no room for \(left.reversed().joined(separator: ", ")) (--wide)\n"
    }

    /// All columns, and what is to be said besides.
    var wideText: String { table(wide.map { $0.filled(runs) }) }

    /// The most characters of a line.
    private static let mostWidth = 80
    /// How much is left of a name at least before a column is left out.
    private static let leastWidth = 20

    private struct Part {
        var column: Table.Column
        /// How soon it is left out where there is no room: later for lower numbers, never for 0.
        var rank = 0
        /// Whether its cells may be cut.
        var isCut = false
        /// Whether they are cut in the midst.
        var isName = false
        var cell: (RunStatus) -> Table.Cell
        /// The cells, once they are made.
        var cells: [Table.Cell] = []

        /// The column with its cells.
        func filled(_ runs: [RunStatus]) -> Part {
            var part = self
            part.cells = runs.map { run in
                var cell = cell(run)
                cell.text = HumanText.oneLine(cell.text)
                return cell
            }
            return part
        }

        /// How wide it is, its cells cut where they may be.
        func width(_ widest: Int) -> Int {
            let own = cells.map { TextWidth.columns(of: $0.text) }.max() ?? 0
            return max(column.title.count, isCut ? min(own, widest) : own)
        }

        mutating func cut(to widest: Int) {
            guard isCut else { return }
            for place in cells.indices {
                let text = cells[place].text
                guard TextWidth.columns(of: text) > widest else { continue }
                // Names often differ at their ends, as those of files in a folder do.
                let end = isName ? (widest - 1) / 2 : 0
                cells[place].text =
                    TextWidth.prefix(of: text, max(1, widest - 1 - end)) + "…"
                    + TextWidth.suffix(of: text, end)
            }
        }
    }

    private func table(_ parts: [Part]) -> String {
        var table = Table(parts.map(\.column))
        for place in runs.indices { table.add(parts.map { $0.cells[place] }) }
        return table.text(context.style) + lines.map { $0 + "\n" }.joined()
    }

    private func width(of parts: [Part], _ widest: Int = .max) -> Int {
        parts.reduce(0) { $0 + $1.width(widest) } + 2 * max(0, parts.count - 1)
    }

    /// How wide parts are with names cut as far as they may be for the sake of a column.
    private func leastWidth(of parts: [Part]) -> Int {
        let spared = parts.filter(\.isName).map { $0.width(.max) - $0.width(Self.leastWidth) }
        return width(of: parts) - spared.reduce(0, +)
    }

    private var narrow: [Part] {
        var parts = names
        parts.append(Part(column: .text("STATE"), isCut: true, cell: { state($0) }))
        let tables = Dictionary(grouping: runs, by: { $0.run.key.job })
        let isOneOfSeveral = tables.values.contains { Set($0.map(\.run.key.metaTable)).count > 1 }
        // Where it tells jobs apart, it stays.
        parts[1].rank = isOneOfSeveral ? 0 : 5
        parts.append(Part(column: .number("WAITING"), cell: { waiting($0) }))
        return parts + weight + [
            Part(column: .number("OLDEST"), rank: 1, cell: { oldest($0) }),
            Part(column: .number("DRAINS IN"), rank: 3, cell: { drain($0) }),
            Part(column: .number("PER HOUR"), rank: 4, cell: { perHour($0) }),
            Part(column: .number("FAILED"), cell: { number($0.failedBatches, .red) }),
        ]
    }

    /// What waits in weight, where items have one.
    private var weight: [Part] {
        guard runs.contains(where: { $0.run.source?.weight != nil && $0.waitingItems > 0 }) else {
            return []
        }
        return [Part(column: .number("WEIGHT"), rank: 6, cell: { waitingWeight($0) })]
    }

    private var names: [Part] {
        var parts = [
            name("JOB") { $0.run.key.job }, name("META") { $0.run.key.metaTable },
        ]
        if runs.contains(where: { !$0.run.key.run.isEmpty }) {
            parts.append(
                Part(column: .text("RUN"), isCut: true, cell: { Table.Cell(name($0.run)) })
            )
        }
        return parts
    }

    private func name(_ title: String, _ text: @escaping (RunStatus) -> String) -> Part {
        Part(column: .text(title), isCut: true, isName: true, cell: { Table.Cell(text($0)) })
    }

    private var wide: [Part] {
        var parts = [
            Part(column: .text("JOB"), cell: { Table.Cell($0.run.key.job) }),
            Part(column: .text("META"), cell: { Table.Cell($0.run.key.metaTable) }),
            Part(column: .text("RUN"), cell: { Table.Cell(name($0.run)) }),
            Part(column: .text("STATE"), cell: { state($0) }),
            Part(column: .number("WAITING"), cell: { waiting($0) }),
            Part(column: .number("WAITING WEIGHT"), cell: { waitingWeight($0) }),
            Part(column: .number("OLDEST"), cell: { oldest($0) }),
            Part(column: .number("DRAINS IN"), cell: { drain($0) }),
            Part(column: .number("PER HOUR"), cell: { perHour($0) }),
        ]
        parts += batches
        if runs.contains(where: { $0.openGaps > 0 }) {
            parts.append(
                Part(column: .number("OPEN GAPS"), cell: { number($0.openGaps, .yellow) })
            )
        }
        return parts + [
            Part(
                column: .number("CURSOR"),
                cell: { Table.Cell($0.run.cursor.map(String.init) ?? "-") }
            ),
            Part(column: .number("PACE"), cell: { Table.Cell(pace($0.summary)) }),
            Part(column: .text("LAST SUCCESS"), cell: { lastSuccess($0) }),
        ]
    }

    /// What has become of batches.
    private var batches: [Part] {
        var parts = [
            Part(column: .number("DONE"), cell: { number($0.batches(.succeeded)) }),
            Part(
                column: .number("ITEMS"),
                cell: { number($0.summary.totals[.succeeded]?.items ?? 0) }
            ),
            Part(column: .number("WEIGHT"), cell: { doneWeight($0) }),
            Part(column: .number("RUNNING"), cell: { number($0.held.batches) }),
            Part(column: .number("RELEASED"), cell: { number($0.batches(.released)) }),
            Part(column: .number("FAILED"), cell: { number($0.batches(.failed), .red) }),
        ]
        for (title, status, colour) in [
            ("SPLIT", BatchStatus.split, Colour.yellow), ("QUARANTINED", .quarantined, .red),
        ] where runs.contains(where: { $0.batches(status) > 0 }) {
            parts.append(
                Part(column: .number(title), cell: { number($0.batches(status), colour) })
            )
        }
        return parts
    }

    // MARK: Cells

    private func state(_ run: RunStatus) -> Table.Cell {
        Table.Cell(run.state.words(context.now()), run.state.colour)
    }

    private func waiting(_ run: RunStatus) -> Table.Cell {
        if run.run.isFormer { return "-" }
        guard let backlog = run.backlog else {
            // What is open is known, and what is in the source is not.
            let open = run.waitingItems
            return Table.Cell(open > 0 ? ">\(HumanText.number(open - 1))" : "?")
        }
        let number = HumanText.number(run.waitingItems)
        return Table.Cell(
            (backlog.isExact ? "" : "~") + number,
            run.waitingItems > 0 ? .yellow : nil
        )
    }

    private func waitingWeight(_ run: RunStatus) -> Table.Cell {
        guard let backlog = run.backlog, run.run.source?.weight != nil else { return "-" }
        guard run.isWeightKnown else { return "?" }
        let weight = HumanText.weight(
            backlog.isExact ? run.waitingWeight : run.waitingWeight.rounded(),
            isBytes: run.run.weighsBytes
        )
        return Table.Cell((backlog.isExact ? "" : "~") + weight)
    }

    private func oldest(_ run: RunStatus) -> Table.Cell {
        Table.Cell(run.oldestAt.map { HumanText.age(since: $0, at: context.now()) } ?? "-")
    }

    private func drain(_ run: RunStatus) -> Table.Cell {
        guard let drain = run.drains(hasWeights: run.run.source?.weight != nil) else { return "-" }
        return Table.Cell(HumanText.range(drain.shortest, drain.longest))
    }

    private func perHour(_ run: RunStatus) -> Table.Cell {
        guard let done = run.itemsOfHour else { return "-" }
        return Table.Cell((done.isEstimate ? "~" : "") + HumanText.number(done.count))
    }

    private func doneWeight(_ run: RunStatus) -> Table.Cell {
        let weight = run.summary.totals[.succeeded]?.weight ?? 0
        return Table.Cell(HumanText.weight(weight, isBytes: run.run.weighsBytes))
    }

    private func lastSuccess(_ run: RunStatus) -> Table.Cell {
        let last = run.summary.lastSuccess
        return Table.Cell(last.map { HumanText.relative($0, to: context.now()) } ?? "-")
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
            if let most = run.run.mostBeforePause, most > 0 {
                let reason = run.run.pauseReason.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
                lines.append(
                    HumanText.oneLine(
                        "\(run.run.key) is given \(HumanText.count(most, "more batch", "more batches")) "
                            + "before it is paused again\(reason)"
                    )
                )
            }
            if case .held(let reason, _) = run.state {
                lines.append(HumanText.oneLine("\(run.run.key) is held: \(reason)"))
            }
            if let promotion = run.run.standing.promotion {
                lines.append(HumanText.oneLine("\(run.run.key): \(promotion.words)"))
            }
            if let stuck = run.stuck {
                let count = run.summary.causes[.stuck]?.batches ?? 1
                let error = HumanText.excerpt(redacted(stuck.logging ?? ""))
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
            lines += run.waits.compactMap { line(of: $0, run) }
            if let writers = writers[run.run.key], !writers.isEmpty {
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " "
                        + WaitText.words(writers, awaitedBy: run.run, at: context.now())
                )
            }
            if let open = lapsed[run.run.key] {
                lines.append(
                    HumanText.oneLine("\(run.run.key)") + " "
                        + WaitText.words(
                            open,
                            amongLapsed: run.summary.lapsed.batches,
                            of: run.run,
                            at: context.now()
                        )
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
        return lines + riskLines
    }

    /// What no proof covers in the sources, once each; of several runs with those that have it.
    private var riskLines: [String] {
        var explanations: [String] = []
        var keys: [String: [String]] = [:]
        for run in runs {
            let key = HumanText.oneLine("\(run.run.key)")
            for text in (run.risks ?? []).map(\.explanation) where keys[text]?.last != key {
                if keys[text] == nil { explanations.append(text) }
                keys[text, default: []].append(key)
            }
        }
        if runs.count == 1 { return explanations.map { "risk: \($0)" } }
        return explanations.map { text in
            "risk of \(keys[text, default: []].joined(separator: ", ")): \(text)"
        }
    }

    /// What is told of a budget that has no room for a run; `nil` where that is as it should be.
    private func line(of waiting: RunStatus.Waiting, _ run: RunStatus) -> String? {
        let key = HumanText.oneLine("\(run.run.key)")
        let now = context.now()
        if waiting.closing != nil { return "\(key) \(waiting.words(at: now))" }
        guard let name = waiting.owner.name else { return nil }
        if let wait = waiting.wait {
            return "\(key) and budget '\(name)': it \(wait.words(at: now)); "
                + tellingWhoHolds(name)
        }
        // A run that holds all of a budget itself has what it may have.
        guard case .limited = run.state else { return nil }
        return "\(key) \(waiting.words(at: now)); \(tellingWhoHolds(name))"
    }

    /// The command that shows a budget; bare where a shell needs the name in marks of its own.
    private func tellingWhoHolds(_ budget: String) -> String {
        let word = RunKey.quoted(budget)
        if word == budget { return "'tranche budget show \(word)' tells who holds it" }
        return "who holds it tells: tranche budget show \(word)"
    }

    /// How long a lease or a wait for a retry lasts at most, and a little more.
    private func longestWait(of run: RunRecord) -> TimeInterval {
        // What is put off waits for up to a fifth longer than was asked for.
        let longest = max(run.policy.lease, run.policy.backoffLimit, BatchDeferral.longest * 1.2)
        return longest.seconds + 60
    }

    private func name(_ run: RunRecord) -> String {
        if run.key.run.isEmpty { return "-" }
        if let bounds = run.source?.time?.shortBounds { return "\(run.key.run) (\(bounds))" }
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
        return summary.itemsPerSecond.map { HumanText.pace(items: $0) } ?? "-"
    }
}
