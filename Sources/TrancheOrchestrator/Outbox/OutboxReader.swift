import Foundation
import Tranche
import TranchePostgreSQL
import TrancheSQL

/// Looks for news in an outbox, so that no writer has to tell of it.
///
/// Of all readers of a log one is elected, by its lock on the log's row, for 5 s that it renews. It
/// looks at the highest id often, and notifies the channel `log_<name>` of it in a transaction of
/// its own. The others look once a second, and stand for election then.
public struct OutboxReader: Sendable {
    private let outbox: PostgreSQLOutbox
    private let clock: any Clock<Duration>
    /// What tells this reader from others.
    package let id: String

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - outbox: The outbox; its log must be there when the reader runs.
    ///   - clock: What it waits by.
    public init(_ outbox: PostgreSQLOutbox, clock: any Clock<Duration> = ContinuousClock()) {
        self.outbox = outbox
        self.clock = clock
        id = UUID().uuidString.lowercased()
    }

    /// Tells of each rise of the highest id, until the task is cancelled.
    ///
    /// - Parameter body: Called with the highest id when it has risen, and once at the beginning.
    /// - Throws: What `body` throws; `CancellationError`; `TrancheError` `.sourceUnavailable` or
    ///   `.sourceFailed`.
    public func run(_ body: @Sendable (Int64) async throws -> Void) async throws {
        var pace = OutboxPace()
        var known: Int64?
        while true {
            if pace.isElectionDue { pace.elected(try await stand()) }
            let highest = try await look()
            let isNews = highest != nil && highest != known
            if let highest, isNews {
                if pace.isElected { try await notify(highest) }
                try await body(highest)
                known = highest
            }
            try await clock.sleep(for: pace.next(isNews: isNews))
        }
    }

    /// Stands for election, or renews it.
    private func stand() async throws -> Bool {
        let rows = try await outbox.explained("electing a reader") {
            try await outbox.database.write([
                """
                UPDATE tranche.log
                SET reader = \(id), reader_until = clock_timestamp() + interval '5 s'
                WHERE name = (
                    SELECT name FROM tranche.log
                    WHERE name = \(outbox.name) AND NOT is_ending AND (
                        reader IS NULL OR reader = \(id) OR reader_until < clock_timestamp()
                    )
                    FOR UPDATE SKIP LOCKED
                )
                RETURNING name
                """
            ])
        }
        return !rows[0].isEmpty
    }

    private func look() async throws -> Int64? {
        let rows = try await outbox.explained("looking for news") {
            try await outbox.database.read("SELECT max(id) FROM \(outbox.log)")
        }
        guard var row = rows[0].first else { return nil }
        return try row.optionalInteger()
    }

    private func notify(_ highest: Int64) async throws {
        _ = try await outbox.explained("notifying") {
            try await outbox.database.write([
                "SELECT pg_notify(\(outbox.log.table), \(String(highest)))"
            ])
        }
    }
}

/// How often a reader looks.
struct OutboxPace {
    private(set) var isElected = false
    private var delay = shortest
    private var sinceElection = Duration.zero

    static let shortest = Duration.milliseconds(50)
    static let longest = Duration.seconds(1)
    /// After which an election is renewed; less than half of what it holds for.
    static let renewal = Duration.seconds(2)

    /// Whether to stand for election now: always for who is not elected.
    var isElectionDue: Bool { !isElected || sinceElection >= Self.renewal }

    mutating func elected(_ isElected: Bool) {
        self.isElected = isElected
        sinceElection = .zero
    }

    /// How long to wait after a look.
    ///
    /// - Parameter isNews: Whether the look has found any.
    /// - Returns: 50 ms after news, then twice as long each time up to 1 s; always 1 s for who is
    ///   not elected.
    mutating func next(isNews: Bool) -> Duration {
        guard isElected else { return Self.longest }
        delay = isNews ? Self.shortest : min(delay * 2, Self.longest)
        sinceElection += delay
        return delay
    }
}
