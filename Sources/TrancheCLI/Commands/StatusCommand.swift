import FoundationEssentials
import Tranche

/// Lists runs with what their batches add up to, and what waits.
struct StatusCommand: Command {
    static let description = CommandDescription(
        name: "status",
        summary: "Show the runs, how far they are, and how much waits",
        isUsual: true,
        examples: [
            "tranche status", "tranche status --job thumbs --json",
            "tranche status --check --max-age 1h",
        ],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "What is shown",
                options: [
                    .init("wide", nil, "all columns, however wide they are", isUsual: true),
                    .init(
                        "all",
                        nil,
                        "all runs (default: the \(mostRows) that need attention most)"
                    ),
                    .init("watch", nil, "show it again and again until a signal", isUsual: true),
                    .init("every", "TIME", "with --watch: interval (default: 2s)"),
                ]
            ),
            .init(title: "Whether all is well", options: StatusCheck.options),
        ],
        notes: """
            The first lines add up all runs: how many items wait and for how long, how many
            batches are in flight, and how many attempts failed in the last hour. The runs
            follow; those that need attention come first.

            WAITING    items that wait: new ones above the cursor, and those of batches that
                       workers gave back, that are tried again, or whose lease ended;
                       ~ if status counted only the first of them
            OLDEST     minimum time that the oldest item has waited: by --settle-column,
                       otherwise since status first saw it, or a worker could take it
            DRAINS IN  time until no item waits, at the pace of the last hour and of the
                       newest batches, if none is added; - if nothing is handed out
            PER HOUR   items processed in the last hour; ~ at the pace of the newest batches
            FAILED     batches that failed for good or are quarantined

            STATE is held, failed, stuck, retrying, unsettled (writers may still commit ids
            that the run passed over), ready (items wait, and no worker takes them), running,
            due, limited (items wait, and a budget or a probe holds all of them back),
            paused, cancelled, idle, or complete.

            Exit: 1 if --check finds a fault. It reports a pause, and a budget that somebody
            closed, but these are not faults; --max-age and --max-backlog find items that wait.

            """
    )

    /// Rows at most without `--all`.
    private static let mostRows = 50
    /// The head, a blank line, the titles, how many more runs there are, and the cursor's line.
    private static let linesAround = 5

    private let selection: RunOptions
    private let check: StatusCheck?
    private let isWide: Bool
    private let isWhole: Bool
    private let interval: Duration?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        check = try StatusCheck(arguments)
        isWide = arguments.has("wide")
        isWhole = arguments.has("all")
        let every = try arguments.value("every") { text in
            let time = try parseDuration(text)
            guard time > .zero else { throw ValueError("an interval is above 0") }
            return time
        }
        if every != nil, !arguments.has("watch") { throw UsageError("--every goes with --watch") }
        if check != nil, arguments.has("watch") {
            throw UsageError("--check and --watch exclude each other")
        }
        interval = arguments.has("watch") ? every ?? .seconds(2) : nil
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            guard let interval else { return try await show(inventory, context) }
            do {
                while true {
                    _ = try await show(inventory, context)
                    if !isDrawn(in: context), !context.isJSON {
                        try context.output.write("\n")
                    }
                    try await inventory.configuration.clock.sleep(for: interval)
                }
            } catch is CancellationError {
                return .done
            }
        }
    }

    private func show(_ inventory: Inventory, _ context: Context) async throws -> ProgramStatus {
        let asked = try await selection.known(in: inventory)
        let reading = try await StatusReading(silently: asked, inventory, context)
        let findings = check?.findings(in: reading, at: context.now())
        let runs = reading.overview.runs
        var notes = reading.faultWords
        if runs.isEmpty { notes.append("no run has begun yet") }
        if findings == nil, let open = reading.openTransaction {
            notes.append(open.words(at: Date()))
        }
        let document = StatusDocument(reading.overview, findings: findings)
        let text = try context.text(of: document) {
            if let findings { return self.text(findings, reading.overview, at: context.now()) }
            // To the upper left, and what is below goes, in one piece with what is new: nothing
            // flickers while it is looked for.
            let start = isDrawn(in: context) ? "\u{1B}[H\u{1B}[J" : ""
            if runs.isEmpty { return start }
            return start + self.text(reading, context, besides: notes.count)
        }
        try await context.output.put(text)
        for words in notes { try context.note(words) }
        return findings.map { $0.isEmpty } ?? true ? .done : .failed
    }

    /// Whether what is shown takes the place of what was.
    private func isDrawn(in context: Context) -> Bool {
        interval != nil && context.style.canDraw && !context.isJSON
    }

    /// The table, as much of it as fits onto a screen that is drawn anew.
    private func text(
        _ reading: StatusReading,
        _ context: Context,
        besides notes: Int
    ) -> String {
        let overview = reading.overview
        var most = Self.mostRows
        if isDrawn(in: context), let height = context.output.height {
            most = min(most, max(1, height - notes - Self.linesAround))
        }
        let shown = isWhole ? overview.runs[...] : overview.runs.prefix(most)
        let table = StatusTable(
            runs: Array(shown),
            writers: reading.writers,
            lapsed: reading.lapsed,
            context: context
        )
        var text = StatusHead(overview).text(context) + "\n\n"
        text += isWide ? table.wideText : table.text
        let left = overview.runs.count - shown.count
        if left > 0 { text += "\(HumanText.count(left, "more run")) (--all)\n" }
        return text
    }

    private func text(
        _ findings: [StatusDocument.Finding],
        _ overview: Overview,
        at now: Date
    ) -> String {
        guard !findings.isEmpty else {
            let stopped = overview.runs.compactMap { run in
                run.stoppage(at: now).map { HumanText.oneLine("\(run.run.key) \($0)") + "\n" }
            }
            return (stopped.isEmpty ? "all is well: " : "nothing is wrong, but not all goes on: ")
                + "\(HumanText.count(overview.runs.count, "run")), "
                + StatusHead(overview).plainWords + "\n" + stopped.joined()
        }
        return findings.map { finding in
            let key = RunKey(metaTable: finding.meta, job: finding.job, run: finding.run)
            return HumanText.oneLine("\(key): \(redacted(finding.message))") + "\n"
        }.joined()
    }
}
