import Tranche

/// Records that a batch failed.
struct FailCommand: Command {
    static let description = CommandDescription(
        name: "fail",
        summary: "Record that a batch failed",
        examples: ["tranche fail 12 --attempt 1 --error 'no such file' --bad-ids 5,9"],
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group(named)
        ],
        notes: """
            --bad-ids and --bad read the weights in the items' database (TRANCHE_META_DB).

            """
    )

    private static let named: [CommandDescription.Option] =
        [
            .init(
                "error",
                "TEXT",
                "what went wrong; stored with the attempt; - reads it from standard input, of at "
                    + "most 1 MiB",
                isRequired: true
            ),
            .init(
                "transient",
                nil,
                "another attempt may help: the failure says nothing about the items, and "
                    + "does not count towards splitting"
            ),
        ] + BadItemOptions.options("are a batch again at once")

    private let options: HoldingOptions
    private let error: GivenText
    private let bad: BadItemOptions
    private let isTransient: Bool

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        error = GivenText(try arguments.required("error"), of: "--error")
        bad = try BadItemOptions(arguments)
        isTransient = arguments.has("transient")
        if isTransient, !bad.isEmpty {
            let option = arguments.has("bad-ids") ? "bad-ids" : "bad"
            throw UsageError(
                "--\(option) and --transient exclude each other: the one blames items, the other none"
            )
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let error = try await error.read()
        let (batch, isBadWhole) = try await context.withInventory(waiting: true) { inventory in
            let failure = try await failure(error, in: inventory, context)
            let batch = try await inventory.retrying { _ in
                try await inventory.store.fail(options.holding, with: failure)
            }
            return (batch, !failure.parts.isEmpty && failure.parts.allSatisfy(\.isBad))
        }
        try HoldingOptions.show(batch, context, isBadWhole: isBadWhole)
        return .done
    }

    private func failure(
        _ error: String,
        in inventory: Inventory,
        _ context: Context
    ) async throws -> BatchFailure {
        var failure = BatchFailure(error, isTransient: isTransient)
        if bad.isEmpty { return failure }
        failure.parts = try await bad.parts(
            of: options.holding,
            error: error,
            in: inventory,
            context
        )
        return failure
    }
}
