/// Waits that double, with jitter, until they and what lies between them reach a bound.
package struct Backoff {
    private let limit: Duration
    private let longest: Duration
    private var step: Duration = .milliseconds(50)
    private var spent: Duration = .zero

    /// Begins.
    ///
    /// - Parameters:
    ///   - limit: The sum of all waits and of the time that went into requests.
    ///   - longest: The longest wait; 5 s by default.
    package init(limit: Duration, longest: Duration = .seconds(5)) {
        self.limit = limit
        self.longest = longest
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
        step = min(step * 2, longest)
        return wait
    }
}
