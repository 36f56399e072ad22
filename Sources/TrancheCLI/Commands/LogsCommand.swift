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
                    .init(
                        "follow",
                        nil,
                        "go on showing what is written, by this attempt and by those that follow, "
                            + "until the batch has ended for good"
                    ),
                ]
            )
        ],
        notes: """
            Of each attempt that succeeded or failed, the end of its program's standard error
            and of its standard output is kept, at most 64 KiB of each, without passwords. What
            is left out has a mark, bytes that are no UTF-8 stand as U+FFFD. While a program
            runs, what it has written so far is kept at each third of the lease, and with
            the note that it leaves for the next attempt; that is all there is of attempts that
            were given back or expired. Batches that were packed keep nothing.

            Exit: 0 shown, 3 nothing was written.

            """
    )

    private let batch: Int64
    private let attempt: Int?
    private let follows: Bool

    init(_ arguments: Arguments) throws {
        guard let batch = try arguments.value("batch", parseID) else {
            throw UsageError("--batch is missing; give the batch's number")
        }
        self.batch = batch
        attempt = try arguments.value("attempt") { try parseCount($0) }
        follows = arguments.has("follow")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory { inventory in
            if follows { return try await follow(inventory, context) }
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
                let whole = record.parent.map { "; it is a part of batch \($0)" } ?? ""
                try context.note("batch \(batch), attempt \(attempt): nothing is kept\(whole)")
            }
            return output == nil ? .nothingNow : .done
        }
    }

    /// Shows what is written as it comes to be known, until no more can come.
    private func follow(_ inventory: Inventory, _ context: Context) async throws -> ProgramStatus {
        var follower = LogFollower(context)
        var next = attempt
        while true {
            // The batch is read before its output: what it says has ended is all there.
            let record = try await inventory.batch(batch)
            let last = attempt.map { min($0, record.attempt) } ?? record.attempt
            for number in min(next ?? last, last)...last where number == attempt ?? number {
                let output = try await inventory.retrying { _ in
                    try await inventory.store.output(of: batch, attempt: number)
                }
                let holding = AttemptKey(batch: batch, attempt: number)
                if let output { try follower.show(output, of: holding) }
            }
            next = last
            let isOver = record.attempt > last || record.status != .running
            if record.isFinal || attempt == last && isOver {
                return follower.isEmpty ? .nothingNow : .done
            }
            let configuration = inventory.configuration
            try await configuration.clock.sleep(for: configuration.pollInterval)
        }
    }

    /// The streams that something was written to, each under its name.
    private static func text(_ output: AttemptOutput) -> String {
        output.streams
            .map { name, text in "== \(name)\n" + text + (text.hasSuffix("\n") ? "" : "\n") }
            .joined()
    }
}
