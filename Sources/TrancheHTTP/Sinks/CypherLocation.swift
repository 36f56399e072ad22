import FoundationEssentials
import Tranche

/// Which database of which graph server is meant.
///
/// As a URL `http://host:7474/database`; the database is `neo4j` where it names none.
public struct CypherLocation: Sendable, Hashable {
    /// Scheme, host and port.
    let server: String
    /// The database's name.
    public let database: String
    let user: String?
    let password: String

    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - url: The URL; a user in it must be percent-encoded.
    ///   - environment: Where `NEO4J_USERNAME` and `NEO4J_PASSWORD` are looked up, for a URL
    ///     without a user.
    /// - Throws: `TrancheError` `.invalidArgument`.
    public init(_ url: String, environment: [String: String] = [:]) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            parts.scheme == "http" || parts.scheme == "https"
        else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' is not a URL of a graph server; give "
                    + "http://host:7474/database"
            )
        }
        let path = parts.path.split(separator: "/")
        guard path.count <= 1 else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)': give the database alone behind the host, as in "
                    + "http://host:7474/neo4j"
            )
        }
        let authority = host.contains(":") ? "[\(host)]" : host
        server = "\(parts.scheme ?? "http")://\(authority)" + (parts.port.map { ":\($0)" } ?? "")
        database = path.first.map(String.init) ?? "neo4j"
        if let user = parts.user {
            self.user = user
            password = parts.password ?? ""
        } else {
            user = environment["NEO4J_USERNAME"].flatMap { $0.isEmpty ? nil : $0 }
            password = environment["NEO4J_PASSWORD"] ?? ""
        }
    }

    /// The URL, without user.
    public var name: String { "\(server)/\(database)" }

    /// Where queries go to.
    ///
    /// Source: Neo4j Query API, version 2.
    var queryURL: String { "\(server)/db/\(database.percentEncoded())/query/v2" }

    /// The header field that authenticates the client; basic authentication, RFC 7617.
    var authorization: String? {
        user.map { "Basic " + Data("\($0):\(password)".utf8).base64EncodedString() }
    }
}
