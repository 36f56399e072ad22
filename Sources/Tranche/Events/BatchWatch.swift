import Synchronization

/// How one hand-out goes, for observers: since when it lasts, and whether it is over.
///
/// So the end of each hand-out is reported once, whatever is repeated.
final class BatchWatch: Sendable {
    private let since: Duration
    private let isOver = Mutex(false)

    init(since: Duration) {
        self.since = since
    }

    /// Ends the hand-out.
    ///
    /// - Parameter now: The time of the same stopwatch.
    /// - Returns: How long it lasted; `nil` when it had ended before.
    func end(at now: Duration) -> Duration? {
        isOver.withLock { isOver in
            defer { isOver = true }
            return isOver ? nil : now - since
        }
    }

    /// Has the hand-out go on that was given up.
    func reopen() { isOver.withLock { $0 = false } }
}
