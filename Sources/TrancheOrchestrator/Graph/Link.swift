public import Tranche

/// A link: a process runs on the events of an input, or on the results of another process.
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
    /// The limits of the link over all processes, from its beginning.
    public var limits: RunLimits?
    /// How old an event must be so that later ones about the same replace it; `nil` (the default)
    /// where none does.
    public var coalesce: Duration?
    /// Where a link begins that is new; at the first event that its input's log still has, by
    /// default.
    public var start: Start
    /// How long the process may take for a batch; no bound by default.
    public var timeout: Duration?
    /// How long one writer of the input's log is waited for before events behind what it may still
    /// commit are handed out; what the input says by default (``Input/settleWait``).
    public var settleWait: Duration?
    /// Whether events are worked on in their order: one batch at a time over all processes, behind
    /// every writer, however long it takes; false by default.
    ///
    /// A batch that fails is offered again at once, before any later one, until its attempts are
    /// used up; the policy's backoff and ``settleWait`` count for nothing.
    public var isOrdered: Bool
    /// The action on the files of events, once the process has succeeded on them; none by default.
    ///
    /// It is a job of its own over the link's completions, the link's name with `/then` behind it.
    public var then: AfterLoad?

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
        timeout: Duration? = nil,
        settleWait: Duration? = nil,
        isOrdered: Bool = false,
        then: AfterLoad? = nil
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
        self.settleWait = settleWait
        self.isOrdered = isOrdered
        self.then = then
    }

    /// The name of what follows a link with ``then``, which no process can have.
    static let after = "then"

    /// The link's name, made from its input and its process.
    public var name: String { "\(source)/\(process)" }
}

extension Link {
    /// The policy of the link's job.
    ///
    /// - Parameter wait: How long writers are waited for where the link does not say; `nil` for as
    ///   long as its policy says.
    /// - Returns: The policy.
    func runPolicy(waiting wait: Duration?) -> RunPolicy {
        var policy = policy
        policy.settleWait = settleWait ?? wait ?? policy.settleWait
        if isOrdered {
            policy.settleWait = Self.longestWait
            (policy.backoff, policy.backoffLimit) = (.zero, .zero)
        }
        return policy
    }

    /// The limits of the link's job.
    var runLimits: RunLimits? {
        guard isOrdered else { return limits }
        var limits = limits ?? RunLimits()
        limits.parallelism = min(limits.parallelism ?? 1, 1)
        return limits
    }

    /// The longest that a policy may have a writer waited for.
    private static let longestWait = Duration.seconds(31_536_000)

    /// Refuses what contradicts itself.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    package func validate() throws {
        try runPolicy(waiting: nil).validate()
        guard isOrdered else { return }
        let hindrance =
            if policy.onExhausted == .split {
                "parts of a split batch come behind later ones"
            } else if policy.extendedRetries != nil {
                "what is tried again later comes behind later ones"
            } else if (limits?.parallelism ?? 1) > 1 || (workers ?? 1) > 1 {
                "several batches at once have no order"
            } else if settleWait != nil {
                "it waits for every writer, however long that takes"
            } else {
                ""
            }
        guard hindrance.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "the link \(name) is ordered, and \(hindrance): leave one of the two out"
            )
        }
    }
}
