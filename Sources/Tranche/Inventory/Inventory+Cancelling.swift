extension Inventory {
    /// Cancels a run: nothing more of it is handed out, and its open batches are failed.
    ///
    /// A worker that holds one of them learns of it at its next heartbeat. ``resume(_:reason:)``
    /// lets the run go on.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - reason: The reason; workers of the run see it.
    /// - Returns: The numbers of the batches that were cancelled, ascending.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    @discardableResult
    public func cancel(_ key: RunKey, reason: String? = nil) async throws -> [Int64] {
        let note = ChangeNote(by: configuration.worker, reason: reason)
        return try await retrying { _ in try await store.cancel(key, batch: nil, note) }
    }

    /// Cancels a batch that is held, or would be offered again; or closes one that failed for good
    /// or is quarantined, so that it does not count as failed any more.
    ///
    /// - Parameters:
    ///   - id: The batch's number.
    ///   - reason: The reason; kept as the error of the attempt that held it.
    /// - Returns: The batch as it is now; one that was cancelled before is so still.
    /// - Throws: ``TrancheError`` `.unknownBatch`; `.invalidArgument` for one that has succeeded or
    ///   was split.
    @discardableResult
    public func cancel(batch id: Int64, reason: String? = nil) async throws -> BatchRecord {
        let key = try await batch(id).key
        let note = ChangeNote(by: configuration.worker, reason: reason)
        _ = try await retrying { _ in try await store.cancel(key, batch: id, note) }
        let record = try await batch(id)
        guard record.cause == .cancelled else {
            let state = record.isFinal ? record.status.rawValue : "open again"
            throw TrancheError(
                .invalidArgument,
                "batch \(id) of \(record.key) is \(state): there is nothing to cancel"
            )
        }
        return record
    }
}
