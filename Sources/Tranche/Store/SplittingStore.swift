/// A store that splits failed batches.
public protocol SplittingStore: Sendable {
    /// Splits a batch that failed as often as it may into batches that are due at once.
    ///
    /// - Parameters:
    ///   - holding: The batch, and its last attempt.
    ///   - parts: The parts; together they have the ids of the batch.
    ///   - note: The author, and the reason; kept with the change, as `split`, where there is one.
    /// - Returns: The new batches; those that are there when somebody else has split it.
    /// - Throws: ``TrancheError`` `.batchLost` when the batch is no longer to be split.
    func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord]

    /// Makes quarantined items batches again, due at once.
    ///
    /// - Parameters:
    ///   - selection: Which quarantined batches; its status is not looked at.
    ///   - items: The items' ids; `nil` for all.
    ///   - note: The author, and the reason; kept with the change, as `redrive`, where there is
    ///     one. It names the quarantined batches.
    /// - Returns: The new batches.
    /// - Throws: ``TrancheError`` of the store.
    func redrive(
        _ selection: BatchSelection,
        items: IDRuns?,
        _ note: ChangeNote?
    ) async throws -> [BatchRecord]
}

extension SplittingStore {
    /// Splits a batch, and keeps no change; see ``split(_:into:_:)``.
    public func split(
        _ holding: AttemptKey,
        into parts: [BatchPart]
    ) async throws -> [BatchRecord] {
        try await split(holding, into: parts, nil)
    }

    /// Makes quarantined items batches again, and keeps no change; see ``redrive(_:items:_:)``.
    public func redrive(
        _ selection: BatchSelection,
        items: IDRuns?
    ) async throws -> [BatchRecord] {
        try await redrive(selection, items: items, nil)
    }
}
