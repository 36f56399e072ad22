import Tranche

/// Changes how much of a run is held at once.
struct SetCommand: Command {
    static let description = CommandDescription(
        name: "set",
        summary: "Change how much of a run workers hold at once, and its rank among other runs",
        examples: ["tranche set --job thumbs --parallelism 2"],
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "Limits over all processes",
                options: [
                    .init(
                        "parallelism",
                        "N|none",
                        "maximum number of batches at once; 0 hands out nothing"
                    ),
                    LimitOptions.perKeyOption,
                    .init("no-per-key", nil, "any number of batches per key"),
                ] + LimitOptions.options + [
                    .init("no-budget", nil, "remove the run from all budgets"),
                    .init("reason", "TEXT", "reason; 'tranche changes' shows it"),
                ]
            ),
        ],
        notes: """
            The change counts from the next acquire of any process. Batches that workers hold
            stay theirs. 'tranche restore' undoes a change of the parallelism; 'tranche pause'
            is independent. Runs that wait for a budget get their shares of it; a run alone may
            use all of it. One place in twenty is reserved for runs of lower priority.

            """
    )

    private let selection: RunOptions
    private let limits: LimitOptions
    private let endsBudgets: Bool
    private let endsPerKey: Bool
    private let reason: String?

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        limits = try LimitOptions(arguments)
        reason = arguments.text("reason")
        endsBudgets = arguments.has("no-budget")
        guard limits.budgets.isEmpty || !endsBudgets else {
            throw UsageError("--budget and --no-budget contradict each other")
        }
        endsPerKey = arguments.has("no-per-key")
        guard limits.perKey == nil || !endsPerKey else {
            throw UsageError("--per-key and --no-per-key contradict each other")
        }
        guard !limits.isEmpty || endsBudgets || endsPerKey else {
            throw UsageError(
                "nothing is to be set; give --parallelism, --per-key, --no-per-key, --budget, "
                    + "--no-budget, --share or --priority"
            )
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let (before, after) = try await context.withInventory(worker: context.person) { inventory in
            let known = try await inventory.run(selection.known(in: inventory))
            let key = known.key
            let before = RunLimitsDocument(known, try await inventory.budgets(of: key))
            // All is looked at before the first is changed; unknown budgets change nothing.
            try known.requireKeyColumn(for: limits.perKey)
            try BudgetRank(share: limits.share ?? 1, priority: limits.priority ?? 0).validate()
            try await change(key, in: inventory)
            let run = try await inventory.run(RunSelection(key))
            return (before, RunLimitsDocument(run, try await inventory.budgets(of: key)))
        }
        try context.write(after) {
            guard before == after else { return after.words }
            let lost = reason == nil ? "" : "; the reason is not recorded"
            return after.words + "; it was so already, and nothing is changed" + lost
        }
        return .done
    }

    private func change(_ key: RunKey, in inventory: Inventory) async throws {
        if !limits.budgets.isEmpty || endsBudgets {
            try await inventory.setBudgets(limits.budgets, of: key, reason: reason)
        }
        switch limits.parallelism {
        case nil: break
        case .any: try await inventory.setParallelism(nil, of: key, reason: reason)
        case .most(let count):
            try await inventory.setParallelism(count, of: key, reason: reason)
        }
        if limits.perKey != nil || endsPerKey {
            try await inventory.setPerKey(limits.perKey, of: key, reason: reason)
        }
        if limits.share != nil || limits.priority != nil {
            try await inventory.setRank(
                share: limits.share,
                priority: limits.priority,
                of: key,
                reason: reason
            )
        }
    }
}

extension RunLimitsDocument {
    /// The limits of the run, in a line.
    var words: String {
        let key = RunKey(metaTable: meta, job: job, run: run)
        let most = parallelism.map { "at most \(HumanText.count($0, "batch", "batches"))" }
        let ofKey = perKey.map { count in
            "at most \(HumanText.count(count, "batch", "batches")) per \(self.key ?? "key")"
        }
        let names = budgets.isEmpty ? nil : "under \(budgets.joined(separator: ", "))"
        let part = share == 1 ? nil : "share \(share.plain)"
        let place = priority == 0 ? nil : "priority \(priority)"
        let words = [most, ofKey, names, part, place].compactMap { $0 }
        return "\(key): \(words.isEmpty ? "any number of batches" : words.joined(separator: ", "))"
    }
}
