extension Batch {
    /// Notes that work on the batch begins; from then on nobody works on it again.
    ///
    /// For batches of runs that are at most once (``execution``), right before the work. Workers
    /// and ``process(_:)`` do it by themselves. It extends the lease.
    ///
    /// - Throws: ``TrancheError`` `.batchLost` (conflict): work must not begin, since the batch is
    ///   somebody else's, has begun before, or the answer came later than half the lease after the
    ///   request by this process's clock, and the batch was given back; `.cancelled`; and what the
    ///   store throws: work must not begin then, either.
    public func begin() async throws {
        let end = try await reportingLoss { try await inventory.begin(holding, lease: lease) }
        guard end == nil else { return }
        try await release()
        throw TrancheError(
            .batchLost,
            "batch \(id) of \(record.key), attempt \(attempt), has not begun: the answer came "
                + "later than half the lease, and it was given back"
        )
    }
}
