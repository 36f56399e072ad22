public import Foundation

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
    /// When a batch last succeeded.
    public var lastSuccess: Date?
    /// Weight per second from the start of the first of the last hundred batches that succeeded to the
    /// end of the last; `nil` before one did.
    public var weightPerSecond: Double?
    /// Items per second over the same time; `nil` before one batch succeeded.
    public var itemsPerSecond: Double?

    /// Makes a summary.
    public init(
        run: RunRecord,
        totals: [BatchStatus: Totals],
        causes: [BatchCause: Totals] = [:],
        retrying: Totals = Totals(),
        nextDue: Date? = nil,
        isDue: Bool = false,
        lastSuccess: Date? = nil,
        weightPerSecond: Double? = nil,
        itemsPerSecond: Double? = nil
    ) {
        self.run = run
        self.totals = totals
        self.causes = causes
        self.retrying = retrying
        self.nextDue = nextDue
        self.isDue = isDue
        self.lastSuccess = lastSuccess
        self.weightPerSecond = weightPerSecond
        self.itemsPerSecond = itemsPerSecond
    }

    /// What a number of batches add up to.
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
}
