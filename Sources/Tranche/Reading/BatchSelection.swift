public import FoundationEssentials

/// Which batches are meant; a `nil` part means any.
public struct BatchSelection: Sendable, Hashable {
    /// Their runs.
    public var runs: RunSelection
    /// Their status.
    public var status: BatchStatus?
    /// Why they are what they are.
    public var cause: BatchCause?
    /// Their numbers; empty for any.
    public var ids: [Int64]
    /// The number below which theirs are: the last batch of the page before; `nil` from the newest.
    public var before: Int64?
    /// A text that ``BatchRecord/logging`` has in it, in the same letters; `nil` for any.
    public var text: String?
    /// The worker that holds the batches, or held them last; `nil` for any.
    public var worker: String?
    /// When their last attempt ended at the earliest; `nil` for any time.
    ///
    /// Of batches that are held, it is when it began.
    public var since: Date?
    /// When that was at the latest; `nil` for any time.
    public var until: Date?
    /// Most batches; above 0.
    public var limit: Int

    /// Makes a selection; without arguments, all batches.
    public init(
        runs: RunSelection = RunSelection(),
        status: BatchStatus? = nil,
        cause: BatchCause? = nil,
        ids: [Int64] = [],
        before: Int64? = nil,
        text: String? = nil,
        worker: String? = nil,
        since: Date? = nil,
        until: Date? = nil,
        limit: Int = .max
    ) {
        self.runs = runs
        self.status = status
        self.cause = cause
        self.ids = ids
        self.before = before
        self.text = text
        self.worker = worker
        self.since = since
        self.until = until
        self.limit = limit
    }
}
