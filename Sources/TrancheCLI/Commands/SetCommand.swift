import Tranche

/// Changes how much of a run is held at once.
struct SetCommand: Command {
    static let description = CommandDescription(
        name: "set",
        summary: "Change how many batches of a run are held at once",
        groups: [
            RunOptions.group(jobIsRequired: true),
            .init(
                title: "What is held at once, over all processes",
                options: [
                    .init("parallelism", "N|none", "most batches of the run; 0 hands out nothing"),
                    .init(
                        "budget",
                        "NAME",
                        "a budget that the run refers to; several are all asked",
                        isRepeatable: true
                    ),
                    .init("no-budget", nil, "the run refers to no budget any more"),
                    .init("reason", "TEXT", "why; 'tranche changes' shows it"),
                ]
            ),
        ],
        notes: """
            It holds for the next batch that any process asks for. What is held already is not
            taken back. 'tranche restore' puts the parallelism back; 'tranche pause' is apart.

            """
    )

    private let selection: RunOptions
    private let parallelism: Parallelism?
    private let budgets: [String]?
    private let reason: String?

    private enum Parallelism: Sendable { case any, most(Int) }

    init(_ arguments: Arguments) throws {
        selection = try RunOptions(arguments)
        parallelism = try arguments.value("parallelism") { text in
            text == "none" ? .any : .most(try parseCount(text, from: 0))
        }
        reason = arguments.text("reason")
        let names = arguments.texts("budget")
        let endsBudgets = arguments.has("no-budget")
        guard names.isEmpty || !endsBudgets else {
            throw UsageError("--budget and --no-budget contradict each other")
        }
        budgets = names.isEmpty && !endsBudgets ? nil : names
        guard parallelism != nil || budgets != nil else {
            throw UsageError("nothing is to be set; give --parallelism, --budget or --no-budget")
        }
    }

    func run(_ context: Context) async throws -> ProgramStatus {
        let document = try await context.withInventory(worker: context.person) { inventory in
            let key = try await inventory.run(selection.find(in: inventory)).key
            if let budgets { try await inventory.setBudgets(budgets, of: key, reason: reason) }
            switch parallelism {
            case nil: break
            case .any: try await inventory.setParallelism(nil, of: key, reason: reason)
            case .most(let count):
                try await inventory.setParallelism(count, of: key, reason: reason)
            }
            return RunLimitsDocument(key, try await inventory.budgets(of: key))
        }
        try context.write(document) { document.words }
        return .done
    }
}

extension RunLimitsDocument {
    /// What limits the run, in a line.
    var words: String {
        let key = RunKey(metaTable: meta, job: job, run: run)
        let most = parallelism.map { "at most \(HumanText.count($0, "batch", "batches"))" }
        let names = budgets.isEmpty ? nil : "under \(budgets.joined(separator: ", "))"
        let words = [most, names].compactMap { $0 }
        return "\(key): \(words.isEmpty ? "any number of batches" : words.joined(separator: ", "))"
    }
}
