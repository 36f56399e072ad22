/// How a run treats its batches.
///
/// It is set when the run is first acquired from.
public struct RunPolicy: Sendable, Hashable {
    /// How long a worker may hold a batch without a heartbeat; at least 1 s; 60 s by default.
    public var lease: Duration
    /// After how many failures a batch stays failed; at least 1; 3 by default.
    public var maxAttempts: Int
    /// The wait before the second attempt, doubled with each further failure; 5 s by default.
    public var backoff: Duration
    /// The longest wait between attempts; 5 min by default.
    public var backoffLimit: Duration

    /// Makes a policy.
    public init(
        lease: Duration = .seconds(60),
        maxAttempts: Int = 3,
        backoff: Duration = .seconds(5),
        backoffLimit: Duration = .seconds(300)
    ) {
        self.lease = lease
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.backoffLimit = backoffLimit
    }

    /// The wait before the attempt that follows a number of failures.
    ///
    /// - Parameter failures: Failures so far; at least 1.
    /// - Returns: The wait, or `nil` when the batch stays failed.
    public func wait(afterFailures failures: Int) -> Duration? {
        guard failures < maxAttempts else { return nil }
        var wait = backoff
        for _ in 1..<max(failures, 1) where wait < backoffLimit { wait *= 2 }
        return min(wait, backoffLimit)
    }

    func validate() throws {
        guard lease >= .seconds(1), lease <= .seconds(31_536_000) else {
            throw TrancheError(.invalidArgument, "a lease lasts from 1 s to 365 days")
        }
        guard maxAttempts >= 1 else {
            throw TrancheError(.invalidArgument, "max attempts is \(maxAttempts); give 1 or more")
        }
        guard backoff >= .zero, backoffLimit >= backoff, backoffLimit <= .seconds(31_536_000) else {
            throw TrancheError(
                .invalidArgument,
                "the backoff must be 0 or more, and at most its limit, which is at most 365 days"
            )
        }
    }
}
