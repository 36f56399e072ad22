import Tranche

/// Cancels a run, or one batch of it.
struct CancelCommand: Command {
    static let description = CommandDescription(
        name: "cancel",
        summary: "Cancel a run, or one batch of it",
        isUsual: true,
        examples: ["tranche cancel --job thumbs --run july --reason 'wrong size'"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "The cancel",
                options: [
                    .init(
                        "batch",
                        "N",
                        "this batch alone; the run with all its batches by default"
                    ),
                    .init("reason", "TEXT", "why; shown to whoever works on it, or asks for work"),
                ]
            ),
        ],
        notes: """
            Nothing more of a cancelled run is handed out. Batches that are held, or would be
            offered again, are failed, and no failure is counted. Workers are told by their
            next heartbeat, at a third of the lease: their programs get SIGTERM, then SIGKILL,
            and they exit with 5. 'tranche resume' lets the run go on with what is new;
            'tranche retry --cancelled' offers what was cancelled again.

            """
    )

    private let selection: RunOptions
    private let batch: Int64?
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        batch = try arguments.value("batch", parseID)
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (key, batches) = try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(selection.find(in: inventory)).key
            guard let batch else {
                return (key, try await inventory.cancel(key, reason: reason))
            }
            let known = try await inventory.batch(batch)
            guard known.key == key else {
                throw UsageError("batch \(batch) belongs to \(known.key); nothing was changed")
            }
            let record = try await inventory.cancel(batch: batch, reason: reason)
            return (key, known.cause == .cancelled ? [] : [record.id])
        }
        try context.write(CancelDocument(batches, of: key)) {
            let count = HumanText.count(batches.count, "open batch", "open batches")
            return batch.map { "batch \($0) of \(key) is cancelled" }
                ?? "\(key) is cancelled, with \(count)"
        }
        return .done
    }
}
