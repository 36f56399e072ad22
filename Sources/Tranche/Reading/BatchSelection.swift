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
    /// Most batches; above 0.
    public var limit: Int

    /// Makes a selection; without arguments, all batches.
    public init(
        runs: RunSelection = RunSelection(),
        status: BatchStatus? = nil,
        cause: BatchCause? = nil,
        ids: [Int64] = [],
        before: Int64? = nil,
        limit: Int = .max
    ) {
        self.runs = runs
        self.status = status
        self.cause = cause
        self.ids = ids
        self.before = before
        self.limit = limit
    }
}
