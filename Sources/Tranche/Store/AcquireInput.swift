/// The findings of an acquire before it locks the run: outside the lock, or by its caller.
public struct AcquireInput: Sendable {
    /// The range after the cursor; `nil` when nothing was planned.
    ///
    /// It is used only where the cursor is still there.
    public var plan: RangePlan?
    /// The result of a check of the gaps that an earlier answer asked for; `nil` for no check.
    public var gapChecks: [GapCheck]?
    /// Successful attempts to record before anything is handed out; at most one for a batch of the
    /// run.
    ///
    /// They are recorded whatever the answer is, but for ``AcquireOutcome/needsEnding``, and not by
    /// a request that throws.
    public var endings: [AttemptSuccess]

    /// Makes an input; without arguments, one of nothing.
    public init(
        plan: RangePlan? = nil,
        gapChecks: [GapCheck]? = nil,
        endings: [AttemptSuccess] = []
    ) {
        self.plan = plan
        self.gapChecks = gapChecks
        self.endings = endings
    }
}
