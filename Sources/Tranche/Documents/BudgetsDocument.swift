package import Foundation

/// Budgets, as `budget list` prints them.
package struct BudgetsDocument: Codable, Sendable, Hashable {
    package let budgets: [BudgetDocument]

    /// Makes the document of budgets.
    package init(_ budgets: [Budget]) {
        self.budgets = budgets.map(BudgetDocument.init)
    }
}

/// A budget with what is held under it; without a name it is the parallelism of a run.
package struct BudgetDocument: Codable, Sendable, Hashable {
    package let name: String?
    package let job: String?
    package let meta: String?
    package let run: String?
    package let batches: Int?
    package let weight: Double?
    package let heldBatches: Int
    package let heldWeight: Double
    package let exceeded: Bool
    package let paused: String?
    package let parkedUntil: Date?
    package let parkReason: String?

    /// Makes the document of a budget.
    package init(_ budget: Budget) {
        name = budget.owner.name
        job = budget.owner.run?.job
        meta = budget.owner.run?.metaTable
        run = budget.owner.run?.run
        batches = budget.limits.batches
        weight = budget.limits.weight
        heldBatches = budget.held.batches
        heldWeight = budget.held.weight
        exceeded = budget.isExceeded
        paused = budget.pauseReason
        parkedUntil = budget.parking?.until
        parkReason = budget.parking?.reason
    }

    enum CodingKeys: String, CodingKey {
        case name, job, meta, run, batches, weight
        case heldBatches = "held_batches"
        case heldWeight = "held_weight"
        case exceeded, paused
        case parkedUntil = "parked_until"
        case parkReason = "park_reason"
    }
}
