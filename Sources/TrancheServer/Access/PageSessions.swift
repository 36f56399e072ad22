import Synchronization
import Tranche
import TrancheHTTP

/// Who is logged in with a cookie: what the page has in place of a token.
///
/// They are in memory alone: after a restart one logs in again.
final class PageSessions: Sendable {
    private struct Session {
        let caller: Caller
        var lastSeen: Duration
    }

    /// The cookie's name.
    static let cookie = "tranche_session"
    /// How long one stays without a request.
    static let longest = Duration.seconds(12 * 3600)
    /// The most at once; the one that was not seen for longest makes room.
    private static let most = 1000

    private let stopwatch: Stopwatch
    private let sessions = Mutex<[[UInt8]: Session]>([:])

    init(_ clock: any Clock<Duration>) {
        stopwatch = Stopwatch(clock)
    }

    /// Begins a session.
    ///
    /// - Returns: The cookie's value, and who has it now.
    func begin(_ caller: Caller) throws -> (value: String, caller: Caller) {
        let value = AccessTokens.randomText()
        var caller = caller
        caller.csrf = AccessTokens.randomText()
        let (key, now) = (try sha256(Array(value.utf8)), stopwatch.elapsed)
        sessions.withLock { sessions in
            sessions = sessions.filter { now - $0.value.lastSeen < Self.longest }
            if sessions.count >= Self.most,
                let oldest = sessions.min(by: { $0.value.lastSeen < $1.value.lastSeen })
            {
                sessions[oldest.key] = nil
            }
            sessions[key] = Session(caller: caller, lastSeen: now)
        }
        return (value, caller)
    }

    /// Who has a cookie; looked up by its digest, so that the time tells nothing of the value.
    func caller(with value: String) throws -> Caller? {
        let (key, now) = (try sha256(Array(value.utf8)), stopwatch.elapsed)
        return sessions.withLock { sessions in
            guard let session = sessions[key], now - session.lastSeen < Self.longest else {
                return nil
            }
            sessions[key]?.lastSeen = now
            return session.caller
        }
    }

    /// Ends a session.
    func end(_ value: String) throws {
        let key = try sha256(Array(value.utf8))
        sessions.withLock { $0[key] = nil }
    }

    /// The cookie of a request.
    static func value(in request: HTTPServerRequest) -> String? {
        for field in request.headers.values(of: "Cookie") {
            for pair in field.split(separator: ";") {
                let parts = pair.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0].drop(while: \.isWhitespace) == cookie {
                    return String(parts[1])
                }
            }
        }
        return nil
    }
}
