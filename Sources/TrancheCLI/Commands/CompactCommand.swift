import Tranche

/// Packs succeeded batches into the archive.
struct CompactCommand: Command {
    static let description = CommandDescription(
        name: "compact",
        summary: "Pack old succeeded batches into the archive",
        examples: ["tranche compact --job thumbs --keep 90d --dry-run"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Packing",
                options: [
                    .init(
                        "keep",
                        "TIME",
                        "leave batches that ended within this time (default: 30d)"
                    ),
                    .init("dry-run", nil, "count, and change nothing"),
                    .init("yes", nil, "discard results and logs without asking"),
                ]
            ),
        ],
        notes: """
            The archive keeps the ids, count, weight, completion and end of a batch, and drops
            its result, log and attempts. If there are results or logs, compact asks on a
            terminal; otherwise it needs --yes. Batches that another job has yet to take are not
            packed. Acquiring, audits, gaps and history read the archive as before.

            """
    )

    private let selection: RunOptions
    private let keep: Duration
    private let isDryRun: Bool
    private let isSure: Bool

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        keep = try arguments.value("keep", parseDuration) ?? .seconds(30 * 86_400)
        isDryRun = arguments.has("dry-run")
        isSure = arguments.has("yes")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let report = try await context.withInventory { inventory in
            try await check(inventory)
            guard try await isWanted(inventory, context) else { return CompactionReport?.none }
            return try await inventory.compact(
                selection.find(in: inventory),
                keep: keep,
                isDryRun: isDryRun
            )
        }
        guard let report else {
            try context.note("nothing was changed")
            return .failed
        }
        let document = CompactionDocument(report, isDryRun: isDryRun)
        try context.write(document) { words(report) }
        return .done
    }

    /// Whether results may be given up, where there are any.
    private func isWanted(_ inventory: Inventory, _ context: Context) async throws -> Bool {
        if isDryRun || isSure { return true }
        let plan = try await inventory.compact(
            selection.find(in: inventory),
            keep: keep,
            isDryRun: true
        )
        if plan.results == 0 { return true }
        let batches = HumanText.count(plan.batches, "batch", "batches")
        let results = HumanText.count(plan.results, "result or log", "results or logs")
        let question = "packing \(batches) gives up \(results) and the attempts"
        if let isWanted = try await context.confirm(question) { return isWanted }
        throw UsageError(question + "; say so with --yes, or keep more with --keep")
    }

    /// Refuses a job that there is not, and one that is several.
    private func check(_ inventory: Inventory) async throws {
        guard let job = selection.selection.job else { return }
        let runs = try await inventory.runs(selection.find(in: inventory))
        let tables = Set(runs.map(\.key.metaTable)).sorted()
        guard !tables.isEmpty else {
            throw TrancheError(
                .unknownRun,
                "there is no such run of job '\(job)' in \(inventory.store.name); 'tranche status' "
                    + "lists what there is"
            )
        }
        guard tables.count == 1 else {
            let names = tables.map { "'\($0)'" }.joined(separator: ", ")
            throw TrancheError(
                .ambiguousJob,
                "job '\(job)' has several sources (\(names)); name one with --meta"
            )
        }
    }

    private func words(_ report: CompactionReport) -> String {
        var text: String
        if report.batches == 0 {
            text = "nothing to pack"
            if report.kept == 0 { text += ": no batch succeeded longer than \(keep.words) ago" }
            text += "\n"
        } else {
            let batches = HumanText.count(report.batches, "batch", "batches")
            let size = HumanText.weight(Double(report.archivedBytes), isBytes: true)
            let each = HumanText.fixed(Double(report.archivedBytes) / Double(report.batches), 1)
            text = "\(isDryRun ? "would pack" : "packed") \(batches) into "
            text +=
                "\(HumanText.count(report.archiveRows, "row")), \(size) (\(each) bytes a batch)\n"
            text += "\(isDryRun ? "would give up" : "gave up") "
            text += "\(HumanText.count(report.attempts, "attempt"))"
            if report.results > 0 {
                let results = HumanText.count(report.results, "result or log", "results or logs")
                text += " and \(results)"
            }
            text += "\n"
        }
        if report.kept > 0 {
            let batches = HumanText.count(report.kept, "batch", "batches")
            text +=
                "\(batches) \(report.kept == 1 ? "stays" : "stay") for runs that may still read "
            text += "\(report.kept == 1 ? "it" : "them")\n"
        }
        return text
    }
}
