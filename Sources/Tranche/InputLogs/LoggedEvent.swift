public import FoundationEssentials

/// An event to be kept in the log of an input.
public struct LoggedEvent: Sendable, Hashable {
    /// The identity of the event, unique in its log; 1 to 1,024 UTF-8 bytes.
    ///
    /// An event whose identity the log knows already is not kept again.
    public var identity: String
    /// The event itself, as JSON.
    public var content: String
    /// The key of the thing that the event is about; `nil` (the default) for nothing.
    ///
    /// Of events with the same key, later ones replace earlier ones where a link says so. A key
    /// that begins with ``digestPrefix`` is the digest of what came: it stays as long as an
    /// identity that lasts, so that something else under that is told when the event is cleaned.
    public var key: String?
    /// The weight of the event; 1 by default.
    public var weight: Double
    /// Whether the log knows the identity when the event is cleaned, until it is told to forget it;
    /// false by default.
    ///
    /// For things that stay where an input finds them again, such as files.
    public var isLasting: Bool

    /// The prefix of a key that is the digest of the event's content.
    public static let digestPrefix = "sha256:"

    /// Describes an event.
    public init(
        identity: String,
        content: String,
        key: String? = nil,
        weight: Double = 1,
        isLasting: Bool = false
    ) {
        self.identity = identity
        self.content = content
        self.key = key
        self.weight = weight
        self.isLasting = isLasting
    }

    /// Refuses what no log could keep.
    package func validate() throws {
        guard (1...1024).contains(identity.utf8.count), !identity.utf8.contains(0) else {
            throw TrancheError(
                .invalidArgument,
                "the identity of an event has 1 to 1024 bytes and no NUL"
            )
        }
        guard (key?.utf8.count ?? 0) <= 1024, key?.utf8.contains(0) != true else {
            throw TrancheError(
                .invalidArgument,
                "the key of an event has at most 1024 bytes and no NUL"
            )
        }
        guard weight.isFinite, weight >= 0 else {
            throw TrancheError(.invalidArgument, "the weight of an event is 0 or more")
        }
        guard !content.isEmpty, !content.utf8.contains(0) else {
            throw TrancheError(
                .invalidArgument,
                "the content of an event is not empty, and has no NUL"
            )
        }
    }
}

/// An event as an input's log keeps it.
public struct EventRecord: Sendable, Hashable {
    /// Its number in the log: ascending, in the order in which events were kept.
    public var number: Int64
    /// The event.
    public var event: LoggedEvent
    /// When it was kept, by the inventory's clock.
    public var loggedAt: Date

    /// Makes a record.
    public init(number: Int64, event: LoggedEvent, loggedAt: Date) {
        self.number = number
        self.event = event
        self.loggedAt = loggedAt
    }

    /// The event as an item of its log.
    var item: Item { Item(id: number, item: .text(event.content), weight: event.weight) }
}

/// The outcome for an event that was to be stored.
public enum AppendedEvent: Sendable, Hashable {
    /// It is new, and has this number.
    case added(Int64)
    /// The log has had it already, under this number, with the same content.
    case known(Int64)
    /// The log has had another content under its identity, with this number.
    case differs(Int64)

    /// The number of the event that the log has.
    public var number: Int64 {
        switch self {
        case .added(let number), .known(let number), .differs(let number): number
        }
    }

    /// Whether the event is new.
    public var isNew: Bool { if case .added = self { true } else { false } }
}

/// An input's log, as a whole.
public struct InputLogRecord: Sendable, Hashable {
    /// The input's name.
    public var name: String
    /// Events up to this number are cleaned: they are gone, and are not missed; 0 at first.
    public var floor: Int64
    /// The number of the last event; 0 where there has been none.
    public var last: Int64
    /// When the log was made, by the inventory's clock.
    public var createdAt: Date

    /// Makes a record.
    public init(name: String, floor: Int64 = 0, last: Int64 = 0, createdAt: Date) {
        self.name = name
        self.floor = floor
        self.last = last
        self.createdAt = createdAt
    }
}

/// The part of a log that a run still needs.
public struct InputLogNeed: Sendable, Hashable {
    /// The run.
    public var key: RunKey
    /// Events up to this number are no longer needed by the run.
    public var done: Int64

    /// Makes a record.
    public init(key: RunKey, done: Int64) {
        self.key = key
        self.done = done
    }

    /// What a run needs; `nil` for a bounded one that needs nothing more, and one that was
    /// cancelled.
    ///
    /// - Parameters:
    ///   - run: The run.
    ///   - lowestOpen: The lowest id of its batches that are held, due, stuck or failed, and of its
    ///     gaps that may still be filled.
    package init?(of run: RunRecord, lowestOpen: Int64?) {
        // Who lets it go on after all finds a batch of what it lost, which fails.
        if run.cancellation != nil { return nil }
        // One that has read nothing yet needs what lies behind its beginning.
        let after = run.source.flatMap { InputLogSource($0) }?.after
        let begin = run.bounds.lower.map { $0.addingClamped(-1) } ?? after ?? 0
        let cursor = run.cursor ?? begin
        if lowestOpen == nil, let upper = run.bounds.upper, cursor >= upper { return nil }
        self.init(
            key: run.key,
            done: min(cursor, lowestOpen.map { $0.addingClamped(-1) } ?? cursor)
        )
    }
}
