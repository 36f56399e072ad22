import FoundationEssentials
import Tranche
import TrancheChains
import TrancheSQL

/// Writes what the inventory knows to a file.
struct ExportCommand: Command {
    static let description = CommandDescription(
        name: "export",
        summary: "Write the inventory, or one job of it, as JSON Lines",
        examples: ["tranche export thumbs.jsonl --job thumbs"],
        operands: [
            .init(name: "FILE", help: "the file (default: standard output)", isOptional: true)
        ],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "The file",
                options: [
                    .init("overwrite", nil, "replace an existing FILE (default: refuse)")
                ]
            ),
        ],
        notes: """
            Each line is a record: runs, batches (also packed ones), attempts and their output,
            gaps, budgets, changes, pages, events and pipelines, all as of one moment. The
            export of a job has its own records, its probes and its pages, and the budgets that
            it names, but neither events nor a job whose batches it takes. It leaves out the
            weight that budgets let in recently. The last line proves that the file is complete.

            'tranche import' reads the file, also into the other kind of database. Work on one
            of the two afterwards, not on both. FILE is there once all is written; with
            --overwrite an existing one stays until then.

            """
    )

    private let selection: RunOptions
    private let file: String?
    private let overwrites: Bool

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        // What is said of it must not end up among the records.
        let isOutput = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]
        file = arguments.operands.first.flatMap { isOutput.contains($0) ? nil : $0 }
        if file == "" { throw UsageError("FILE is empty; name a file, or give none") }
        overwrites = arguments.has("overwrite")
        if file == nil, overwrites { throw UsageError("--overwrite goes with FILE") }
        if file == nil, arguments.has("json") {
            throw UsageError("the records go to standard output: give FILE with --json")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        if let file {
            try DatabaseFile.requireNone(at: file, namedBy: "FILE")
            guard overwrites || !ReplacedFile.replaces(file) else {
                throw UsageError("'\(file)' exists; name another FILE, or give --overwrite")
            }
        }
        let (report, missing) = try await context.withInventory {
            inventory -> (TransferReport, [Missing]) in
            let runs = try await selection.known(in: inventory)
            let transfer = try inventory.transfer
            let missing = try await Self.missing(from: runs, in: inventory)
            guard let file else {
                let output = context.output
                let report = try await transfer.export(runs) { try await output.put($0) }
                return (report, missing)
            }
            let report = try await ReplacedFile.write(to: file) { writer in
                try await transfer.export(runs) { try await writer.put($0) }
            }
            return (report, missing)
        }
        for one in missing { try context.note(one.words) }
        let document = TransferDocument(
            report,
            file: file ?? "-",
            isDryRun: false,
            missing: Set(missing.map(\.part)).sorted()
        )
        guard file != nil else {
            try context.note("exported \(document.words)")
            return .done
        }
        try context.write(document) { "exported \(document.words)" }
        return .done
    }

    /// What a job needs that is not in the file with it.
    private struct Missing: Sendable, Hashable {
        /// A phrase, such as `the events of input 'uploads'`.
        let part: String
        /// Which job needs it, and what to do.
        let words: String
    }

    /// What jobs need that is not in the file with them.
    private static func missing(
        from selection: RunSelection,
        in inventory: Inventory
    ) async throws -> [Missing] {
        if selection == RunSelection() { return [] }
        let runs = try await inventory.runs(selection)
        let jobs = Set(runs.map { JobKey(metaTable: $0.key.metaTable, job: $0.key.job) })
        let missing = runs.compactMap { run -> Missing? in
            guard let definition = run.source else { return nil }
            let job = "job '\(run.key.job)'"
            if let upstream = InventorySource(definition)?.upstream, !jobs.contains(upstream) {
                return Missing(
                    part: "the batches of job '\(upstream.job)'",
                    words: "\(job) takes the batches of job '\(upstream.job)', which is not in the "
                        + "file: import it only where that job is, or export without --job"
                )
            }
            guard let log = InputLogSource(definition) else { return nil }
            let events = "the events of input '\(log.name)'"
            return Missing(
                part: events,
                words: "\(events), which \(job) takes, are not in the file: import it only where "
                    + "they are, or export without --job"
            )
        }
        return Set(missing).sorted { $0.words < $1.words }
    }
}

extension Inventory {
    /// What writes and reads its records.
    var transfer: any InventoryTransfer {
        get throws {
            guard let transfer = store as? any InventoryTransfer else {
                throw TrancheError(.invalidArgument, "\(name) is not an SQL database")
            }
            return transfer
        }
    }
}
