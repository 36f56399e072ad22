import Tranche

/// Makes quarantined items batches again.
struct RedriveCommand: Command {
    static let description = CommandDescription(
        name: "redrive",
        summary: "Offer quarantined items again, as batches",
        isUsual: true,
        examples: ["tranche redrive --job thumbs --dry-run"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(title: "Selection", options: [which] + BatchFilter.options),
            .init(
                title: "Step by step",
                options: [
                    .init(
                        "start",
                        "N",
                        "number of batches at first; more follow once these have ended",
                        isUsual: true
                    ),
                    .init("grow", "FACTOR", "with --start: growth per step (default: 2)"),
                    .init(
                        "stop-on-failure",
                        nil,
                        "with --start: stop after a batch that fails again",
                        isUsual: true
                    ),
                ]
            ),
            .init(title: "Confirmation", options: Consent.options + [Consent.reason]),
        ],
        notes: """
            The items are offered at once, with all their attempts. With --error, --since,
            --until or --of-worker, and for more than ten batches, redrive counts the matches,
            shows the first ten and asks; without a terminal it needs --yes. It then takes
            exactly these, whatever arrives meanwhile.

            With --start it waits for the workers to end each step. It exits with 1 when it
            stops at a failure. Items of later steps stay in quarantine, also after SIGINT.

            """,
        brief: """
            The items are offered at once, with all their attempts. With --start, redrive waits
            for the workers and continues in steps.

            """
    )

    private static let which = CommandDescription.Option(
        "ids",
        "IDS",
        "these items, such as 5,9..12 or uids, \"a,b\" with a comma (default: all of the run)",
        isUsual: true
    )

    private let selection: RunOptions
    private let filter: BatchFilter
    private let consent: Consent
    private let steps: CarefulSteps?
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        filter = try BatchFilter(arguments)
        consent = try Consent(arguments)
        steps = try CarefulSteps(arguments)
        reason = arguments.text("reason")
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        try await context.withInventory(worker: context.person) { inventory in
            let run = try await inventory.run(selection.known(in: inventory))
            let found = try await filter.find(
                BatchSelection(runs: RunSelection(run.key), status: .quarantined),
                in: inventory,
                context
            )
            let sorted = found.sorted { ($0.idStart, $0.id) < ($1.idStart, $1.id) }
            try await noteOthers(sorted, of: run, in: inventory, context)
            if sorted.isEmpty {
                try show([], context)
                let which = filter.isEmpty ? "no item" : "none of these items"
                try context.note("\(which) of \(run.key) is quarantined")
                return .nothingNow
            }
            if consent.isDryRun {
                try show(sorted, context)
                return .done
            }
            if !filter.isOfItemsAlone || sorted.count > Consent.shown,
                try await !consent.isGiven(for: sorted, "would be made again", context)
            {
                return .failed
            }
            if let steps {
                return try await steps.redrive(sorted, because: reason, inventory, context)
            }
            let made = try await inventory.redrive(found: sorted, reason: reason)
            try show(made.sorted { ($0.idStart, $0.id) < ($1.idStart, $1.id) }, context)
            return made.isEmpty ? .nothingNow : .done
        }
    }

    private func show(_ batches: [BatchRecord], _ context: Context) throws {
        try context.write(RedriveDocument(batches, isDryRun: consent.isDryRun)) {
            let first = batches.prefix(Consent.shown)
            let left = batches.count - first.count
            return first.map { words($0, isDryRun: consent.isDryRun) }.joined()
                + (left > 0 ? "… and \(HumanText.count(left, "batch", "batches")) more\n" : "")
        }
    }

    /// Names the ids or uids that were given and are not quarantined, where these are few.
    private func noteOthers(
        _ found: [BatchRecord],
        of run: RunRecord,
        in inventory: Inventory,
        _ context: Context
    ) async throws {
        guard let items = filter.items, !found.isEmpty else { return }
        let quarantined = found.reduce(IDRuns()) { $0.union($1.ids ?? IDRuns($1.range)) }
        var others: [String] = []
        if run.source?.numbering == nil {
            let asked = try items.ids()
            guard asked.count <= 1000 else { return }
            others = asked.ids.filter { !quarantined.contains($0) }.map { String($0) }
        } else {
            let spaces = try await context.itemSpaces(of: RunSelection(run.key), in: inventory)
            guard let space = spaces.first(where: { $0.contains(run.key) }) else { return }
            let asked = try await items.uids(in: space)
            guard asked.count <= 1000 else { return }
            others = asked.filter { !quarantined.contains($0.id) }.map { "'\($0.uid)'" }
        }
        guard !others.isEmpty else { return }
        let ids = others.prefix(Consent.shown).joined(separator: ", ")
        try context.note(
            "\(HumanText.count(others.count, "id is", "ids are")) not quarantined: \(ids)"
                + (others.count > Consent.shown ? ", …" : "")
        )
    }

    private func words(_ batch: BatchRecord, isDryRun: Bool) -> String {
        guard isDryRun else { return batch.redrivenWords + "\n" }
        let error = batch.logging.map { ": " + HumanText.excerpt(redacted($0)) }
        return "\(batch.itemWords) of batch \(batch.id) would be a batch again\(error ?? "")\n"
    }
}

extension BatchRecord {
    /// Its items, such as `item 5`.
    fileprivate var itemWords: String {
        count == 1 ? "item \(idStart)" : "items \(HumanText.ids(idStart, idEnd))"
    }

    /// That it was made of another.
    var redrivenWords: String { "\(itemWords) of batch \(parent ?? 0) is batch \(id) now" }
}
