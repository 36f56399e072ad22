import Synchronization
import Tranche

/// Tells some who wait when an attempt fails for the first time.
final class FirstFailure: Sendable {
    private let state = Mutex(State())

    private struct State {
        var hasFailed = false
        var waiting: [AsyncStream<Void>.Continuation] = []
    }

    /// Takes note of how an attempt ended.
    func note(_ report: BatchReport) {
        guard report.end.failure != nil else { return }
        let waiting = state.withLock { state -> [AsyncStream<Void>.Continuation] in
            state.hasFailed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.finish() }
    }

    /// Waits until there is one.
    ///
    /// - Returns: Whether there is; else the task was cancelled.
    func happens() async -> Bool {
        let stream = AsyncStream<Void> { continuation in
            let isOver = state.withLock { state in
                if !state.hasFailed { state.waiting.append(continuation) }
                return state.hasFailed
            }
            if isOver { continuation.finish() }
        }
        for await _ in stream {}
        return state.withLock { $0.hasFailed }
    }
}
