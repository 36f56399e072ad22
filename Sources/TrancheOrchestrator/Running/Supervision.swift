/// When what has ended is started again.
struct Supervision: Sendable {
    /// The wait before the first new start.
    var first = Duration.milliseconds(250)
    /// The longest wait.
    var longest = Duration.seconds(60)
    /// How long something must have run for its next wait to be the first again.
    var healthy = Duration.seconds(60)
    /// How often in a row it was started again.
    private(set) var restarts = 0

    /// Takes an end.
    ///
    /// - Parameter time: How long it had run.
    /// - Returns: How long to wait.
    mutating func wait(after time: Duration) -> Duration {
        if time >= healthy { restarts = 0 }
        defer { restarts += 1 }
        return min(first * (1 << min(restarts, 16)), longest)
    }
}
