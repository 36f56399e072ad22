import Tranche

/// A batch and the attempt that holds it, as the commands that end batches name them.
struct HoldingOptions: Sendable {
    let holding: AttemptKey

    static let operands = [CommandDescription.Operand(name: "BATCH", help: "number of the batch")]

    static func group(_ more: [CommandDescription.Option] = []) -> CommandDescription.OptionGroup {
        .init(
            title: "The batch",
            options: [.init("attempt", "N", "attempt that holds it", isRequired: true)] + more
        )
    }

    init(_ arguments: Arguments, of command: CommandDescription) throws {
        holding = AttemptKey(
            batch: try arguments.operand(0, of: command, parseID),
            attempt: try arguments.value("attempt") { try parseCount($0) } ?? 0
        )
    }

    /// Ends or extends the batch, again and again while the inventory cannot be reached.
    func run(
        _ context: Context,
        _ end: @escaping @Sendable (any InventoryStore, AttemptKey) async throws -> BatchRecord
    ) async throws -> ProgramStatus {
        let batch = try await context.withInventory(waiting: true) { inventory in
            try await inventory.retrying { _ in try await end(inventory.store, holding) }
        }
        try Self.show(batch, context)
        return .done
    }

    /// Prints how the batch is now.
    ///
    /// - Parameters:
    ///   - batch: The batch.
    ///   - context: Where to.
    ///   - leavesDone: Whether some items are done where it fell into parts, if that is known.
    ///   - isBadWhole: Whether all its items are to blame; no by default.
    /// - Throws: Where it cannot be printed.
    static func show(
        _ batch: BatchRecord,
        _ context: Context,
        leavesDone: Bool? = nil,
        isBadWhole: Bool = false
    ) throws {
        try context.write(BatchDocument(batch)) {
            let words = "batch \(batch.id), attempt \(batch.attempt): \(batch.status.rawValue)"
            switch batch.status {
            case .split where isBadWhole: return words + "; none of its items is offered again"
            case .split where leavesDone == false: return words + "; none of its items is done"
            case .split where leavesDone ?? (batch.failures == 0):
                return words + "; its other items are done"
            case .split: return words + "; its other items are offered again"
            case .quarantined: return words + "; 'tranche redrive' makes it a batch again"
            case .failed where batch.cause == .begun:
                return words
                    + " for good, and may have been executed; 'tranche retry --may-repeat' "
                    + "offers it again"
            case .failed where batch.isFinal:
                return words + " for good; 'tranche retry' offers it again"
            default: break
            }
            guard let due = batch.retryAt else { return words }
            let now = context.now()
            return words + ", tried again \(HumanText.relative(max(due, now), to: now))"
        }
    }
}
