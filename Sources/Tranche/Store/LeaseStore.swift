/// A store that serves workers that wait for other workers' batches.
public protocol LeaseStore: Sendable {
    /// Reads the batches of a run that are held or are offered again by themselves, the next first.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - place: Where the processes are that hold them; `nil` for all batches.
    ///   - limit: Most batches; above 0.
    /// - Returns: The batches; empty where there is none, or no such run.
    /// - Throws: ``TrancheError`` of the store.
    func openBatches(of key: RunKey, heldAt place: String?, limit: Int) async throws -> [OpenBatch]

    /// Ends the lease of an attempt now, so that the next acquire finds it expired.
    ///
    /// For callers that know that its holder is gone: no other lease may be ended.
    ///
    /// - Parameters:
    ///   - holding: The attempt.
    ///   - words: What is known of the holder; kept as the batch's logging until it is offered, and
    ///     then with the attempt. `nil` for nothing.
    /// - Returns: Whether it held the batch under a lease that had not ended.
    /// - Throws: ``TrancheError`` of the store.
    func endLease(of holding: AttemptKey, because words: String?) async throws -> Bool
}

extension LeaseStore {
    /// Ends the lease of an attempt now; see ``endLease(of:because:)``.
    public func endLease(of holding: AttemptKey) async throws -> Bool {
        try await endLease(of: holding, because: nil)
    }
}
