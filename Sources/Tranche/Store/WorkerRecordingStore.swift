/// A store that records which processes work, and with which version, for a migration and a server
/// to look at.
package protocol WorkerRecordingStore: Sendable {
    /// Records that a process works just now; records of processes that were last seen a day ago
    /// are removed.
    ///
    /// - Parameter name: The name under which it holds batches, without the number of a worker.
    /// - Throws: ``TrancheError`` of the store.
    func recordWorker(_ name: String) async throws

    /// Removes the record of a process that works no more.
    ///
    /// - Parameter name: As it was recorded.
    /// - Throws: ``TrancheError`` of the store.
    func removeWorker(_ name: String) async throws

    /// Reads which processes were recorded, by name; those of the last day.
    ///
    /// - Returns: The processes; none where the inventory has no table of them.
    /// - Throws: ``TrancheError`` of the store.
    func recordedWorkers() async throws -> [WorkerStatus]
}
