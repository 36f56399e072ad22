/// The description of a workflow that is to become a run's last one.
public struct WorkflowBeginning: Sendable, Hashable {
    /// The digest of the description.
    public var digest: String
    /// The description, as JSON; without credentials.
    public var text: String
    /// The digest of the description that it follows; `nil` for the run's first.
    public var former: String?
    /// The limits of the run by the description that it follows.
    public var formerLimits: RunLimits
    /// The limits of the run by this description: differences from ``formerLimits`` are applied,
    /// and limits that a person changed meanwhile stay.
    public var limits: RunLimits
    /// The author that begins it, and the reason.
    public var note: ChangeNote

    /// Makes a beginning.
    public init(
        digest: String,
        text: String,
        after former: String? = nil,
        formerLimits: RunLimits = RunLimits(),
        limits: RunLimits = RunLimits(),
        note: ChangeNote = ChangeNote()
    ) {
        self.digest = digest
        self.text = text
        self.former = former
        self.formerLimits = formerLimits
        self.limits = limits
        self.note = note
    }
}
