internal import CLibPQ
import Tranche

/// A URL that libpq can read, and what may be said of it.
package struct PostgreSQLURL: Sendable, Hashable {
    /// The URL as given; it may hold a password.
    let text: String
    /// The URL without password and options, for messages.
    package let name: String

    /// Reads a URL.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`; the text itself is not repeated.
    package init(_ text: String) throws {
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
