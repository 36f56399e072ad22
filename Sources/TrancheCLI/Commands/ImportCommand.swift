import FoundationEssentials
import Glibc
import Tranche
import TrancheConnectors
import TrancheSQL

/// Reads what was exported.
struct ImportCommand: Command {
    static let description = CommandDescription(
        name: "import",
        summary: "Import a file of 'tranche export', all or nothing",
        examples: ["tranche import thumbs.jsonl --dry-run"],
        operands: [.init(name: "FILE", help: "the file; - for standard input")],
        groups: [
            .init(
                title: "Importing",
                options: [
                    .init("dry-run", nil, "check whether all records fit, and change nothing")
                ]
            )
        ],
        notes: """
            Batches keep their numbers. Import into a new inventory ('tranche migrate up'
            creates it), or into one from which you removed the job. A run or batch that exists
            already is an error, and so is a job whose upstream job is neither here nor in the
            file; then nothing changes. A named budget that exists stays as it is, and so do
            pages if they are the same. Running batches keep their lease. If the items are in
            the database of the inventory, tell it where they are now with 'tranche redefine
            --from-database'.

            """
    )

    private let file: String
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        file = try arguments.operand(0, "FILE")
        isDryRun = arguments.has("dry-run")
        let scheme = file.split(separator: ":", omittingEmptySubsequences: false).first ?? ""
        let databases = Connectors.ofProgram.schemes(of: .database).map(\.name)
        if databases.contains(String(scheme)), access(file, F_OK) != 0 {
            let shown = redacted(file)
            throw UsageError(
                "'\(shown)' names a database, and import reads a file; 'tranche export FILE "
                    + "--inventory \(shown)' writes one"
            )
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let lines = try LineFile(file)
        let report = try await context.withInventory { inventory in
            try await inventory.transfer.importLines({ try await lines.next() }, isDryRun: isDryRun)
        }
        let document = TransferDocument(report, file: file, isDryRun: isDryRun)
        try context.write(document) {
            (isDryRun ? "would import " : "imported ") + document.words
        }
        return .done
    }
}

/// What was exported or imported.
struct TransferDocument: Codable, Sendable, Hashable {
    let file: String
    let isDryRun: Bool
    let records: Int
    let runs: Int
    let batches: Int
    let attempts: Int
    /// What the jobs of an export need that is not in the file.
    let missing: [String]

    init(_ report: TransferReport, file: String, isDryRun: Bool, missing: [String] = []) {
        self.file = file
        self.isDryRun = isDryRun
        records = report.total
        runs = report.rows["run"] ?? 0
        batches = report.rows["batch"] ?? 0
        attempts = report.rows["attempt"] ?? 0
        self.missing = missing
    }

    /// For people.
    var words: String {
        let counts = [
            HumanText.count(runs, "run"), HumanText.count(batches, "batch", "batches"),
            HumanText.count(attempts, "attempt"), HumanText.count(records, "record") + " in all",
        ].joined(separator: ", ")
        return missing.isEmpty ? counts : "\(counts); without \(missing.joined(separator: ", "))"
    }

    private enum CodingKeys: String, CodingKey {
        case file
        case isDryRun = "dry_run"
        case records, runs, batches, attempts, missing
    }
}
