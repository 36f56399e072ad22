public import Tranche

/// A budget that a pipeline's file says.
public struct PipelineBudget: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// How much may be held under it.
    public var limits: BudgetLimits

    /// Makes a budget.
    public init(_ name: String, _ limits: BudgetLimits) {
        self.name = name
        self.limits = limits
    }
}

/// The place of OpenLineage events that a pipeline's file names.
public struct PipelineLineage: Sendable, Hashable {
    /// The address, or a file.
    public var place: SecretPlace
    /// The name space of jobs in the events; `nil` where the file does not say.
    public var namespace: String?

    /// Makes one.
    public init(_ place: SecretPlace, namespace: String? = nil) {
        self.place = place
        self.namespace = namespace
    }
}

/// The messages of a pipeline when something is wrong with its inputs, links and jobs.
public struct PipelineAlert: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// The target of the message.
    public var target: Target
    /// The conditions that the alert reports.
    public var conditions: [Condition]
    /// The names of the links' jobs, of jobs, or of inputs, that are meant; empty for all.
    public var jobs: [String] = []
    /// The time after which a condition that lasts is reported again; 4 h by default.
    public var again = Duration.seconds(4 * 3600)

    /// Makes an alert.
    public init(_ name: String, to target: Target, on conditions: [Condition]) {
        self.name = name
        self.target = target
        self.conditions = conditions
    }

    /// The name under which a condition is known: its word; of several bounds of a lag, each with
    /// its own.
    func key(of condition: Condition) -> String {
        guard case .lag(let bound) = condition else { return condition.word }
        let bounds = conditions.filter { if case .lag = $0 { true } else { false } }
        return Set(bounds).count > 1 ? "lag above \(bound.unitText)" : condition.word
    }

    /// A target of messages.
    public enum Target: Sendable, Hashable {
        /// A server at a URL.
        case webhook(SecretPlace)
        /// A program, with its arguments.
        case program([String])
    }

    /// A condition.
    public enum Condition: Sendable, Hashable {
        /// Batches have failed for good, or items are quarantined; an input has failed three times
        /// in a row.
        case failed
        /// Batches are exhausted, and are tried again from time to time alone.
        case stuck
        /// Nothing is handed out: the run is held, or somebody has paused it.
        case held
        /// Something was there for longer without being done; an input has failed for longer,
        /// without running for a minute.
        case lag(Duration)

        /// The condition's word.
        public var word: String {
            switch self {
            case .failed: "failed"
            case .stuck: "stuck"
            case .held: "held"
            case .lag: "lag"
            }
        }
    }
}
