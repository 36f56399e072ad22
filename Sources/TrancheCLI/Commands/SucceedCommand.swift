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
            HoldingOptions.group([
                .init("result", "JSON", "what came out of it; kept with the batch"),
                .init("logging", "TEXT", "free text; kept with the batch"),
            ])
        ]
    )

    private let options: HoldingOptions
    private let result: String?
    private let logging: String?

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        result = arguments.text("result")
        logging = arguments.text("logging")
        if let result, let fault = StrictJSON.fault(in: result) {
            throw UsageError(
                "--result is not JSON: \(fault); text needs its quotes, as in '\"text\"'"
            )
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await options.run(context) { [result, logging] store, holding in
            try await store.succeed(holding, result: result, logging: logging)
        }
    }
}
