public import FoundationEssentials

/// A run with what its batches add up to.
public struct RunSummary: Sendable, Hashable {
    /// The run.
    public var run: RunRecord
    /// The batches and their items and weight, by status.
    public var totals: [BatchStatus: Totals]
    /// Those of them that are what they are for a cause, by that.
    public var causes: [BatchCause: Totals]
    /// The failed ones that are due again, without those that are stuck.
    public var retrying: Totals
    /// When the next batch that nobody may take now is due: a lease that ends or a retry.
    public var nextDue: Date?
    /// Whether a batch may be taken now: released, expired, or due for its next attempt.
    public var isDue: Bool
    /// Those of the running batches whose lease is over: nobody holds them.
    public var lapsed: Totals
    /// Since when the first of the batches that may be taken now could be; `nil` where there is
    /// none.
    public var dueSince: Date?
    /// When a batch last succeeded, of the newest tiles and of all other batches.
    ///
    /// An inventory in a database adds up thousands of older tiles once: one of these that succeeds
    /// at last is not seen here.
    public var lastSuccess: Date?
    /// Weight per second of the newest tiles that succeeded, from the start of the first to the end
    /// of the last; `nil` where there is none.
    ///
    /// The newest hundred are looked at; five of each run, where more than a hundred runs are asked
    /// for.
    public var weightPerSecond: Double?
    /// Items per second over the same time; `nil` where there is none.
    public var itemsPerSecond: Double?
    /// How many of the batches that run failed before.
    public var runningAgain: Int
    /// The batches that ended in the last hour, as far as ``lastSuccess`` sees them.
    public var lastHour: Activity

    /// Makes a summary.
    public init(
        run: RunRecord,
        totals: [BatchStatus: Totals],
        causes: [BatchCause: Totals] = [:],
        retrying: Totals = Totals(),
        nextDue: Date? = nil,
        isDue: Bool = false,
        lapsed: Totals = Totals(),
        dueSince: Date? = nil,
        lastSuccess: Date? = nil,
        weightPerSecond: Double? = nil,
        itemsPerSecond: Double? = nil,
        runningAgain: Int = 0,
        lastHour: Activity = Activity()
    ) {
        self.run = run
        self.totals = totals
        self.causes = causes
        self.retrying = retrying
        self.nextDue = nextDue
        self.isDue = isDue
        self.lapsed = lapsed
        self.dueSince = dueSince
        self.lastSuccess = lastSuccess
        self.weightPerSecond = weightPerSecond
        self.itemsPerSecond = itemsPerSecond
        self.runningAgain = runningAgain
        self.lastHour = lastHour
    }

    /// Batches that failed for good, or are quarantined, and that nobody cancelled.
    package var failedBatches: Int {
        let cancelled = causes[.cancelled]?.batches ?? 0
        let failed = (totals[.failed]?.batches ?? 0) - retrying.batches - cancelled
        return max(0, failed) + (totals[.quarantined]?.batches ?? 0)
    }

    /// How many of the newest tiles of a run are looked at.
    ///
    /// - Parameter runs: How many runs are asked for.
    /// - Returns: The number.
    package static func mostLatest(of runs: Int) -> Int { runs > 100 ? 5 : 100 }

    /// The totals of a number of batches.
    public struct Totals: Sendable, Hashable {
        /// Batches.
        public var batches: Int
        /// Items.
        public var items: Int
        /// Weight; the highest number where the sum is beyond.
        public var weight: Double

        /// Makes totals.
        public init(batches: Int = 0, items: Int = 0, weight: Double = 0) {
            self.batches = batches
            self.items = items
            self.weight = weight
        }

        /// Adds those of other batches.
        package mutating func add(_ other: Totals) {
            batches += other.batches
            items += other.items
            add(weight: other.weight)
        }

        /// Adds a weight.
        package mutating func add(weight: Double) {
            self.weight = self.weight.addingClamped(weight)
        }
    }

    /// The batches that ended in the last hour, as far as the newest batches show.
    public struct Activity: Sendable, Hashable {
        /// Failures that are counted at most, over all runs.
        public static let mostFailures = 10_000

        /// Of the newest tiles, those that succeeded, and all batches that are no tiles: late ones
        /// and parts.
        public var succeeded: Totals
        /// Whether all tiles that were looked at are of the hour, so that there may be more.
        public var isCut: Bool
        /// The time in which they did, in seconds: 3600, or less for a run that is younger, and
        /// where ``isCut`` holds; then without batches that are no tiles.
        public var seconds: Double
        /// How many attempts failed, or lapsed, in the last hour.
        public var failures: Int

        /// Makes an activity.
        public init(
            succeeded: Totals = Totals(),
            isCut: Bool = false,
            seconds: Double = 0,
            failures: Int = 0
        ) {
            self.succeeded = succeeded
            self.isCut = isCut
            self.seconds = seconds
            self.failures = failures
        }

        /// Items that succeeded in a second; `nil` where none did.
        public var itemsPerSecond: Double? { rate(Double(succeeded.items)) }

        /// Weight that succeeded in a second; `nil` where none did.
        public var weightPerSecond: Double? { rate(succeeded.weight) }

        private func rate(_ amount: Double) -> Double? {
            succeeded.batches > 0 && seconds > 0 ? (amount / seconds).clamped : nil
        }
    }
}
