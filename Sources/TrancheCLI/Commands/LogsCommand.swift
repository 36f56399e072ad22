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
                    .init("batch", "N", "number of the batch", isRequired: true),
                    .init("attempt", "M", "the attempt (default: the last one that has ended)"),
                    .init(
                        "follow",
                        nil,
                        "keep showing the output of this attempt and of later ones, until the "
                            + "batch ends for good"
                    ),
                ]
            )
        ],
        notes: """
            The inventory keeps the end of standard error and of standard output of each attempt
            that succeeded or failed, at most 64 KiB of each, without passwords. A mark shows
            where output is missing; invalid UTF-8 becomes U+FFFD. While a program runs, its
            output is stored after 2 s and then every 5 s if there is more, and with each note
            for the next attempt. Attempts that were released or expired have no more than that.
            Packed batches have no output.

            Exit: 0 shown, 3 no output.

            """
    )

    private let batch: Int64
    private let attempt: Int?
    private let follows: Bool

    init(_ arguments: Arguments) throws {
        guard let batch = try arguments.value("batch", parseID) else {
            throw UsageError("--batch is missing")
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
                try noteNothing(attempt, of: record, context)
            }
            return output == nil ? .nothingNow : .done
        }
    }

    private func noteNothing(
        _ attempt: Int,
        of record: BatchRecord,
        _ context: Context
    ) throws {
        let whole = record.parent.map { "; it is a part of batch \($0)" } ?? ""
        let last = HumanText.count(record.attempt, "attempt")
        let count = attempt > record.attempt ? "; the batch has had \(last)" : ""
        try context.note("batch \(batch), attempt \(attempt): nothing is kept\(whole)\(count)")
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
                if let output { try await follower.show(output, of: holding) }
            }
            next = last
            let isOver = record.attempt > last || record.status != .running
            if record.isFinal || attempt == last && isOver {
                if follower.isEmpty { try noteNothing(attempt ?? last, of: record, context) }
                return follower.isEmpty ? .nothingNow : .done
            }
            let configuration = inventory.configuration
            try await configuration.clock.sleep(for: configuration.pollInterval)
        }
    }

    /// The streams that something was written to, each under its name.
    private static func text(_ output: AttemptOutput) -> String {
        output.streams
            .map { name, text in
                let lines = HumanText.programLines(text)
                return "== \(name)\n" + lines + (lines.hasSuffix("\n") ? "" : "\n")
            }
            .joined()
    }
}
