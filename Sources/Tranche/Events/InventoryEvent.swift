public import FoundationEssentials

/// Something that happened to an inventory, as this process saw it.
///
/// Which event comes when, and which of its optional fields it has, is a table in <doc:Events>.
public struct InventoryEvent: Sendable, Hashable {
    /// The event itself.
    public let name: Name
    /// When, by the inventory's time as far as it is known here.
    public let at: Date
    /// The name of the inventory, without credentials.
    public let inventory: String
    /// The run that it happened to.
    public internal(set) var run: RunKey?
    /// The batch that it happened to: its number, attempt, worker, kind, range, count and weight.
    public internal(set) var batch: BatchRecord?
    /// What the items of a batch that was handed out come from, and where its run's records go.
    public internal(set) var source: SourceDefinition?
    /// Where that source's database is, without credentials, such as `postgresql://db:5432/shop`;
    /// `nil` where the source is in none, or does not say.
    public internal(set) var sourcePlace: String?
    /// How long it took, by this process's clock.
    public internal(set) var duration: Duration?
    /// How many: parts of a split, items of a quarantine, ids that came late.
    public internal(set) var count: Int?
    /// The error or the reason, in words.
    public internal(set) var message: String?
    /// The code of the outage: `.storeUnavailable`, `.storeBusy` or `.sourceUnavailable`.
    public internal(set) var code: TrancheError.Code?
    /// Until when it lasts.
    public internal(set) var until: Date?
    /// The findings of an audit.
    public internal(set) var audit: AuditReport?
    /// How many events this observer was not given before this one, since too many waited for it.
    public internal(set) var dropped = 0

    init(_ name: Name, at: Date, inventory: String, run: RunKey?, batch: BatchRecord? = nil) {
        self.name = name
        self.at = at
        self.inventory = inventory
        self.run = run
        self.batch = batch
    }

    /// The kind of event.
    ///
    /// More names may be added.
    public struct Name: Sendable, Hashable {
        private enum Value: String, CaseIterable {
            case acquired, heartbeat, succeeded, failed, lost, released, expired, split, quarantined
            case held, resumed, late, audited, storeLost, storeFound
        }

        private let value: Value

        /// A batch was handed out to this process.
        public static let acquired = Name(value: .acquired)
        /// The lease of a batch was extended.
        public static let heartbeat = Name(value: .heartbeat)
        /// The success of an attempt was recorded.
        public static let succeeded = Name(value: .succeeded)
        /// The failure of an attempt was recorded.
        public static let failed = Name(value: .failed)
        /// An attempt no longer holds its batch.
        public static let lost = Name(value: .lost)
        /// A batch was given back unharmed.
        public static let released = Name(value: .released)
        /// A batch was handed out again since the lease of its last attempt had ended.
        public static let expired = Name(value: .expired)
        /// A batch that failed was split into parts.
        public static let split = Name(value: .split)
        /// Items were put into quarantine.
        public static let quarantined = Name(value: .quarantined)
        /// A run hands out nothing: it is paused or held.
        public static let held = Name(value: .held)
        /// A run that was held goes on.
        public static let resumed = Name(value: .resumed)
        /// Ids that appeared behind the cursor were handed out.
        public static let late = Name(value: .late)
        /// An audit, or a step of one, has ended.
        public static let audited = Name(value: .audited)
        /// The store or the source cannot be used for more than a second.
        public static let storeLost = Name(value: .storeLost)
        /// The store or the source can be used again.
        public static let storeFound = Name(value: .storeFound)

        /// All names, in the order of the table.
        public static let all = Value.allCases.map(Name.init)
    }
}

extension InventoryEvent.Name: CustomStringConvertible {
    /// The name, such as `storeLost`.
    public var description: String { value.rawValue }
}

extension InventoryEvent: CustomStringConvertible {
    /// The event as a log line.
    public var description: String {
        var parts = ["\(name)"]
        if let batch {
            parts.append("batch \(batch.id), attempt \(batch.attempt) of \(batch.key)")
        } else if let run {
            parts.append("\(run)")
        }
        if let count { parts.append("\(count)") }
        if let duration { parts.append("\(duration.milliseconds) ms") }
        if let until { parts.append("until \(until.utcText)") }
        if let message { parts.append(message) }
        if dropped > 0 { parts.append("\(dropped) events before it were dropped") }
        return parts.joined(separator: ", ")
    }
}
