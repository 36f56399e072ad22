public import FoundationEssentials

/// A client that writes to a source, in a transaction that is open.
public struct SourceWriter: Sendable, Hashable {
    /// The transaction, as a ``WriterObservation`` names it.
    public var name: String
    /// Since when it is waited for; `nil` where that is not known.
    public var seenSince: Date?
    /// The server's process that runs it; `nil` for a prepared transaction, and where that may not
    /// be known.
    public var process: Int?
    /// Whose transaction it is; empty where that may not be known.
    public var user = ""
    /// The application name of the client; empty if it has none.
    public var application = ""
    /// Where the client is; empty where it is on the server's own machine.
    public var client = ""
    /// The state of the client, such as `idle in transaction`; empty if it may not be known.
    public var state = ""
    /// Since when it does that.
    public var stateSince: Date?
    /// When the transaction began.
    public var since: Date?
    /// Its last statement, as far as the server shows it; empty where it does not.
    public var query = ""
    /// The name under which it was prepared; `nil` where it was not.
    public var prepared: String?

    /// Makes a writer of whom nothing but the name is known.
    public init(_ name: String, seenSince: Date? = nil) {
        self.name = name
        self.seenSince = seenSince
    }
}

/// A source that can name its writers.
public protocol DescribingSource: MetaSource {
    /// Describes transactions that are open.
    ///
    /// - Parameter names: Their names, as a ``WriterObservation`` has them.
    /// - Returns: Those that are there still, as far as may be known.
    /// - Throws: The source's failure.
    func describeWriters(_ names: Set<String>) async throws -> [SourceWriter]
}

extension MetaSource {
    /// Describes transactions that are open; of a source that cannot, their names.
    package func writers(_ seen: [String: Date]) async throws -> [SourceWriter] {
        guard !seen.isEmpty else { return [] }
        let known = try await (self as? any DescribingSource)?.describeWriters(Set(seen.keys))
        let writers = known ?? seen.keys.map { SourceWriter($0) }
        return writers.map { writer in
            var writer = writer
            writer.seenSince = seen[writer.name]
            return writer
        }
        .sorted { one, other in
            (one.seenSince ?? .distantPast, one.name)
                < (other.seenSince ?? .distantPast, other.name)
        }
    }
}
