/// The scope of an audit, and the action it takes on differences.
public struct AuditOptions: Sendable, Hashable {
    /// The ids to look at; all by default.
    public var ids: IDBounds
    /// How long to look; `nil` (the default) to the end.
    public var budget: Duration?
    /// Whether ids that appeared are queued for a late batch.
    public var isRepairing: Bool
    /// Whether ids are queued that may have been handed out before: those of adopted batches, and
    /// all of ``ids`` when that has two ends.
    public var redoesRange: Bool
    /// Whether ids are compared in every tile, and not only where counts differ and in rotation.
    public var isThorough: Bool

    /// Makes options.
    public init(
        ids: IDBounds = IDBounds(),
        budget: Duration? = nil,
        isRepairing: Bool = false,
        redoesRange: Bool = false,
        isThorough: Bool = false
    ) {
        self.ids = ids
        self.budget = budget
        self.isRepairing = isRepairing
        self.redoesRange = redoesRange
        self.isThorough = isThorough
    }
}

/// The findings of an audit.
public struct AuditReport: Sendable, Hashable {
    /// Tiles looked at.
    public var tiles = 0
    /// Ids counted in the source.
    public var ids = 0
    /// Tiles whose ids were compared one by one.
    public var compared = 0
    /// Ids that the source has and no batch was given.
    public var appeared = IDRuns()
    /// Ids that a batch was given and the source has no more.
    public var vanished = IDRuns()
    /// Ids that stand more than once in the source; a batch was given one row of each at most.
    public var doubled = IDRuns()
    /// How many of ``appeared`` were queued for a late batch.
    public var queued = 0
    /// The batches whose row does not say which ids it was given, and whose range counts otherwise.
    public var uncertain: [UncertainBatch] = []
    /// Whether the audit came to the end of what it was to look at.
    public var isFinished = false
    /// Where the next one goes on.
    public var position: AuditPosition?
    /// The maximum number of ids kept in ``appeared``, ``vanished`` and ``doubled`` each; the next
    /// audit finds the others.
    public static let mostIDs = 1_000_000

    /// Makes an empty report.
    public init() {}

    /// A batch whose row does not say which ids it was given.
    public struct UncertainBatch: Sendable, Hashable {
        /// The batch's number.
        public var batch: Int64
        /// Its ids, from first to last.
        public var range: ClosedRange<Int64>
        /// How many items it was given.
        public var count: Int
        /// How many the source has in the range.
        public var present: Int

        /// Makes an entry.
        public init(batch: Int64, range: ClosedRange<Int64>, count: Int, present: Int) {
            self.batch = batch
            self.range = range
            self.count = count
            self.present = present
        }
    }
}
