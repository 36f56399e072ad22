/// How the processing of a batch ended.
public enum ProcessOutcome: Sendable {
    /// The work succeeded, and that is recorded.
    case succeeded
    /// The work threw this error; it is recorded, and the run's policy says what follows.
    case failed(any Error)
}

extension Batch {
    /// Works on the batch, keeps its lease meanwhile, and ends it.
    ///
    /// When `work` returns, the batch succeeds; a returned `Encodable` is its result. When `work`
    /// throws, the batch fails, and the error is returned rather than thrown, so that a loop over
    /// batches goes on. When the task is cancelled, the batch is given back.
    ///
    /// - Parameter work: Given the items, ascending by id. It is cancelled when the batch is lost.
    /// - Returns: How it ended.
    /// - Throws: ``TrancheError`` `.batchLost` (conflict) when the batch was handed out again;
    ///   `CancellationError` when the task was cancelled, after the batch was given back.
    @discardableResult
    public func process<Result: Sendable>(
        _ work: @escaping @Sendable ([Item]) async throws -> Result
    ) async throws -> ProcessOutcome {
        try await processStream { _ in try await work(try await items) }
    }

    /// Works on the batch as ``process(_:)`` does, with items that are read as they are asked for.
    ///
    /// - Parameter work: Given the items as a stream; memory stays bounded for any size of batch.
    /// - Returns: How it ended.
    /// - Throws: As ``process(_:)``.
    @discardableResult
    public func processStream<Result: Sendable>(
        _ work: @escaping @Sendable (BatchItems) async throws -> Result
    ) async throws -> ProcessOutcome {
        if record.status != .running {
            // A repeated request was given its batch, which has ended meanwhile.
            if record.status == .succeeded { return .succeeded }
            throw TrancheError(
                .batchLost,
                "batch \(id) of \(record.key) is \(record.status.rawValue): its attempt has ended"
            )
        }
        let result: Result
        do {
            result = try await whileHeld { try await work(itemStream) }
        } catch let error as TrancheError where error.code == .batchLost {
            throw error
        } catch {
            if Task.isCancelled {
                try await release()
                throw CancellationError()
            }
            try await fail(error)
            return .failed(error)
        }
        try await succeed(result: result as? any Encodable)
        return .succeeded
    }

    /// Runs `body` while heartbeats keep the lease.
    ///
    /// - Parameter body: The work; cancelled when the batch is lost.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or ``TrancheError`` `.batchLost`.
    public func whileHeld<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await keepLease()
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }

    /// Heartbeats at every third of the lease, until cancelled or the batch is lost.
    private func keepLease() async throws {
        while true {
            try await inventory.configuration.clock.sleep(for: lease / 3)
            try await heartbeat()
        }
    }
}
