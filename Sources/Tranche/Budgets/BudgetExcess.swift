package import FoundationEssentials

/// What is held under a budget beyond what it allows: since which change, and until when.
package struct BudgetExcess: Sendable, Hashable {
    /// The last change of its limits; `nil` where none is known.
    package var change: ChangeRecord?
    /// When the lease of the last batch ends that is held beyond, unless its worker renews it;
    /// `nil` where all have ended meanwhile.
    package var until: Date?

    /// Makes an excess.
    package init(change: ChangeRecord?, until: Date?) {
        self.change = change
        self.until = until
    }
}

extension Inventory {
    /// Finds out since which change, and until when, more is held under budgets than they allow.
    ///
    /// - Parameter budgets: The budgets, with the runs that hold something.
    /// - Returns: For each under which that is so, what is known of it.
    /// - Throws: ``TrancheError`` of the store.
    package func excesses(of budgets: [Budget]) async throws -> [Budget.Owner: BudgetExcess] {
        var found: [Budget.Owner: BudgetExcess] = [:]
        for budget in budgets where budget.isExceeded {
            let known = try await changes(.of(budget.owner), limit: 20)
            var leases: [BudgetLease] = []
            for claim in budget.claims where claim.held.batches > 0 {
                let running = BatchSelection(
                    runs: RunSelection(claim.run),
                    status: .running,
                    limit: 10_000
                )
                leases += try await batches(running).compactMap(BudgetLease.init)
            }
            found[budget.owner] = BudgetExcess(
                change: known.first { ["limits", "parallelism"].contains($0.what) },
                until: budget.excessEnd(leases)
            )
        }
        return found
    }
}

/// The lease of a batch that counts under a budget.
package struct BudgetLease: Sendable, Hashable {
    /// Until when it lasts.
    package var until: Date
    /// The weight of the batch.
    package var weight: Double

    /// Makes a lease.
    package init(until: Date, weight: Double) {
        self.until = until
        self.weight = weight
    }

    /// The lease of a batch; `nil` where nobody holds it.
    init?(_ batch: BatchRecord) {
        guard let until = batch.leaseExpiresAt else { return nil }
        self.init(until: until, weight: batch.weight ?? 0)
    }
}

extension Budget {
    /// When so many leases have ended that no more is held than the budget allows, if none is
    /// renewed and nothing is let in.
    ///
    /// - Parameter leases: The leases of what its runs hold; those that have ended may be among
    ///   them.
    /// - Returns: When; `nil` where it is so already.
    package func excessEnd(_ leases: [BudgetLease]) -> Date? {
        var left = self
        var end: Date?
        // Leases that have ended are those that end first.
        for lease in leases.sorted(by: { $0.until < $1.until }).suffix(held.batches) {
            guard left.isExceeded else { break }
            left.held.batches -= 1
            left.held.weight -= lease.weight
            end = lease.until
        }
        return end
    }
}
