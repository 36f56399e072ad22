extension Inventory {
    /// Offers batches again as they were found: those that have changed meanwhile are left alone.
    ///
    /// - Parameters:
    ///   - found: The batches.
    ///   - mayRepeat: Whether those are meant, too, that may have been executed.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The numbers of the batches that are offered.
    /// - Throws: ``TrancheError`` of the store.
    package func retry(
        found: [BatchRecord],
        mayRepeat: Bool,
        reason: String?
    ) async throws -> [Int64] {
        let final = found.filter { $0.status == .failed && ($0.isFinal || $0.cause == .stuck) }
        let ids = Set(final.map(\.id))
        let others = found.filter { !ids.contains($0.id) }
        var offered = try await offer(others, reason: reason).map(\.id)
        for cause in [nil, BatchCause.cancelled] {
            let own = final.filter { ($0.cause == .cancelled) == (cause == .cancelled) }
            if own.isEmpty { continue }
            offered += try await retry(
                BatchSelection(status: .failed, cause: cause, ids: own.map(\.id)),
                mayRepeat: mayRepeat,
                reason: reason
            )
        }
        return offered
    }

    /// Makes quarantined batches batches again, as they were found.
    ///
    /// - Parameters:
    ///   - found: The batches.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The new batches.
    /// - Throws: ``TrancheError`` of the store.
    package func redrive(found: [BatchRecord], reason: String?) async throws -> [BatchRecord] {
        try await redrive(BatchSelection(ids: found.map(\.id)), reason: reason)
    }

    /// Gives batches back that the same attempts still hold.
    ///
    /// - Parameters:
    ///   - found: The batches.
    ///   - reason: The reason, for the list of changes.
    /// - Returns: The batches as they are now, without those that are no longer held so.
    /// - Throws: ``TrancheError`` of the store; what was given back of other runs is so.
    package func release(found: [BatchRecord], reason: String?) async throws -> [BatchRecord] {
        let note = note(reason)
        var released: [BatchRecord] = []
        // A run's are one transaction: they share a lock.
        var groups = Dictionary(grouping: found, by: \.key)
        for key in found.map(\.key) {
            guard let batches = groups.removeValue(forKey: key) else { continue }
            let holdings = batches.map { AttemptKey(batch: $0.id, attempt: $0.attempt) }
            released += try await retrying { _ in try await store.release(holdings, note) }
        }
        return released
    }
}
