public import Foundation
public import Tranche

/// A store that passes requests on to another.
///
/// Make one to count requests, to hold them up, or to answer some of them otherwise: implement
/// ``forward(_:_:)``, or the requests themselves.
public protocol ForwardingStore: InventoryStore {
    /// The store that answers.
    var base: any InventoryStore { get }

    /// Passes one request on.
    ///
    /// - Parameters:
    ///   - request: What kind of request it is.
    ///   - body: Makes the request of ``base``.
    /// - Returns: The answer.
    /// - Throws: What the request throws.
    func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R
}

/// The kinds of requests that are made of a store.
public enum StoreRequest: String, Sendable, Hashable, CaseIterable {
    /// To hand out batches.
    case acquire
    /// To end an attempt well.
    case succeed
    /// To end an attempt badly.
    case fail
    /// To give a batch back.
    case release
    /// To extend a lease.
    case heartbeat
    /// To note that work on a batch begins.
    case begin
    /// To take that back.
    case takeBackBegin
    /// To read runs, summaries, batches, attempts, gaps, tiles or completions.
    case read
    /// To make failed batches due, to pause, to redefine, to begin anew, or to note how far an
    /// audit or a look is.
    case change
    /// To split a batch.
    case split
    /// To make quarantined items batches again.
    case redrive
    /// To queue ids for a late batch.
    case queueLate
    /// To number successes.
    case numberCompletions
    /// To pack batches into the archive.
    case compact
}

extension ForwardingStore {
    /// The name of the store that answers.
    public var name: String { base.name }

    /// Makes the request.
    public func forward<R>(_ request: StoreRequest, _ body: () async throws -> R) async throws -> R
    {
        try await body()
    }

    /// Whether the store that answers may read a source while it holds a run.
    public func readsUnderLock(_ source: any MetaSource) -> Bool {
        base.readsUnderLock(source)
    }

    /// The oldest open transaction of the store that answers.
    public func oldestTransaction(openFor duration: Duration) async throws -> OpenTransaction? {
        try await base.oldestTransaction(openFor: duration)
    }

    /// Closes the store that answers.
    public func close() async {
        await base.close()
    }
}

// MARK: - Batches and runs

extension ForwardingStore {
    /// Passes the request on; see `InventoryStore`.
    public func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        try await forward(.acquire) { try await base.acquire(request, from: source, with: input) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        try await forward(.succeed) { try await base.succeed(ending) }
    }

    /// Forwards the request.
    public func keep(_ output: AttemptOutput, of holding: AttemptKey) async throws {
        try await forward(.heartbeat) { try await base.keep(output, of: holding) }
    }

    /// Forwards the request.
    public func note(of batch: Int64) async throws -> String? {
        try await forward(.read) { try await base.note(of: batch) }
    }

