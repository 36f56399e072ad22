import Tranche

/// Records that a batch is done.
struct SucceedCommand: Command {
    static let description = CommandDescription(
        name: "succeed",
        summary: "Record that a batch is done",
        examples: [
            """
            tranche succeed 12 --attempt 1 --result '{"files": 3}'
            """
        ],
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group(
                [
                    .init(
                        "result",
                        "JSON",
                        "result of the batch; stored with it; - reads it from standard input, "
                            + "of at most 1 MiB"
                    ),
                    .init("logging", "TEXT", "free text; stored with the batch"),
                ] + BadItemOptions.options("are done")
            )
        ],
        notes: """
            --bad-ids and --bad read the weights in the database of the items (TRANCHE_META_DB).
            The batch is then split: one part has succeeded, and each bad item is quarantined.

            """
    )

    private let options: HoldingOptions
    private let result: GivenText?
    private let logging: String?
    private let bad: BadItemOptions

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        result = arguments.text("result").map { GivenText($0, of: "--result") }
        logging = arguments.text("logging")
        bad = try BadItemOptions(arguments)
        if !bad.isEmpty, logging != nil {
            throw UsageError(
                "--logging does not go with bad items: it holds their errors"
            )
        }
        if let known = result?.known { try Self.check(known) }
    }

    /// Refuses a result that is not JSON.
    private static func check(_ result: String) throws {
        let look = StrictJSON.look(in: result)
        guard let complaint = look.complaint(about: "--result") else { return }
        let remedy = look.isTooDeep ? "" : "; text needs its quotes, as in '\"text\"'"
        throw UsageError(complaint + remedy)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let result = try await result?.read()
        if let result { try Self.check(result) }
        if bad.isEmpty {
            return try await options.run(context) { [logging] store, holding in
                try await store.succeed(holding, result: result, logging: logging)
            }
        }
        let (batch, leavesDone) = try await context.withInventory(waiting: true) { inventory in
            var success = BatchSuccess(result: result)
            success.parts = try await bad.parts(of: options.holding, in: inventory, context)
                .doneButBad
            let failure = BatchFailure(inPart: success)
            let batch = try await inventory.retrying { _ in
                try await inventory.store.fail(options.holding, with: failure)
            }
            return (batch, success.parts.contains { $0.isDone })
        }
        try HoldingOptions.show(batch, context, leavesDone: leavesDone)
        return .done
    }
}
