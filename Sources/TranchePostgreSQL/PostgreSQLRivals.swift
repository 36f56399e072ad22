internal import CLibPQ
import Tranche

/// How long a server may take to let a connection in, and when others are asked meanwhile.
struct PostgreSQLPatience {
    /// How long one that may have gone is waited for until others are asked, each time.
    private static let interval: Duration = .seconds(1)

    private let deadline: ContinuousClock.Instant
    private let rivals: PostgreSQLRivals?
    private let alarm: PostgreSQLAlarm
    /// Until when to wait for now.
    private(set) var next: ContinuousClock.Instant

    init(
        until deadline: ContinuousClock.Instant,
        _ rivals: PostgreSQLRivals?,
        _ alarm: PostgreSQLAlarm
    ) {
        (self.deadline, self.rivals, self.alarm) = (deadline, rivals, alarm)
        next = rivals == nil ? deadline : min(deadline, ContinuousClock.now + Self.interval)
    }

    /// Finds out whether to go on waiting.
    ///
    /// - Throws: That the time is over, another server leads, or the request was cancelled.
    mutating func look(_ pointer: OpaquePointer) throws(PostgreSQLError) {
        if alarm.isRinging {
            throw PostgreSQLError(sqlState: "08006", message: "the request was cancelled")
        }
        guard ContinuousClock.now < deadline else { throw PostgreSQLHandle.silent(pointer) }
        if let rivals, rivals.haveLeader(alarm, until: deadline) {
            throw PostgreSQLHandle.deposed(pointer)
        }
        next = min(deadline, ContinuousClock.now + Self.interval)
    }
}

/// The other servers of a URL that wants the one that leads, for a connection that gets no answer.
///
/// A server that is frozen, or hangs in a commit that waits for a standby, keeps its connections,
/// and its system answers for it that they are well: nothing but a new leader tells that no answer
/// will count any more.
struct PostgreSQLRivals {
    /// How long a statement may be silent before others are asked.
    static let patience: Duration = .seconds(3)
    /// How long after that until they are asked again.
    static let interval: Duration = .seconds(2)

    private let url: PostgreSQLURL
    private let server: PostgreSQLServer
    private let lead: PostgreSQLLead

    /// None for a URL with one server, or where it does not matter who leads.
    init?(_ url: PostgreSQLURL, of server: PostgreSQLServer, _ lead: PostgreSQLLead) {
        guard url.servers.count > 1, url.wantsLeader else { return nil }
        (self.url, self.server, self.lead) = (url, server, lead)
    }

    /// Whether the connection's server let one in last.
    var isCurrent: Bool { lead.isLast(server) }

    /// Whether one of them leads; the next connection is asked of that one first.
    ///
    /// - Parameters:
    ///   - alarm: What cancels the waits.
    ///   - limit: Until when they may answer, if that is sooner than a connection has to.
    /// - Returns: Whether one does.
    func haveLeader(
        _ alarm: PostgreSQLAlarm,
        until limit: ContinuousClock.Instant? = nil
    ) -> Bool {
        for other in url.servers where other != server {
            let share = ContinuousClock.now + (url.connectTimeout ?? PostgreSQLHandle.share)
            let deadline = min(share, limit ?? share)
            do throws(PostgreSQLError) {
                let pointer = try PostgreSQLHandle.start(url, other)
                // A standby is refused.
                _ = try PostgreSQLHandle.enter(pointer, url, until: deadline, alarm) { _ in
                    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery()"
                }
                PQfinish(pointer)
                lead.note(other)
                return true
            } catch {
                // It does not lead as far as can be told: the wait goes on.
            }
        }
        return false
    }
}
