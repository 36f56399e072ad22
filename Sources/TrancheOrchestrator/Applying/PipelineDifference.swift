public import Tranche

/// The changes that applying a pipeline would make.
public struct PipelineDifference: Sendable {
    /// The pipeline's name.
    public var name: String
    /// The description applied last under the name; `nil` if there is none.
    public var record: PipelineRecord?
    /// The description of the file.
    public var description: PipelineDescription
    /// The differences from the applied description, by section and name.
    public var changes: [PipelineChange]
    /// The file's budgets, beside those of the inventory.
    public var budgets: [BudgetDifference]
    /// Further notes on the applied pipeline, in lines.
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
    /// The limits of the file.
    public var limits: BudgetLimits
    /// The limits of the inventory; `nil` if it has none.
    public var known: BudgetLimits?
    /// The action on the budget.
    public var action: Action
    /// The author of the inventory's limits, if they are not the applied ones.
    public var setBy: String?

    /// An action on a budget.
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
    /// The action, in a line; empty for none.
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
