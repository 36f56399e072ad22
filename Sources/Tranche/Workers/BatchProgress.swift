import Synchronization

/// Where the handler of a batch reports progress, so that it is not taken for stuck.
public final class BatchProgress: Sendable {
    private let stopwatch: Stopwatch
    private let state: Mutex<State>

    private struct State {
        /// When the work last came further.
        var last: Duration
        /// How many waits go on.
        var waits = 0
        /// When the first of these began.
        var waitingSince = Duration.zero
        /// How long earlier ones took.
        var waited = Duration.zero
        /// Those who are told when none goes on any more.
        var watchers: [AsyncStream<Void>.Continuation] = []
    }

    /// Makes a place for reports that nobody reads.
    package convenience init() {
        self.init(Stopwatch(ContinuousClock()))
    }

    init(_ stopwatch: Stopwatch) {
        self.stopwatch = stopwatch
        state = Mutex(State(last: stopwatch.elapsed))
    }

    /// Reports that the work has come further.
    public func report() {
        state.withLock { $0.last = stopwatch.elapsed }
    }

    /// Does nothing but wait: for its turn, or until it may try again.
    ///
    /// The time in it counts neither as idleness nor as time that the handler takes; how long it
    /// may be is for `body` to bound.
    ///
    /// - Parameter body: Waits.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws.
    package func whileWaiting<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        beginWait()
        defer { endWait() }
        return try await body()
    }

    /// Begins a wait as of ``whileWaiting(_:)``, which ``endWait()`` ends.
    package func beginWait() {
        state.withLock { state in
            if state.waits == 0 { state.waitingSince = stopwatch.elapsed }
            state.waits += 1
        }
    }

    /// Ends a wait that began.
    package func endWait() {
        let watchers = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            state.waits -= 1
            guard state.waits == 0 else { return [] }
            let now = stopwatch.elapsed
            state.waited += now - state.waitingSince
            state.last = now
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.finish() }
    }

    /// Returns when the batch does not wait, at once where it does not.
    ///
    /// - Throws: `CancellationError`.
    func goesOn() async throws {
        let stream = AsyncStream<Void> { continuation in
            let goesOn = state.withLock { state in
                if state.waits > 0 { state.watchers.append(continuation) }
                return state.waits == 0
            }
            if goesOn { continuation.finish() }
        }
        for await _ in stream {}
        try Task.checkCancellation()
    }

    /// How long there was none, as far as the batch did not wait.
    var idleTime: Duration {
        state.withLock { $0.waits > 0 ? .zero : stopwatch.elapsed - $0.last }
    }

    /// How long the batch waited in all.
    var waited: Duration {
        state.withLock { state in
            state.waits > 0 ? state.waited + (stopwatch.elapsed - state.waitingSince) : state.waited
        }
    }
}
