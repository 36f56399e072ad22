public import FoundationEssentials
public import Tranche

/// How an orchestrator and its parts are.
public struct OrchestratorStatus: Sendable, Hashable {
    /// The inputs, in the order in which they were added.
    public var inputs: [Part]
    /// The jobs of the links, each behind that whose completions it reads.
    public var links: [Part]
    /// The jobs beside them.
    public var jobs: [Part] = []

    /// How an input, or the job of a link, is.
    public struct Part: Sendable, Hashable {
        /// The input's name, or the job's.
        public var name: String
        /// The activity of the part.
        public var state = State.unstarted
        /// How often it was started again.
        public var restarts = 0
        /// The last error; `nil` if there is none.
        public var error: String?
        /// When that was.
        public var failedAt: Date?
        /// How many batches run on its process now.
        public var running = 0
        /// How many batches succeeded since it was started.
        public var succeeded = 0
        /// How many attempts failed since.
        public var failed = 0
        /// Why a link ended that was drained, or a job before it had done all; `nil` where it has
        /// not ended by itself.
        public var reason: NoBatchReason?
        /// When it was started last.
        var startedAt: Date?
        /// How often in a row it has failed, or ended by itself, and since when.
        var failures = 0
        var failingSince: Date?
    }

    /// An activity of a part.
    public enum State: String, Sendable, Hashable {
        /// It was not started yet.
        case unstarted
        /// It runs.
        case running
        /// It failed or ended, and is started again after a while.
        case waiting
        /// It has ended, since it was asked to.
        case stopped
    }
}

/// Something that went wrong in a part of an orchestrator.
public struct OrchestratorError: Error, Sendable, CustomStringConvertible {
    /// The input's name, or that of the link's job.
    public let part: String
    /// The error, in words, without credentials.
    public let message: String
    /// The batch whose attempt failed; `nil` where it was something else.
    public let batch: Int64?

    init(_ part: String, _ what: String? = nil, _ error: any Error) {
        self.part = part
        batch = nil
        message = (what.map { "\($0): " } ?? "") + "\(error)"
    }

    init(_ part: String, batch: Int64? = nil, message: String) {
        self.part = part
        self.batch = batch
        self.message = message
    }

    /// The error with the part that it is of.
    public var description: String {
        batch.map { "\(part): batch \($0): \(message)" } ?? "\(part): \(message)"
    }
}
