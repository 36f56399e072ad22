import Tranche

/// Records that a batch failed.
struct FailCommand: Command {
    static let description = CommandDescription(
        name: "fail",
        summary: "Record that a batch failed",
        examples: ["tranche fail 12 --attempt 1 --error 'no such file' --bad-ids 5,9"],
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group([
                .init("error", "TEXT", "what went wrong; kept with the attempt", isRequired: true),
                .init(
                    "bad-ids",
                    "IDS",
                    "the items to blame, such as 5,9..12: they are quarantined, and all the others are "
                        + "a batch again at once"
                ),
                .init(
                    "transient",
                    nil,
                    "trying again may help: it says nothing about the items, and does not count "
                        + "towards splitting"
                ),
            ])
        ],
        notes: "--bad-ids reads the weights in the items' database (TRANCHE_META_DB).\n"
    )

    /// More are no list that somebody has written.
    private static let mostBadItems = 1_000_000

    private let options: HoldingOptions
    private let error: String
    private let badItems: IDRuns?
    private let isTransient: Bool

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        error = try arguments.required("error")
        badItems = try arguments.value("bad-ids") { text in
            let ids = try parseIDs(text)
            guard ids.count <= Self.mostBadItems else {
                throw ValueError("these are more than \(HumanText.number(Self.mostBadItems)) ids")
            }
            return ids
        }
        isTransient = arguments.has("transient")
        if isTransient, badItems != nil {
            throw UsageError(
                "--bad-ids and --transient exclude each other: the one blames items, the other none"
            )
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let batch = try await context.withInventory { inventory in
            let failure = try await failure(in: inventory, context)
            return try await inventory.retrying { _ in
                try await inventory.store.fail(options.holding, with: failure)
            }
        }
        try HoldingOptions.show(batch, context)
        return .done
    }

    private func failure(in inventory: Inventory, _ context: Context) async throws -> BatchFailure {
        var failure = BatchFailure(error, isTransient: isTransient)
        guard let badItems else { return failure }
        let batch = try await inventory.batch(options.holding.batch)
        let run = try await inventory.run(RunSelection(batch.key))
        let source = try await context.source(of: run, in: inventory)
        failure.parts = try await inventory.parts(
            of: batch,
            bad: Set(badItems.ids),
            in: try await inventory.source(source)
        )
        return failure
    }
}
