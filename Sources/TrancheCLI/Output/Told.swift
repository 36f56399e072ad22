import Synchronization

/// What was said already, where several things may give rise to it.
final class Told: Sendable {
    private let words = Mutex<Set<String>>([])

    /// Whether a sentence has not been said yet; from now on it has.
    func isNew(_ notice: String) -> Bool {
        words.withLock { $0.insert(notice).inserted }
    }
}
