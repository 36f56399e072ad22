import Synchronization

/// One of the servers that a URL names.
///
/// libpq tries several one after another, but not where a connection is made without waiting: there
/// a host that answers nothing keeps it, and one whose server refuses (as a standby does to which a
/// new database has not come yet) ends the search. So each is asked by itself here. Source:
/// PostgreSQL 15, fe-connect.c (PQconnectPoll, connectDBComplete).
package struct PostgreSQLServer: Sendable, Hashable {
    /// The keywords that choose it, with their values.
    package var choice: [Choice] = []

    /// A keyword of libpq's with its value.
    package struct Choice: Sendable, Hashable {
        /// The keyword.
        package var name: String
        /// The value.
        package var value: String
    }

    /// The servers that keywords name, in their order.
    ///
    /// - Parameter values: The values, by libpq's keywords.
    /// - Returns: The servers, one without a choice where libpq is to find them: for one, for what
    ///   cannot be taken apart, and for the orders that need several passes.
    static func list(_ values: [String: String]) -> [PostgreSQLServer] {
        let (hosts, addresses) = (parts(values["host"]), parts(values["hostaddr"]))
        let ports = parts(values["port"])
        let count = max(hosts.count, addresses.count)
        // What is empty stands for libpq's own choice, which nothing can be said in place of.
        let isWhole = [hosts, addresses].allSatisfy {
            [0, count].contains($0.count) && !$0.contains("")
        }
        let needsPasses = values["target_session_attrs"] == "prefer-standby"
        guard count > 1, isWhole, [0, 1, count].contains(ports.count), !needsPasses else {
            return [PostgreSQLServer()]
        }
        return (0..<count).map { index in
            var server = PostgreSQLServer()
            if !hosts.isEmpty { server.choice.append(Choice(name: "host", value: hosts[index])) }
            if !addresses.isEmpty {
                server.choice.append(Choice(name: "hostaddr", value: addresses[index]))
            }
            if !ports.isEmpty {
                let port = ports.count == 1 ? ports[0] : ports[index]
                server.choice.append(Choice(name: "port", value: port.isEmpty ? "5432" : port))
            }
            return server
        }
    }

    private static func parts(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
    }
}

/// Which of several servers let a connection in last: the next one is asked of it first.
///
/// All databases of this process that want the leader of the same servers share one: when the
/// inventory has found a new leader, the source in the same place need not look for it again.
final class PostgreSQLLead: Sendable {
    /// By the servers, which URLs name; kept for as long as the process runs, as those are few.
    private static let shared = Mutex<[Set<PostgreSQLServer>: PostgreSQLLead]>([:])

    private let last = Mutex<PostgreSQLServer?>(nil)

    private init() {}

    /// The one of a URL's servers.
    static func of(_ url: PostgreSQLURL) -> PostgreSQLLead {
        guard url.servers.count > 1, url.wantsLeader else { return PostgreSQLLead() }
        return shared.withLock { leads in
            let servers = Set(url.servers)
            let lead = leads[servers] ?? PostgreSQLLead()
            leads[servers] = lead
            return lead
        }
    }

    /// Servers in the order in which they are tried.
    func order(of servers: [PostgreSQLServer]) -> [PostgreSQLServer] {
        guard let first = last.withLock({ $0 }), servers.contains(first) else { return servers }
        return [first] + servers.filter { $0 != first }
    }

    /// Whether a server is the one that let a connection in last.
    func isLast(_ server: PostgreSQLServer) -> Bool {
        last.withLock { $0 == server }
    }

    /// Notes that a server let a connection in.
    func note(_ server: PostgreSQLServer) {
        last.withLock { $0 = server }
    }
}
