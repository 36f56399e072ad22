internal import CPosix
import FoundationEssentials
import Synchronization

/// Waits for locks on a connection's own thread, within a bound, until its request is cancelled.
///
/// SQLite's own busy timeout sleeps longer the longer it has waited, and so starves the caller that
/// waits already. This one looks again after short times that hardly grow.
final class SQLiteLockWaiter: Sendable {
    private struct State {
        var deadline: ContinuousClock.Instant?
        var isCancelled = false
        var waits = 0
    }

    private let limit: Duration
    private let state = Mutex(State())

    init(limit: Duration) {
        self.limit = limit
    }

    /// Begins a request: its bound starts with the first wait.
    func reset() {
        state.withLock { $0 = State() }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    func cancel() {
        state.withLock { $0.isCancelled = true }
    }

    /// Waits a little; `false` when the bound is reached or the request cancelled.
    func waits() -> Bool {
        let pause: UInt32? = state.withLock { state in
            let now = ContinuousClock.now
            let deadline = state.deadline ?? now + limit
            state.deadline = deadline
            state.waits += 1
            guard !state.isCancelled, now < deadline else { return nil }
            // At first a transaction's time, then a turn's: looking costs the others processor
            // time.
            return state.waits < 8 ? 100 : 500
        }
        // On the connection's own thread; nothing else waits for it.
        if let pause { usleep(pause) }
        return pause != nil
    }
}
