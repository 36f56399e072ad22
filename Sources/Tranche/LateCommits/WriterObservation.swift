/// A source's view of its writers: first its highest id, and after that the writers.
///
/// When none of these writers is left, every id up to ``highestID`` that its own transaction drew
/// is committed or gone for good.
public struct WriterObservation: Sendable, Hashable {
    /// The highest committed id, filter or not; `nil` when the source is empty.
    public var highestID: Int64?
    /// The highest id that is old enough, where the source knows the age of its entries; else
    /// `nil`.
    ///
    /// Ids up to it were drawn at least that long ago.
    public var aged: Aged?
    /// The fault of the age of a new entry, and the remedy; `nil` if no fault is known.
    ///
    /// It is told when there is nothing else to hand out: such an entry would be waited for without
    /// end.
    public var untimely: String?
    /// The server's life: a new one gives the names of writers anew.
    public var epoch: String
    /// The writers' transactions that are open.
    public var holders: Set<String>
    /// Those of ``holders`` that have outlived an earlier life of the server.
    public var survivors: Set<String>

    /// The highest id that is old enough.
    public struct Aged: Sendable, Hashable {
        /// The id; `nil` when none is.
        public var id: Int64?

        /// Makes it.
        public init(id: Int64?) {
            self.id = id
        }
    }

    /// Makes an observation.
    public init(
        highestID: Int64?,
        epoch: String = "",
        holders: Set<String> = [],
        survivors: Set<String> = [],
        untimely: String? = nil
    ) {
        self.highestID = highestID
        self.epoch = epoch
        self.holders = holders
        self.survivors = survivors
        self.untimely = untimely
    }

    /// Tells of an entry whose age cannot be known, where nothing but such entries is waited for.
    ///
    /// - Parameter plan: What can be handed out.
    /// - Throws: ``TrancheError`` `.invalidItem`.
    package func requireTimely(_ plan: RangePlan) throws {
        guard plan.ranges.isEmpty, plan.isUnsettled, let untimely else { return }
        throw TrancheError(.invalidItem, untimely)
    }
}

/// A source whose ids may be committed in another order than they were drawn.
public protocol SettlingSource: MetaSource {
    /// Whether anything is to be observed: writers that come at the same time, or ages.
    var isObservable: Bool { get }

    /// Reads the highest id and, after that, the writers whose transactions are open.
    ///
    /// What is read after this call sees every commit of a writer that is not among them.
    ///
    /// - Parameter lag: How old an entry must be where the source knows ages.
    /// - Returns: The observation.
    /// - Throws: The source's failure.
    func observeWriters(lag: Duration) async throws -> WriterObservation
}

extension SettlingSource {
    /// There is something to be observed.
    public var isObservable: Bool { true }
}

extension MetaSource {
    /// The source as one whose writers are to be observed, when that is so.
    package var settling: (any SettlingSource)? {
        (self as? any SettlingSource).flatMap { $0.isObservable ? $0 : nil }
    }
}

/// Why ids may appear in a source that no proof covers.
public struct SourceRisk: Sendable, Hashable, Codable {
    /// A short name, such as `cached-sequence`.
    public var name: String
    /// The fault, and the remedy.
    public var explanation: String

    /// Makes a risk.
    public init(_ name: String, _ explanation: String) {
        self.name = name
        self.explanation = explanation
    }
}
