/// A batcher for each shape that a batch function may have.
extension MicroBatcher {
    /// Makes a batcher whose function gives results in any order.
    ///
    /// A result is that of the request with its id. A request without one fails with
    /// ``MicroBatcherError/noResult(id:)``; of several requests with one id in a batch the first is
    /// sent, and the others fail with ``MicroBatcherError/duplicateID(id:)``; results without a
    /// request are counted and dropped.
    ///
    /// - Parameters:
    ///   - size: Most requests of a batch; 0 for any.
    ///   - timeout: How long after its first request a batch is sent; never with `nil`.
    ///   - maxInFlight: Most batches at once; 0 for any.
    ///   - id: A request's id.
    ///   - resultID: The id of the request that a result belongs to.
    ///   - process: The batch function; what it throws is thrown to all callers of the batch.
    @inlinable
    public convenience init<ID: Hashable & Sendable>(
        size: Int = 0,
        timeout: Duration? = nil,
        maxInFlight: Int = 0,
        id: @escaping @Sendable (Request) -> ID,
        resultID: @escaping @Sendable (Response) -> ID,
        process: @escaping @Sendable ([Request]) async throws -> [Response]
    ) {
        var configuration = MicroBatcherConfiguration(size: size, timeout: timeout)
        configuration.maxInFlight = maxInFlight
        self.init(configuration, id: id, resultID: resultID, process: process)
    }

    /// Makes a batcher whose function gives results in any order.
    ///
    /// - Parameters:
    ///   - configuration: When batches are sent, and how many.
    ///   - clock: Measures the timeout.
    ///   - weigh: What a request weighs; needed where a batch's weight has a limit.
    ///   - id: A request's id.
    ///   - resultID: The id of the request that a result belongs to.
    ///   - process: The batch function.
    @inlinable
    public convenience init<ID: Hashable & Sendable>(
        _ configuration: MicroBatcherConfiguration,
        clock: some Clock<Duration> = ContinuousClock(),
        weigh: (@Sendable (Request) -> Double)? = nil,
        id: @escaping @Sendable (Request) -> ID,
        resultID: @escaping @Sendable (Response) -> ID,
        process: @escaping @Sendable ([Request]) async throws -> [Response]
    ) {
        self.init(configuration, weigh: weigh, clock: clock, .correlated(id, resultID, process))
    }

    /// Makes a batcher whose function gives a result for each request, in their order.
    ///
    /// - Parameters:
    ///   - configuration: When batches are sent, and how many.
    ///   - clock: Measures the timeout.
    ///   - weigh: What a request weighs; needed where a batch's weight has a limit.
    ///   - process: The batch function.
    @inlinable
    public convenience init(
        _ configuration: MicroBatcherConfiguration,
        clock: some Clock<Duration> = ContinuousClock(),
        weigh: (@Sendable (Request) -> Double)? = nil,
        ordered process: @escaping @Sendable ([Request]) async throws -> [Response]
    ) {
        self.init(configuration, weigh: weigh, clock: clock, .ordered(process))
    }

    /// Makes a batcher whose results must not be lost: one that nobody waits for any more is given
    /// back.
    package convenience init(
        _ configuration: MicroBatcherConfiguration,
        ordered process: @escaping @Sendable ([Request]) async throws -> [Response],
        onUndelivered: @escaping @Sendable (Response) async -> Void
    ) {
        self.init(
            configuration,
            weigh: nil,
            clock: ContinuousClock(),
            onUndelivered: onUndelivered,
            .ordered(process)
        )
    }

    /// Makes a batcher whose function gives a result or an error for each request, in their order.
    ///
    /// - Parameters:
    ///   - configuration: When batches are sent, and how many.
    ///   - clock: Measures the timeout.
    ///   - weigh: What a request weighs; needed where a batch's weight has a limit.
    ///   - process: The batch function.
    @inlinable
    public convenience init(
        _ configuration: MicroBatcherConfiguration,
        clock: some Clock<Duration> = ContinuousClock(),
        weigh: (@Sendable (Request) -> Double)? = nil,
        outcomes process:
            @escaping @Sendable ([Request]) async throws -> [Result<Response, any Error>]
    ) {
        self.init(configuration, weigh: weigh, clock: clock, .outcomes(process))
    }

    /// Makes a batcher whose function gives results or errors by the ids of their requests.
    ///
    /// - Parameters:
    ///   - configuration: When batches are sent, and how many.
    ///   - clock: Measures the timeout.
    ///   - weigh: What a request weighs; needed where a batch's weight has a limit.
    ///   - id: A request's id.
    ///   - process: The batch function.
    @inlinable
    public convenience init<ID: Hashable & Sendable>(
        _ configuration: MicroBatcherConfiguration,
        clock: some Clock<Duration> = ContinuousClock(),
        weigh: (@Sendable (Request) -> Double)? = nil,
        id: @escaping @Sendable (Request) -> ID,
        keyed process:
            @escaping @Sendable ([Request]) async throws -> [ID: Result<Response, any Error>]
    ) {
        self.init(configuration, weigh: weigh, clock: clock, .keyed(id, process))
    }
}
