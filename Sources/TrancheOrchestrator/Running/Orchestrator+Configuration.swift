import FoundationEssentials
public import Tranche
public import TrancheConnectors

extension Orchestrator {
    /// How an orchestrator runs.
    public struct Configuration: Sendable {
        /// How many batches are worked on at once, over all links; 8 by default, 1 to 1000.
        public var processes = 8
        /// How long what is in hand may go on after a stop; 5 s by default.
        public var grace = Duration.seconds(5)
        /// How long events are kept that a link still needs; 7 days by default.
        public var keep = Duration.seconds(7 * 86_400)
        /// How often logs are cleaned; 10 s by default.
        public var cleaning = Duration.seconds(10)
        /// How often the conditions of alerts are checked; 15 s by default.
        public var looking = Duration.seconds(15)
        /// How many errors are kept for callers that read them; 256 by default, at least 1.
        public var keptErrors = 256
        /// The credentials for stores of objects that are moved, removed or tagged after a load;
        /// from the environment by default.
        public var credentials = Credentials(ProcessInfo.processInfo.environment)
        /// Called with each attempt that ended.
        public var onBatch: (@Sendable (LinkJob, BatchReport) -> Void)?
        /// Called with what keeps a batch from going on while it is worked on, such as a request
        /// that is sent again: the name of the link or job, the batch, and a sentence without
        /// secrets; for each link and job at most once in 10 s.
        public var onTrouble: (@Sendable (String, BatchRecord, String) -> Void)?
        /// Called with the open source of a link when work on it begins, also anew.
        public var onSource: (@Sendable (any MetaSource) -> Void)?
        /// Observes the workers of links, except how attempts end; none by default.
        public var watcher: (any WorkWatcher)?

        /// Makes a configuration.
        public init() {}
    }
}
