import FoundationEssentials

extension Inventory {
    /// Tells a limit of 0 from a lack of room: the first lasts until somebody changes it, and holds
    /// the run.
    ///
    /// - Parameters:
    ///   - reason: Why nothing was handed out.
    ///   - key: The run.
    /// - Returns: That the run is held, and the way out, where a limit of it is 0; else the reason.
    /// - Throws: ``TrancheError`` of the store.
    package func telling(_ reason: NoBatchReason, of key: RunKey) async throws -> NoBatchReason {
        guard case .limited(let name, nil) = reason, !name.hasPrefix(NoBatchReason.keyWord),
            let closing = try await zeroLimit(of: key)
        else { return reason }
        return .held(reason: closing, until: nil)
    }

    /// Finds out whether a run is handed nothing because its parallelism, or what a budget of it
    /// allows, is 0.
    ///
    /// - Parameter key: The run.
    /// - Returns: Which limit it is, who set it, and the way out; `nil` where none is 0.
    /// - Throws: ``TrancheError`` of the store.
    package func zeroLimit(of key: RunKey) async throws -> String? {
        let budgets = try await budgets(of: key)
        guard let budget = budgets.first(where: { $0.limits.areZero }) else { return nil }
        guard let name = budget.owner.name else { return try await zeroParallelism(of: key) }
        let setter = try await changes(.of(budget.owner), limit: 20).first { $0.what == "limits" }
        let isOfBatches = budget.limits.batches == 0
        return "budget '\(name)' allows \(isOfBatches ? "0 batches" : "no weight")"
            + "\(Self.words(ofSetter: setter)); 'tranche budget set \(RunKey.quoted(name)) "
            + "\(isOfBatches ? "--batches" : "--weight") N' lets it go on"
    }

    private func zeroParallelism(of key: RunKey) async throws -> String {
        let setter = try await changes(.parallelism(key), limit: 1).first
        // What was never changed cannot be put back.
        let restoring = setter == nil ? "" : " or 'tranche restore \(key.commandOptions)'"
        return "the parallelism is 0\(Self.words(ofSetter: setter)); 'tranche set "
            + "\(key.commandOptions) --parallelism N'\(restoring) lets it go on"
    }

    /// Who set a limit, and why; empty where nobody knows.
    private static func words(ofSetter change: ChangeRecord?) -> String {
        guard let note = change?.note, note.by != nil || note.reason != nil else { return "" }
        let author = note.by.map { " by \($0)" } ?? ""
        let reason = note.reason.flatMap { $0.isEmpty ? nil : ": \(HumanText.excerpt($0, 200))" }
        return " (set\(author)\(reason ?? ""))"
    }
}

extension BudgetLimits {
    /// Whether they let nothing in, whatever is held.
    fileprivate var areZero: Bool { batches == 0 || weight == 0 }
}
