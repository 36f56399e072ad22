/// A store that tells what was asked for when a run was last acquired from.
package protocol RequestKeepingStore: InventoryStore {
    /// Reads the request that is kept with the newest batch of a run, which covers its highest ids.
    ///
    /// - Parameter key: The run.
    /// - Returns: The request as JSON; `nil` where the run has no such batch any more, or the batch
    ///   has no request.
    /// - Throws: ``TrancheError`` of the store.
    /// - Complexity: O(log m), m batches of the run.
    func lastRequest(of key: RunKey) async throws -> String?
}
