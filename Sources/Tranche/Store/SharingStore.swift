public import FoundationEssentials

/// A store that makes requests of several callers in one transaction.
public protocol SharingStore: InventoryStore {
    /// Ends attempts well, each of another batch.
    ///
    /// - Parameter endings: The attempts.
    /// - Returns: The batches as they are now; `nil` for one that was not held by its attempt: its
    ///   caller is to ask alone, and is told why.
    /// - Throws: `TrancheError` of the store; nothing was changed then.
    func succeed(_ endings: [AttemptSuccess]) async throws -> [BatchRecord?]

    /// Ends attempts badly, each of another batch of one run.
    ///
    /// - Parameter endings: The attempts.
    /// - Returns: The batches as they are now; `nil` as for ``succeed(_:)``, and for a batch of
    ///   another run.
    /// - Throws: As ``succeed(_:)``; `.invalidArgument` when a failure's parts are not its batch's
    ///   ids.
    func fail(_ endings: [AttemptFailure]) async throws -> [BatchRecord?]

    /// Extends leases, each of another batch.
    ///
    /// - Parameter holdings: The attempts.
    /// - Returns: When each lease ends now; `nil` as for ``succeed(_:)``.
    /// - Throws: As ``succeed(_:)``.
    func heartbeat(_ holdings: [AttemptKey]) async throws -> [Date?]
}
