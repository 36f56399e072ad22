package import FoundationEssentials

/// Budgets, as `budget list` prints them.
package struct BudgetsDocument: Codable, Sendable, Hashable {
    package let budgets: [BudgetDocument]

    /// Makes the document of budgets.
    ///
    /// - Parameters:
    ///   - budgets: The budgets.
    ///   - excesses: What is known where more is held than one allows; nothing by default.
    package init(_ budgets: [Budget], excesses: [Budget.Owner: BudgetExcess] = [:]) {
        self.budgets = budgets.map { BudgetDocument($0, excesses[$0.owner]) }
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
    package let excess: BudgetExcessDocument?
    package let paused: String?
    package let parkedUntil: Date?
    package let parkReason: String?
    package let ratePerSecond: Double?
    package let burst: Double?
    package let claims: [BudgetClaimDocument]

    /// Makes the document of a budget.
    package init(_ budget: Budget) {
        self.init(budget, nil)
    }

    /// Makes the document of a budget, and of what is known where more is held than it allows.
    package init(_ budget: Budget, _ excess: BudgetExcess?) {
        name = budget.owner.name
        job = budget.owner.run?.job
        meta = budget.owner.run?.metaTable
        run = budget.owner.run?.run
        batches = budget.limits.batches
        weight = budget.limits.weight
        heldBatches = budget.held.batches
        heldWeight = budget.held.weight
        exceeded = budget.isExceeded
        self.excess = excess.map(BudgetExcessDocument.init)
        paused = budget.pauseReason
        parkedUntil = budget.parking?.until
        parkReason = budget.parking?.reason
        ratePerSecond = budget.limits.rate?.perSecond
        burst = budget.limits.rate?.burst
        claims = budget.claims.map(BudgetClaimDocument.init)
    }

    enum CodingKeys: String, CodingKey {
        case name, job, meta, run, batches, weight
        case heldBatches = "held_batches"
        case heldWeight = "held_weight"
        case exceeded, excess, paused
        case parkedUntil = "parked_until"
        case parkReason = "park_reason"
        case ratePerSecond = "rate_per_s"
        case burst, claims
    }
}

/// Since which change more is held than a budget allows, and until when at most.
package struct BudgetExcessDocument: Codable, Sendable, Hashable {
    package let until: Date?
    package let changedAt: Date?
    package let changedBy: String?
    package let reason: String?
    package let old: String?
    package let new: String?

    /// Makes the document of an excess.
    package init(_ excess: BudgetExcess) {
        until = excess.until
        changedAt = excess.change?.at
        changedBy = excess.change?.note.by
        reason = excess.change?.note.reason
        old = excess.change?.old
        new = excess.change?.new
    }

    enum CodingKeys: String, CodingKey {
        case until
        case changedAt = "changed_at"
        case changedBy = "changed_by"
        case reason, old, new
    }
}

/// What a run holds under a budget, and what it waits for.
package struct BudgetClaimDocument: Codable, Sendable, Hashable {
    package let job: String
    package let meta: String
    package let run: String
    package let share: Double
    package let priority: Int
    package let heldBatches: Int
    package let heldWeight: Double
    package let waitingSince: Date?
    package let waitingWeight: Double?

    /// Makes the document of a claim.
    package init(_ claim: BudgetClaim) {
        job = claim.run.job
        meta = claim.run.metaTable
        run = claim.run.run
        share = claim.rank.share
        priority = claim.rank.priority
        heldBatches = claim.held.batches
        heldWeight = claim.held.weight
        waitingSince = claim.wait?.since
        waitingWeight = claim.wait?.weight
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, share, priority
        case heldBatches = "held_batches"
        case heldWeight = "held_weight"
        case waitingSince = "waiting_since"
        case waitingWeight = "waiting_weight"
    }
}
