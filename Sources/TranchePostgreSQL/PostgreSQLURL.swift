internal import CLibPQ
import FoundationEssentials
import Tranche
import TrancheConnectors

/// A URL that libpq can read, and what may be said of it.
package struct PostgreSQLURL: Sendable {
    /// The URL as given; it may hold a password.
    let text: String
    /// The URL without password and options, for messages.
    package let name: String
    /// The servers in the order in which they are tried; one without a name where libpq itself
    /// finds them.
    package let servers: [PostgreSQLServer]
    /// How long each server may take to let a connection in; `nil` where the URL does not say.
    package let connectTimeout: Duration?
    /// Whether a server that takes no writes is passed over.
    package let wantsLeader: Bool
    /// Whether the server's own answer says if it does, in place of libpq's check.
    ///
    /// libpq goes by what it was told when the connection was opened. A pooler tells there what the
    /// server was when it last had a connection to it, and as libpq then refuses the connection, it
    /// never opens a new one. Source: PostgreSQL 15, fe-connect.c (CONNECTION_CHECK_STANDBY).
    package let asksServer: Bool
    /// What is asked of a connection beyond the URL, by libpq's names.
    package let defaults: [(name: String, value: String)]

    /// Reads a URL.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`, also where libpq is not there; the text itself
    ///   is not repeated.
    package init(_ text: String) throws {
        try self.init(text, environment: ProcessInfo.processInfo.environment)
    }

    /// Reads a URL, beside an environment.
    ///
    /// - Throws: As ``init(_:)``.
    package init(_ text: String, environment: [String: String]) throws {
        try Driver.libpq.open()
        var message: UnsafeMutablePointer<CChar>?
        let parsed = PQconninfoParse(text, &message)
        defer {
            PQfreemem(message)
            PQconninfoFree(parsed)
        }
        guard let parsed, text.hasPrefix("postgresql://") || text.hasPrefix("postgres://") else {
            throw TrancheError(
                .invalidArgument,
                "the PostgreSQL URL cannot be read; it has the form "
                    + "postgresql://[user[:password]@][host][:port]/database[?option=value]"
            )
        }
        var values: [String: String] = [:]
        var option = parsed
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val {
                values[String(cString: keyword)] = String(cString: value)
            }
            option += 1
        }
        self.text = text
        let servers = Self.servers(
            hosts: values["host"] ?? values["hostaddr"] ?? "localhost",
            ports: values["port"]
        )
        name = "postgresql://\(servers)/\(values["dbname"] ?? values["user"] ?? "")"
        // What a service's file says goes before the environment, and libpq alone reads it.
        if values["service"] == nil, environment["PGSERVICE"] == nil {
            values.merge(Self.surroundings(environment)) { own, _ in own }
        }
        self.servers = PostgreSQLServer.list(values)
        connectTimeout = values["connect_timeout"].flatMap { Int($0) }
            .flatMap { $0 > 0 ? .seconds(max(2, $0)) : nil }
        let target = values["target_session_attrs"] ?? (self.servers.count > 1 ? "primary" : "any")
        wantsLeader = ["primary", "read-write"].contains(target)
        let isList = [values["host"], values["hostaddr"]].contains { $0?.contains(",") ?? false }
        asksServer = wantsLeader && (self.servers.count > 1 || !isList)
        defaults = Self.defaults(values)
    }

    /// What the environment says where the URL says nothing, by libpq's names.
    private static func surroundings(_ environment: [String: String]) -> [String: String] {
        let names = [
            "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT",
            "target_session_attrs": "PGTARGETSESSIONATTRS", "connect_timeout": "PGCONNECT_TIMEOUT",
        ]
        return names.compactMapValues { environment[$0].flatMap { $0.isEmpty ? nil : $0 } }
    }

    private static let userTimeoutName = "tcp_user_timeout"
    /// How long, in milliseconds, the system waits for a server to take what was sent.
    static let userTimeout: Int32 = 10_000
    /// Likewise while records are copied in, or much else is sent: longer than a lock is waited for
    /// by default.
    static let patientTimeout: Int32 = 120_000

    /// Whether ``userTimeout`` holds, since the URL says nothing else.
    var hasOwnUserTimeout: Bool { defaults.contains { $0.name == Self.userTimeoutName } }

    /// What a URL leaves out, so that a network that drops packets is noticed within seconds.
    ///
    /// What libpq and the system do by default ends after a quarter of an hour, or two hours where
    /// nothing is sent. Source: PostgreSQL 15 manual, 34.1.2.
    private static func defaults(_ values: [String: String]) -> [(name: String, value: String)] {
        let defaults = [
            ("keepalives_idle", "5"), ("keepalives_interval", "2"), ("keepalives_count", "3"),
            (userTimeoutName, "\(userTimeout)"),
        ]
        return defaults.filter { values[$0.0] == nil }.map { (name: $0.0, value: $0.1) }
    }

    /// The servers as a URL has them: each host with its port, where one is given for all or for
    /// each.
    private static func servers(hosts: String, ports: String?) -> String {
        let hosts = hosts.split(separator: ",", omittingEmptySubsequences: false)
        let ports = ports?.split(separator: ",", omittingEmptySubsequences: false) ?? []
        return hosts.enumerated().map { index, host in
            let name = host.contains(":") ? "[\(host)]" : String(host)
            let port =
                ports.count == 1 ? ports[0] : ports.indices.contains(index) ? ports[index] : ""
            return port.isEmpty ? name : "\(name):\(port)"
        }.joined(separator: ",")
    }
}
