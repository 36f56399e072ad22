public import Tranche

/// That a process runs on the events of an input, or on what another process completed.
public struct Link: Sendable, Hashable {
    /// The input, or the process whose completions are meant.
    public var source: String
    /// The process that runs.
    public var process: String
    /// How large a batch of events may be; one event by default.
    public var limit: BatchLimit
    /// Which operations are meant; all by default.
    ///
    /// Events of others end without the process, and are counted.
    public var operations: Set<Event.Operation>
    /// How many batches of the link this orchestrator works on at once; its own number by default.
    public var workers: Int?
    /// How batches are tried again.
    public var policy: RunPolicy
    /// What limits the link over all processes, from its beginning.
    public var limits: RunLimits?
    /// How old an event must be so that later ones about the same replace it; `nil` (the default)
    /// where none does.
    public var coalesce: Duration?
    /// Where a link begins that is new; at the first event that its input's log still has, by
    /// default.
    public var start: Start
    /// How long the process may take for a batch; no bound by default.
    public var timeout: Duration?

    /// Where a new link begins.
    public enum Start: String, Sendable, Hashable, Codable, CaseIterable {
        /// At the first event that the input's log still has.
        case floor
        /// Behind the last event that there is when the link first runs.
        case end
    }

    /// Describes a link.
    public init(
        from source: String,
        to process: String,
        limit: BatchLimit = .count(1),
        operations: Set<Event.Operation> = [],
        workers: Int? = nil,
        policy: RunPolicy = RunPolicy(),
        limits: RunLimits? = nil,
        coalesce: Duration? = nil,
        start: Start = .floor,
        timeout: Duration? = nil
    ) {
        self.source = source
        self.process = process
        self.limit = limit
        self.operations = operations
        self.workers = workers
        self.policy = policy
        self.limits = limits
        self.coalesce = coalesce
        self.start = start
        self.timeout = timeout
    }

    /// The link's name: what it leads from and to.
    public var name: String { "\(source)/\(process)" }
}
