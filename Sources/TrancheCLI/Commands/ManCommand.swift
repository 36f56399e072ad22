import FoundationEssentials
import Tranche

/// Writes the manual pages.
struct ManCommand: Command {
    static let description = CommandDescription(
        name: "man",
        summary: "Write the manual pages into a folder",
        examples: ["tranche man ~/.local/share/man/man1"],
        operands: [.init(name: "DIR", help: "the folder; created if it does not exist")],
        notes: """
            man writes tranche.1, and one page per command, such as tranche-work.1, with the
            text of --help-all. The packages install these pages. SOURCE_DATE_EPOCH sets the
            date on them.

            """
    )

    private let folder: String

    init(_ arguments: Arguments) throws {
        folder = try arguments.operand(0, "DIR")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try DatabaseFile.requireNone(at: folder, namedBy: "DIR")
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
        } catch {
            throw UsageError("DIR '\(folder)' cannot be made: \(FileFault(error))")
        }
        let commands = Program.commands.map { $0.description }
        for page in ManualPage.all(commands, date: day(context)) {
            try WholeFile(path: "\(folder)/\(page.file)", option: "DIR").write(page.text)
        }
        return .done
    }

    /// The day that the pages bear: that of the sources, where it is known.
    private func day(_ context: Context) -> String {
        let epoch = context.environment["SOURCE_DATE_EPOCH"].flatMap { TimeInterval($0) }
        let date = epoch.map { Date(timeIntervalSince1970: $0) } ?? context.now()
        return String(date.formatted(.iso8601).prefix(10))
    }
}
