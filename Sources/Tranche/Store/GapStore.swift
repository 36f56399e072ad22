/// A store that keeps the ids that were not handed out, and reads those that were.
public protocol GapStore: Sendable {
    /// The ids of a range that were handed out by batches of a run.
    ///
    /// - Parameters:
    ///   - key: The run.
    ///   - range: The ids.
    ///   - onlyLate: Whether only late batches count, which are in no tile.
    /// - Returns: The ids; of a batch that does not know its ids, all of its range.
    /// - Throws: ``TrancheError`` of the store.
    func handedOut(of key: RunKey, in range: ClosedRange<Int64>, onlyLate: Bool) async throws
        -> IDRuns

    /// Queues ids behind the cursor for a late batch.
    ///
    /// - Parameters:
    ///   - ids: The ids.
    ///   - key: The run.
    ///   - isRedo: Whether ids are queued that were handed out before; else these are left out.
    /// - Returns: How many were queued; ids that lie in a gap already count.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func queueLate(_ ids: IDRuns, of key: RunKey, isRedo: Bool) async throws -> Int

    /// Watches ids that were handed out and have no row any more, as gaps: another row that comes
    /// under one is handed out.
    ///
    /// - Parameters:
    ///   - ids: The ids.
    ///   - key: The run.
    /// - Returns: How many are watched; ids that were already count.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func watchAgain(_ ids: IDRuns, of key: RunKey) async throws -> Int

    /// Keeps where the audit of a run goes on.
    func noteAudit(_ position: AuditPosition, of key: RunKey) async throws
}
