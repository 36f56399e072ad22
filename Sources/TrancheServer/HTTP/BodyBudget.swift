import Synchronization

/// The bytes of bodies that the requests of a listener hold together, within a bound.
final class BodyBudget: Sendable {
    private let limit: Int
    private let held = Mutex(0)

    /// Makes a budget of which nothing is held.
    ///
    /// - Parameter limit: The most bytes.
    init(limit: Int) { self.limit = limit }

    /// Takes bytes for a request; one that alone holds bytes gets as many as it asks for.
    ///
    /// - Parameters:
    ///   - count: How many more.
    ///   - own: How many the request holds already.
    /// - Returns: Whether they were taken.
    func take(_ count: Int, beside own: Int) -> Bool {
        held.withLock { held in
            guard held == own || held + count <= limit else { return false }
            held += count
            return true
        }
    }

    /// Gives bytes back.
    func give(back count: Int) { held.withLock { $0 -= count } }

    /// Whether a request of so many bytes would be refused now.
    func isShort(of count: Int) -> Bool { held.withLock { $0 > 0 && $0 + count > limit } }
}
