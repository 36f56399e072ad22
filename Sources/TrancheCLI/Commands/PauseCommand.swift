import Tranche

/// Stops handing out batches of a run.
struct PauseCommand: Command {
    static let description = CommandDescription(
        name: "pause",
        summary: "Hand out no more batches of a run",
        isUsual: true,
        examples: ["tranche pause --job thumbs --reason 'the disk is full'"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The pause",
                options: [
                    .init(
                        "reason",
                        "TEXT",
                        "reason; workers of the run and 'tranche changes' show it"
                    )
                ]
            ),
        ],
        notes: "Workers may still end batches that they hold. 'tranche resume' "
            + "continues the run.\n"
    )

    private let selection: RunOptions
    private let reason: String

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        reason = arguments.text("reason") ?? ""
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let key = try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(selection.known(in: inventory)).key
            try await inventory.pause(key, reason: reason)
            return key
        }
        try context.write(PauseDocument(reason, of: key)) { "\(key) is paused" }
        return .done
    }
}
