/// The outcome of the batches that a process worked on.
public struct ProcessReport: Sendable, Hashable {
    /// Batches that succeeded.
    public var succeeded = 0
    /// Attempts that failed; the run's policy says what follows.
    public var failed = 0
    /// Batches that were handed out to somebody else meanwhile.
    public var lost = 0
    /// Batches that were given back until later.
    public var deferred = 0
    /// Batches that somebody cancelled meanwhile.
    public var cancelled = 0
    /// Items of the batches that succeeded.
    public var items = 0
    /// Why there was no further batch; `nil` where there was another reason to end, such as a
    /// limit.
    public var reason: NoBatchReason?

    /// Makes an empty report.
    public init() {}
}

extension Batches {
    /// Works on each batch, keeps its lease meanwhile, and ends it.
    ///
    /// That a batch succeeded is recorded in the transaction that acquires the next one, where
    /// inventory and source are in the same database: one round of requests and one commit a batch
    /// fewer than a loop over the sequence needs. If the closure throws, that batch fails and
    /// processing continues with the next one.
    ///
    /// A ``WorkerGroup`` does the same, and can be paused, stopped and given more or fewer slots.
    ///
    /// - Parameters:
    ///   - workers: How many batches are worked on at once; 1 to 1000.
    ///   - work: Given a batch. What it returns, if it is `Encodable`, is the batch's result. It is
    ///     cancelled when the batch is lost, and must not end the batch itself.
    /// - Returns: What became of the batches.
    /// - Throws: ``TrancheError`` as ``Inventory/acquire(_:from:)``, once the other workers have
    ///   ended their batches; `CancellationError` when the task was cancelled, after batches in
    ///   hand were given back.
    @discardableResult
    public func process<Result: Sendable>(
        workers: Int = 1,
        _ work: @escaping @Sendable (Batch) async throws -> Result
    ) async throws -> ProcessReport {
        let group = WorkerGroup(
            inventory,
            request,
            from: source,
            configuration: .init(slots: workers, end: end, limit: limit),
            stop: .never,
            handler: ClosureHandler { batch, _ in try await work(batch) }
        )
        return try await group.run()
    }
}
