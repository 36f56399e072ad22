import Tranche

/// Removes what is known of a job.
struct ForgetCommand: Command {
    static let description = CommandDescription(
        name: "forget",
        summary: "Remove all records of a job, or of one run of it",
        examples: ["tranche forget --job thumbs --run july --dry-run"],
        groups: [
            .init(
                title: "The job",
                options: [
                    .init("job", "JOB", "name of the job", isRequired: true),
                    .init(
                        "meta",
                        "TABLE",
                        "table or inventory:JOB of the job, if it has several"
                    ),
                    .init("schema", "SCHEMA", "schema of the table, with --meta table:NAME"),
                    .init(
                        "run",
                        "RUN",
                        "only this run, '' for the open-ended run (default: all runs)"
                    ),
                ]
            ),
            .init(title: "Confirmation", options: Consent.options),
        ],
        notes: """
            forget removes the batches, attempts, logs, gaps, packed batches, limits, probes and
            changes. Workers of the job get the same items again. The items, and the results of
            your programs, stay. On a terminal it lists what it removes and asks; otherwise it
            needs --yes. 'tranche export' makes a copy that 'tranche import' reads.

            It refuses while workers hold batches, and while another job takes the batches of
            this one.

            """
    )

    private let selection: RunOptions
    private let consent: Consent

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        consent = try Consent(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            let runs = try await find(in: inventory)
            let plan = try await inventory.forget(runs, isDryRun: true)
            if consent.isDryRun {
                try show(plan, context)
                return .done
            }
            try plan.requireUnused()
            if !consent.isSure {
                let question = "this forgets \(words(plan)), for good"
                guard let isWanted = try await context.confirm(question) else {
                    throw UsageError(
                        question + ": say so with --yes; 'tranche export' keeps a copy before"
                    )
                }
                guard isWanted else {
                    try context.note("nothing was changed")
                    return .failed
                }
            }
            try show(try await inventory.forget(runs), context)
            return .done
        }
    }

    /// The runs of the one job that is meant.
    private func find(in inventory: Inventory) async throws -> RunSelection {
        var asked = try await selection.known(in: inventory)
        let job = asked.job ?? ""
        let runs = try await inventory.runs(asked)
        let tables = Set(runs.map(\.key.metaTable)).sorted()
        guard let table = tables.first else {
            throw TrancheError(
                .unknownRun,
                "there is no such run of job '\(job)' in \(inventory.name); 'tranche status' lists "
                    + "what there is"
            )
        }
        guard tables.count == 1 else {
            let names = tables.map { "'\($0)'" }.joined(separator: ", ")
            throw TrancheError(
                .ambiguousJob,
                "job '\(job)' has several sources (\(names)); name one with --meta"
            )
        }
        asked.metaTable = table
        return asked
    }

    private func show(_ report: ForgetReport, _ context: Context) throws {
        try context.write(ForgetDocument(report, isDryRun: consent.isDryRun)) {
            var text = consent.isDryRun ? "would forget " : "forgot "
            text += words(report) + "\n"
            if consent.isDryRun, report.held > 0 {
                let held = HumanText.count(report.held, "batch is", "batches are")
                text += "\(held) held: it is refused as long as that is so\n"
            }
            if consent.isDryRun, let taker = report.takers.first {
                text += "\(taker) takes the batches: it is refused as long as that is known\n"
            }
            return text
        }
    }

    private func words(_ report: ForgetReport) -> String {
        let first = report.runs.first
        var runs = first.map { "\($0)" } ?? "nothing"
        if let first, report.runs.count > 1 {
            runs = HumanText.count(report.runs.count, "run")
            runs += " of job '\(first.job)' on '\(first.metaTable)'"
        }
        var parts = [
            HumanText.count(report.batches, "batch", "batches")
                + " with \(HumanText.count(report.items, "item"))",
            HumanText.count(report.attempts, "attempt"), HumanText.count(report.gaps, "gap"),
        ]
        if report.probes > 0 { parts.append(HumanText.count(report.probes, "probe")) }
        return "\(runs): \(parts.joined(separator: ", "))"
    }
}
