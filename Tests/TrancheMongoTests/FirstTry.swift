import Synchronization

/// Tells the first caller from all others.
final class FirstTry: Sendable {
    struct Failed: Error {}

    private let isTaken = Mutex(false)

    func isFirst() -> Bool {
        isTaken.withLock { taken in
            defer { taken = true }
            return !taken
        }
    }
}
