import Tranche

/// Looks for events that another process, or a writer of a table, has put into a log.
///
/// A look is one read of the log's highest id, by its index; writers need not tell anybody: on
/// PostgreSQL a transaction that notifies holds a lock of the whole server while it commits.
struct LogWatch {
    private let source: any MetaSource
    private var known: Int64?
    private var pace = LogPace()

    /// Begins to watch a log.
    ///
    /// - Parameter source: The log.
    /// - Throws: The source's error.
    init(_ source: any MetaSource) async throws {
        self.source = source
        known = try await source.highestID()
    }

    /// Looks, and says how long to wait until the next look.
    ///
    /// - Returns: Whether there are new events, and the wait.
    /// - Throws: The source's error.
    mutating func look() async throws -> (isGrown: Bool, wait: Duration) {
        let highest = try await source.highestID()
        let isGrown = highest != known
        known = highest
        return (isGrown, pace.next(isNews: isGrown))
    }
}

/// How often a log is looked at: every 50 ms while events come, then less and less, up to each
/// second.
struct LogPace: Hashable {
    private var delay = longest

    static let shortest = Duration.milliseconds(50)
    static let longest = Duration.seconds(1)

    /// How long to wait after a look.
    ///
    /// - Parameter isNews: Whether it has found any events.
    /// - Returns: The wait.
    mutating func next(isNews: Bool) -> Duration {
        delay = isNews ? Self.shortest : min(delay * 2, Self.longest)
        return delay
    }
}

/// A source whose highest id can be read at any time at no cost to speak of.
protocol WatchedSource: MetaSourceDescription {}

extension InputLogSource: WatchedSource {}
extension OutboxSource: WatchedSource {}
