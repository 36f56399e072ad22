extension Inventory {
    /// Removes runs with all that is kept of them; see ``ForgettingStore``.
    ///
    /// A worker that acquires from such a run gets the same items again.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - isDryRun: Whether only to count what would be lost.
    /// - Returns: What was removed, or would be.
    /// - Throws: ``TrancheError`` `.invalidArgument` while batches are held, and where other jobs
    ///   take batches of the runs as their items; nothing was changed then.
    public func forget(
        _ selection: RunSelection,
        isDryRun: Bool = false
    ) async throws -> ForgetReport {
        let report = try await retrying { _ in
            try await store.forget(selection, isDryRun: isDryRun)
        }
        if !isDryRun { for key in report.runs { forgetSource(key) } }
        return report
    }

    /// Offers batches at once that are put off, and makes those that succeeded batches again; see
    /// ``OfferingStore``.
    ///
    /// - Parameters:
    ///   - batches: The batches as they were looked at; what was handed out since is left
    ///     alone.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The batches that are offered, ascending.
    /// - Throws: ``TrancheError`` of the store.
    public func offer(
        _ batches: [BatchRecord],
        reason: String? = nil
    ) async throws -> [BatchRecord] {
        if batches.isEmpty { return [] }
        let keys = batches.map { AttemptKey(batch: $0.id, attempt: $0.attempt) }
        let note = note(reason)
        return try await retrying { _ in try await store.offer(keys, note) }
    }

    /// Lets a run go on for some batches, and pauses it then.
    ///
    /// - Parameters:
    ///   - key: The run; paused, cancelled or neither.
    ///   - batches: How many more batches are handed out; above 0.
    ///   - reason: The reason, for the list of changes.
    /// - Throws: ``TrancheError`` `.unknownRun`, `.invalidArgument`.
    public func resume(
        _ key: RunKey,
        lettingThrough batches: Int,
        reason: String? = nil
    ) async throws {
        guard batches > 0 else {
            throw TrancheError(.invalidArgument, "\(batches) batches: let 1 or more through")
        }
        let note = note(reason)
        // First: what is no longer cancelled must not be handed out without a bound.
        try await retrying { _ in try await store.letThrough(batches, of: key, note) }
        try await retrying { _ in try await store.takeBackCancel(of: key, note) }
    }
}
