public import FoundationEssentials

/// Where an inventory is kept.
///
/// A store makes each of these requests atomic and durable, and makes requests of one run as if
/// they came one after the other. Every request may be repeated: the same token gives the same
/// batches, an end repeated by its attempt gives what is recorded. Time is the store's own.
///
/// What it keeps besides batches and runs, and what it tells of all of it, is in the protocols it
/// inherits.
public protocol InventoryStore: InventoryReader, GapStore, SplittingStore, CompletionStore,
    CompactingStore,
    GenerationStore, OutputStore, BudgetStore, CancellingStore, DeferringStore, BeginningStore,
    PageStore, WorkflowStore, SizingStore, ProbeStore, InputLogStore,
    PipelineStore, LeaseStore, OfferingStore, ForgettingStore
{
    /// Hands out batches, in this order: released, expired and due ones, as they were, those first
    /// that are due for longest; then a late one; then new ones after the cursor.
    ///
    /// - Parameters:
    ///   - request: What is asked for. The run is made when it does not exist.
    ///   - source: The run's source; a store in the same database may read a bounded step of it
    ///     while it holds the run.
    ///   - input: What was found out before: a plan of what follows the cursor, a look at gaps; and
    ///     what is to be recorded on the way.
    /// - Returns: Batches, a reason, or what is needed first: a plan, a look at gaps, a split.
    /// - Throws: ``TrancheError`` `.redefined` for another definition or bounds, `.invalidItem` as
    ///   the source does; `.storeBusy` (transient) after the bounded wait. Nothing was changed.
    func acquire(
        _ request: AcquireRequest,
        from source: any MetaSource,
        with input: AcquireInput
    ) async throws -> AcquireOutcome

    /// Whether the store may read a source in its own database while it holds a run; no by default.
    func readsUnderLock(_ source: any MetaSource) -> Bool

    /// Ends an attempt well, and keeps what was written during it.
    ///
    /// - Returns: The batch as it is now.
    /// - Throws: ``TrancheError`` `.batchLost` when the batch is not running under this attempt and
    ///   did not end this way by it; `.unknownBatch`. Nothing was changed.
    func succeed(_ ending: AttemptSuccess) async throws -> BatchRecord

    /// Ends an attempt badly; the run's policy says what follows.
    ///
    /// A failure with parts splits the batch into them at once. Throws as
    /// ``succeed(_:)``.
    func fail(_ holding: AttemptKey, with failure: BatchFailure) async throws -> BatchRecord

    /// Gives a batch back unharmed; one that has begun is failed for good, with
    /// ``BatchCause/begun``. Throws as ``succeed(_:)``, so also for one that has begun and failed
    /// otherwise.
    func release(_ holding: AttemptKey) async throws -> BatchRecord

    /// Extends the lease by the run's policy. Throws as ``succeed(_:)``.
    ///
    /// - Returns: When the lease ends now.
    func heartbeat(_ holding: AttemptKey) async throws -> Date

    /// Makes finally failed batches due at once, with their failures forgotten.
    ///
    /// Cancelled ones are left alone, unless the selection names that cause; they keep their
    /// failures. So are those that have begun, and may have been executed.
    ///
    /// - Parameters:
    ///   - selection: Which batches.
    ///   - mayRepeat: Whether those that have begun are meant, too: they are as if they had not.
    ///   - note: The author, and the reason; kept with the change, as `retry`, where there is one.
    /// - Returns: The batches' numbers.
    /// - Throws: ``TrancheError`` of the store.
    func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool,
        _ note: ChangeNote?
    ) async throws -> [Int64]

    /// Pauses a run at once, or lets it go on.
    ///
    /// - Parameters:
    ///   - reason: The reason; `nil` lets it go on.
    ///   - key: The run.
    ///   - note: The author, and the reason; kept with the change, as `pause`, where there is one
    ///     and the run is not as it was.
    /// - Throws: ``TrancheError`` `.unknownRun`.
    func setPause(_ reason: String?, of key: RunKey, _ note: ChangeNote?) async throws

    /// Changes what was set when runs were first acquired from.
    ///
    /// - Parameters:
    ///   - key: The run whose bounds and policy are set.
    ///   - definition: The definition of all runs of the job; `nil` leaves it.
    ///   - bounds: The run's bounds; `nil` leaves them.
    ///   - policy: The run's policy; `nil` leaves it.
    /// - Throws: ``TrancheError`` `.unknownRun`; `.invalidArgument` for a run that is to become at
    ///   most once while batches are open, and for bounds that begin below the present ones within
    ///   what the run has passed, which it would not hand out.
    func redefine(
        _ key: RunKey,
        definition: SourceDefinition?,
        bounds: IDBounds?,
        policy: RunPolicy?
    ) async throws

    /// Finds the transaction of others, in the store's database, that has been open for longest.
    ///
    /// - Parameter duration: How long it must have been open.
    /// - Returns: The transaction; `nil` where there is none, or the server shows none.
    /// - Throws: ``TrancheError`` of the store.
    func oldestTransaction(openFor duration: Duration) async throws -> OpenTransaction?

    /// Closes connections; requests that follow fail.
    func close() async
}

extension InventoryStore {
    /// Makes finally failed batches due at once, and keeps no change; see
    /// ``retry(_:mayRepeat:_:)``.
    public func retry(
        _ selection: BatchSelection,
        mayRepeat: Bool = false
    ) async throws -> [Int64] {
        try await retry(selection, mayRepeat: mayRepeat, nil)
    }

    /// Pauses a run, or lets it go on, and keeps no change; see ``setPause(_:of:_:)``.
    public func setPause(_ reason: String?, of key: RunKey) async throws {
        try await setPause(reason, of: key, nil)
    }

    /// Ends an attempt well; see ``succeed(_:)``.
    public func succeed(
        _ holding: AttemptKey,
        result: String?,
        logging: String?
    ) async throws -> BatchRecord {
        try await succeed(AttemptSuccess(holding, result: result, logging: logging))
    }

    /// Whether the store may read a source while it holds a run: a plan has to be made before.
    public func readsUnderLock(_ source: any MetaSource) -> Bool { false }

    /// The store does not show others' transactions.
    public func oldestTransaction(openFor duration: Duration) async throws -> OpenTransaction? {
        nil
    }
}
