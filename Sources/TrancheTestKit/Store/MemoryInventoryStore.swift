public import Foundation
public import Tranche

/// The reference store: an inventory in memory, made to be read rather than to be fast.
///
/// What it answers is what every store is to answer. Rows are kept in arrays in the order in which
/// they were made, and looked for from the beginning. Times are whole milliseconds.
public actor MemoryInventoryStore: InventoryStore {
    /// The name of the store, for messages.
    public nonisolated let name: String
    private let clock: @Sendable () -> Date
    private var tables = MemoryTables()
    private var isClosed = false

    /// Makes an empty store.
    ///
    /// - Parameters:
    ///   - name: What the store is, for messages.
    ///   - now: The store's clock.
    public init(name: String = "memory", now: @escaping @Sendable () -> Date = { Date() }) {
        self.name = name
        clock = now
    }

    /// Makes an empty store whose time is a manual clock's.
    public init(name: String = "memory", clock: ManualClock) {
        self.init(name: name) { clock.date }
    }

    /// Hands out batches; see `InventoryStore`.
    public func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome {
        try change { try $0.acquire(request, with: input, now: $1) }
    }

    /// Ends an attempt well; see `InventoryStore`.
    public func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord {
        try change { try $0.succeed(ending, now: $1) }
    }

    /// Keeps what was written so far during an attempt; see `OutputStore`.
    public func keep(_ output: AttemptOutput, of holding: AttemptKey) async throws {
        try change { tables, _ in
            guard tables.isHeld(holding) else {
                throw tables.lost(holding, try tables.find(holding))
            }
            tables.keep(output, of: holding)
        }
    }

    /// Reads the note of the last attempt; see `OutputStore`.
    public func note(of batch: Int64) async throws -> String? {
        try change { tables, _ in
            let noted = tables.outputs.filter { $0.key.batch == batch && $0.value.note != nil }
            return noted.max { $0.key.attempt < $1.key.attempt }?.value.note
        }
    }

    /// Reads what was written during an attempt; see `OutputStore`.
    public func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? {
        try change { tables, _ in tables.outputs[AttemptKey(batch: batch, attempt: attempt)] }
    }

    /// Ends an attempt badly; see `InventoryStore`.
    public func fail(_ holding: AttemptKey, with failure: BatchFailure) async throws -> BatchRecord
    {
        try change { try $0.fail(holding, with: failure, now: $1) }
    }

    /// Gives a batch back unharmed; see `InventoryStore`.
    public func release(_ holding: AttemptKey) async throws -> BatchRecord {
        try change { try $0.release(holding, now: $1) }
    }

    /// Extends the lease; see `InventoryStore`.
    public func heartbeat(_ holding: AttemptKey) async throws -> Date {
        try change { try $0.heartbeat(holding, now: $1) }
    }

    /// Reads the batches of a run that are held or are offered again; see `LeaseStore`.
    public func openBatches(
        of key: RunKey,
        heldAt place: String?,
        limit: Int
    ) async throws -> [OpenBatch] {
        try change { tables, _ in tables.openBatches(of: key, heldAt: place, limit: limit) }
    }

    /// Ends the lease of an attempt now; see `LeaseStore`.
    public func endLease(of holding: AttemptKey, because words: String?) async throws -> Bool {
        try change { $0.endLease(of: holding, because: words, now: $1) }
    }

    /// Reads runs, in order of source, job and name.
    public func runs(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunRecord] {
        try change { tables, _ in tables.runs(selection, after: mark, limit: limit) }
    }

    /// Reads runs with what their batches add up to, in order of source, job and name.
    public func summaries(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [RunSummary] {
        try change { tables, now in
            tables.runs(selection, after: mark, limit: limit).map {
                tables.summary(of: $0, now: now)
            }
        }
    }

    /// Reads batches, newest first.
    public func batches(_ selection: BatchSelection) async throws -> [BatchRecord] {
        try change { tables, _ in tables.batches(selection) }
    }

    /// Reads the batches that hold an id, oldest first.
    public func batches(holding id: Int64, of metaTable: String) async throws -> [BatchRecord] {
        try change { tables, _ in tables.batches(holding: id, of: metaTable) }
    }

    /// Reads a batch's attempts, oldest first.
    public func attempts(
        of batch: Int64,
        after mark: Int?,
        limit: Int
    ) async throws -> [AttemptRecord] {
        try change { tables, _ in
            let attempts = tables.attempts.filter { $0.batch == batch && $0.attempt > mark ?? 0 }
            return Array(attempts.prefix(limit))
        }
    }

    /// Makes finally failed batches due at once; see `InventoryStore`.
    public func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool,
        _ note: ChangeNote?
    ) async throws -> [Int64] {
        try change { tables, now in
            let ids = tables.retry(selection, mayRepeat: mayRepeat, now: now)
            tables.keep("retry", ofBatches: ids, note, now: now)
            return ids
        }
    }

    /// Notes that work on a batch begins; see `BeginningStore`.
    public func begin(_ holding: AttemptKey, token: String) async throws -> Date {
        try change { try $0.begin(holding, token: token, now: $1) }
    }

    /// Takes back that work on a batch begins; see `BeginningStore`.
    public func takeBackBegin(_ holding: AttemptKey, token: String) async throws {
        try change { tables, _ in tables.takeBackBegin(holding, token: token) }
    }

    /// Pauses a run, or lets it go on.
    public func setPause(_ reason: String?, of key: RunKey, _ note: ChangeNote?) async throws {
        try change { try $0.pause(key, to: reason, after: 0, note, now: $1) }
    }

    /// Offers batches at once; see `OfferingStore`.
    public func offer(_ batches: [AttemptKey], _ note: ChangeNote?) async throws -> [BatchRecord] {
        try change { $0.offer(batches, note, now: $1) }
    }

    /// Gives batches of one run back for those that hold them; see `OfferingStore`.
    public func release(_ holdings: [AttemptKey], _ note: ChangeNote) async throws -> [BatchRecord]
    {
        try change { try $0.release(holdings, note, now: $1) }
    }

    /// Pauses a run once it has handed out some more batches; see `OfferingStore`.
    public func letThrough(
        _ batches: Int,
        of key: RunKey,
        _ note: ChangeNote?
    ) async throws {
        try change { try $0.letThrough(batches, of: key, note, now: $1) }
    }

    /// Removes runs with all that is kept of them; see `ForgettingStore`.
    public func forget(_ selection: RunSelection, isDryRun: Bool) async throws -> ForgetReport {
        try change { try $0.forget(selection, isDryRun: isDryRun, now: $1) }
    }

    /// Gives a batch back until later; see `DeferringStore`.
    public func release(
        _ holding: AttemptKey,
        _ deferral: BatchDeferral,
        jitter: Duration,
        _ note: ChangeNote
    ) async throws -> DeferredBatch {
        try change { try $0.release(holding, deferral, jitter: jitter, note, now: $1) }
    }

    /// Cancels a run, or one batch of it; see `CancellingStore`.
    public func cancel(_ key: RunKey, batch: Int64?, _ note: ChangeNote) async throws -> [Int64] {
        try change { try $0.cancel(key, batch: batch, note, now: $1) }
    }

    /// Takes back that a run was cancelled.
    public func takeBackCancel(of key: RunKey, _ note: ChangeNote) async throws {
        try change { try $0.takeBackCancel(of: key, note, now: $1) }
    }

    /// Keeps a description of a run; see `WorkflowStore`.
    public func begin(
        _ request: AcquireRequest,
        _ workflow: WorkflowBeginning
    ) async throws -> WorkflowRecord? {
        try change { try $0.begin(request, workflow, now: $1) }
    }

    /// Reads the last description of each run that has one.
    public func workflows(
        _ selection: RunSelection,
        after mark: RunKey?,
        limit: Int
    ) async throws -> [WorkflowRecord] {
        try change { tables, _ in
            let known = tables.runs(selection, after: mark, limit: .max)
                .compactMap { tables.workflow(of: $0.key) }
            return Array(known.prefix(limit))
        }
    }

    /// Changes what was set when runs were first acquired from.
    public func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) async throws {
        try change { tables, _ in
            try tables.redefine(key, definition: definition, bounds: bounds, policy: policy)
        }
    }

    /// Keeps what a look at a run's source came to.
    public func note(_ standing: SourceStanding, insteadOf known: String?, of key: RunKey)
        async throws
    {
        try change { tables, _ in
            guard let run = tables.run(key), run.standing.identity?.mark == known else { return }
            try tables.changeRun(key) { $0.standing = standing }
        }
    }

    /// Gives jobs other definitions, all or none.
    public func redefine(_ definitions: [JobKey: SourceDefinition]) async throws {
        try change { tables, _ in
            for (job, definition) in definitions {
                try tables.redefine(job, definition)
            }
        }
    }

    /// Begins a run anew; see `GenerationStore`.
    public func restart(_ key: RunKey, standing: SourceStanding) async throws -> RunKey {
        try change { try $0.restart(key, standing: standing, now: $1) }
    }

    /// Closes the store; requests that follow fail.
    public func close() async {
        isClosed = true
    }

    /// Answers a request: whatever throws changes nothing.
    func change<R>(_ body: (inout MemoryTables, Date) throws -> R) throws -> R {
        guard !isClosed else { throw TrancheError(.storeFailed, "\(name) is closed") }
        var changed = tables
        let answer = try body(&changed, Date(milliseconds: clock().milliseconds))
        tables = changed
        return answer
    }
}

