public import FoundationEssentials

/// A store's answer to an acquire.
public enum AcquireOutcome: Sendable {
    /// Batches were handed out.
    case batches([HandedOut])
    /// There is nothing to hand out now.
    case none(NoBatchReason)
    /// Nothing is due; a plan of what follows the cursor is needed, made outside the lock.
    case needsPlan(PlanDemand)
    /// These gaps are to be looked at first, outside the lock.
    case needsGapCheck([Gap])
    /// This batch failed as often as it may and is to be split first; into single items and the
    /// rest where it is doubtful whether the work can succeed at all.
    case needsSplit(BatchRecord, isDoubtful: Bool)
    /// An attempt that was to be ended was not held, or has ended before: each is to be ended by
    /// itself.
    ///
    /// Nothing was changed.
    case needsEnding

    /// A batch that was handed out.
    public struct HandedOut: Sendable {
        /// The batch.
        public var record: BatchRecord
        /// How long it may be held without a heartbeat.
        public var lease: Duration
        /// How often its handler may start.
        public var execution: RunPolicy.Execution
        /// Its items, when they were read on the way.
        public var items: [Item]?
        /// Whether it is handed out again since the lease of its last attempt had ended.
        public var hasExpired: Bool

        /// Makes a handed-out batch.
        public init(
            record: BatchRecord,
            lease: Duration,
            execution: RunPolicy.Execution = .atLeastOnce,
            items: [Item]? = nil,
            hasExpired: Bool = false
        ) {
            self.record = record
            self.lease = lease
            self.execution = execution
            self.items = items
            self.hasExpired = hasExpired
        }

        /// Makes a handed-out batch of a run with a policy.
        package init(
            _ record: BatchRecord,
            by policy: RunPolicy,
            items: [Item]? = nil,
            hasExpired: Bool = false
        ) {
            self.init(
                record: record,
                lease: policy.lease,
                execution: policy.execution,
                items: items,
                hasExpired: hasExpired
            )
        }
    }
}

/// The state from which the caller makes a plan.
public struct PlanDemand: Sendable, Hashable {
    /// The id after which to plan; `nil` from the beginning.
    public var cursor: Int64?
    /// How far ids may be handed out that nobody can still commit, as the run knows it.
    package var settling: SettlingState
    /// The run's policy.
    public var policy: RunPolicy
    /// The inventory's time.
    public var now: Date

    /// Makes a demand.
    package init(cursor: Int64?, settling: SettlingState, policy: RunPolicy, now: Date) {
        self.cursor = cursor
        self.settling = settling
        self.policy = policy
        self.now = now
    }
}

/// The reason why there is no batch now.
public enum NoBatchReason: Sendable, Hashable {
    /// Every item of the run is in a batch that has ended.
    case complete
    /// Batches are held by others, wait for a retry, or too little waits for more; look again then.
    case waiting(until: Date)
    /// Nothing is left but batches that have used up their attempts; the next is tried once more
    /// then.
    case stuck(until: Date)
    /// Ids may still be committed behind those that are there; look again then, or before.
    ///
    /// There is no time where all is handed out but what a writer may still commit that was waited
    /// for long enough: it may hang for days.
    case unsettled(until: Date?)
    /// Somebody paused the run.
    case paused(reason: String)
    /// Somebody cancelled the run.
    case cancelled(RunCancellation)
    /// The run cannot go on until something is put right, or until a time.
    case held(reason: String, until: Date?)
    /// A probe holds back the run, or a budget of it, and its last answer is the reason; it is
    /// asked again then, where that is known.
    case heldBack(by: String, reason: String, until: Date?)
    /// There is something to hand out, and a budget has no room for it, or as many batches of its
    /// key are held as may be; there is room at the latest then, where that is known.
    case limited(by: String, until: Date?)
    /// The run has another workflow than the one that was begun with: that of this generation; 0
    /// where it has none.
    case superseded(by: Int)
}

extension NoBatchReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .complete: "complete: every item is in a batch that has ended"
        case .waiting(let until): "waiting: the next batch is due at \(until.utcText)"
        case .stuck(let until):
            "stuck: the batches left have used up their attempts, and are tried once more at "
                + "\(until.utcText); 'tranche batches --status stuck' lists them"
        case .unsettled(let until?):
            "unsettled: lower ids may still be committed; the run waits for them until "
                + "\(until.utcText)"
        case .unsettled(nil):
            "unsettled: ids that were passed over may still be committed, by a transaction that was "
                + "waited for long enough; 'tranche gaps' shows it"
        case .paused(let reason):
            "paused\(reason.isEmpty ? "" : " (\(reason))"); 'tranche resume' lets it go on"
        case .cancelled(let cancellation):
            "\(cancellation.note.cancelWords); 'tranche resume' lets the run go on, and 'tranche "
                + "retry --cancelled' offers the cancelled batches again"
        case .held(let reason, let until): Self.words(ofHold: reason, until: until)
        case .heldBack(let probe, let reason, let until):
            Self.words(ofHold: Probe.words(of: probe, reason), until: until)
        case .limited(let name, let until):
            "limited by \(name)\(until.map { " until \($0.utcText)" } ?? "")"
                + Self.words(ofLimit: name)
        case .superseded(0): "superseded: the run has no workflow any more"
        case .superseded(let generation):
            "superseded: generation \(generation) of the workflow has begun; "
                + "'tranche workflow work' joins it"
        }
    }

    private static func words(ofHold reason: String, until: Date?) -> String {
        "held: \(reason)\(until.map { "; until \($0.utcText)" } ?? "")"
    }

    private static func words(ofLimit name: String) -> String {
        if name == "parallelism" { return ": as many batches are held as it allows" }
        if name.hasPrefix(keyWord) { return ": as many batches of it are held as may be of a key" }
        return "; 'tranche budget show' lists the batches under it, and says whether it is paused"
    }

    /// What stands before a key where that is the limit; no budget's name begins with it.
    package static let keyWord = "key "
}
