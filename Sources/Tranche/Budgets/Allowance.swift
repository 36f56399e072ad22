package import Foundation

/// What the budgets of a run leave for it while an acquire is decided.
///
/// A batch is let in whole or not at all. What a due batch is refused is not given to a new one of
/// the same run, so that nothing is handed out any more once one was refused.
package struct Allowance: Sendable {
    private var budgets: [Budget]
    private let now: Date
    /// What was let in so far.
    package private(set) var admitted = BudgetUse()
    /// Why nothing more is handed out; `nil` while nothing was refused.
    package private(set) var refusal: NoBatchReason?

    /// Makes an allowance.
    ///
    /// - Parameters:
    ///   - budgets: The budgets of the run; all must agree.
    ///   - now: The inventory's time.
    package init(_ budgets: [Budget], now: Date) {
        // In the order of their names, that of a run last: which one is named does not depend on the
        // store.
        self.budgets = budgets.sorted { $0.place < $1.place }
        self.now = now
    }

    /// Lets nothing more in: others were let in each time before this one was.
    package mutating func close() {
        refusal = refusal ?? budgets.first.map { .limited(by: $0.word, until: nil) }
    }

    /// Lets a batch in, if all budgets have room for it.
    ///
    /// - Parameter weight: What it weighs; unknown weighs nothing.
    /// - Returns: Whether it is let in.
    package mutating func admit(weight: Double?) -> Bool {
        if refusal != nil { return false }
        let weight = weight ?? 0
        for budget in budgets {
            guard let reason = budget.refusal(ofWeight: weight, now: now) else { continue }
            refusal = reason
            return false
        }
        for place in budgets.indices { budgets[place].held.add(weight) }
        admitted.add(weight)
        return true
    }
}

extension BudgetUse {
    fileprivate mutating func add(_ weight: Double) {
        batches += 1
        self.weight = self.weight.addingClamped(weight)
    }
}

extension Budget {
    /// Why a batch is not let in; `nil` where it may be.
    fileprivate func refusal(ofWeight asked: Double, now: Date) -> NoBatchReason? {
        if pauseReason != nil { return .limited(by: word, until: nil) }
        if let parking, parking.until > now { return .limited(by: word, until: parking.until) }
        if let batches = limits.batches, held.batches >= batches {
            return .limited(by: word, until: nil)
        }
        // One that is heavier than the budget goes alone.
        if let weight = limits.weight, held.batches > 0, held.weight + asked > weight {
            return .limited(by: word, until: nil)
        }
        if limits.weight == 0 { return .limited(by: word, until: nil) }
        return nil
    }

    /// What stands for it in a reason.
    fileprivate var word: String { owner.name ?? "parallelism" }

    /// Its place among the budgets of a run.
    package var place: String {
        switch owner {
        case .name(let name): "name " + name
        case .run(let key): "run \(key)"
        }
    }
}
