/// A store that keeps budgets.
///
/// Whatever hands out batches of a run asks all its budgets under the same lock under which it
/// writes, so that never more is held than they allow. Ends, heartbeats and releases ask none.
public protocol BudgetStore: Sendable {
    /// Reads budgets, with what is held under each and by whom: those with names in their order,
    /// then those of runs.
    ///
    /// - Parameter key: The run whose budgets are meant; `nil` for all.
    /// - Returns: The budgets.
    /// - Throws: `TrancheError` of the store.
    func budgets(of key: RunKey?) async throws -> [Budget]

    /// Makes a named budget, or changes it.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - change: What becomes of it.
    ///   - note: The author of the change, and the reason.
    /// - Returns: The budget as it is now; `nil` where it was removed.
    /// - Throws: ``TrancheError`` `.unknownBudget` where it must be there; `.invalidArgument` for
    ///   one that runs still refer to, and is to be removed.
    @discardableResult
    func change(budget name: String, _ change: BudgetChange, _ note: ChangeNote) async throws
        -> Budget?

    /// Says which named budgets a run refers to.
    ///
    /// - Throws: ``TrancheError`` `.unknownRun`, `.unknownBudget`.
    func setBudgets(_ names: [String], of key: RunKey, _ note: ChangeNote) async throws

    /// Sets how many batches of a run workers may hold at once; the same value again changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - batches: How many; `nil` for any number.
    ///   - key: The run.
    ///   - note: The author of the change, and the reason.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func setParallelism(_ batches: Int?, of key: RunKey, _ note: ChangeNote) async throws

    /// Sets how many batches of one key of a run workers may hold at once; the same value again
    /// changes nothing.
    ///
    /// - Parameters:
    ///   - batches: How many, above 0; `nil` for any number.
    ///   - key: The run.
    ///   - note: The author of the change, and the reason.
    /// - Throws: ``TrancheError`` `.unknownRun`; `.invalidArgument` for a number where the run's
    ///   source has no key column.
    func setPerKey(_ batches: Int?, of key: RunKey, _ note: ChangeNote) async throws

    /// Sets the rank of a run among those that share its budgets; the same values again change
    /// nothing.
    ///
    /// - Parameters:
    ///   - share: Its share; `nil` leaves it.
    ///   - priority: Its priority; `nil` leaves it.
    ///   - key: The run.
    ///   - note: The author of the change, and the reason.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func setRank(share: Double?, priority: Int?, of key: RunKey, _ note: ChangeNote) async throws
}

/// The change of a named budget.
public enum BudgetChange: Sendable, Hashable {
    /// It has these limits; it is made where it is not there.
    case limits(BudgetLimits)
    /// Some of its limits become others, and those that are not named stay; it is made where it is
    /// not there.
    case adjust(BudgetAdjustment)
    /// It has other limits, where it still has those that are said first, or is not there with
    /// `nil`.
    case replace(BudgetLimits?, by: BudgetLimits)
    /// Nothing is let in until it is resumed; `nil` resumes it.
    case pause(reason: String?)
    /// Nothing is let in for some time from now, by the inventory's clock; at most 15 minutes.
    case park(for: Duration, reason: String)
    /// Nothing keeps it parked any more.
    case unpark
    /// It is removed.
    case remove
}

extension BudgetChange {
    /// The change as it is for a budget whose row is locked: adjusted limits are limits then, so
    /// that nobody's are undone who changed others meanwhile.
    ///
    /// - Parameter budget: The budget; `nil` where there is none.
    /// - Returns: The change.
    /// - Throws: ``TrancheError`` `.invalidArgument` for limits that mean nothing; `.redefined` for
    ///   limits to be replaced that it has no longer.
    package func resolved(on budget: Budget?) throws -> BudgetChange {
        if case .replace(let former, let limits) = self {
            guard let budget, budget.limits != limits, budget.limits != former else {
                return .limits(limits)
            }
            let words = "was set to '\(budget.limits.text)' meanwhile; look at it, and try again"
            throw TrancheError(.redefined, "\(budget) \(words)")
        }
        guard case .adjust(let adjustment) = self else { return self }
        let limits = try adjustment.applied(to: budget?.limits ?? BudgetLimits())
        try limits.validate()
        return .limits(limits)
    }

    /// Whether a budget is as the change would make it.
    package func isDone(on budget: Budget) -> Bool {
        switch self {
        case .limits(let limits): budget.limits == limits
        case .pause(let reason): budget.pauseReason == reason
        case .unpark: budget.parking == nil
        case .adjust, .replace, .park, .remove: false
        }
    }
}
