public import Tranche

/// A source of events: a program of any kind that runs until it is stopped.
///
/// ```swift
/// struct Ticks: Input {
///     let name = "ticks"
///
///     func run(_ log: InputLog) async throws {
///         for number in 1... {
///             try await log.append(Event(location: "clock", operation: .create, id: "\(number)"))
///             try await Task.sleep(for: .seconds(1))
///         }
///     }
/// }
/// ```
///
/// Events are kept in a log of the inventory before anything runs on them; each link reads the log
/// at its own pace.
public protocol Input: Sendable {
    /// The name in the graph: the trigger of the input's events.
    var name: String { get }
    /// Which operations the input gives; all, with an empty set (the default).
    ///
    /// Events of others are not kept.
    var operations: Set<Event.Operation> { get }

    /// How long a link waits for one writer of the source before it hands out what lies behind;
    /// what the writer commits later comes late. As long as the link's policy says, with `nil` (the
    /// default).
    var settleWait: Duration? { get }

    /// Where links read the events; the input's log in the inventory by default.
    func source(for link: Link) -> any MetaSourceDescription

    /// Makes an event of what the source lists.
    ///
    /// - Parameter item: An item of ``source(for:)``.
    /// - Returns: The event; by default the one that ``InputLog`` kept.
    /// - Throws: What makes the batch fail.
    func event(of item: Item) throws -> Event

    /// Gives events until the task is cancelled; nothing by default.
    ///
    /// When this returns or throws before, it is started again after a while; other inputs go on.
    ///
    /// - Parameter log: Keeps the events.
    /// - Throws: What the input fails with.
    func run(_ log: InputLog) async throws

    /// Gives the events that there are now, and returns; nothing by default.
    ///
    /// For an orchestrator that drains.
    ///
    /// - Parameter log: Keeps the events.
    /// - Throws: What the input fails with.
    func gather(_ log: InputLog) async throws

    /// Removes events that no link needs any more; those of the input's log by default.
    ///
    /// - Parameters:
    ///   - inventory: Where the links' jobs are kept.
    ///   - keep: How long events are kept that a link still needs.
    /// - Returns: The runs that were passed: what they still needed is gone.
    /// - Throws: `TrancheError`.
    func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey]
}

extension Input {
    /// All operations.
    public var operations: Set<Event.Operation> { [] }

    /// As long as the link's policy says.
    public var settleWait: Duration? { nil }

    /// The input's log.
    public func source(for link: Link) -> any MetaSourceDescription {
        InputLogSource(name, delay: link.coalesce ?? .zero)
    }

    /// The event that was kept.
    public func event(of item: Item) throws -> Event { try Event(json: item.text) }

    /// Cleans the input's log, where it has one.
    public func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] {
        guard try await inventory.inputLogs().contains(where: { $0.name == name }) else {
            return []
        }
        return try await inventory.clean(input: name, keeping: keep).passed
    }

    /// Nothing is given.
    public func gather(_ log: InputLog) async throws {}

    /// Nothing is given: the source has its items from elsewhere.
    public func run(_ log: InputLog) async throws {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        defer { continuation.finish() }
        for await _ in stream {}
        try Task.checkCancellation()
    }
}
