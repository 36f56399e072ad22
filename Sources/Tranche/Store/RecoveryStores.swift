public import Foundation

/// What a store keeps of ids that were not handed out, and tells of those that were.
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

    /// Keeps where the audit of a run goes on.
    func noteAudit(_ position: AuditPosition, of key: RunKey) async throws
}

/// What a store does with batches that failed.
public protocol SplittingStore: Sendable {
    /// Splits a batch that failed as often as it may into batches that are due at once.
    ///
    /// - Parameters:
    ///   - holding: The batch, and its last attempt.
    ///   - parts: The parts; together they have the ids of the batch.
    /// - Returns: The new batches; those that are there when somebody else has split it.
    /// - Throws: ``TrancheError`` `.batchLost` when the batch is no longer to be split.
    func split(_ holding: Holding, into parts: [BatchPart]) async throws -> [BatchRecord]

    /// Makes quarantined items batches again, due at once.
    ///
    /// - Parameters:
    ///   - selection: Which quarantined batches; its status is not looked at.
    ///   - items: The items' ids; `nil` for all.
    /// - Returns: The new batches.
    /// - Throws: ``TrancheError`` of the store.
    func redrive(_ selection: BatchSelection, items: IDRuns?) async throws -> [BatchRecord]
}

/// What a store tells of batches that succeeded, as a source for other jobs.
public protocol CompletionStore: Sendable {
    /// What identifies the inventory: its database, found out from itself.
    func identity() async throws -> String

    /// Numbers the batches of a job that succeeded since the last call, over all its runs.
    ///
    /// A number is given only to a batch whose success is committed; numbers become visible in order.
    ///
    /// - Parameter job: The upstream job.
    /// - Returns: The highest number; `nil` when nothing has succeeded yet.
    /// - Throws: ``TrancheError`` of the store.
    func numberCompletions(of job: JobKey) async throws -> Int64?
}

/// What a store does with batches that are long done.
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
}

/// What a compaction did.
public struct CompactionReport: Sendable, Hashable {
    /// Batches that were packed.
    public var batches = 0
    /// Bytes that they take in the archive.
    public var archivedBytes = 0
    /// Rows of the archive that were made.
    public var archiveRows = 0
    /// Attempts that were given up with their errors.
    public var attempts = 0
    /// Batches whose result or log was given up.
    public var results = 0
    /// Batches that are old enough and stay, because a downstream run has not finished with them.
    public var kept = 0

    /// Makes an empty report.
    public init() {}
}

/// What names a job: the pair of its source and its name.
public struct JobKey: Sendable, Hashable {
    /// The source's name as it was given.
    public var metaTable: String
    /// The job's name.
    public var job: String

    /// Makes a key.
    public init(metaTable: String, job: String) {
        self.metaTable = metaTable
        self.job = job
    }
}
