import Tranche

/// Extends the lease of a batch.
struct HeartbeatCommand: Command {
    static let description = CommandDescription(
        name: "heartbeat",
        summary: "Extend the lease of a batch",
        examples: ["tranche heartbeat 12 --attempt 1"],
        operands: HoldingOptions.operands,
        groups: [HoldingOptions.group()]
    )

    private let holding: AttemptKey

    init(_ arguments: Arguments) throws {
        holding = try HoldingOptions(arguments, of: Self.description).holding
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let end = try await context.withInventory { inventory in
            try await inventory.retrying { _ in try await inventory.store.heartbeat(holding) }
        }
        try context.write(LeaseDocument(holding, until: end)) {
            "batch \(holding.batch), attempt \(holding.attempt): held until \(end.utcText), "
                + HumanText.relative(end, to: context.now())
        }
        return .done
    }
}
