public import FoundationEssentials

/// The description of a workflow, as a run keeps it.
public struct WorkflowRecord: Sendable, Hashable {
    /// The run that the workflow is.
    public var key: RunKey
    /// Which description of the run it is: 1, 2, ….
    public var generation: Int
    /// The digest of the description.
    public var digest: String
    /// The description, as JSON; without credentials.
    public var text: String
    /// The author who began it; `nil` if not given.
    public var startedBy: String?
    /// When it began, by the inventory's clock.
    public var startedAt: Date

    /// Makes a record.
    public init(
        key: RunKey,
        generation: Int,
        digest: String,
        text: String,
        startedBy: String?,
        startedAt: Date
    ) {
        self.key = key
        self.generation = generation
        self.digest = digest
        self.text = text
        self.startedBy = startedBy
        self.startedAt = startedAt
    }
}
