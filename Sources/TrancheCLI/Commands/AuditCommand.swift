import Tranche

/// Compares what was handed out with what the source has.
struct AuditCommand: Command {
    static let description = CommandDescription(
        name: "audit",
        summary: "Compare the ids that a run handed out with its source",
        examples: ["tranche audit --job thumbs --repair"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The audit",
                options: [
                    .init("from", "ID", "lowest id to compare"),
                    .init("to", "ID", "highest id to compare"),
                    .init("budget", "TIME", "maximum duration; the next audit continues there"),
                    .init("repair", nil, "queue ids that appeared, for a late batch"),
                    .init(
                        "redo-range",
                        nil,
                        "with --repair: also queue ids that may have been processed "
                            + "before: differing ids of adopted batches, and all ids "
                            + "from --from to --to"
                    ),
                    .init(
                        "thorough",
                        nil,
                        "compare the ids of every batch (default: counts and sums; ids "
                            + "only where these differ, and of one batch in 16 by turns)"
                    ),
                ]
            ),
        ],
        notes: """
            Ids that appeared were committed behind the cursor; ids that vanished were deleted.
            If an id occurs more than once in the source, a batch got one of its rows. With
            --budget, an audit continues where the last one of the same ids ended.

            Exit: 0 no difference, or all of it was queued; 1 a difference.

            """
    )

    private let selection: RunOptions
    private let options: AuditOptions

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        let ids = IDBounds(
            lower: try arguments.value("from", parseID),
            upper: try arguments.value("to", parseID)
        )
        if let lower = ids.lower, let upper = ids.upper, lower > upper {
            throw UsageError("--from \(lower) is above --to \(upper); swap them")
        }
        options = AuditOptions(
            ids: ids,
            budget: try arguments.value("budget") { text in
                let budget = try parseDuration(text)
                guard budget > .zero else { throw ValueError("give a time above 0") }
                return budget
            },
            isRepairing: arguments.has("repair"),
            redoesRange: arguments.has("redo-range"),
            isThorough: arguments.has("thorough")
        )
        if options.redoesRange, !options.isRepairing {
            throw UsageError("--redo-range goes with --repair")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let run = try await inventory.run(selection.known(in: inventory))
            let source = try await context.source(
                of: run,
                named: selection.source,
                in: inventory
            )
            let style = Style(context.errors, environment: context.environment)
            var line = AuditLine(context.errors, isDrawn: style.canDraw)
            let report: AuditReport
            do {
                report = try await inventory.audit(run.key, from: source, options: options) {
                    line.draw($0)
                }
            } catch {
                line.clear()
                throw error
            }
            line.clear()
            let risks = try await inventory.source(source).risks
            let text = AuditText(key: run.key, report: report, options: options, risks: risks)
            let document = AuditDocument(report, of: run.key, risks: risks)
            try context.write(document) { text.text }
            return text.isSettled ? .done : .failed
        }
    }
}

/// How an audit goes on, on a terminal.
private struct AuditLine {
    private let writer: any Writer
    private let isDrawn: Bool
    private let start = ContinuousClock.now
    private var drawnAt: ContinuousClock.Instant?

    init(_ writer: any Writer, isDrawn: Bool) {
        self.writer = writer
        self.isDrawn = isDrawn
    }

    mutating func draw(_ report: AuditReport) {
        let now = ContinuousClock.now
        if let drawnAt, now - drawnAt < .milliseconds(200) { return }
        drawnAt = now
        let seconds = (now - start).seconds
        let pace = HumanText.number((Double(report.ids) / max(seconds, 0.001)).nearestInteger)
        let line =
            "\(HumanText.count(report.tiles, "batch", "batches")), "
            + "\(HumanText.count(report.ids, "id")), \(pace) ids/s, "
            + "\(report.appeared.count) appeared, \(report.vanished.count) vanished, "
            + "\(report.doubled.count) more than once"
        write("\r\u{1B}[K\(line.prefix(max(writer.width - 1, 20)))")
    }

    mutating func clear() {
        if drawnAt != nil { write("\r\u{1B}[K") }
        drawnAt = nil
    }

    private func write(_ text: String) {
        guard isDrawn else { return }
        // The audit goes on when nobody can read how it goes.
        try? writer.write(text)
    }
}

/// What an audit found, for people and programs.
private struct AuditText {
    let key: RunKey
    let report: AuditReport
    let options: AuditOptions
    let risks: [SourceRisk]

    /// Whether nothing differs that is not queued.
    var isSettled: Bool {
        (report.appeared.count == 0 || options.isRepairing) && report.vanished.count == 0
            && report.doubled.count == 0 && (report.uncertain.isEmpty || options.redoesRange)
    }

    var text: String {
        var text = "\(key): looked at \(HumanText.count(report.tiles, "batch", "batches")) with "
        text +=
            "\(HumanText.count(report.ids, "id")), compared \(HumanText.number(report.compared)) "
        text +=
            report.isFinished ? "of them id by id\n" : "of them id by id; the budget is used up\n"
        if let next = report.position?.id, !report.isFinished {
            text += "the next audit with a budget goes on behind id \(next)\n"
        }
        if report.appeared.count > 0 { text += "appeared: \(HumanText.ids(report.appeared))\n" }
        if report.vanished.count > 0 { text += "vanished: \(HumanText.ids(report.vanished))\n" }
        if report.doubled.count > 0 {
            text += "more than once: \(HumanText.ids(report.doubled))\n"
            text +=
                "a batch is given one row of an id: give the others ids above the cursor, or "
                + "delete "
            text += "them, and make a unique index\n"
        }
        for batch in report.uncertain {
            text += "batch \(batch.batch) does not know its ids: it was given "
            text += "\(HumanText.count(batch.count, "item")) of ids \(HumanText.ids(batch.range)), "
            text += "where there are \(HumanText.number(batch.present)) now\n"
        }
        if report.queued > 0 {
            text += "queued: \(HumanText.count(report.queued, "id")), handed out next\n"
        } else if report.appeared.count > 0, !options.isRepairing {
            text += "'tranche audit --repair' hands out what appeared\n"
        }
        if isSettled, report.appeared.count == 0, report.queued == 0 { text += "nothing differs\n" }
        return text + HumanText.risks(risks)
    }
}
