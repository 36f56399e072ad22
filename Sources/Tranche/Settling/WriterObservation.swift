/// What a source saw of those who write to it: first its highest id, and after that the writers.
///
/// When none of these writers is left, every id up to ``highestID`` that its own transaction drew is
/// committed or gone for good.
public struct WriterObservation: Sendable, Hashable {
    /// The highest committed id, filter or not; `nil` when the source is empty.
    public var highestID: Int64?
    /// The server's life: a new one gives the names of writers anew.
    public var epoch: String
    /// The writers' transactions that are open.
    public var holders: Set<String>
    /// Those of ``holders`` that have outlived an earlier life of the server.
    public var survivors: Set<String>

    /// Makes an observation.
    public init(
        highestID: Int64?,
        epoch: String = "",
        holders: Set<String> = [],
        survivors: Set<String> = []
    ) {
        self.highestID = highestID
        self.epoch = epoch
        self.holders = holders
        self.survivors = survivors
    }
}

/// A source whose ids may be committed in another order than they were drawn.
public protocol SettlingSource: MetaSource {
    /// Whether writers may come at the same time at all; where not, nobody needs to be observed.
    var hasConcurrentWriters: Bool { get }

    /// Reads the highest id and, after that, the writers whose transactions are open.
    ///
    /// What is read after this call sees every commit of a writer that is not among them.
    ///
    /// - Returns: The observation.
    /// - Throws: The source's failure.
    func observeWriters() async throws -> WriterObservation
}

extension SettlingSource {
    /// Writers may come at the same time.
    public var hasConcurrentWriters: Bool { true }
}

extension MetaSource {
    /// The source as one whose writers are to be observed, when that is so.
    package var settling: (any SettlingSource)? {
        (self as? any SettlingSource).flatMap { $0.hasConcurrentWriters ? $0 : nil }
    }
}

/// Why ids may appear in a source that no proof covers.
public struct SourceRisk: Sendable, Hashable, Codable {
    /// A short name, such as `cached-sequence`.
    public var name: String
    /// What is the matter, and what to do about it.
    public var explanation: String

    /// Makes a risk.
    public init(_ name: String, _ explanation: String) {
        self.name = name
        self.explanation = explanation
    }
}
