/// A store in which batches are given back or offered before their time, and a limited number of
/// them handed out.
public protocol OfferingStore: Sendable {
    /// Offers batches at once that are put off, and makes batches that succeeded batches again.
    ///
    /// One that is to be tried again later, or was given back until later, is due now; its failures
    /// and deferrals stay. One that succeeded stays as it is: a new batch of its ids is made, of
    /// the kind ``BatchKind/redrive``, due now. Where that was done before, and the new one has not
    /// ended, that one is meant. All others are left alone, and so is one that was handed out since
    /// it was looked at.
    ///
    /// - Parameters:
    ///   - batches: The batches, each with its last attempt.
    ///   - note: The author, and the reason; kept with the change, as `offer`, where there is one.
    ///     It names the batches that are offered, but for those that were made before.
    /// - Returns: The batches that are offered, ascending; new ones have their origin as
    ///   ``BatchRecord/parent``.
    /// - Throws: ``TrancheError`` of the store.
    func offer(_ batches: [AttemptKey], _ note: ChangeNote?) async throws -> [BatchRecord]

    /// Gives batches of one run back for those that hold them, each as
    /// ``InventoryStore/release(_:)`` does.
    ///
    /// - Parameters:
    ///   - holdings: The attempts; those that no longer hold their batch are left out, and so are
    ///     batches of other runs than the first one's.
    ///   - note: The author, and the reason; kept with the change, as `release`.
    /// - Returns: The batches that were given back, ascending.
    /// - Throws: ``TrancheError`` of the store; nothing was changed then.
    func release(_ holdings: [AttemptKey], _ note: ChangeNote) async throws -> [BatchRecord]

    /// Pauses a run once it has handed out some more batches, new ones or others.
    ///
    /// What is in hand goes on. ``InventoryStore/setPause(_:of:_:)`` takes it back.
    ///
    /// - Parameters:
    ///   - batches: How many; above 0.
    ///   - key: The run; one that is paused keeps its reason.
    ///   - note: The author, and the reason; kept with the change, as `pause`, where there is one
    ///     and the run is not as it was.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func letThrough(_ batches: Int, of key: RunKey, _ note: ChangeNote?) async throws
}

extension OfferingStore {
    /// Offers batches at once, and keeps no change; see ``offer(_:_:)``.
    public func offer(_ batches: [AttemptKey]) async throws -> [BatchRecord] {
        try await offer(batches, nil)
    }
}
