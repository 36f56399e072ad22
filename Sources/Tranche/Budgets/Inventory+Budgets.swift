extension Inventory {
    /// The author of changes through this inventory, and the reason; stores keep it with what is
    /// done.
    func note(_ reason: String?) -> ChangeNote {
        ChangeNote(by: configuration.worker, reason: reason)
    }

    /// Reads budgets, with what is held under each.
    ///
    /// - Parameter key: The run whose budgets are meant; `nil` (the default) for all.
    /// - Returns: Those with names in their order, then those of runs.
    /// - Throws: ``TrancheError`` of the store.
    public func budgets(of key: RunKey? = nil) async throws -> [Budget] {
        try await retrying { _ in try await store.budgets(of: key) }
    }

    /// Makes a named budget, or gives it other limits.
    ///
    /// It holds from then on for whatever any process hands out. What is held already is not taken
    /// back: where that is more than is allowed now, nothing is handed out until enough has ended.
    ///
    /// - Parameters:
    ///   - name: Its name; `*` is the budget of all runs that name none.
    ///   - limits: How much may be held at once.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The budget, with what is held.
    /// - Throws: ``TrancheError`` `.invalidArgument` for limits or a name that cannot be.
    @discardableResult
    public func setBudget(
        _ name: String,
        _ limits: BudgetLimits,
        reason: String? = nil
    ) async throws -> Budget? {
        try await change(budget: name, .limits(limits), reason: reason)
    }

    /// Pauses, parks, resumes or removes a named budget; see ``BudgetChange``.
    ///
    /// - Throws: ``TrancheError`` `.unknownBudget`; `.invalidArgument` for one to be removed that
    ///   runs refer to, for limits or a name that cannot be, and for more than 15 minutes;
    ///   `.redefined` for limits to be replaced that it has no longer.
    @discardableResult
    public func change(
        budget name: String,
        _ change: BudgetChange,
        reason: String? = nil
    ) async throws -> Budget? {
        switch change {
        case .limits(let limits), .replace(_, let limits):
            try limits.validate()
            try Budget.validate(name: name)
        case .adjust: try Budget.validate(name: name)
        case .park(let time, _):
            guard time > .zero, time <= Budget.longestPark else {
                let words = "a budget is parked for at most 15 minutes; pause it for longer"
                throw TrancheError(.invalidArgument, words)
            }
        case .pause, .unpark, .remove: break
        }
        let note = note(reason)
        return try await retrying { _ in try await store.change(budget: name, change, note) }
    }

    /// Says which named budgets a run refers to; each must have room for what is handed out.
    ///
    /// - Throws: ``TrancheError`` `.unknownRun`, `.unknownBudget`.
    public func setBudgets(
        _ names: [String],
        of key: RunKey,
        reason: String? = nil
    ) async throws {
        let note = note(reason)
        try await retrying { _ in try await store.setBudgets(names, of: key, note) }
    }

    /// Says how many batches of a run all processes together may hold at once.
    ///
    /// - Parameters:
    ///   - batches: How many; 0 hands out nothing, `nil` any number.
    ///   - key: The run.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`.
    public func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        reason: String? = nil
    ) async throws {
        try BudgetLimits(batches: batches).validate()
        let note = note(reason)
        try await retrying { _ in try await store.setParallelism(batches, of: key, note) }
    }

    /// Says how many batches of one key of a run all processes together may hold at once.
    ///
    /// - Parameters:
    ///   - batches: How many, above 0; `nil` for any number.
    ///   - key: The run; its source has a key column.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`.
    public func setPerKey(
        _ batches: Int?,
        of key: RunKey,
        reason: String? = nil
    ) async throws {
        try RunLimits.validate(perKey: batches)
        let note = note(reason)
        try await retrying { _ in try await store.setPerKey(batches, of: key, note) }
    }

    /// Says how a run ranks among those that share its budgets.
    ///
    /// - Parameters:
    ///   - share: Its part of what is in flight, beside the shares of others that wait; `nil` (the
    ///     default) leaves it.
    ///   - priority: A higher one comes first; `nil` (the default) leaves it.
    ///   - key: The run.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`.
    public func setRank(
        share: Double? = nil,
        priority: Int? = nil,
        of key: RunKey,
        reason: String? = nil
    ) async throws {
        try BudgetRank(share: share ?? 1, priority: priority ?? 0).validate()
        let note = note(reason)
        try await retrying { _ in
            try await store.setRank(share: share, priority: priority, of: key, note)
        }
    }

    /// Puts the parallelism of a run back to what it was before the last change.
    ///
    /// - Returns: What it is now; `nil` for any number.
    /// - Throws: ``TrancheError`` `.unknownRun`; `.invalidArgument` where it was never changed.
    @discardableResult
    public func restoreParallelism(of key: RunKey, reason: String? = nil) async throws -> Int? {
        _ = try await run(RunSelection(key))
        guard let last = try await changes(.parallelism(key), limit: 1).first else {
            throw TrancheError(.invalidArgument, "the parallelism of \(key) was never changed")
        }
        // Said again, it is no change: it may be repeated.
        let before = last.old.flatMap { Int($0) }
        try await setParallelism(before, of: key, reason: reason)
        return before
    }

    /// Reads changes of budgets and runs, the latest first.
    ///
    /// - Parameters:
    ///   - selection: Which; all by default.
    ///   - before: The id below which theirs are: the last change of the page before; from the
    ///     latest by default.
    ///   - limit: Most changes; 100 by default.
    /// - Returns: The changes.
    /// - Throws: ``TrancheError`` of the store.
    public func changes(
        _ selection: ChangeSelection = .all,
        before: Int64? = nil,
        limit: Int = 100
    ) async throws -> [ChangeRecord] {
        try await retrying { _ in
            try await store.changes(selection, before: before, limit: limit)
        }
    }
}

extension Budget {
    /// The name of the budget of all runs that name none.
    public static let ofAll = "*"
    /// The longest time that a budget is parked for.
    public static let longestPark = Duration.seconds(900)

    /// Refuses a name that is none.
    static func validate(name: String) throws {
        guard name != ofAll else { return }
        let isWord = name.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                || "-_.:/".unicodeScalars
                    .contains(scalar)
        }
        guard isWord, !name.isEmpty, name.utf8.count <= 200 else {
            let words = "a budget's name is a word of letters, digits and - _ . : /, or *"
            throw TrancheError(.invalidArgument, "'\(name)': \(words)")
        }
    }
}
