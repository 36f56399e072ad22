public import FoundationEssentials

/// A store that packs old batches.
public protocol CompactingStore: Sendable {
    /// Packs succeeded batches into the archive.
    ///
    /// What an unfinished downstream run may still read stays.
    ///
    /// - Parameters:
    ///   - selection: The runs.
    ///   - ended: Batches that ended before this are packed.
    ///   - isDryRun: Whether only to count.
    /// - Returns: What was packed, or would be.
    /// - Throws: ``TrancheError`` of the store; what was packed until then stays packed.
    func compact(_ selection: RunSelection, endedBefore ended: Date, isDryRun: Bool) async throws
        -> CompactionReport

    /// Adds up the batches that a run has had since it was last added up.
    ///
    /// Summaries are the same before and after: only they have fewer batches to read.
    ///
    /// - Parameter key: The run; one that is not there has nothing to add.
    /// - Throws: ``TrancheError`` of the store.
    func addUp(_ key: RunKey) async throws
}

extension CompactingStore {
    /// Nothing: for stores whose summaries read no batch, or all of them.
    public func addUp(_ key: RunKey) async throws {}
}
