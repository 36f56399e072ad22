public import Foundation
public import Tranche

/// Budgets, probes, and the changes of them and of runs.
extension MemoryInventoryStore {
    /// Reads budgets; see `BudgetStore`.
    public func budgets(of key: RunKey?) async throws -> [Budget] {
        try change { tables, now in tables.budgets(of: key, now: now) }
    }

    /// Makes or changes a named budget; see `BudgetStore`.
    public func change(
        budget name: String,
        _ change: BudgetChange,
        _ note: ChangeNote
    ) async throws -> Budget? {
        try self.change { try $0.change(budget: name, change, note, now: $1) }
    }

    /// Says which named budgets a run refers to.
    public func setBudgets(_ names: [String], of key: RunKey, _ note: ChangeNote) async throws {
        try change { try $0.setBudgets(names, of: key, note, now: $1) }
    }

    /// Says how a run ranks among those that share its budgets.
    public func setRank(
        share: Double?,
        priority: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try change {
            try $0.setRank(share: share, priority: priority, of: key, note, now: $1)
        }
    }

    /// Says how many batches of a run may be held at once.
    public func setParallelism(
        _ batches: Int?,
        of key: RunKey,
        _ note: ChangeNote
    ) async throws {
        try change { try $0.setParallelism(batches, of: key, note, now: $1) }
    }

    /// Says how many batches of one key of a run may be held at once.
    public func setPerKey(_ batches: Int?, of key: RunKey, _ note: ChangeNote) async throws {
        try change { try $0.setPerKey(batches, of: key, note, now: $1) }
    }

    /// Reads probes; see `ProbeStore`.
    public func probes(limiting key: RunKey?) async throws -> (probes: [Probe], now: Date) {
        try change { tables, now in (tables.probes(limiting: key, now: now), now) }
    }

    /// Makes or replaces a probe; see `ProbeStore`.
    public func set(_ probe: Probe, _ note: ChangeNote) async throws {
        try change { try $0.set(probe, note, now: $1) }
    }

    /// Removes a probe; see `ProbeStore`.
    public func removeProbe(_ name: String, _ note: ChangeNote) async throws {
        try change { try $0.removeProbe(name, note, now: $1) }
    }

    /// Replaces what is known of a probe's answers; see `ProbeStore`.
    public func save(_ state: ProbeState, ofProbe name: String) async throws -> Bool {
        try change { tables, _ in tables.save(state, ofProbe: name) }
    }

    /// Reads changes of budgets and runs, the latest first.
    public func changes(
        _ selection: ChangeSelection,
        before: Int64?,
        limit: Int
    ) async throws -> [ChangeRecord] {
        try change { tables, _ in tables.changes(selection, before: before, limit: limit) }
    }
}
