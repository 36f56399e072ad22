package import FoundationEssentials
public import Tranche

/// Keeps the events of an input, each once.
public struct InputLog: Sendable {
    /// The input's name.
    public let input: String
    let inventory: Inventory
    private let operations: Set<Event.Operation>
    private let isGrown: @Sendable () -> Void
    private let tell: @Sendable (any Error) -> Void

    /// Opens the log of an input.
    ///
    /// - Parameters:
    ///   - input: The input's name.
    ///   - inventory: Where the log is kept.
    ///   - operations: Which operations are kept; all, with an empty set.
    ///   - isGrown: Called when there are new events.
    ///   - tell: Called with errors while the input continues.
    public init(
        of input: String,
        in inventory: Inventory,
        operations: Set<Event.Operation> = [],
        isGrown: @escaping @Sendable () -> Void = {},
        tell: @escaping @Sendable (any Error) -> Void = { _ in }
    ) {
        self.input = input
        self.inventory = inventory
        self.operations = operations
        self.isGrown = isGrown
        self.tell = tell
    }

    /// The inventory's clock, by which inputs wait.
    public var clock: any Clock<Duration> { inventory.configuration.clock }

    /// Reports an error to the caller that runs the input, while it continues.
    public func report(_ error: any Error) { tell(error) }

    /// When the log was made; it is made where there is none.
    func beganAt() async throws -> Date {
        try await inventory.retrying { _ in try await inventory.store.beginLog(input).createdAt }
    }

    /// When an applied pipeline first had the input with the schedule that it has now; `nil` where
    /// none has it.
    func firstApplied(_ schedule: CronSchedule) async throws -> Date? {
        for record in try await inventory.pipelines() {
            guard Self.schedule(of: input, in: record) == schedule else { continue }
            let history = try await inventory.history(ofPipeline: record.name, limit: 1000)
            let same = history.prefix { Self.schedule(of: input, in: $0) == schedule }
            return same.last?.appliedAt ?? record.appliedAt
        }
        return nil
    }

    /// The schedule of an input in a description of a pipeline; `nil` where it has none.
    private static func schedule(
        of input: String,
        in record: PipelineRecord
    ) -> CronSchedule? {
        // What cannot be read says nothing of it.
        guard let kept = record.text, let root = try? YAMLDocument(kept: kept).root,
            let node = root["inputs"]?[input]
        else { return nil }
        return try? CronSchedule(kept: node)
    }

    /// How often to look again where nothing says when.
    var pollInterval: Duration { inventory.configuration.pollInterval }

    /// The time by the inventory's clock, as far as it is known here.
    package var now: Date { inventory.now }

    /// The newest events that are kept, ascending.
    ///
    /// - Parameter limit: Most events; above 0.
    /// - Returns: The events; empty where there has been none.
    /// - Throws: `TrancheError` of the store.
    func newest(_ limit: Int) async throws -> [EventRecord] {
        try await inventory.retrying { _ in
            guard let last = try await inventory.store.inputLog(input)?.last, last > 0 else {
                return []
            }
            let first = max(last - Int64(limit) + 1, 1)
            return try await inventory.store.events(of: input, in: first...last, limit: limit)
        }
    }

    /// Keeps an event; when this returns, it is there for good.
    ///
    /// - Parameters:
    ///   - event: The event; its trigger is the input.
    ///   - identity: Its identity among all others of the input, 1 to 1,024 bytes: one that is
    ///     known is not kept again. By default every event is another.
    ///   - key: What it is about, where links take the newest of a key alone; ``Event/subject`` by
    ///     default.
    ///   - weight: What it weighs; 1 by default.
    ///   - isLasting: Whether the identity is known for good; by default where one is given. Else
    ///     it is known until the event is cleaned.
    /// - Returns: What became of it; `nil` for an operation that the input does not give.
    /// - Throws: `TrancheError` `.invalidArgument` for a payload that is not JSON; of the store.
    @discardableResult
    public func append(
        _ event: Event,
        identity: String? = nil,
        key: String? = nil,
        weight: Double = 1,
        isLasting: Bool? = nil
    ) async throws -> AppendedEvent? {
        let entry = Entry(
            event,
            identity: identity,
            key: key,
            weight: weight,
            isLasting: isLasting
        )
        return try await append([entry])[0]
    }

    /// An event to be kept; see ``append(_:identity:key:weight:isLasting:)``.
    public struct Entry: Sendable, Hashable {
        var event: Event
        var identity: String?
        var key: String?
        var weight: Double
        /// See `LoggedEvent`.
        var isLasting: Bool

        /// Describes what is to be kept.
        public init(
            _ event: Event,
            identity: String? = nil,
            key: String? = nil,
            weight: Double = 1,
            isLasting: Bool? = nil
        ) {
            self.event = event
            self.identity = identity
            self.key = key
            self.weight = weight
            self.isLasting = isLasting ?? (identity != nil)
        }
    }

    /// Keeps events, all or none.
    ///
    /// - Parameter entries: The events.
    /// - Returns: What became of each; `nil` for operations that the input does not give.
    /// - Throws: As ``append(_:identity:key:weight:isLasting:)``. Nothing was kept.
    @discardableResult
    public func append(_ entries: [Entry]) async throws -> [AppendedEvent?] {
        let places = entries.indices.filter {
            // What lasts is known by its first event, whichever operations are meant.
            operations.isEmpty || operations.contains(entries[$0].event.operation)
                || entries[$0].isLasting
        }
        // Made up once, so that a repeated request is known again.
        let token = Inventory.Configuration.makeUniqueToken()
        let events = try places.map { place in
            var event = entries[place].event
            event.trigger = input
            return LoggedEvent(
                identity: entries[place].identity ?? "~\(token)-\(place)",
                content: try event.json,
                key: (entries[place].key ?? event.subject).boundedKey,
                weight: entries[place].weight,
                isLasting: entries[place].isLasting
            )
        }
        var answers = [AppendedEvent?](repeating: nil, count: entries.count)
        guard !events.isEmpty else { return answers }
        let kept = try await inventory.append(events, to: input)
        for (place, answer) in zip(places, kept) { answers[place] = answer }
        if kept.contains(where: \.isNew) { isGrown() }
        return answers
    }

    /// Lists identities that last, ascending; see `LoggedEvent`.
    func lastingIdentities(after mark: String?, limit: Int) async throws -> [String] {
        try await inventory.retrying { _ in
            try await inventory.store.lastingIdentities(of: input, after: mark, limit: limit)
        }
    }

    /// Lets identities last no longer.
    func forget(_ identities: [String]) async throws {
        try await inventory.retrying { _ in
            try await inventory.store.forget(identities, in: input)
        }
    }
}

extension String {
    /// The text as the key of an event; one that is too long is none.
    fileprivate var boundedKey: String? { utf8.count <= 1024 && !utf8.contains(0) ? self : nil }
}
