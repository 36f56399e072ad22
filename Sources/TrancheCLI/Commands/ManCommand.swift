import FoundationEssentials
import Tranche

/// Writes the manual pages.
struct ManCommand: Command {
    static let description = CommandDescription(
        name: "man",
        summary: "Write the manual pages into a folder",
        examples: ["tranche man ~/.local/share/man/man1"],
        operands: [.init(name: "DIR", help: "the folder; it is made where it is not there")],
        notes: """
            One page for each command, such as tranche-work.1, and tranche.1; they say what
            --help-all says. The packages install them. SOURCE_DATE_EPOCH sets the day that
            they bear.

            """
    )

    private let folder: String

    init(_ arguments: Arguments) throws {
        folder = try arguments.operand(0, "DIR")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
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
