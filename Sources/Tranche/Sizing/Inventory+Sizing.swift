import Synchronization

extension Inventory {
    /// How a run's weight was last seen by this process.
    struct KnownSize: Sendable {
        var weight: Double
        /// When it was looked at, by the inventory's stopwatch.
        var lookedAt: Duration
    }

    /// The request with the weight that the run's batches have now, where it has a target time.
    ///
    /// The run is looked at once a second: an acquire in between costs nothing more.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: The open source.
    ///   - isPlanning: Whether nothing is to be written.
    /// - Returns: The request.
    /// - Throws: The store's failure.
    func sized(
        _ request: BatchRequest,
        from source: any MetaSource,
        isPlanning: Bool = false
    ) async throws -> BatchRequest {
        guard let target = request.targetTime else { return request }
        let key = request.key(of: source)
        let now = stopwatch.elapsed
        var sized = request
        let known = sizes.withLock { sizes -> KnownSize? in
            guard let known = sizes[key], now - known.lookedAt < .seconds(1) else {
                // Of several tasks one looks; before the first look each does.
                sizes[key]?.lookedAt = now
                return nil
            }
            return known
        }
        if let known {
            sized.limit.weight = known.weight
            return sized
        }
        let size = try await retrying { _ in
            let (known, ends) = try await store.sizing(of: key)
            let (size, isNew) = target.size(after: known, ends)
            if isNew, !isPlanning { try await store.note(size, insteadOf: known, of: key) }
            return size
        }
        sizes.withLock { $0[key] = KnownSize(weight: size.weight, lookedAt: now) }
        sized.limit.weight = size.weight
        return sized
    }
}
