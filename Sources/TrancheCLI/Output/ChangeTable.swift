import Tranche

/// Changes of budgets and runs, as a table.
enum ChangeTable {
    /// The table, a line for each change in the order given; empty where there is none.
    static func text(of changes: [ChangeRecord], _ context: Context) -> String {
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
