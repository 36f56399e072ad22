public import Tranche

/// What applying a pipeline would change.
public struct PipelineDifference: Sendable {
    /// The pipeline's name.
    public var name: String
    /// What was applied last under the name; `nil` where nothing was.
    public var record: PipelineRecord?
    /// What the file says.
    public var description: PipelineDescription
    /// What differs from what was applied, by section and name.
    public var changes: [PipelineChange]
    /// The file's budgets, beside those of the inventory.
    public var budgets: [BudgetDifference]
    /// What else there is to know once it is applied, in lines.
    public var notes: [String] = []

    /// The generation that is applied; 0 for none.
    public var generation: Int { record?.generation ?? 0 }

    /// Whether the file is what is applied.
    public var isApplied: Bool { record?.digest == description.digest }

    /// Whether applying would change anything.
    public var isEmpty: Bool { isApplied && !budgets.contains { $0.action == .set } }

    /// The jobs of links that were removed, whose runs stay.
    public var removedJobs: [String] {
        changes.filter { $0.kind == .removed && ["link", "job"].contains($0.part) }.map(\.name)
    }
}

/// A budget of a file, beside that of the inventory.
public struct BudgetDifference: Sendable, Hashable {
    /// The budget's name.
    public var name: String
    /// What the file says.
    public var limits: BudgetLimits
    /// What the inventory has; `nil` where it has none.
    public var known: BudgetLimits?
    /// What is done with it.
    public var action: Action
    /// Who set what the inventory has, where that is not what was applied.
    public var setBy: String?

    /// What is done with a budget.
    public enum Action: String, Sendable, Hashable {
        /// It is as the file says.
        case none
        /// It is set to what the file says.
        case set
        /// Somebody has set it by hand since it was applied, and the file says nothing new: it
        /// stays.
        case keep
        /// Somebody has set it by hand, and the file says something new: nothing is applied.
        case conflict
    }

    /// Decides what is done.
    ///
    /// - Parameters:
    ///   - name: The budget's name.
    ///   - limits: What the file says.
    ///   - former: What was applied before; `nil` for nothing.
    ///   - known: What the inventory has; `nil` for none.
    ///   - overwrites: Whether what was set by hand is set to what the file says.
    init(
        _ name: String,
        _ limits: BudgetLimits,
        after former: BudgetLimits?,
        known: BudgetLimits?,
        overwrites: Bool
    ) {
        self.name = name
        self.limits = limits
        self.known = known
        if known == limits {
            action = .none
        } else if known == nil || known == former || overwrites {
            action = .set
        } else {
            action = former == limits ? .keep : .conflict
        }
    }
}

extension BudgetDifference: CustomStringConvertible {
    /// What is done, in a line; empty where nothing is.
    public var description: String {
        let was = known?.text ?? "(none)"
        let who = setBy.map { " by \($0)" } ?? ""
        switch action {
        case .none: return ""
        case .set: return "budget \(name) is set: \(was) -> \(limits.text)"
        case .keep:
            return "budget \(name) was set\(who) to '\(was)' since it was applied as "
                + "'\(limits.text)', and stays; --overwrite-budgets sets it back"
        case .conflict:
            return "budget \(name) was set\(who) to '\(was)', and the file says '\(limits.text)'; "
                + "write what is meant into the file, or overwrite it with --overwrite-budgets"
        }
    }
}
