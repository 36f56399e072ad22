public import FoundationEssentials
import Tranche

/// How far a workflow is, over all processes.
public struct WorkflowProgress: Sendable, Hashable, Codable {
    /// The job's name.
    public var job: String
    /// The source's name, as the inventory has it.
    public var meta: String
    /// The run's name; empty for the incremental run.
    public var run: String
    /// Which description of the run works.
    public var generation: Int
    /// The description's digest.
    public var digest: String
    /// The activity of the run, in one word: `running`, `waiting`, `unsettled`, `idle`, `limited`,
    /// `stuck`, `paused`, `cancelled`, `held` or `complete`.
    public var state: String
    /// Why, where it is paused, cancelled, held or limited.
    public var reason: String?
    /// When the description began.
    public var startedAt: Date
    /// When this was read, by the clock of the process that read it.
    public var at: Date
    /// Batches in hand.
    public var running = Amount()
    /// Batches that succeeded.
    public var succeeded = Amount()
    /// Batches that wait for an attempt: given back, or failed and due again.
    public var waiting = Amount()
    /// Batches that failed for good, without those that were cancelled.
    public var failed = Amount()
    /// Batches of one item that failed for good.
    public var quarantined = Amount()
    /// Batches that have used up their attempts, and are tried again now and then all the same.
    public var stuck = Amount()
    /// Batches that somebody cancelled.
    public var cancelled = Amount()
    /// The items that are not in a batch yet, as far as the source knows; `nil` if it does not.
    public var left: Amount?
    /// Why it is not known what is left, where the source cannot be opened or read from the process
    /// that read this; `nil` where it can, or need not be.
    public var sourceError: String?
    /// The share that succeeded, by weight or, without weights, by items: 0 to 100; `nil` if the
    /// remaining work is not known.
    public var donePercent: Double?
    /// Weight per second of the last hundred batches; `nil` before one succeeded.
    public var weightPerSecond: Double?
    /// Items per second of the last hundred batches; `nil` before one succeeded.
    public var itemsPerSecond: Double?
    /// How many seconds it still takes, by the pace of late and by that since the start; `nil`
    /// where it is not known what is left, or before a batch succeeded.
    public var secondsLeft: SecondsLeft?
    /// Most batches at once, of the last thousand.
    public var mostParallel = 0
    /// Most batches that may be held at once; `nil` for any number.
    public var parallelism: Int?
    /// The last batches that failed for good or are stuck, twenty at most, with their errors.
    public var failures: [Failure] = []

    /// Whether what is complete has something that did not succeed.
    var hasFailures: Bool {
        [failed, quarantined, stuck].contains { $0.batches > 0 }
    }

    /// Whether batches were handed out, and nothing is done any more, as far as that shows.
    var standsStill: Bool {
        state == "idle" && [succeeded, failed, quarantined].contains { $0.batches > 0 }
    }

    /// How the run ended; `nil` while it goes on.
    var ending: WorkflowEnding? {
        switch state {
        case "cancelled": .cancelled
        case "stuck": .completeWithFailures
        case "complete": hasFailures ? .completeWithFailures : .complete
        default: nil
        }
    }

    /// The totals of some batches.
    public struct Amount: Sendable, Hashable, Codable {
        /// How many batches; of what is left, about how many.
        public var batches = 0
        /// How many items.
        public var items = 0
        /// Their total weight.
        public var weight = 0.0

        /// Makes an amount of nothing.
        public init() {}

        init(_ totals: RunSummary.Totals?) {
            batches = totals?.batches ?? 0
            items = totals?.items ?? 0
            weight = totals?.weight ?? 0
        }
    }

    /// A range of seconds.
    public struct SecondsLeft: Sendable, Hashable, Codable {
        /// By the faster pace.
        public var from: Double
        /// By the slower pace.
        public var to: Double
    }

    /// A batch that failed for good or is stuck.
    public struct Failure: Sendable, Hashable, Codable {
        /// The batch's number.
        public var batch: Int64
        /// Its lowest id.
        public var idStart: Int64
        /// Its highest id.
        public var idEnd: Int64
        /// The last attempt's error.
        public var error: String?

        enum CodingKeys: String, CodingKey {
            case batch
            case idStart = "id_start"
            case idEnd = "id_end"
            case error
        }
    }

    enum CodingKeys: String, CodingKey {
        case job, meta, run, generation, digest, state, reason
        case startedAt = "started_at"
        case at, running, succeeded, waiting, failed, quarantined, stuck, cancelled, left
        case sourceError = "source_error"
        case donePercent = "done_percent"
        case weightPerSecond = "weight_per_s"
        case itemsPerSecond = "items_per_s"
        case secondsLeft = "seconds_left"
        case mostParallel = "most_parallel"
        case parallelism, failures
    }
}
