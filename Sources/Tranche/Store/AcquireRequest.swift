/// A request to a store for batches.
public struct AcquireRequest: Sendable, Hashable {
    /// The key of the run.
    public var key: RunKey
    /// The source; compared with the run's.
    public var definition: SourceDefinition
    /// The source's canonical text.
    public var definitionText: String
    /// The ids that the run may use; compared with the run's.
    public var bounds: IDBounds
    /// The ids at the root that a new downstream run is limited to; compared with the run's.
    public var rootIDs: IDBounds
    /// The policy of a run that does not exist yet.
    public var policy: RunPolicy
    /// The limits of a run that does not exist yet; `nil` for none.
    public var limits: RunLimits?
    /// How large a new batch may be.
    public var limit: BatchLimit
    /// The minimum weight of a new batch, unless its items have waited; `nil` for any.
    public var minWeight: Double?
    /// How long too little may wait for more.
    public var linger: Duration
    /// Whether nothing is worth waiting for: `minWeight` is then left out of account.
    public var isDraining: Bool
    /// The callers, each of which gets at most one batch; at least one.
    public var slots: [Slot]
    /// Whether fewer batches may be handed out than there are, if any: others ask again at once.
    public var mayHandOutFewer = false
    /// The caller's own name for the work.
    public var jobIdentifier: String?
    /// Whether the tokens may have been used before, so that the store must look.
    public var mayBeRepeated: Bool
    /// The request as asked for, as JSON, kept with each new batch.
    public var config: String
    /// The digest of the workflow that asks, which must be the run's last; `nil` for none.
    public var workflow: String?

    /// Makes a request.
    ///
    /// - Throws: What encoding the definition throws, where its text is not given.
    public init(
        key: RunKey,
        definition: SourceDefinition,
        definitionText: String? = nil,
        bounds: IDBounds = IDBounds(),
        rootIDs: IDBounds = IDBounds(),
        policy: RunPolicy = RunPolicy(),
        limit: BatchLimit = BatchLimit(),
        minWeight: Double? = nil,
        linger: Duration = .zero,
        isDraining: Bool = false,
        slots: [Slot],
        jobIdentifier: String? = nil,
        mayBeRepeated: Bool = false,
        config: String = "{}",
        workflow: String? = nil
    ) throws {
        self.key = key
        self.definition = definition
        self.definitionText = try definitionText ?? definition.canonicalText
        self.bounds = bounds
        self.rootIDs = rootIDs
        self.policy = policy
        self.limit = limit
        self.minWeight = minWeight
        self.linger = linger
        self.isDraining = isDraining
        self.slots = slots
        self.jobIdentifier = jobIdentifier
        self.mayBeRepeated = mayBeRepeated
        self.config = config
        self.workflow = workflow
    }

    /// How a new batch of the run comes to be.
    public var kind: BatchKind { key.run.isEmpty ? .incremental : .backfill }

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

// MARK: - Slots

extension AcquireRequest {
    /// A caller that asks for one batch.
    public struct Slot: Sendable, Hashable {
        /// The worker's name.
        public var worker: String?
        /// The token: the same token gives the same batch.
        public var token: String
        /// Whether the worker has a batch in hand, and asks for the next one ahead: where budgets
        /// have no room, it does not wait for any.
        public var isAhead = false

        /// Makes a slot.
        public init(worker: String? = nil, token: String, isAhead: Bool = false) {
            self.worker = worker
            self.token = token
            self.isAhead = isAhead
        }

        /// Makes the slots of one caller who asks for several batches.
        ///
        /// - Parameters:
        ///   - count: How many batches; above 0.
        ///   - worker: The worker's name.
        ///   - token: The token of the first; the others' follow from it.
        ///   - isAhead: Whether they are asked for ahead.
        /// - Returns: As many slots.
        public static func several(
            _ count: Int,
            worker: String?,
            token: String,
            isAhead: Bool = false
        ) -> [Slot] {
            (0..<max(count, 1)).map { place in
                let own = place == 0 ? token : "\(token)#\(place)"
                return Slot(worker: worker, token: own, isAhead: isAhead)
            }
        }
    }

    /// The prefix of a generated token; a caller's own token may not have it.
    public static let madeUpTokenMark = "~"

    /// Whether the tokens were made up for this request, and not given by a caller.
    ///
    /// Nobody but the maker can end its batches, so that they are still held when it is repeated.
    public var isTokenMadeUp: Bool {
        slots.allSatisfy { $0.token.hasPrefix(Self.madeUpTokenMark) }
    }
}
