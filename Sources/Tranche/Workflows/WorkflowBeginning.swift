/// The description of a workflow that is to become a run's last one.
public struct WorkflowBeginning: Sendable, Hashable {
    /// What tells the description from others.
    public var digest: String
    /// The description, as JSON; without credentials.
    public var text: String
    /// The digest of the description that it follows; `nil` for the run's first.
    public var former: String?
    /// What limits the run by the description that it follows.
    public var formerLimits: RunLimits
    /// What limits the run by this one: what differs from ``formerLimits`` is changed, so that the
    /// rest stays as somebody set it meanwhile.
    public var limits: RunLimits
    /// Who begins it, and why.
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
