public import FoundationEssentials

/// A store that makes requests of several callers in one transaction.
///
/// It is given a function that gives the requests, and calls it when the transaction begins: who
/// comes while it waits for its turn belongs to it, too. Called again, the function gives the same.
public protocol SharingStore: InventoryStore {
    /// Ends attempts well, each of another batch.
    ///
    /// - Parameter endings: Gives the attempts.
    /// - Returns: The batches as they are now; `nil` for one that was not held by its attempt: its
    ///   caller is to ask alone, and is told why.
    /// - Throws: `TrancheError` of the store; nothing was changed then.
    func succeed(
        _ endings: @escaping @Sendable () -> [AttemptSuccess]
    ) async throws -> [BatchRecord?]

    /// Ends attempts badly, each of another batch of one run.
    ///
    /// - Parameter endings: Gives the attempts.
    /// - Returns: The batches as they are now; `nil` as for ``succeed(_:)``, and for a batch of
    ///   another run.
    /// - Throws: As ``succeed(_:)``; `.invalidArgument` when a failure's parts are not its batch's
    ///   ids.
    func fail(_ endings: @escaping @Sendable () -> [AttemptFailure]) async throws -> [BatchRecord?]

    /// Extends leases, each of another batch.
    ///
    /// - Parameter holdings: Gives the attempts.
    /// - Returns: When each lease ends now; `nil` as for ``succeed(_:)``.
    /// - Throws: As ``succeed(_:)``.
    func heartbeat(_ holdings: @escaping @Sendable () -> [AttemptKey]) async throws -> [Date?]
}
