import Tranche

/// Shows what a program wrote while it worked on a batch.
struct LogsCommand: Command {
    static let description = CommandDescription(
        name: "logs",
        summary: "Show what a program wrote while it worked on a batch",
        isUsual: true,
        examples: ["tranche logs --batch 12"],
        groups: [
            .init(
                title: "Attempt",
                options: [
                    .init("batch", "N", "the batch's number"),
                    .init("attempt", "M", "the attempt; the last that has ended by default"),
                ]
            )
        ],
        notes: """
            Of each attempt that succeeded or failed, the end of its program's standard error
            and of its standard output is kept, at most 64 KiB of each, without passwords.
            Attempts that were given back or expired keep nothing, and neither do batches
            that were packed.

            Exit: 0 shown, 3 nothing was written.

            """
    )

    private let batch: Int64
    private let attempt: Int?

    init(_ arguments: Arguments) throws {
        guard let batch = try arguments.value("batch", parseID) else {
            throw UsageError("--batch is missing; give the batch's number")
        }
        self.batch = batch
        attempt = try arguments.value("attempt") { try parseCount($0) }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            let record = try await inventory.batch(batch)
            let isRunning = record.status == .running
            let attempt = attempt ?? max(record.attempt - (isRunning ? 1 : 0), 1)
            let output = try await inventory.retrying { _ in
                try await inventory.store.output(of: batch, attempt: attempt)
            }
            let document = OutputDocument(batch: batch, attempt: attempt, output)
            if context.isJSON {
                try context.output.writeLine(document.documentText())
            } else if let output {
                try context.output.write(Self.text(output))
            } else {
                try context.note("batch \(batch), attempt \(attempt): nothing is kept")
            }
            return output == nil ? .nothingNow : .done
        }
    }

    /// The streams that something was written to, each under its name.
    private static func text(_ output: AttemptOutput) -> String {
        [
            ("standard error", output.standardError), ("standard output", output.standardOutput),
        ]
        .filter { !$0.1.isEmpty }
        .map { name, text in "== \(name)\n" + text + (text.hasSuffix("\n") ? "" : "\n") }
        .joined()
    }
}
