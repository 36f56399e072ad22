package import FoundationEssentials

/// The budgets of runs, and the probes that hold these back, as they are at one time.
package struct RunBudgets: Sendable {
    private let budgets: [Budget.Owner: Budget]
    private let names: [RunKey: Set<String>]
    private let waits: [RunKey: [Budget.Owner: BudgetWait]]
    private let probes: [Budget.Owner: [Probe]]
    private let now: Date

    /// Makes them; without arguments, none.
    ///
    /// - Parameters:
    ///   - budgets: All budgets, with the runs that wait for them.
    ///   - names: Which named budgets runs refer to; a run without any falls under that of all.
    ///   - probes: All probes.
    ///   - now: The inventory's time.
    package init(
        _ budgets: [Budget] = [],
        names: [RunKey: Set<String>] = [:],
        probes: [Probe] = [],
        at now: Date = .distantPast
    ) {
        self.budgets = Dictionary(budgets.map { ($0.owner, $0) }, uniquingKeysWith: { $1 })
        self.names = names
        self.probes = Dictionary(grouping: probes, by: \.owner)
        self.now = now
        var waits: [RunKey: [Budget.Owner: BudgetWait]] = [:]
        for budget in budgets {
            for claim in budget.claims {
                guard let wait = claim.wait else { continue }
                waits[claim.run, default: [:]][budget.owner] = wait
            }
        }
        self.waits = waits
    }

    /// Which budgets let nothing of a run in, or would not now; those with names first, in their
    /// order.
    package func obstacles(of key: RunKey) -> [RunStatus.Waiting] {
        let named = names[key] ?? []
        let known = named.isEmpty ? [Budget.ofAll] : named.sorted()
        let owners = known.map { Budget.Owner.name($0) } + [.run(key)]
        return owners.compactMap { owner in
            guard let budget = budgets[owner] else { return nil }
            let wait = owner.name == nil ? nil : waits[key]?[owner]
            let closing = closing(of: budget)
            // A run that holds all of its own parallelism works as it is told to.
            let isFull = owner.name != nil && budget.isFull(at: now)
            guard wait != nil || closing != nil || isFull else { return nil }
            return RunStatus.Waiting(owner: owner, wait: wait, closing: closing)
        }
    }

    /// Why a budget lets nothing in, whatever is held.
    private func closing(of budget: Budget) -> RunStatus.Closing? {
        if let reason = budget.pauseReason {
            return RunStatus.Closing(reason: Self.words("paused", reason))
        }
        if budget.limits.batches == 0 {
            let isOwn = budget.owner.run != nil
            return RunStatus.Closing(
                reason: isOwn ? "a parallelism of 0" : "0 batches are allowed"
            )
        }
        if budget.limits.weight == 0 { return RunStatus.Closing(reason: "no weight is allowed") }
        if let probe = probes[budget.owner]?.first(where: { $0.isKnownToHold(at: now) }) {
            return RunStatus.Closing(
                reason: probe.words,
                until: probe.state.nextAt,
                isFault: probe.isUnreached
            )
        }
        if let parking = budget.parking, parking.until > now {
            return RunStatus.Closing(
                reason: Self.words("parked", parking.reason),
                until: parking.until
            )
        }
        return nil
    }

    private static func words(_ state: String, _ reason: String) -> String {
        reason.isEmpty ? state : "\(state): \(reason)"
    }
}

extension Budget {
    /// Whether no batch would be let in now, by what is held and what the rate has left.
    fileprivate func isFull(at now: Date) -> Bool {
        if limits.batches.map({ held.batches >= $0 }) ?? false { return true }
        if limits.weight.map({ held.batches > 0 && held.weight >= $0 }) ?? false { return true }
        guard let rate = limits.rate, let tokens else { return false }
        return tokens.grown(until: now, at: rate).count <= 0
    }
}

extension Probe {
    /// Whether it holds back by its last answer, or was never answered: one whose good answer is
    /// merely old lets go on as soon as a worker asks.
    fileprivate func isKnownToHold(at now: Date) -> Bool {
        if case .window(let window) = question { return !window.answer(at: now).isOpen }
        return isHolding(at: now) && state.isOpen != true
    }
}

extension Inventory {
    /// Reads what limits runs.
    ///
    /// - Parameter runs: The runs that any budget limits.
    /// - Returns: Their budgets and probes; none without a run.
    /// - Throws: ``TrancheError`` of the store.
    func budgets(ofAll runs: [RunRecord]) async throws -> RunBudgets {
        if runs.isEmpty { return RunBudgets() }
        return try await retrying { _ in
            if let store = store as? any OverviewStore {
                return try await store.budgets(ofAll: runs)
            }
            var names: [RunKey: Set<String>] = [:]
            for run in runs {
                let own = try await store.budgets(of: run.key)
                names[run.key] = Set(own.compactMap(\.owner.name))
            }
            let (probes, now) = try await store.probes(limiting: nil)
            let budgets = try await store.budgets(of: nil)
            return RunBudgets(budgets, names: names, probes: probes, at: now)
        }
    }
}