// MARK: - Pages

extension MemoryInventoryStore {
    /// Makes the list of a source's pages, or finds it.
    public func beginPages(_ list: String, first: String?, repeated: RepeatedCursor?) async throws {
        try change { tables, _ in
            let isThere = try tables.beginPages(list, first: first, repeated: repeated)
            if !isThere { throw PagedSource.noPages(list, in: name) }
        }
    }

    /// Reads pages, ascending by number.
    public func pages(
        of list: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [PageRecord] {
        try change { tables, _ in
            let pages = tables.pageLists[list]?.pages ?? []
            return Array(pages.filter { range.contains($0.number) }.prefix(limit))
        }
    }

    /// Reads the last page.
    public func lastPage(of list: String) async throws -> PageRecord? {
        try change { tables, _ in tables.pageLists[list]?.pages.last }
    }

    /// Names what follows a page; see `PageStore`.
    public func name(_ naming: PageNaming) async throws -> NamedSuccessor {
        try change { tables, _ in try tables.name(naming) }
    }
}

// MARK: - Sizing

extension MemoryInventoryStore {
    /// Reads the weight that the batches of a run have, and how long the latest took.
    public func sizing(of key: RunKey) async throws -> (known: BatchSizing?, ends: [BatchTime]) {
        try change { tables, _ in tables.sizing(of: key) }
    }

