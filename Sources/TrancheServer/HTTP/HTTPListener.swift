import Tranche

/// Listens for requests of HTTP/1.1, and has a closure answer each.
///
/// ```swift
/// let listener = HTTPListener(.init(try ListenAddress("127.0.0.1:8080"))) { request in
///     .json(200, #"{"path":"\#(request.path)"}"#)
/// }
/// try await listener.run()
/// ```
///
/// Nothing that comes from outside is without a bound: connections, heads, bodies, times, and
/// requests that are worked on at once. A request is given to the closure when it has come as a
/// whole. The other side may be gone by the time of the answer; nobody is told then.
public struct HTTPListener: Sendable {
    /// Looks at a request without its body; it must not wait for anything.
    public typealias Admission = @Sendable (HTTPServerRequest) -> HTTPAdmission
    /// Answers a request.
    ///
    /// Its task is cancelled when the listener was stopped and the grace is over; what it answers
    /// then is lost.
    public typealias Handler = @Sendable (HTTPServerRequest) async -> HTTPServerResponse

    /// How it listens.
    public let configuration: Configuration
    private let clock: any Clock<Duration>
    private let admit: Admission
    private let handler: Handler

    /// The longest body that is read where nothing else is said, in bytes.
    public static let bodyBytes = 1 << 20

    /// Describes a listener.
    ///
    /// - Parameters:
    ///   - configuration: How it listens.
    ///   - clock: By which it waits; the system's continuous one by default.
    ///   - admit: Says of each request what becomes of its body; by default up to
    ///     ``bodyBytes`` are read.
    ///   - handler: Answers each request.
    public init(
        _ configuration: Configuration,
        clock: any Clock<Duration> = ContinuousClock(),
        admit: @escaping Admission = { _ in .read(upTo: bodyBytes) },
        handler: @escaping Handler
    ) {
        self.configuration = configuration.bounded
        self.clock = clock
        self.admit = admit
        self.handler = handler
    }

    /// Listens until the task is cancelled.
    ///
    /// Then it accepts nothing more, answers what it has in hand within the grace, and closes all
    /// connections.
    ///
    /// - Parameter onReady: Told once where it listens, when connections are accepted.
    /// - Throws: ``HTTPListenerError`` where it cannot listen; `CancellationError` when it was
    ///   stopped.
    public func run(_ onReady: @Sendable (ListenAddress) -> Void = { _ in }) async throws {
        try configuration.check()
        try Task.checkCancellation()
        let core = HTTPServerCore(configuration, clock: clock, admit: admit)
        let daemon = try await HTTPDaemon.start(core)
        daemon.accept()
        onReady(daemon.address)
        let stop = AsyncStream<Never>.makeStream()
        // Being cancelled must not end at once what is to be answered within the grace.
        let serving = Task { await serve(daemon, core, until: stop.stream) }
        await withTaskCancellationHandler {
            await serving.value
        } onCancel: {
            stop.continuation.finish()
        }
        try Task.checkCancellation()
    }

    private func serve(
        _ daemon: HTTPDaemon,
        _ core: HTTPServerCore,
        until stop: AsyncStream<Never>
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await handle(core) }
            group.addTask { await watch(daemon, core) }
            group.addTask {
                for await _ in core.hasRoom { daemon.lookForRoom() }
            }
            for await _ in stop {}
            core.stop()
            await daemon.stopAccepting()
            await wait(configuration.grace) { await core.waitUntilAnswered() }
            // Answered before the handlers are cancelled: what they say of that is lost.
            core.close()
            group.cancelAll()
            // The time in which answers that are there are sent.
            await wait(.seconds(1)) { await core.waitUntilAnswered() }
            await daemon.close()
        }
    }

    /// Has all requests answered, each by a task of its own.
    private func handle(_ core: HTTPServerCore) async {
        await withDiscardingTaskGroup { group in
            for await exchange in core.exchanges {
                group.addTask {
                    let answer = exchange.handler ?? handler
                    exchange.finish(await answer(exchange.request))
                    core.done(exchange)
                }
            }
        }
    }

    /// Cuts off what takes too long, until the task is cancelled.
    private func watch(_ daemon: HTTPDaemon, _ core: HTTPServerCore) async {
        let interval = min(.seconds(1), configuration.requestTimeout / 4)
        while (try? await clock.sleep(for: interval)) != nil {
            core.cutLate()
            // Files that were missing may be there again.
            daemon.lookForRoom()
        }
    }

    /// Waits for something, for so long at most.
    private func wait(
        _ limit: Duration,
        for something: @escaping @Sendable () async -> Void
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await something() }
            group.addTask { try? await clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
