import Tranche

/// Extends the lease of a batch.
struct HeartbeatCommand: Command {
    static let description = CommandDescription(
        name: "heartbeat",
        summary: "Extend the lease of a batch",
        examples: ["tranche heartbeat 12 --attempt 1"],
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group([
                .init(
                    "note",
                    "TEXT",
                    "note for the next attempt, which reads it as TRANCHE_NOTE; at most 8 KiB"
                )
            ])
        ]
    )

    private let holding: AttemptKey
    private let note: String?

    init(_ arguments: Arguments) throws {
        holding = try HoldingOptions(arguments, of: Self.description).holding
        note = try arguments.value("note") { text in
            do {
                try AttemptOutput.validate(note: text)
            } catch let error as TrancheError {
                throw ValueError(error.message)
            }
            return AttemptOutput.kept(note: text)
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let end = try await context.withInventory(waiting: true) { inventory in
            if let note {
                try await inventory.retrying { _ in
                    try await inventory.store.keep(AttemptOutput(note: note), of: holding)
                }
            }
            return try await inventory.retrying { _ in
                try await inventory.store.heartbeat(holding)
            }
        }
        try context.write(LeaseDocument(holding, until: end)) {
            "batch \(holding.batch), attempt \(holding.attempt): held until \(end.utcText), "
                + HumanText.relative(end, to: context.now())
        }
        return .done
    }
}
