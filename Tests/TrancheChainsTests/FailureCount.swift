import Synchronization

/// Counts how often something was tried.
final class FailureCount: Sendable {
    private let count = Mutex(0)

    /// How often it was tried before.
    func next() -> Int {
        count.withLock { count in
            defer { count += 1 }
            return count
        }
    }
}
