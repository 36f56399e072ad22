import Tranche

/// Lets a run go on that was paused or cancelled.
struct ResumeCommand: Command {
    static let description = CommandDescription(
        name: "resume",
        summary: "Let a run go on that was paused or cancelled",
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The change",
                options: [
                    .init("reason", "TEXT", "why, of a cancelled run; 'tranche changes' shows it")
                ]
            ),
        ],
        notes:
            "Batches that were cancelled stay so; 'tranche retry --cancelled' offers them again.\n"
    )

    private let selection: RunOptions
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let key = try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(selection.find(in: inventory)).key
            try await inventory.resume(key, reason: reason)
            return key
        }
        try context.write(PauseDocument(nil, of: key)) { "\(key) goes on" }
        return .done
    }
}
