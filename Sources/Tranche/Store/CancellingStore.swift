/// A store that cancels runs and batches.
public protocol CancellingStore: Sendable {
    /// Cancels a run, or one batch of it.
    ///
    /// Each batch that is held, or would be offered again, is failed, with
    /// ``BatchCause/cancelled``; no failure is counted. One that failed for good, or is
    /// quarantined, becomes so where it alone is meant. Of a cancelled run nothing more is handed
    /// out. Said again, it is not a change.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - batch: The one batch that is meant; `nil` for the run with all its batches.
    ///   - note: The author of the cancellation, and the reason.
    /// - Returns: The numbers of the batches that were cancelled now, ascending.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func cancel(_ key: RunKey, batch: Int64?, _ note: ChangeNote) async throws -> [Int64]

    /// Takes back that a run was cancelled; its cancelled batches stay so.
    ///
    /// Throws ``TrancheError`` `.unknownRun`.
    func takeBackCancel(of key: RunKey, _ note: ChangeNote) async throws
}
