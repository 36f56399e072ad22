public import FoundationEssentials

/// The question of a probe.
public enum ProbeQuestion: Sendable, Hashable {
    /// Whether a time of day is within a window.
    case window(TimeWindow)
    /// Whether a server answers a GET with a status from 200 to 299. With 429 or 503 its
    /// `Retry-After` says when to ask again.
    case http(String)
    /// A query: its first row's first column is true or a number other than 0 to go on; a second
    /// column is the reason.
    ///
    /// - Parameters:
    ///   - query: The query, which must change nothing.
    ///   - database: The URL of the database, without a password; `nil` for the inventory's own.
    case sql(_ query: String, database: String?)

    /// Refuses what cannot be asked, and what must not be kept.
    func validate() throws {
        switch self {
        case .window: return
        case .http(let url):
            guard url.hasPrefix("http://") || url.hasPrefix("https://") else {
                throw TrancheError(
                    .invalidArgument,
                    "'\(url.withoutSecrets)' is not an address; give http://… or https://…"
                )
            }
            try requireNoPassword(url)
        case .sql(let query, let database):
            guard !query.allSatisfy(\.isWhitespace) else {
                throw TrancheError(.invalidArgument, "a probe's query is empty")
            }
            try requireNoPassword(query)
            if let database { try requireNoPassword(database) }
        }
    }

    private func requireNoPassword(_ text: String) throws {
        guard holdsPassword(text) else { return }
        let words =
            "a probe is stored in the inventory: give no password in it; each process takes its "
            + "credentials from its environment or a file"
        throw TrancheError(.invalidArgument, words)
    }
}

extension ProbeQuestion: Codable {
    private enum CodingKeys: String, CodingKey {
        case window, http, sql, database
    }

    /// Reads what ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let window = try container.decodeIfPresent(TimeWindow.self, forKey: .window) {
            self = .window(window)
        } else if let url = try container.decodeIfPresent(String.self, forKey: .http) {
            self = .http(url)
        } else {
            self = .sql(
                try container.decode(String.self, forKey: .sql),
                database: try container.decodeIfPresent(String.self, forKey: .database)
            )
        }
    }

    /// Writes an object with the member `window`, `http` or `sql`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .window(let window): try container.encode(window, forKey: .window)
        case .http(let url): try container.encode(url, forKey: .http)
        case .sql(let query, let database):
            try container.encode(query, forKey: .sql)
            try container.encodeIfPresent(database, forKey: .database)
        }
    }
}

extension ProbeQuestion: CustomStringConvertible {
    /// The question in words.
    public var description: String {
        switch self {
        case .window(let window): "window \(window)"
        case .http(let url): "GET \(url)"
        case .sql(let query, nil): "query \(query)"
        case .sql(let query, let database?): "query \(query) in \(database)"
        }
    }
}

/// The answer of a probe.
public struct ProbeAnswer: Sendable, Hashable {
    /// Whether to go on.
    public var isOpen: Bool
    /// Why, in words; without credentials.
    public var reason: String
    /// When to ask again, where the answer says so; at most 15 minutes away but for time windows.
    public var until: Date?

    /// Makes an answer.
    public init(isOpen: Bool, reason: String, until: Date? = nil) {
        self.isOpen = isOpen
        self.reason = reason
        self.until = until
    }
}

/// A client that can ask some questions of probes.
public protocol Prober: Sendable {
    /// Whether a question is one that it can ask.
    func canAsk(_ question: ProbeQuestion) -> Bool

    /// Asks a question.
    ///
    /// - Parameters:
    ///   - question: One that it can ask.
    ///   - now: The inventory's time.
    /// - Returns: The answer.
    /// - Throws: Why it could not be asked; `CancellationError` when its time is up.
    func answer(to question: ProbeQuestion, at now: Date) async throws -> ProbeAnswer
}

/// Looks at the clock.
struct WindowProber: Prober {
    func canAsk(_ question: ProbeQuestion) -> Bool {
        if case .window = question { true } else { false }
    }

    func answer(to question: ProbeQuestion, at now: Date) -> ProbeAnswer {
        guard case .window(let window) = question else {
            return ProbeAnswer(isOpen: false, reason: "\(question) is not a window")
        }
        return window.answer(at: now)
    }
}
