import Tranche

/// Gives a batch back.
struct ReleaseCommand: Command {
    static let description = CommandDescription(
        name: "release",
        summary: "Give a batch back unharmed",
        operands: HoldingOptions.operands,
        groups: [HoldingOptions.group()]
    )

    private let options: HoldingOptions

    init(_ arguments: Arguments) throws {
        options = try HoldingOptions(arguments, of: Self.description)
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await options.run(context) { store, holding in try await store.release(holding) }
    }
}
