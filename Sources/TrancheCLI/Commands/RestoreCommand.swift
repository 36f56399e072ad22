import Tranche

/// Puts the parallelism of a run back.
struct RestoreCommand: Command {
    static let description = CommandDescription(
        name: "restore",
        summary: "Undo the last change of the parallelism of a run",
        examples: ["tranche restore --job thumbs"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The change",
                options: [.init("reason", "TEXT", "reason; 'tranche changes' shows it")]
            ),
        ],
        notes: "It undoes the last 'tranche set --parallelism' or the last restore.\n"
    )

    private let selection: RunOptions
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let document = try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(selection.known(in: inventory)).key
            try await inventory.restoreParallelism(of: key, reason: reason)
            let run = try await inventory.run(RunSelection(key))
            return RunLimitsDocument(run, try await inventory.budgets(of: key))
        }
        try context.write(document) { document.words }
        return .done
    }
}
