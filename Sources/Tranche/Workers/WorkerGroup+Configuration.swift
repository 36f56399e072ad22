extension WorkerGroup {
    /// How a group works.
    public struct Configuration: Sendable, Hashable {
        /// How many batches are worked on at once; 1 by default, 1 to 1000.
        public var slots: Int
        /// How many batches each slot holds ahead; 0 (the default) to 1000.
        public var prefetch: Int
        /// When to end; when the run is complete by default.
        public var end: BatchesEnd
        /// Most batches; no limit by default.
        public var limit: Int
        /// How long what is in hand may go on after a stop, and after its time is up; 5 s by
        /// default.
        public var grace: Duration
        /// How long the handler may take for a batch; no bound by default.
        public var timeout: TimeBound?
        /// How long the handler may go on without progress; no bound by default.
        public var idle: Duration?

        /// Makes a configuration.
        public init(
            slots: Int = 1,
            prefetch: Int = 0,
            end: BatchesEnd = .whenComplete,
            limit: Int = .max,
            grace: Duration = .seconds(5),
            timeout: TimeBound? = nil,
            idle: Duration? = nil
        ) {
            self.slots = slots
            self.prefetch = prefetch
            self.end = end
            self.limit = limit
            self.grace = grace
            self.timeout = timeout
            self.idle = idle
        }

        /// The most slots, and the most batches that each may hold ahead.
        static let most = 1000

        func validate() throws {
            try Self.validate(slots: slots)
            guard (0...Self.most).contains(prefetch) else {
                throw TrancheError(
                    .invalidArgument,
                    "\(prefetch) batches ahead asked for; give 0 to \(Self.most)"
                )
            }
            let bounds = [timeout?.least, timeout?.perWeight, idle].compactMap { $0 }
            guard bounds.allSatisfy({ $0 > .zero }), grace >= .zero else {
                throw TrancheError(
                    .invalidArgument,
                    "a bound of time is not above 0, or the grace is negative"
                )
            }
        }

        static func validate(slots: Int) throws {
            guard (1...most).contains(slots) else {
                throw TrancheError(
                    .invalidArgument,
                    "\(slots) workers asked for; give 1 to \(most)"
                )
            }
        }
    }
}

/// How long the work on a batch may take.
public struct TimeBound: Sendable, Hashable {
    /// The time that any batch may take.
    public var least: Duration
    /// The additional time for each unit of the batch's weight; `nil` if the weight does not
    /// matter.
    public var perWeight: Duration?

    /// The same bound for every batch.
    public static func fixed(_ time: Duration) -> TimeBound { TimeBound(least: time) }

    /// A bound that grows with the batch's weight.
    ///
    /// - Parameters:
    ///   - time: What comes to it for each unit of weight.
    ///   - least: What any batch may take.
    /// - Returns: The bound.
    public static func perWeight(_ time: Duration, least: Duration) -> TimeBound {
        TimeBound(least: least, perWeight: time)
    }

    /// The time that a batch of a weight may take; at most a hundred years.
    func time(for weight: Double) -> Duration {
        guard let perWeight else { return least }
        let most = 100.0 * 365 * 86_400
        return .seconds(min(least.seconds + perWeight.seconds * max(weight, 0), most))
    }
}
