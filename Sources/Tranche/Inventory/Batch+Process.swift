/// How the processing of a batch ended.
public enum ProcessOutcome: Sendable {
    /// The work succeeded, and that is recorded.
    case succeeded
    /// The work threw this error; it is recorded, and the run's policy says what follows.
    case failed(any Error)

    /// Throws the error of work that failed, for callers that stop there.
    public func get() throws {
        if case .failed(let error) = self { throw error }
    }
}

extension Batch {
    /// Works on the batch, keeps its lease meanwhile, and ends it.
    ///
    /// When `work` returns, the batch succeeds; a returned `Encodable` is its result. When `work`
    /// throws, the batch fails, comes back later for a ``BatchDeferral``, or has succeeded in part
    /// for a ``PartialSuccess``, and the error is returned rather than thrown, so that a loop over
    /// batches goes on. When the task is
    /// cancelled, the batch is given back.
    ///
    /// - Parameter work: Given the items, ascending by id. It is cancelled when the batch is lost.
    /// - Returns: How it ended.
    /// - Throws: ``TrancheError`` `.batchLost` (conflict) when the batch was handed out again;
    ///   `CancellationError` when the task was cancelled, after the batch was given back.
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
    public func processStream<Result: Sendable>(
        _ work: @escaping @Sendable (BatchItems) async throws -> Result
    ) async throws -> ProcessOutcome {
        if record.status == .succeeded { return .succeeded }
        switch try await attempt({ try await work(itemStream) }) {
        case .success(let ending):
            try await succeed(ending)
            return .succeeded
        case .failure(let error): return .failed(error)
        }
    }

    /// A batch whose work has ended well, which is not recorded yet.
    package struct Done: Sendable {
        package let batch: Batch
        package let ending: AttemptSuccess

        package init(_ batch: Batch, _ ending: AttemptSuccess) {
            self.batch = batch
            self.ending = ending
        }
    }

    /// Works on the batch while heartbeats keep its lease, and records any end but a good one.
    ///
    /// - Parameter work: Cancelled when the batch is lost.
    /// - Returns: What is to be recorded, or why it failed, which is.
    /// - Throws: As ``process(_:)``.
    private func attempt<Output: Sendable>(
        _ work: @escaping @Sendable () async throws -> Output
    ) async throws -> Result<AttemptSuccess, any Error> {
        // A repeated request may be given its batch that has ended meanwhile.
        guard record.status == .running else { throw hasEnded }
        do {
            if execution == .atMostOnce { try await begin() }
            let output = try await whileHeld(work)
            let text = try jsonText(of: output as? any Encodable)
            return .success(AttemptSuccess(holding, result: text, logging: nil))
        } catch let error as TrancheError where error.isLoss {
            throw error
        } catch let deferral as BatchDeferral {
            _ = try await release(deferral)
            return .failure(deferral)
        } catch let partial as PartialSuccess {
            return try await end(partial)
        } catch {
            if Task.isCancelled {
                try await release()
                throw CancellationError()
            }
            try await fail(error)
            return .failure(error)
        }
    }

    /// The error that is thrown if the attempt has ended already.
    var hasEnded: TrancheError {
        TrancheError(
            .batchLost,
            "batch \(id) of \(record.key) is \(record.status.rawValue): its attempt has ended"
        )
    }

    /// Runs `body` while heartbeats keep the lease.
    ///
    /// - Parameter body: The work; cancelled when the batch is lost.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or ``TrancheError`` `.batchLost`.
    public func whileHeld<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await whileHeld(by: { try await heartbeat() }, body)
    }

    /// Runs `body` while `heartbeat`, called at every third of the lease, keeps it.
    ///
    /// See ``whileHeld(_:)``.
    func whileHeld<Result: Sendable>(
        by heartbeat: @escaping @Sendable () async throws -> Void,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let clock = inventory.configuration.clock
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask { [lease] in
                while true {
                    try await clock.sleep(for: lease / 3)
                    try await heartbeat()
                }
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }
}