    /// Keeps a weight, unless somebody else has kept another meanwhile.
    public func note(
        _ sizing: BatchSizing,
        insteadOf known: BatchSizing?,
        of key: RunKey
    ) async throws {
        try change { tables, _ in tables.note(sizing, insteadOf: known, of: key) }
    }
}

// MARK: - Gaps

extension MemoryInventoryStore {
    /// Reads the gaps of a run, ascending by their first id.
    public func gaps(of key: RunKey, after mark: Gap?, limit: Int) async throws -> [Gap] {
        try change { tables, _ in
            let gaps = tables.gaps(of: key)
            guard let mark else { return Array(gaps.prefix(limit)) }
            let after = gaps.drop {
                ($0.range.lowerBound, $0.id) <= (mark.range.lowerBound, mark.id)
            }
            return Array(after.prefix(limit))
        }
    }

    /// Reads tiles of a run, ascending by the id at which they end; see `GapStore`.
    public func tiles(
        of key: RunKey,
        endingAfter end: Int64?,
        meeting range: ClosedRange<Int64>?,
        limit: Int
    ) async throws -> [Tile] {
        try change { tables, _ in
            tables.tiles(of: key, endingAfter: end, meeting: range, limit: limit)
        }
    }

    /// The ids of a range that were handed out by batches of a run.
    public func handedOut(
        of key: RunKey,
        in range: ClosedRange<Int64>,
        onlyLate: Bool
    ) async throws -> IDRuns {
        try change { tables, _ in tables.handedOut(of: key, in: range, onlyLate: onlyLate) }
    }

    /// Watches ids that were handed out and have no row any more.
    public func watchAgain(_ ids: IDRuns, of key: RunKey) async throws -> Int {
        try change { try $0.watchAgain(ids, of: key, now: $1) }
    }

    /// Queues ids behind the cursor for a late batch.
    public func queueLate(_ ids: IDRuns, of key: RunKey, isRedo: Bool) async throws -> Int {
        try change { try $0.queueLate(ids, of: key, isRedo: isRedo, now: $1) }
    }

    /// Keeps where the audit of a run goes on.
    public func noteAudit(_ position: AuditPosition, of key: RunKey) async throws {
        try change { tables, _ in try tables.changeRun(key) { $0.auditPosition = position } }
    }
}

// MARK: - Splitting

extension MemoryInventoryStore {
    /// Splits a failed batch into batches that are due at once; see `SplittingStore`.
    public func split(
        _ holding: AttemptKey,
        into parts: [BatchPart],
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try change { try $0.split(holding, into: parts, note, now: $1) }
    }

    /// Makes quarantined items batches again, due at once.
    public func redrive(
        _ selection: BatchSelection,
        items: IDRuns?,
        _ note: ChangeNote?
    ) async throws -> [BatchRecord] {
        try change { tables, now in
            let made = tables.redrive(selection, items: items, now: now)
            tables.keep("redrive", ofBatches: made.compactMap(\.parent), note, now: now)
            return made
        }
    }
}

// MARK: - Completions and the archive

extension MemoryInventoryStore {
    /// The identity of the inventory: `memory:` and its name.
    public func identity() async throws -> String {
        "memory:\(name)"
    }

    /// Numbers the batches of a job that succeeded since the last call; see `CompletionStore`.
    public func numberCompletions(of job: JobKey) async throws -> Int64? {
        try change { tables, _ in tables.numberCompletions(of: job) }
    }

    /// Reads numbered batches, ascending by number.
    public func completions(
        of job: JobKey,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [BatchRecord] {
        try change { tables, _ in tables.completions(of: job, in: range, limit: limit) }
    }

    /// Packs succeeded batches into the archive; see `CompactingStore`.
    public func compact(_ selection: RunSelection, endedBefore ended: Date, isDryRun: Bool)
        async throws -> CompactionReport
    {
        try change { tables, _ in
            tables.compact(selection, endedBefore: ended, isDryRun: isDryRun)
        }
    }
}
