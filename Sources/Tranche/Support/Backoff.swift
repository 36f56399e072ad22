/// Waits that double, with jitter, until they and what lies between them reach a bound.
package struct Backoff {
    private let limit: Duration
    private var step: Duration = .milliseconds(50)
    private var spent: Duration = .zero

    package init(limit: Duration) {
        self.limit = limit
    }

    /// Counts time that went into a request itself.
    package mutating func spend(_ time: Duration) {
        spent += max(time, .zero)
    }

    /// The next wait; `nil` when the bound is reached.
    ///
    /// - Parameter noise: A number from 0 up to 1; the wait is half fixed, half by chance.
    /// - Returns: The wait.
    package mutating func next(_ noise: Double) -> Duration? {
        guard spent < limit else { return nil }
        let wait = min(step * (0.5 + noise / 2), limit - spent)
        spent += wait
        step = min(step * 2, .seconds(5))
        return wait
    }
}
