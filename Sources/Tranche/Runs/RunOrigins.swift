import Synchronization

/// What tells runs from runs of the same names in other inventories, as far as it was asked for.
package final class RunOrigins: Sendable {
    private let known = Mutex<[RunKey: [String]]>([:])

    /// Knows none yet.
    package init() {}

    /// What tells a run from others of its names, the same for as long as the run is there.
    ///
    /// That is the inventory's identity and when the run was made: an inventory that is made anew
    /// at the same place has the same identity.
    ///
    /// - Throws: The store's failure.
    package func origin(of key: RunKey, in store: any InventoryStore) async throws -> [String] {
        if let origin = known.withLock({ $0[key] }) { return origin }
        let identity = try await store.identity()
        let run = try await store.runs(RunSelection(key), after: nil, limit: 1).first
        guard let run else { return [identity] }
        let origin = [identity, String(run.createdAt.milliseconds)]
        known.withLock { $0[key] = origin }
        return origin
    }

    /// Forgets what was asked for, as the inventory may be another.
    package func forget() { known.withLock { $0 = [:] } }
}
