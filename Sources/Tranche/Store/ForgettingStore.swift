/// A store that forgets runs.
public protocol ForgettingStore: Sendable {
    /// Removes runs with all that is kept of them: batches, packed ones too, attempts with what was
    /// written during them, gaps, limits and probes of their own, changes, descriptions of
    /// workflows.
    ///
    /// All or none are removed. A worker that acquires from such a run again begins at its first
    /// id.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - isDryRun: Whether only to count.
    /// - Returns: What was removed, or would be.
    /// - Throws: ``TrancheError`` `.invalidArgument` while batches are held, and where other jobs
    ///   take batches of the runs as their items; a dry run says both in its report. Nothing was
    ///   changed then.
    func forget(_ selection: RunSelection, isDryRun: Bool) async throws -> ForgetReport
}

/// The records that are lost with forgotten runs.
public struct ForgetReport: Sendable, Hashable {
    /// The runs, in order of source, job and name.
    public var runs: [RunKey] = []
    /// Their batches, packed ones too.
    public var batches = 0
    /// The items of these.
    public var items = 0
    /// Attempts that have ended.
    public var attempts = 0
    /// Gaps.
    public var gaps = 0
    /// Batches that are held now, by leases that have not ended.
    public var held = 0
    /// The runs of other jobs that take batches of the runs as their items.
    public var takers: [RunKey] = []
    /// The probes that hold back the runs alone.
    public var probes = 0

    /// Makes an empty report.
    public init() {}

    /// Refuses to forget what is in use.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    package func requireUnused() throws {
        if let taker = takers.first {
            throw TrancheError(
                .invalidArgument,
                "\(taker) takes the batches as its items, and would miss those that come later: "
                    + "forget it first. Nothing was changed"
            )
        }
        if held > 0 {
            let words = held == 1 ? "1 batch is held" : "\(held) batches are held"
            throw TrancheError(
                .invalidArgument,
                "\(words) by workers, which would begin anew: stop them, or cancel the run. "
                    + "Nothing was changed"
            )
        }
    }
}
