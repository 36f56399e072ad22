public import FoundationEssentials

/// A store that supports batches that run at most once.
public protocol BeginningStore: Sendable {
    /// Notes that work on a batch begins, and extends its lease by the run's policy.
    ///
    /// From then on the batch is offered again only where somebody says that it may be repeated:
    /// whatever ends the attempt but a success fails it for good, with ``BatchCause/begun``.
    ///
    /// - Parameters:
    ///   - holding: The attempt that holds the batch.
    ///   - token: The token of the worker that begins: the same token may begin again, so that a
    ///     request may be repeated.
    /// - Returns: When the lease ends now.
    /// - Throws: ``TrancheError`` `.batchLost` where the attempt does not hold the batch, its lease
    ///   has ended, or another token has begun it; `.cancelled`; `.unknownBatch`. Nothing was
    ///   changed.
    func begin(_ holding: AttemptKey, token: String) async throws -> Date

    /// Takes back that work on a batch begins, where it is certain that it has not.
    ///
    /// - Parameters:
    ///   - holding: The attempt that holds the batch.
    ///   - token: The token of the worker that was to begin; where another one has begun, nothing
    ///     changes.
    /// - Throws: ``TrancheError`` of the store. An attempt that holds the batch no more changes
    ///   nothing.
    func takeBackBegin(_ holding: AttemptKey, token: String) async throws
}
