import Tranche

/// Makes quarantined items batches again.
struct RedriveCommand: Command {
    static let description = CommandDescription(
        name: "redrive",
        summary: "Make quarantined items batches again",
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "Which",
                options: [
                    .init("ids", "IDS", "these items, such as 5,9..12; all of the run by default"),
                    .init("dry-run", nil, "list them and change nothing"),
                ]
            ),
        ],
        notes: "They are offered at once, and get all their attempts anew.\n"
    )

    private let selection: RunOptions
    private let items: IDRuns?
    private let isDryRun: Bool

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        items = try arguments.value("ids", parseIDs)
        isDryRun = arguments.has("dry-run")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (run, batches) = try await context.withInventory { inventory in
            let run = try await inventory.run(selection.find(in: inventory))
            let asked = BatchSelection(runs: RunSelection(run.key), status: .quarantined)
            if isDryRun {
                return (run, try await inventory.batches(asked).filter(isMeant))
            }
            let made = try await inventory.retrying { _ in
                try await inventory.store.redrive(asked, items: items)
            }
            return (run, made)
        }
        let sorted = batches.sorted { ($0.idStart, $0.id) < ($1.idStart, $1.id) }
        try context.write(RedriveDocument(sorted, isDryRun: isDryRun)) {
            sorted.map(words).joined()
        }
        if batches.isEmpty {
            let which = items == nil ? "no item" : "none of these items"
            try context.note("\(which) of \(run.key) is quarantined")
        }
        return batches.isEmpty ? .nothingNow : .done
    }

    private func isMeant(_ batch: BatchRecord) -> Bool {
        guard let items else { return true }
        return items.intersection(batch.range).count > 0
    }

    private func words(_ batch: BatchRecord) -> String {
        let ids =
            batch.count == 1
            ? "item \(batch.idStart)" : "items \(HumanText.ids(batch.idStart, batch.idEnd))"
        if isDryRun {
            let error = batch.logging.map {
                ": " + redacted($0).prefix { !$0.isNewline }.prefix(80)
            }
            return "\(ids) of batch \(batch.id) would be a batch again\(error ?? "")\n"
        }
        return "\(ids) of batch \(batch.parent ?? 0) is batch \(batch.id) now\n"
    }
}
