extension Inventory {
    /// Offers batches again as they were found: those that have changed meanwhile are left alone.
    ///
    /// - Parameters:
    ///   - found: The batches.
    ///   - mayRepeat: Whether those are meant, too, that may have been executed.
    /// - Returns: The numbers of the batches that are offered.
    /// - Throws: ``TrancheError`` of the store.
    package func retry(found: [BatchRecord], mayRepeat: Bool) async throws -> [Int64] {
        let final = found.filter { $0.status == .failed && ($0.isFinal || $0.cause == .stuck) }
        let ids = Set(final.map(\.id))
        var offered = try await offer(found.filter { !ids.contains($0.id) }).map(\.id)
        for cause in [nil, BatchCause.cancelled] {
            let own = final.filter { ($0.cause == .cancelled) == (cause == .cancelled) }
            if own.isEmpty { continue }
            offered += try await retry(
                BatchSelection(status: .failed, cause: cause, ids: own.map(\.id)),
                mayRepeat: mayRepeat
            )
        }
        return offered
    }

    /// Makes quarantined batches batches again, as they were found.
    ///
    /// - Parameter found: The batches.
    /// - Returns: The new batches.
    /// - Throws: ``TrancheError`` of the store.
    package func redrive(found: [BatchRecord]) async throws -> [BatchRecord] {
        try await redrive(BatchSelection(ids: found.map(\.id)))
    }

    /// Gives a batch back that the same attempt still holds.
    ///
    /// - Parameter found: The batch.
    /// - Returns: The batch as it is now; `nil` for one that is no longer held so.
    /// - Throws: ``TrancheError`` of the store.
    package func release(found: BatchRecord) async throws -> BatchRecord? {
        let holding = AttemptKey(batch: found.id, attempt: found.attempt)
        do {
            return try await retrying { _ in try await store.release(holding) }
        } catch let error as TrancheError where error.isLoss {
            return nil
        }
    }
}
