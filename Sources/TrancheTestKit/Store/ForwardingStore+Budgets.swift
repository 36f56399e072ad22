public import Foundation
public import Tranche

/// Budgets and probes.
extension ForwardingStore {
    /// Passes the request on; see `BudgetStore`.
    public func budgets(of key: RunKey?) async throws -> [Budget] {
        try await forward(.read) { try await base.budgets(of: key) }
    }

    /// Passes the request on; see `BudgetStore`.
    public func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote
    ) async throws -> Budget? {
        try await forward(.change) { try await base.change(budget: name, change, note) }
    }

    /// Passes the request on; see `BudgetStore`.
    public func setBudgets(_ names: [String], of key: RunKey, _ note: ChangeNote) async throws {
        try await forward(.change) { try await base.setBudgets(names, of: key, note) }
    }

    /// Passes the request on; see `BudgetStore`.
    public func setRank(
        share: Double?,
        priority: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try await forward(.change) {
            try await base.setRank(share: share, priority: priority, of: key, note)
        }
    }

    /// Passes the request on; see `BudgetStore`.
    public func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try await forward(.change) { try await base.setParallelism(batches, of: key, note) }
    }

    /// Passes the request on; see `BudgetStore`.
    public func setPerKey(_ batches: Int?, of key: RunKey, _ note: ChangeNote) async throws {
        try await forward(.change) { try await base.setPerKey(batches, of: key, note) }
    }

    /// Passes the request on; see `InventoryReader`.
    public func changes(
        _ selection: ChangeSelection,
        before: Int64?,
        limit: Int
    ) async throws -> [ChangeRecord] {
        try await forward(.read) {
            try await base.changes(selection, before: before, limit: limit)
        }
    }
}

// MARK: - Probes

extension ForwardingStore {
    /// Passes the request on; see `ProbeStore`.
    public func probes(limiting key: RunKey?) async throws -> (probes: [Probe], now: Date) {
        try await forward(.read) { try await base.probes(limiting: key) }
    }

    /// Passes the request on; see `ProbeStore`.
    public func set(_ probe: Probe, _ note: ChangeNote) async throws {
        try await forward(.change) { try await base.set(probe, note) }
    }

    /// Passes the request on; see `ProbeStore`.
    public func removeProbe(_ name: String, _ note: ChangeNote) async throws {
        try await forward(.change) { try await base.removeProbe(name, note) }
    }

    /// Passes the request on; see `ProbeStore`.
    public func save(_ state: ProbeState, ofProbe name: String) async throws -> Bool {
        try await forward(.change) { try await base.save(state, ofProbe: name) }
    }
}
