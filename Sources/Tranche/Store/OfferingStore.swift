/// A store that hands out batches before their time, or a limited number of them.
public protocol OfferingStore: Sendable {
    /// Offers batches at once that are put off, and makes batches that succeeded batches again.
    ///
    /// One that is to be tried again later, or was given back until later, is due now; its failures
    /// and deferrals stay. One that succeeded stays as it is: a new batch of its ids is made, of
    /// the kind ``BatchKind/redrive``, due now. Where that was done before, and the new one has not
    /// ended, that one is meant. All others are left alone, and so is one that was handed out since
    /// it was looked at.
    ///
    /// - Parameter batches: The batches, each with its last attempt.
    /// - Returns: The batches that are offered, ascending; new ones have their origin as
    ///   ``BatchRecord/parent``.
    /// - Throws: ``TrancheError`` of the store.
    func offer(_ batches: [AttemptKey]) async throws -> [BatchRecord]

    /// Pauses a run once it has handed out some more batches, new ones or others.
    ///
    /// What is in hand goes on. ``InventoryStore/setPause(_:of:)`` takes it back.
    ///
    /// - Parameters:
    ///   - batches: How many; above 0.
    ///   - key: The run; one that is paused keeps its reason.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func letThrough(_ batches: Int, of key: RunKey) async throws
}
