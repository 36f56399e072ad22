import Tranche
public import TrancheConnectors

/// Where events of OpenLineage go.
public struct LineageDestination: Sendable, Hashable {
    enum Place: Sendable, Hashable {
        case file(String)
        case address(String, bearer: HiddenBearer?)
    }

    let place: Place

    /// A file to which each event is added as a line.
    ///
    /// - Parameter path: The file; made where there is none.
    /// - Returns: The destination.
    public static func file(_ path: String) -> LineageDestination {
        LineageDestination(place: .file(path))
    }

    /// What answers at an address, such as Marquez: each event is posted to it.
    ///
    /// - Parameters:
    ///   - url: The address without the endpoint, such as `http://marquez:5000`.
    ///   - endpoint: What is added to its path.
    ///   - bearer: The token that the address wants; neither shown nor kept.
    /// - Returns: The destination.
    /// - Throws: `TrancheError` `.invalidArgument` for a URL that is none of `http` and `https`, or
    ///   holds a user or a query.
    public static func address(
        _ url: String,
        endpoint: String = defaultEndpoint,
        bearer: String? = nil
    ) throws -> LineageDestination {
        func refused(_ words: String) -> TrancheError {
            TrancheError(.invalidArgument, "the address of lineage \(words)")
        }
        guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
            throw refused("is no URL of http or https")
        }
        guard url.withoutSecrets == url else {
            throw refused(
                "holds a user, a query or a fragment; give the token by OPENLINEAGE_API_KEY"
            )
        }
        guard !url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw refused("holds a blank or a control character")
        }
        if let bearer, bearer.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw refused("wants a token of one line; OPENLINEAGE_API_KEY has several")
        }
        let (base, path) = (url.trimmed("/"), endpoint.trimmed("/"))
        let whole = path.isEmpty || base.hasSuffix("/" + path) ? base : "\(base)/\(path)"
        return LineageDestination(place: .address(whole, bearer: bearer.map { HiddenBearer($0) }))
    }

    /// Where addresses that speak OpenLineage take events.
    public static let defaultEndpoint = "api/v1/lineage"

    /// Reads where events go: a URL, or else a file.
    ///
    /// The token of an address is `OPENLINEAGE_API_KEY`, or the content of the file that
    /// `OPENLINEAGE_API_KEY_FILE` names; `OPENLINEAGE_ENDPOINT` takes the place of
    /// ``defaultEndpoint``.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - credentials: Where these variables are looked up.
    /// - Throws: `TrancheError` `.invalidArgument`, which shows no credential.
    public init(_ text: String, _ credentials: Credentials) throws {
        guard !text.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "the place of lineage is empty; give a URL or a file"
            )
        }
        guard text.contains("://") else {
            self = .file(text)
            return
        }
        self = try .address(
            text,
            endpoint: credentials.value("OPENLINEAGE_ENDPOINT") ?? Self.defaultEndpoint,
            bearer: credentials.value("OPENLINEAGE_API_KEY")
        )
    }

    private init(place: Place) {
        self.place = place
    }
}

extension LineageDestination: CustomStringConvertible {
    /// The file, or the address without the token.
    public var description: String {
        switch place {
        case .file(let path): path
        case .address(let url, _): url
        }
    }
}

/// A token that is shown to nobody.
struct HiddenBearer: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    var description: String { "…" }
    var customMirror: Mirror { Mirror(self, children: []) }
}

extension String {
    /// The text without a character at its ends.
    fileprivate func trimmed(_ end: Character) -> String {
        let head = drop { $0 == end }
        return String(head.reversed().drop { $0 == end }.reversed())
    }
}
