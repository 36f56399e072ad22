import Synchronization
import Tranche

/// What tells runs from runs of the same names in other inventories, for the marks of batches.
final class MongoOrigins: Sendable {
    private let known = Mutex(Known())

    /// Takes the inventory whose batches are written, which may be another than before.
    func begin(in store: any InventoryStore) {
        known.withLock { $0 = Known(store: store) }
    }

    /// What tells a run from others of its names, the same for as long as the run is there; empty
    /// where the inventory is not known.
    ///
    /// That is the inventory's identity and when the run was made: an inventory that is made anew
    /// at the same place has the same identity.
    ///
    /// - Throws: The store's failure.
    func origin(of key: RunKey) async throws -> [String] {
        let (store, origin) = known.withLock { ($0.store, $0.origins[key]) }
        if let origin { return origin }
        guard let store else { return [] }
        let identity = try await store.identity()
        let run = try await store.runs(RunSelection(key), after: nil, limit: 1).first
        guard let run else { return [identity] }
        let made = [identity, String(run.createdAt.milliseconds)]
        known.withLock { $0.origins[key] = made }
        return made
    }

    private struct Known {
        /// The inventory, once it is known.
        var store: (any InventoryStore)?
        var origins: [RunKey: [String]] = [:]
    }
}
