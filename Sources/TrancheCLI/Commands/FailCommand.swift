import Tranche

/// Records that a batch failed.
struct FailCommand: Command {
    static let description = CommandDescription(
        name: "fail",
        summary: "Record that a batch failed",
        operands: HoldingOptions.operands,
        groups: [
            HoldingOptions.group([
                .init("error", "TEXT", "what went wrong; kept with the attempt", isRequired: true)
            ])
        ]
    )

    private let options: HoldingOptions
    private let error: String

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
        error = try arguments.required("error")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await options.run(context) { [error] store, holding in
            try await store.fail(holding, error: error, result: nil)
        }
    }
}