    /// Forwards the request.
    public func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? {
        try await forward(.read) { try await base.output(of: batch, attempt: attempt) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func fail(_ holding: AttemptKey, with failure: BatchFailure) async throws -> BatchRecord
    {
        try await forward(.fail) { try await base.fail(holding, with: failure) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func release(_ holding: AttemptKey) async throws -> BatchRecord {
        try await forward(.release) { try await base.release(holding) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func heartbeat(_ holding: AttemptKey) async throws -> Date {
        try await forward(.heartbeat) { try await base.heartbeat(holding) }
    }

    /// Passes the request on; see `LeaseStore`.
    public func openBatches(
        of key: RunKey,
        heldAt place: String?,
        limit: Int
    ) async throws -> [OpenBatch] {
        try await forward(.read) {
            try await base.openBatches(of: key, heldAt: place, limit: limit)
        }
    }

    /// Passes the request on; see `LeaseStore`.
    public func endLease(of holding: AttemptKey, because words: String?) async throws -> Bool {
        try await forward(.change) { try await base.endLease(of: holding, because: words) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func runs(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunRecord] {
        try await forward(.read) { try await base.runs(selection, after: mark, limit: limit) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary] {
        try await forward(.read) { try await base.summaries(selection, after: mark, limit: limit) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try await forward(.read) { try await base.batches(selection) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
        try await forward(.read) { try await base.batches(holding: id, of: metaTable) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func attempts(
        of batch: Int64,
        after mark: Int?,
        limit: Int
    ) async throws -> [AttemptRecord] {
        try await forward(.read) { try await base.attempts(of: batch, after: mark, limit: limit) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool,
        _ note: ChangeNote?
    ) async throws -> [Int64] {
        try await forward(.change) { try await base.retry(selection, mayRepeat: mayRepeat, note) }
    }

    /// Passes the request on; see `BeginningStore`.
    public func begin(_ holding: AttemptKey, token: String) async throws -> Date {
        try await forward(.begin) { try await base.begin(holding, token: token) }
    }

    /// Passes the request on; see `BeginningStore`.
    public func takeBackBegin(_ holding: AttemptKey, token: String) async throws {
        try await forward(.takeBackBegin) { try await base.takeBackBegin(holding, token: token) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func setPause(_ reason: String?, of key: RunKey, _ note: ChangeNote?) async throws {
        try await forward(.change) { try await base.setPause(reason, of: key, note) }
    }

    /// Passes the request on; see `InventoryStore`.
    public func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) async throws {
        try await forward(.change) {
            try await base.redefine(key, definition: definition, bounds: bounds, policy: policy)
        }
    }
}

// MARK: - Cancelling and putting off

extension ForwardingStore {
    /// Passes the request on; see `DeferringStore`.
    public func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote
    ) async throws -> DeferredBatch {
        try await forward(.release) {
            try await base.release(holding, deferral, jitter: jitter, note)
        }
    }

    /// Passes the request on; see `CancellingStore`.
    public func cancel(_ key: RunKey, batch: Int64?, _ note: ChangeNote) async throws -> [Int64] {
        try await forward(.change) { try await base.cancel(key, batch: batch, note) }
    }

    /// Passes the request on; see `CancellingStore`.
    public func takeBackCancel(of key: RunKey, _ note: ChangeNote) async throws {
        try await forward(.change) { try await base.takeBackCancel(of: key, note) }
    }
}

// MARK: - Recovery

extension ForwardingStore {
    /// Passes the request on; see `InventoryReader`.
    public func gaps(of key: RunKey, after mark: Gap?, limit: Int) async throws -> [Gap] {
        try await forward(.read) { try await base.gaps(of: key, after: mark, limit: limit) }
    }

    /// Passes the request on; see `GapStore`.
    public func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) async throws -> [Tile] {
        try await forward(.read) {
            try await base.tiles(of: key, endingAfter: end, meeting: range, limit: limit)
        }
    }

    /// Passes the request on; see `GapStore`.
    public func handedOut(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        onlyLate: Bool
    ) async throws -> IDRuns {
        try await forward(.read) {
            try await base.handedOut(of: key, in: range, onlyLate: onlyLate)
        }
    }

    /// Passes the request on; see `GapStore`.
    public func queueLate(_ ids: IDRuns, of key: RunKey, isRedo: Bool) async throws -> Int {
        try await forward(.queueLate) { try await base.queueLate(ids, of: key, isRedo: isRedo) }
    }

    /// Passes the request on; see `GapStore`.
    public func watchAgain(_ ids: IDRuns, of key: RunKey) async throws -> Int {
        try await forward(.queueLate) { try await base.watchAgain(ids, of: key) }
    }

    /// Passes the request on; see `GapStore`.
    public func noteAudit(_ position: AuditPosition, of key: RunKey) async throws {
        try await forward(.change) { try await base.noteAudit(position, of: key) }
    }

    /// Passes the request on; see `SplittingStore`.
    public func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try await forward(.split) { try await base.split(holding, into: parts, note) }
    }

    /// Passes the request on; see `SplittingStore`.
    public func redrive(
        _ selection: BatchSelection,
        items: IDRuns?,
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try await forward(.redrive) { try await base.redrive(selection, items: items, note) }
    }

    /// Passes the request on; see `CompletionStore`.
    public func identity() async throws -> String {
        try await forward(.read) { try await base.identity() }
    }

    /// Passes the request on; see `CompletionStore`.
    public func numberCompletions(of job: JobKey) async throws -> Int64? {
        try await forward(.numberCompletions) { try await base.numberCompletions(of: job) }
    }

    /// Passes the request on; see `CompletionStore`.
    public func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [BatchRecord] {
        try await forward(.read) { try await base.completions(of: job, in: range, limit: limit) }
    }

    /// Passes the request on; see `CompactingStore`.
    public func compact(_ selection: RunSelection, endedBefore ended: Date, isDryRun: Bool)
        async throws -> CompactionReport
    {
        try await forward(.compact) {
            try await base.compact(selection, endedBefore: ended, isDryRun: isDryRun)
        }
    }

    /// Passes the request on; see `CompactingStore`.
    public func addUp(_ key: RunKey) async throws {
        try await forward(.compact) { try await base.addUp(key) }
    }

    /// Passes the request on; see `GenerationStore`.
    public func note(_ standing: SourceStanding, insteadOf known: String?, of key: RunKey)
        async throws
    {
        try await forward(.change) {
            try await base.note(standing, insteadOf: known, of: key)
        }
    }

    /// Passes the request on; see `GenerationStore`.
    public func redefine(_ definitions: [JobKey: SourceDefinition]) async throws {
        try await forward(.change) { try await base.redefine(definitions) }
    }

    /// Passes the request on; see `GenerationStore`.
    public func restart(_ key: RunKey, standing: SourceStanding) async throws -> RunKey {
        try await forward(.change) { try await base.restart(key, standing: standing) }
    }
}

// MARK: - Workflows

extension ForwardingStore {
    /// Passes the request on; see `WorkflowStore`.
    public func begin(
        _ request: AcquireRequest,
        _ workflow: WorkflowBeginning
    ) async throws -> WorkflowRecord? {
        try await forward(.change) { try await base.begin(request, workflow) }
    }

    /// Passes the request on; see `WorkflowStore`.
    public func workflows(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [WorkflowRecord] {
        try await forward(.read) {
            try await base.workflows(selection, after: mark, limit: limit)
        }
    }
}

// MARK: - Pages

extension ForwardingStore {
    /// Passes the request on; see `PageStore`.
    public func beginPages(_ list: String, first: String?, repeated: RepeatedCursor?) async throws {
        try await forward(.change) {
            try await base.beginPages(list, first: first, repeated: repeated)
        }
    }

    /// Passes the request on; see `PageStore`.
    public func pages(
        of list: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [PageRecord] {
        try await forward(.read) { try await base.pages(of: list, in: range, limit: limit) }
    }

    /// Passes the request on; see `PageStore`.
    public func lastPage(of list: String) async throws -> PageRecord? {
        try await forward(.read) { try await base.lastPage(of: list) }
    }

    /// Passes the request on; see `PageStore`.
    public func name(_ naming: PageNaming) async throws -> NamedSuccessor {
        try await forward(.change) { try await base.name(naming) }
    }
}

// MARK: - Sizing

extension ForwardingStore {
    /// Passes the request on; see `SizingStore`.
    public func sizing(of key: RunKey) async throws -> (known: BatchSizing?, ends: [BatchTime]) {
        try await forward(.read) { try await base.sizing(of: key) }
    }

    /// Passes the request on; see `SizingStore`.
    public func note(
        _ sizing: BatchSizing,
        insteadOf known: BatchSizing?,
        of key: RunKey
    ) async throws {
        try await forward(.change) { try await base.note(sizing, insteadOf: known, of: key) }
    }
}
