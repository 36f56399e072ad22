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
        try context.write(ChangesDocument(changes)) { text(changes, context) }
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

    private func text(_ changes: [ChangeRecord], _ context: Context) -> String {
        if changes.isEmpty { return "" }
        var table = Table([
            .text("WHEN"), .text("WHO"), .text("OF"), .text("WHAT"), .text("FROM"), .text("TO"),
            .text("WHY"),
        ])
        let now = context.now()
        for change in changes {
            let subject =
                change.owner.name.map { "budget \($0)" } ?? change.owner.run.map { "\($0)" } ?? ""
            table.add([
                Table.Cell(HumanText.relative(change.at, to: now)),
                Table.Cell(change.note.by ?? "-"), Table.Cell(subject), Table.Cell(change.what),
                Table.Cell(change.old ?? "-"), Table.Cell(change.new ?? "-"),
                Table.Cell(change.note.reason ?? ""),
            ])
        }
        return table.text(context.style)
    }
}
