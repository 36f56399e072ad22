import Synchronization

/// Asks what works on batches to stop, in two steps.
///
/// Any number of groups may share one: a program has one for all that it does.
public final class StopSource: Sendable {
    /// A source that never asks.
    package static let never = StopSource()

    private let state = Mutex(State())

    /// How far a stop is.
    public enum Stage: Int, Comparable, Sendable {
        /// Nobody has asked.
        case running
        /// Workers acquire nothing more, and may finish their batches within the grace.
        case stopping
        /// Workers cancel their batches, and give them back.
        case ending

        /// Whether one comes before the other.
        public static func < (lhs: Stage, rhs: Stage) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    /// Makes a source that nobody has asked.
    public init() {}

    /// How far the stop is.
    public var stage: Stage { state.withLock { $0.stage } }

    /// Goes on to a stage; never back.
    ///
    /// - Parameter stage: The stage.
    public func advance(to stage: Stage) {
        let reached = state.withLock { state in
            state.stage = max(state.stage, stage)
            let reached = state.waiters.filter { $0.value.stage <= state.stage }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values.map(\.continuation)
        }
        for continuation in reached { continuation.finish() }
    }

    /// Returns when a stage is reached, or the task is cancelled.
    ///
    /// - Parameter stage: The stage.
    public func reached(_ stage: Stage) async {
        let stream = AsyncStream<Never> { continuation in
            let id = state.withLock { state -> Int? in
                guard state.stage < stage else { return nil }
                state.lastID += 1
                state.waiters[state.lastID] = Waiter(stage: stage, continuation: continuation)
                return state.lastID
            }
            guard let id else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { $0.waiters[id] = nil }
            }
        }
        for await _ in stream {}
    }

    /// Ends the grace: what is still in hand then is cancelled.
    ///
    /// - Parameters:
    ///   - grace: How long what is in hand may go on after the stop.
    ///   - clock: Measures that.
    package func end(after grace: Duration, clock: any Clock<Duration>) async {
        await reached(.stopping)
        // Sleeping fails where the task is cancelled alone: all has ended before the grace did.
        guard !Task.isCancelled, (try? await clock.sleep(for: grace)) != nil else { return }
        advance(to: .ending)
    }

    /// Runs `body`, cancelled when a stage is reached.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - body: What to run.
    /// - Returns: What it returns; `nil` when it was cancelled before it had anything.
    /// - Throws: What it throws; `CancellationError` when this task was cancelled.
    package func run<Result: Sendable>(
        until stage: Stage,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.reached(stage)
                try Task.checkCancellation()
                return nil
            }
            if let result = try await group.next() ?? nil {
                group.cancelAll()
                return result
            }
            group.cancelAll()
            do {
                return try await group.next() ?? nil
            } catch is CancellationError {
                try Task.checkCancellation()
                return nil
            }
        }
    }

    /// Whether a stop was asked for, or is within a moment.
    ///
    /// A signal to many processes reaches one after the other: a program may have died of it before
    /// this process has its own.
    ///
    /// - Parameters:
    ///   - moment: How long to wait for it.
    ///   - clock: Measures that.
    /// - Returns: Whether it was; `false` when the task is cancelled before.
    package func isAsked(within moment: Duration, clock: any Clock<Duration>) async -> Bool {
        if stage >= .stopping { return true }
        await clock.limit(to: moment) { await self.reached(.stopping) }
        return stage >= .stopping
    }

    private struct State {
        var stage = Stage.running
        var lastID = 0
        var waiters: [Int: Waiter] = [:]
    }

    private struct Waiter {
        var stage: Stage
        var continuation: AsyncStream<Never>.Continuation
    }
}
