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
    /// The action on a batch that has failed so often; it stays failed by default.
    public var onExhausted: OnExhausted
    /// How long a batch that has failed so often waits until it is tried once more, forever; `nil`
    /// (the default) where it is not.
    ///
    /// For runs whose batches stay failed.
    public var extendedRetries: Duration?
    /// How often the handler of a batch may start; at least once by default.
    ///
    /// See <doc:AtMostOnce>.
    public var execution: Execution
    /// How long one writer of the source is waited for before what it may commit becomes a gap; 60
    /// s by default.
    public var settleWait: Duration
    /// How long ids must have been known before they are handed out; 0 by default.
    ///
    /// For sources whose late commits nothing proves.
    public var settleLag: Duration
    /// How long gaps are looked at after they were closed; 24 h by default.
    public var watch: Duration

    /// The action on a batch that has failed as often as it may.
    public enum OnExhausted: String, Sendable, Hashable, Codable, CaseIterable {
        /// It stays failed.
        case fail
        /// It is split in two by weight, down to single items, which are quarantined.
        case split
    }

    /// How often the handler of a batch may start.
    public enum Execution: String, Sendable, Hashable, Codable, CaseIterable {
        /// A batch whose attempt failed, was given back or lost is worked on again.
        case atLeastOnce
        /// A batch that work has begun on is never worked on again by itself.
        case atMostOnce
    }

    /// Makes a policy.
    public init(
        lease: Duration = .seconds(60),
        maxAttempts: Int = 3,
        backoff: Duration = .seconds(5),
        backoffLimit: Duration = .seconds(300),
        onExhausted: OnExhausted = .fail,
        extendedRetries: Duration? = nil,
        execution: Execution = .atLeastOnce,
        settleWait: Duration = .seconds(60),
        settleLag: Duration = .zero,
        watch: Duration = .seconds(86_400)
    ) {
        self.lease = lease
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.backoffLimit = backoffLimit
        self.onExhausted = onExhausted
        self.extendedRetries = extendedRetries
        self.execution = execution
        self.settleWait = settleWait
        self.settleLag = settleLag
        self.watch = watch
    }

    /// How many failures a batch may have: a part of a split one has a single attempt, but for a
    /// single item.
    public func attempts(of batch: BatchRecord) -> Int {
        onExhausted == .split && batch.kind == .split && batch.count > 1 ? 1 : maxAttempts
    }

    /// The wait before the attempt that follows a number of failures.
    ///
    /// - Parameter failures: Failures so far; at least 1.
    /// - Returns: The wait, or `nil` when the batch stays failed.
    public func wait(afterFailures failures: Int) -> Duration? {
        failures < maxAttempts ? backoff(afterFailures: failures) : nil
    }

    /// The wait after a number of failures, whether or not they exhaust the batch.
    public func backoff(afterFailures failures: Int) -> Duration {
        var wait = backoff
        for _ in 1..<max(failures, 1) where wait < backoffLimit { wait *= 2 }
        return min(wait, backoffLimit)
    }

    package func validate() throws {
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
        try validateExecution()
        if let every = extendedRetries {
            guard every >= .seconds(1), every <= .seconds(31_536_000) else {
                throw TrancheError(.invalidArgument, "extended retries come every 1 s to 365 days")
            }
            guard onExhausted == .fail else {
                throw TrancheError(
                    .invalidArgument,
                    "extended retries are for batches that stay failed; those that are split are "
                        + "tried as they are: leave one of the two out"
                )
            }
        }
        for (name, time) in [
            ("settle wait", settleWait), ("settle lag", settleLag), ("watch", watch),
        ] where time < .zero || time > .seconds(31_536_000) {
            throw TrancheError(.invalidArgument, "the \(name) lasts from 0 to 365 days")
        }
    }

    /// Refuses what would work on a batch again that work has begun on.
    private func validateExecution() throws {
        guard execution == .atMostOnce else { return }
        guard extendedRetries == nil else {
            throw TrancheError(
                .invalidArgument,
                "extended retries contradict at most once: they work on batches again and again"
            )
        }
        guard onExhausted == .fail else {
            throw TrancheError(
                .invalidArgument,
                "splitting what failed contradicts at most once: the parts would be worked on again"
            )
        }
    }
}
