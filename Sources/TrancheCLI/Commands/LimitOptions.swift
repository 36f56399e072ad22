import Tranche

/// The options that say how much of a run is held at once, and how it ranks among others.
struct LimitOptions: Sendable {
    /// The most batches that are held at once.
    enum Parallelism: Sendable { case any, most(Int) }

    /// `nil` where nothing was given.
    let parallelism: Parallelism?
    /// The most batches of one key; `nil` where nothing was given.
    let perKey: Int?
    /// The budgets that the run refers to; empty where none was given.
    let budgets: [String]
    /// Its share; `nil` where none was given.
    let share: Double?
    /// Its priority; `nil` where none was given.
    let priority: Int?

    static let options: [CommandDescription.Option] = [
        .init(
            "budget",
            "NAME",
            "budget that limits the run; with several, each must have room",
            isRepeatable: true
        ),
        .init("share", "N", "share of the run among the runs that wait for a budget (initially 1)"),
        .init(
            "priority",
            "N",
            "priority of the run under a budget; higher goes first (initially 0)"
        ),
    ]

    static let perKeyOption = CommandDescription.Option(
        "per-key",
        "N",
        "maximum number of batches per key at once; for runs with --key"
    )

    private static let parallelismOption = CommandDescription.Option(
        "parallelism",
        "N",
        "maximum number of batches at once; 0 hands out nothing"
    )

    /// Options for a run that may begin.
    static let group = CommandDescription.OptionGroup(
        title: "Limits over all processes, set when the run begins",
        options: [parallelismOption, perKeyOption] + options
    )

    /// Options for a run over files, whose records have no keys.
    static let groupOfFiles = CommandDescription.OptionGroup(
        title: group.title,
        options: [parallelismOption] + options
    )

    init(_ arguments: Arguments) throws {
        parallelism = try arguments.value("parallelism") { text in
            text == "none" ? .any : .most(try parseCount(text, from: 0))
        }
        perKey = try arguments.value("per-key") { try parseCount($0) }
        budgets = arguments.texts("budget")
        share = try arguments.value("share", parseShare)
        priority = try arguments.value("priority", parseInteger)
    }

    /// Whether nothing was given.
    var isEmpty: Bool {
        parallelism == nil && perKey == nil && budgets.isEmpty && share == nil && priority == nil
    }

    /// The limits of a run that begins; `nil` for none.
    var ofNewRun: RunLimits? {
        if isEmpty { return nil }
        var limits = RunLimits(perKey: perKey, budgets: budgets)
        if case .most(let count) = parallelism { limits.parallelism = count }
        if let share { limits.rank.share = share }
        if let priority { limits.rank.priority = priority }
        return limits
    }

    /// Refuses budgets that there are not, as a run refuses them that begins; one that has begun
    /// keeps its own.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - inventory: The inventory.
    /// - Throws: `TrancheError` `.unknownBudget`; of the store.
    func requireBudgets(ofNew key: RunKey, in inventory: Inventory) async throws {
        guard !budgets.isEmpty, try await inventory.runs(RunSelection(key)).isEmpty else { return }
        let known = Set(try await inventory.budgets().compactMap(\.owner.name))
        guard let unknown = budgets.first(where: { !known.contains($0) }) else { return }
        throw TrancheError(
            .unknownBudget,
            "there is no budget '\(unknown)' in \(inventory.name); 'tranche budget list' lists "
                + "what there is"
        )
    }

    /// Says where a known run has other limits than were asked for.
    func note(for key: RunKey, _ inventory: Inventory, _ context: Context) async throws {
        guard let asked = ofNewRun, let run = try await inventory.summaries(RunSelection(key)).first
        else { return }
        let known = RunLimitsDocument(run.run, try await inventory.budgets(of: key))
        let isSame =
            (parallelism == nil || known.parallelism == asked.parallelism)
            && (perKey == nil || known.perKey == perKey)
            && (share ?? known.share) == known.share
            && (priority ?? known.priority) == known.priority
            && (budgets.isEmpty || Set(known.budgets) == Set(budgets))
        if isSame { return }
        try context.note(
            "it has begun, and keeps its limits: \(known.words); 'tranche set' changes them"
        )
    }
}
