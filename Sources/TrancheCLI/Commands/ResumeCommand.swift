import Tranche

/// Lets a run go on that was paused or cancelled.
struct ResumeCommand: Command {
    static let description = CommandDescription(
        name: "resume",
        summary: "Continue a run that was paused or cancelled",
        isUsual: true,
        examples: ["tranche resume --job thumbs"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The change",
                options: [
                    .init(
                        "batches",
                        "N",
                        "number of batches to hand out; the run is then paused again"
                    ),
                    .init(
                        "reason",
                        "TEXT",
                        "reason; 'tranche changes' shows it"
                    ),
                ]
            ),
        ],
        notes: """
            A run that is held by an outage goes on at once. Cancelled batches stay cancelled;
            'tranche retry --cancelled' offers them again.
            With --batches, each hand-out counts, also of a batch that was handed out before. A
            run that is not paused is paused after the last one.

            """
    )

    private let selection: RunOptions
    private let batches: Int?
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        batches = try arguments.value("batches") { try parseCount($0) }
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (key, pause) = try await context.withInventory(worker: context.person) {
            inventory -> (RunKey, String?) in
            let known = try await inventory.run(selection.known(in: inventory))
            guard let batches else {
                try await inventory.resume(known.key, reason: reason)
                return (known.key, nil)
            }
            try await inventory.resume(known.key, lettingThrough: batches, reason: reason)
            return (known.key, known.pauseReason ?? "")
        }
        try context.write(PauseDocument(pause, of: key, lettingThrough: batches ?? 0)) {
            guard let batches else { return "\(key) goes on" }
            let words = HumanText.count(batches, "batch is", "batches are")
            return "\(words) let through; then \(key) is paused"
        }
        return .done
    }
}
