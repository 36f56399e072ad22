/// A store that reads of many runs at once what else is read of each.
package protocol OverviewStore: InventoryStore {
    /// Reads the gaps of runs, ascending by their first id.
    ///
    /// - Parameter runs: The runs.
    /// - Returns: The gaps, by run; without those that have none.
    /// - Throws: ``TrancheError`` of the store.
    func gaps(ofAll runs: [RunRecord]) async throws -> [RunKey: [Gap]]

    /// Reads of each run the newest batch that is stuck.
    ///
    /// - Parameter runs: The runs.
    /// - Returns: The batches, by run; without those that have none.
    /// - Throws: ``TrancheError`` of the store.
    func newestStuck(of runs: [RunRecord]) async throws -> [RunKey: BatchRecord]

    /// Reads what limits runs, in one trip however many they are.
    ///
    /// - Parameter runs: The runs.
    /// - Returns: Their budgets and probes.
    /// - Throws: ``TrancheError`` of the store.
    func budgets(ofAll runs: [RunRecord]) async throws -> RunBudgets
}

extension Inventory {
    /// Reads the gaps of runs, ascending by their first id.
    func gaps(ofAll runs: [RunRecord]) async throws -> [RunKey: [Gap]] {
        if runs.isEmpty { return [:] }
        return try await retrying { _ in
            if let store = store as? any OverviewStore { return try await store.gaps(ofAll: runs) }
            var gaps: [RunKey: [Gap]] = [:]
            for run in runs { gaps[run.key] = try await store.gaps(of: run.key) }
            return gaps
        }
    }

    /// Reads of each run the newest batch that is stuck.
    func newestStuck(of runs: [RunRecord]) async throws -> [RunKey: BatchRecord] {
        if runs.isEmpty { return [:] }
        return try await retrying { _ in
            if let store = store as? any OverviewStore {
                return try await store.newestStuck(of: runs)
            }
            var batches: [RunKey: BatchRecord] = [:]
            for run in runs {
                let one = BatchSelection(runs: RunSelection(run.key), cause: .stuck, limit: 1)
                batches[run.key] = try await store.batches(one).first
            }
            return batches
        }
    }
}
