import Tranche

/// Lists the changes of budgets and runs, with author and reason.
struct ChangesCommand: Command {
    static let description = CommandDescription(
        name: "changes",
        summary: "List who changed budgets and runs, when and why",
        examples: ["tranche changes --job thumbs"],
        groups: [
            RunOptions.group(jobIsRequired: false),
            .init(
                title: "Which changes",
                options: [
                    .init("budget", "NAME", "only changes of this budget"),
                    .init(
                        "limit",
                        "N",
                        "maximum number of changes, the latest first (default: 50)"
                    ),
                ]
            ),
        ]
    )

    private let selection: RunOptions
    private let budget: String?
    private let limit: Int

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        budget = arguments.text("budget")
        limit = try arguments.value("limit") { try parseCount($0) } ?? 50
        guard budget == nil || selection.selection == RunSelection() else {
            throw UsageError("--budget and --job name different things; give one of them")
        }
        guard selection.selection == RunSelection() || selection.selection.job != nil else {
            throw UsageError("--job is missing")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let changes = try await context.withInventory { inventory in
            try await inventory.changes(which(inventory), limit: limit)
        }
        try context.write(ChangesDocument(changes)) { ChangeTable.text(of: changes, context) }
        if changes.isEmpty {
            try context.note(
                budget.map { "nothing was changed of a budget '\($0)'" }
                    ?? "nothing was changed yet"
            )
        }
        return .done
    }

    private func which(_ inventory: Inventory) async throws -> ChangeSelection {
        if let budget { return .of(.name(budget)) }
        if selection.selection == RunSelection() { return .all }
        return .of(.run(try await inventory.run(selection.known(in: inventory)).key))
    }
}
