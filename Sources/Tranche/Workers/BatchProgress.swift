import Synchronization

/// Where the handler of a batch reports progress, so that it is not taken for stuck.
public final class BatchProgress: Sendable {
    private let stopwatch: Stopwatch
    private let last: Mutex<Duration>

    /// Makes a place for reports that nobody reads.
    package convenience init() {
        self.init(Stopwatch(ContinuousClock()))
    }

    init(_ stopwatch: Stopwatch) {
        self.stopwatch = stopwatch
        last = Mutex(stopwatch.elapsed)
    }

    /// Reports that the work has come further.
    public func report() {
        last.withLock { $0 = stopwatch.elapsed }
    }

    /// How long there was none.
    var idleTime: Duration { stopwatch.elapsed - last.withLock { $0 } }
}
