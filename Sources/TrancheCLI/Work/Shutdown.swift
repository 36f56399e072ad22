import Foundation
import Synchronization

/// How far a crew is on its way out, and who waits for that.
final class Shutdown: Sendable {
    private let state = Mutex(State())

    /// How far it is.
    enum Stage: Int, Comparable, Sendable {
        /// Batches are acquired.
        case working
        /// None is acquired any more; those in hand are finished.
        case stopping
        /// The same, because of a signal: there is a grace period.
        case signalled
        /// What runs is ended.
        case terminating

        static func < (lhs: Stage, rhs: Stage) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    var stage: Stage { state.withLock { $0.stage } }

    /// Goes on to a stage; never back.
    func advance(to stage: Stage) {
        let reached = state.withLock { state in
            state.stage = max(state.stage, stage)
            let reached = state.waiters.filter { $0.value.stage <= state.stage }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values.map(\.continuation)
        }
        for continuation in reached { continuation.finish() }
    }

    /// Returns when a stage is reached, or the task is cancelled.
    func reached(_ stage: Stage) async {
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

    /// Runs `body`, cancelled some time after a stage is reached.
    ///
    /// - Parameters:
    ///   - stage: The stage.
    ///   - patience: How long `body` may go on then.
    ///   - body: What to run.
    /// - Returns: What it returns; `nil` when it was cancelled before it had anything.
    /// - Throws: What it throws; `CancellationError` when this task was cancelled.
    func run<Result: Sendable>(
        until stage: Stage,
        patience: Duration = .zero,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.reached(stage)
                try await Task.sleep(for: patience)
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

    /// Goes on to the next stage with each stop, and when the grace period is over.
    ///
    /// - Parameters:
    ///   - signals: The signals; those within ``StopSignal/oneStop`` of the first are the same
    ///     stop.
    ///   - grace: How long what runs may go on after the first.
    ///   - clock: Measures both.
    ///   - progress: Told of each stop.
    func watch(
        _ signals: AsyncStream<Int32>,
        grace: Duration,
        clock: some Clock<Duration>,
        _ progress: Progress
    ) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await self.reached(.signalled)
                // Sleeping fails where the task is cancelled alone: all has ended before the grace
                // did.
                guard !Task.isCancelled, (try? await clock.sleep(for: grace)) != nil else { return }
                self.advance(to: .terminating)
            }
            var stops = Stops()
            let start = clock.now
            for await number in signals where stops.isNew(at: start.duration(to: clock.now)) {
                let isFirst = stops.count == 1
                advance(to: isFirst ? .signalled : .terminating)
                let words =
                    isFirst
                    ? "finishing what runs for up to \(grace.words); again to stop now"
                    : "stopping now"
                progress.update(
                    "\(StopSignal(rawValue: number)?.name ?? "signal \(number)"): \(words)",
                    isAlwaysShown: true
                )
            }
            group.cancelAll()
        }
    }

    /// Whether a signal has asked for the end, or does so within a moment.
    ///
    /// A signal to many processes reaches one after the other: a program may have died of it before
    /// this process has its own.
    ///
    /// - Parameters:
    ///   - moment: How long to wait for it.
    ///   - clock: Measures that.
    /// - Returns: Whether it has; `false` when the task is cancelled before.
    func isSignalled(within moment: Duration, clock: any Clock<Duration>) async -> Bool {
        if stage >= .signalled { return true }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.reached(.signalled) }
            // Cut short, it has waited long enough.
            group.addTask { try? await clock.sleep(for: moment) }
            await group.next()
            group.cancelAll()
        }
        return stage >= .signalled
    }

    private struct State {
        var stage = Stage.working
        var lastID = 0
        var waiters: [Int: Waiter] = [:]
    }

    private struct Waiter {
        var stage: Stage
        var continuation: AsyncStream<Never>.Continuation
    }
}
