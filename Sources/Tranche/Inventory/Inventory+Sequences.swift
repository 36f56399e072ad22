import FoundationEssentials

/// When a sequence of batches ends.
public enum BatchesEnd: Sendable, Hashable {
    /// When there is no batch to take now.
    case whenNothingIsReady
    /// When the run is complete, paused or held: leases of others, retries, room in budgets and
    /// probes are waited for.
    case whenComplete
    /// Never, but by cancellation.
    case never
}

/// Batches acquired one after the other, each when it is asked for.
///
/// Each batch must be ended before the next is asked for, or it is handed out again when its lease
/// ends. The sequence may be iterated several times; each iteration goes on where the run is.
public struct Batches<Source: MetaSourceDescription>: AsyncSequence, Sendable {
    let inventory: Inventory
    let source: Source
    let request: BatchRequest
    let limit: Int
    let end: BatchesEnd

    /// Starts acquiring.
    public func makeAsyncIterator() -> Iterator {
        Iterator(sequence: self, left: limit)
    }

    /// Acquires the batches.
    public struct Iterator: AsyncIteratorProtocol {
        let sequence: Batches
        var left: Int

        /// Acquires the next batch; `nil` at the sequence's end.
        public mutating func next() async throws -> Batch? {
            guard left > 0 else { return nil }
            left -= 1
            let answer = try await sequence.inventory.nextBatch(
                sequence.request,
                from: sequence.source,
                end: sequence.end
            )
            guard case .batch(let batch) = answer else { return nil }
            return batch
        }
    }
}

extension Inventory {
    /// The next batches of a job, one after the other.
    ///
    /// - Parameters:
    ///   - source: Where the items are listed.
    ///   - job: Name of the job.
    ///   - run: The run; the incremental one by default. A backfill is found again by its name.
    ///   - limit: How large each batch may be, such as `.weight(64 << 20)`; any size by default.
    ///   - most: Most batches.
    ///   - end: When to end otherwise.
    /// - Returns: The batches; nothing is acquired before the first is asked for.
    public func batches<Source: MetaSourceDescription>(
        from source: Source,
        job: String,
        run: Run = .incremental,
        limit: BatchLimit = BatchLimit(),
        most: Int = .max,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        batches(BatchRequest(job: job, run: run, limit: limit), from: source, most: most, end: end)
    }

    /// The batches that a request gives, one after the other.
    ///
    /// See ``batches(from:job:run:limit:most:end:)``.
    public func batches<Source: MetaSourceDescription>(
        _ request: BatchRequest,
        from source: Source,
        most: Int = .max,
        end: BatchesEnd = .whenNothingIsReady
    ) -> Batches<Source> {
        Batches(inventory: self, source: source, request: request, limit: most, end: end)
    }

    /// Acquires the next batch, waiting for one as `end` says.
    ///
    /// - Parameters:
    ///   - request: What is asked for.
    ///   - source: Where the items are listed.
    ///   - end: For how long to wait.
    /// - Returns: The batch, or the reason that ended the wait.
    /// - Throws: As ``acquire(_:from:)``.
    public func nextBatch(
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        end: BatchesEnd
    ) async throws -> Acquired {
        try await nextBatch(request, from: source, end: end, after: nil)
    }

    /// Records that the last batch succeeded, if there is one, and acquires the next.
    ///
    /// See ``nextBatch(_:from:end:)``.
    package func nextBatch(
        _ request: BatchRequest,
        from source: some MetaSourceDescription,
        end: BatchesEnd,
        after done: Batch.Done?
    ) async throws -> Acquired {
        var done = done
        while true {
            let answer = try await acquire(
                request,
                from: source,
                isDraining: end == .whenComplete,
                after: done
            )
            done = nil
            guard case .noBatch(let reason) = answer, reason.isWorthWaiting(for: end) else {
                return answer
            }
            let pause = reason.wait(atMost: configuration.pollInterval, now: now)
            try await configuration.clock.sleep(for: pause)
        }
    }
}

extension NoBatchReason {
    /// How long to wait before asking again: until a batch is due, where that is known.
    func wait(atMost longest: Duration, now: Date) -> Duration {
        let known: Date? =
            switch self {
            case .waiting(let until): until
            case .stuck(let until): until
            case .limited(_, let until): until
            default: nil
            }
        // A place that becomes free is not to stay so for long.
        if case .limited(_, nil) = self { return min(longest, Self.lookForRoom) }
        guard let until = known else { return longest }
        let left = Duration.seconds(until.timeIntervalSince(now))
        return min(max(left, .milliseconds(10)), longest)
    }

    /// How long a worker waits, at most, until it looks for room in a budget again.
    private static let lookForRoom = Duration.milliseconds(100)

    /// Whether a worker that ends as `end` says looks again.
    package func isWorthWaiting(for end: BatchesEnd) -> Bool {
        switch (end, self) {
        case (_, .cancelled), (_, .superseded): false
        // Also when the time has come meanwhile: the next answer is another.
        case (.never, _), (.whenComplete, .waiting), (.whenComplete, .unsettled(.some)),
            (.whenComplete, .limited):
            true
        // A probe holds back as a parking does.
        case (.whenComplete, .heldBack): true
        default: false
        }
    }
}

@available(*, unavailable)
extension Batches.Iterator: Sendable {}
