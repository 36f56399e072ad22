import Tranche

/// Lets a paused run go on.
struct ResumeCommand: Command {
    static let description = CommandDescription(
        name: "resume",
        summary: "Let a paused run go on",
        groups: [RunOptions.group(jobIsRequired: true)]
    )

    private let selection: RunOptions

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let key = try await context.withInventory { inventory in
            let key = try await inventory.run(selection.find(in: inventory)).key
            try await inventory.resume(key)
            return key
        }
        try context.write(PauseDocument(nil, of: key)) { "\(key) goes on" }
        return .done
    }
}
