/// A store that supports batches that are to come back later.
public protocol DeferringStore: Sendable {
    /// Gives a batch back that is due later, and parks a budget as long.
    ///
    /// A budget is parked where the batch's run refers to it; no parking is shortened. The batch is
    /// due at the end of it, or of the time that was asked for, and what ``BatchDeferral`` bounds
    /// is a failure instead.
    ///
    /// - Parameters:
    ///   - holding: The attempt that holds the batch.
    ///   - deferral: For how long, and why.
    ///   - jitter: What comes to that time.
    ///   - note: The author of the parking.
    /// - Returns: The batch as it is now, and why no budget was parked.
    /// - Throws: As ``InventoryStore/release(_:)``.
    func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote
    ) async throws -> DeferredBatch
}
