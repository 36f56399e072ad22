/// What an acquire asks of a store.
public struct AcquireRequest: Sendable, Hashable {
    /// What names the run.
    public var key: RunKey
    /// The source; compared with the run's.
    public var definition: SourceDefinition
    /// The source's canonical text, when it is known already.
    public var knownDefinitionText: String?
    /// The ids that the run may use; compared with the run's.
    public var bounds: IDBounds
    /// The policy of a run that does not exist yet.
    public var policy: RunPolicy
    /// How large a new batch may be.
    public var limit: BatchLimit
    /// What a new batch must weigh, unless its items have waited; `nil` for anything.
    public var minWeight: Double?
    /// How long too little may wait for more.
    public var linger: Duration
    /// Whether nothing is worth waiting for: `minWeight` is then left out of account.
    public var isDraining: Bool
    /// Most batches to hand out; above 0.
    public var batches: Int
    /// Who asks.
    public var worker: String?
    /// Who asks for each batch, where several ask at once; empty where it is ``worker`` for all.
    public var workers: [String] = []
    /// Whether fewer batches may be handed out than there are, if any: others ask again at once.
    public var mayHandOutFewer = false
    /// The caller's own name for the work.
    public var jobIdentifier: String?
    /// The request's token: the same token gives the same batches.
    public var token: String
    /// Whether the token may have been used before, so that the store must look.
    public var mayBeRepeated: Bool
    /// The request as asked for, as JSON, kept with each new batch.
    public var config: String
    /// The ids at the root that a new downstream run is limited to; compared with the run's.
    public var rootIDs: IDBounds
    /// What a look at the gaps found that an earlier answer asked for; `nil` when none was made.
    public var looks: [GapLook]?
    /// Attempts at batches of the run, each of another, that are ended well before anything is handed out.
    ///
    /// They are ended whatever the answer is, but for ``AcquireOutcome/needsEnding``, and not by a request that
    /// throws.
    public var endings: [GoodEnding] = []

    /// Makes a request.
    public init(
        key: RunKey,
        definition: SourceDefinition,
        bounds: IDBounds = IDBounds(),
        policy: RunPolicy = RunPolicy(),
        limit: BatchLimit = BatchLimit(),
        minWeight: Double? = nil,
        linger: Duration = .zero,
        isDraining: Bool = false,
        batches: Int = 1,
        worker: String? = nil,
        jobIdentifier: String? = nil,
        token: String,
        mayBeRepeated: Bool = false,
        config: String = "{}",
        rootIDs: IDBounds = IDBounds(),
        looks: [GapLook]? = nil
    ) {
        self.key = key
        self.definition = definition
        self.bounds = bounds
        self.policy = policy
        self.limit = limit
        self.minWeight = minWeight
        self.linger = linger
        self.isDraining = isDraining
        self.batches = batches
        self.worker = worker
        self.jobIdentifier = jobIdentifier
        self.token = token
        self.mayBeRepeated = mayBeRepeated
        self.config = config
        self.rootIDs = rootIDs
        self.looks = looks
    }

    /// The source's canonical text.
    public var definitionText: String {
        get throws { try knownDefinitionText ?? definition.canonicalText }
    }

    /// How a new batch of the run comes to be.
    public var kind: BatchKind { key.run.isEmpty ? .incremental : .backfill }

    /// What a made-up token begins with; a caller's own may not.
    public static let madeUpTokenMark = "~"

    /// Whether the token was made up for this request, and not given by a caller.
    ///
    /// Nobody but the maker can end its batches, so that they are still held when it is repeated.
    public var isTokenMadeUp: Bool { token.hasPrefix(Self.madeUpTokenMark) }

    /// The token under which the batch at a place in the answer is kept.
    public func token(at index: Int) -> String {
        index == 0 ? token : "\(token)#\(index)"
    }

    /// Who holds the batch at a place in the answer.
    public func worker(at index: Int) -> String? {
        workers.indices.contains(index) ? workers[index] : worker
    }

    /// Whether a new batch of this weight is to be handed out now.
    ///
    /// - Parameters:
    ///   - weight: The weight that was found.
    ///   - isCut: Whether the limit cut it, so that waiting would not make it larger.
    ///   - waited: How long its oldest item has been known.
    /// - Returns: Whether it is to be handed out.
    public func isEnough(weight: Double, isCut: Bool, waited: Duration) -> Bool {
        guard let minWeight, !isDraining, !isCut, weight < minWeight else { return true }
        return waited >= linger
    }
}
