import FoundationEssentials
import Tranche

/// Writes what `status` shows, and more, as a page.
struct ReportCommand: Command {
    static let description = CommandDescription(
        name: "report",
        summary: "Write a page that shows the runs: how far, how fast, what failed, who holds what",
        examples: ["tranche report /var/www/tranche.html"],
        operands: [
            .init(name: "FILE", help: "the page, such as tranche.html; replaced as a whole")
        ],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "The page",
                options: [
                    .init("title", "TEXT", "title of the page (default: the inventory's name)")
                ]
            ),
        ],
        notes: """
            The page is one file without scripts, and loads nothing: you can mail it, and any
            browser shows it, in light and dark mode.

            """,
        hasDocument: false
    )

    private let selection: RunOptions
    private let path: String
    private let title: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        guard let path = arguments.operands.first, !path.isEmpty else {
            throw UsageError("FILE is missing")
        }
        self.path = path
        title = arguments.text("title")
        if arguments.has("json") {
            throw UsageError("a report is a page; 'tranche status --json' is JSON")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let file = WholeFile(path: path, option: "FILE")
        try file.requireNoDatabase()
        let page = try await context.withInventory { inventory in
            let asked = try await selection.known(in: inventory)
            let reading = try await ReportReading(asked, inventory, context)
            return ReportPage(
                title: title ?? inventory.name,
                reading: reading,
                now: context.now()
            )
        }
        try file.write(page.text)
        return .done
    }
}
