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
                        "this batch only (default: the run with all its batches)"
                    ),
                    .init("reason", "TEXT", "reason; workers of the run see it"),
                ]
            ),
        ],
        notes: """
            A cancelled run hands out no more batches. Batches that workers hold, or that wait
            for another attempt, fail without counting a failure. Workers learn of it at their
            next heartbeat, after a third of the lease: their programs get SIGTERM, then
            SIGKILL, and they exit with 5. 'tranche resume' continues the run with new items;
            'tranche retry --cancelled' offers the cancelled batches again.

            A cancelled batch does not count as failed. --batch also closes a batch that has
            failed for good, or is quarantined: what can never succeed is no fault any more.

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
            let key = try await inventory.run(selection.known(in: inventory)).key
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
