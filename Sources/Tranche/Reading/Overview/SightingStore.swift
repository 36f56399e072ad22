package import FoundationEssentials

/// A store that keeps when it was first seen that something waits in a run's source.
package protocol SightingStore: InventoryStore {
    /// Notes how far sources go, and says since when something waits.
    ///
    /// A mark stays until the cursor has passed it: what waits below it waits since then at least.
    ///
    /// - Parameter highest: The highest id of the source of each run in which something waits.
    /// - Returns: Since when, by run.
    /// - Throws: ``TrancheError`` of the store.
    func sight(_ highest: [(run: RunRecord, id: Int64)]) async throws -> [RunKey: Date]
}

extension Inventory {
    /// Notes how far sources go, and says since when something waits in them.
    ///
    /// - Parameter highest: The highest id of the source of each run in which something waits.
    /// - Returns: Since when, by run; without those of which nobody knows.
    /// - Throws: `CancellationError`.
    package func sight(_ highest: [(run: RunRecord, id: Int64)]) async throws -> [RunKey: Date] {
        guard !highest.isEmpty, let store = store as? any SightingStore else { return [:] }
        do {
            return try await store.sight(highest)
        } catch let error as CancellationError {
            throw error
        } catch {
            // Where nothing may be written, or the run has gone, ages are not known: nothing else
            // is lost.
            return [:]
        }
    }
}
