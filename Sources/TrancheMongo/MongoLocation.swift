import FoundationEssentials
import Tranche

/// Which collection of which server is meant.
///
/// As a URL `mongodb://host/database.collection`, with all options that MongoDB knows, such as
/// `?tls=true`, `&replicaSet=rs0` and `&authSource=admin`.
public struct MongoLocation: Sendable, Hashable {
    /// The URL without the collection; may hold a password.
    let url: String
    /// The database's name.
    public let database: String
    /// The collection's name.
    public let collection: String
    /// The credentials, where the URL has none.
    let credentials: Credentials?

    struct Credentials: Sendable, Hashable {
        var user: String
        var password: String
    }

    /// Reads a URL.
    ///
    /// - Parameters:
    ///   - url: The URL; database and collection are parted at the first dot of the path.
    ///   - environment: Where `MONGO_USERNAME` and `MONGO_PASSWORD` are looked up, for a URL
    ///     without a user.
    /// - Throws: `TrancheError` `.invalidArgument` when it names no collection.
    public init(_ url: String, environment: [String: String] = [:]) throws {
        guard let scheme = url.firstRange(of: "://"), url.hasPrefix("mongodb") else {
            throw Self.refused("it does not begin with mongodb:// or mongodb+srv://")
        }
        let rest = url[scheme.upperBound...]
        // A password may hold neither slash nor question mark unless they are percent-encoded.
        guard let slash = rest.firstIndex(of: "/") else { throw Self.refused("it has no path") }
        let end = rest[slash...].firstIndex(of: "?") ?? rest.endIndex
        let path = rest[rest.index(after: slash)..<end]
        guard let dot = path.firstIndex(of: "."), dot > path.startIndex,
            path.index(after: dot) < path.endIndex
        else { throw Self.refused("its path is not a database.collection") }
        database = String(path[..<dot])
        collection = String(path[path.index(after: dot)...])
        self.url = "\(url[..<slash])/\(database)\(rest[end...])"
        let hasUser = rest[..<slash].contains("@")
        if !hasUser, let user = environment["MONGO_USERNAME"], !user.isEmpty {
            credentials = Credentials(user: user, password: environment["MONGO_PASSWORD"] ?? "")
        } else {
            credentials = nil
        }
    }

    /// Reads the parts from an environment: `MONGO_PROTOCOL` (mongodb by default),
    /// `MONGO_HOSTNAME`, `MONGO_DBNAME`, `MONGO_COLLECTION`, `MONGO_CONN_PARAMS`, `MONGO_USERNAME`
    /// and `MONGO_PASSWORD`.
    ///
    /// - Parameter environment: The variables.
    /// - Throws: `TrancheError` `.invalidArgument`, naming a variable that is missing.
    public init(environment: [String: String]) throws {
        func value(_ name: String) throws -> String {
            guard let value = environment[name], !value.isEmpty else {
                throw TrancheError(
                    .invalidArgument,
                    "\(name) is not set; it is needed to reach MongoDB"
                )
            }
            return value
        }
        let scheme = environment["MONGO_PROTOCOL"].flatMap { $0.isEmpty ? nil : $0 } ?? "mongodb"
        var options = environment["MONGO_CONN_PARAMS"] ?? ""
        if options.hasPrefix("/") { options.removeFirst() }
        if !options.isEmpty, !options.hasPrefix("?") { options = "?" + options }
        let path = try "\(value("MONGO_DBNAME")).\(value("MONGO_COLLECTION"))"
        try self.init(
            "\(scheme)://\(value("MONGO_HOSTNAME"))/\(path)\(options)",
            environment: environment
        )
    }

    private static func refused(_ reason: String) -> TrancheError {
        TrancheError(
            .invalidArgument,
            "the URL of the collection cannot be used: \(reason); give "
                + "mongodb://host/database.collection"
        )
    }

    /// Hosts, database and collection, without user and options.
    public var name: String { "mongodb://\(hosts)/\(database).\(collection)" }

    /// The URL with user information: the mechanism that its options name may want to know.
    var urlWithUser: String {
        guard let credentials, let scheme = url.firstRange(of: "://") else { return url }
        let parts = [credentials.user, credentials.password].map { $0.percentEncoded() }
        let user = parts.joined(separator: ":")
        return "\(url[..<scheme.upperBound])\(user)@\(url[scheme.upperBound...])"
    }

    /// The hosts, without user.
    var hosts: String {
        let start = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = start.prefix { $0 != "/" }
        let host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] }
        return String(host ?? authority)
    }

    /// The URL with its options, without user and what else must not be shown.
    package var recordedName: String {
        let scheme = url.hasPrefix("mongodb+srv://") ? "mongodb+srv" : "mongodb"
        let options = url.firstIndex(of: "?").map { url[url.index(after: $0)...] } ?? ""
        let shown = options.split(separator: "&").filter { option in
            let name = option.lowercased()
            return !name.contains("password") && !name.hasPrefix("authmechanismproperties")
        }
        let query = shown.isEmpty ? "" : "?" + shown.joined(separator: "&")
        return "\(scheme)://\(hosts)/\(database).\(collection)\(query)"
    }
}
