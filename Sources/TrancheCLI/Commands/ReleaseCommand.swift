import Tranche

/// Gives a batch back.
struct ReleaseCommand: Command {
    static let description = CommandDescription(
        name: "release",
        summary: "Give a batch back unharmed",
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group([
                .init("for", "TIME", "until later: 1s to 15m; it is offered at once by default"),
                .init(
                    "park",
                    "BUDGET",
                    "with --for: park this budget of the run as long, so that nobody tries"
                ),
                .init("reason", "TEXT", "with --for: why; kept with the attempt"),
            ])
        ]
    )

    private let options: HoldingOptions
    private let deferral: BatchDeferral?

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        let budget = arguments.text("park")
        let reason = arguments.text("reason")
        deferral = try arguments.value("for") { text in
            let wait = try parseDuration(text)
            guard wait >= BatchDeferral.shortest, wait <= BatchDeferral.longest else {
                throw ValueError("a batch comes back in 1 s to 15 min")
            }
            return BatchDeferral(for: wait, parking: budget, reason: reason ?? "")
        }
        guard deferral != nil || budget == nil && reason == nil else {
            throw UsageError("--park and --reason need --for")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        if let deferral { return try await release(deferral, context) }
        return try await options.run(context) { store, holding in try await store.release(holding) }
    }

    private func release(
        _ deferral: BatchDeferral,
        _ context: Context
    ) async throws -> ProgramStatus {
        let deferred = try await context.withInventory { inventory in
            let wait = deferral.wait * inventory.configuration.randomness() / 5
            let note = ChangeNote(by: inventory.configuration.worker, reason: deferral.reason)
            return try await inventory.retrying { _ in
                try await inventory.store.release(options.holding, deferral, jitter: wait, note)
            }
        }
        try HoldingOptions.show(deferred.record, context)
        guard let complaint = deferred.complaint else { return .done }
        throw TrancheError(.unknownBudget, complaint)
    }
}
