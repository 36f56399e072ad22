public import Tranche

/// How a chain is run.
public struct ChainOptions: Sendable {
    /// Whose batches are worked on, and how large they are.
    public var request: BatchRequest
    /// How many batches are worked on at once; 1 by default.
    public var workers: Int
    /// How many batches each worker holds ahead; 0 by default.
    public var prefetch = 0
    /// When to end: by default when the run is complete, so that retries and others' leases are
    /// waited for.
    public var end: BatchesEnd
    /// The promise that the sink must give; a sink that promises less is refused at the start.
    public var promise: DeliveryPromise
    /// How many items of a batch may be no valid records; any number by default.
    ///
    /// A batch with more fails.
    public var maxRejects: RejectLimit?
    /// Called with each attempt that ended; an error that it throws ends the run.
    public var onBatch: (@Sendable (BatchReport) throws -> Void)?
    /// Called with batches that were given back before work on them began, as when a stop came.
    public var onGivenBack: (@Sendable ([Batch]) -> Void)?
    /// Called with notes for the caller of the chain, such as that an output is replaced.
    public var onNotice: (@Sendable (String) -> Void)?
    /// Called with what a sink waits for while it writes; with `onNotice` by default.
    package var onWait: (@Sendable (String) -> Void)?
    /// Observes the workers, except how attempts end; none by default.
    public var watcher: (any WorkWatcher)?
    /// Whether the job has several sources that write to one place, such as the files of a folder.
    public var spansJob = false
    /// Whether outputs are put together when the run ends well; true by default.
    ///
    /// False for all but the last of several sources. After a fault they are in any case.
    public var assembles = true
    /// Whether nothing more is to come, as of several sources that are complete: what killed
    /// attempts left is removed then.
    package var isFinished = false
    /// Whether all of several sources are through, though batches of them may have failed.
    package var isOver = false
    /// Whether a sink that is away when work begins is waited for, as long as the inventory is.
    package var waitsForSink = false
    /// Whether a file describes the chain, so that what is told of it names fields rather than
    /// options of a command.
    package var isOfFile = false
    /// How long a batch may take; no bound by default.
    public var timeout: TimeBound?
    /// How long a batch may go on without progress; no bound by default.
    public var idle: Duration?
    /// The parameters of the run, by name, for steps that look at their ``BatchContext``.
    public var parameters: [String: String] = [:]
    /// Reading ahead and writing as stages of their own, in place of ``workers``; `nil` (the
    /// default) for workers that each read and write a batch.
    public var stages: ChainStages?
    /// Asks the run to stop.
    public var stop = StopSource()
    /// How long what is in hand may go on after a stop; 5 s by default.
    public var grace = Duration.seconds(5)

    /// Makes options.
    public init(
        request: BatchRequest,
        workers: Int = 1,
        end: BatchesEnd = .whenComplete,
        promise: DeliveryPromise = .atLeastOnce,
        maxRejects: RejectLimit? = nil,
        onBatch: (@Sendable (BatchReport) throws -> Void)? = nil
    ) {
        self.request = request
        self.workers = workers
        self.end = end
        self.promise = promise
        self.maxRejects = maxRejects
        self.onBatch = onBatch
    }

    func validate() throws {
        try request.validate()
        guard (1...1000).contains(workers) else {
            throw TrancheError(.invalidArgument, "\(workers) workers asked for; give 1 to 1000")
        }
        try stages?.validate()
        try stages?.requireFit(request.policy.execution)
    }
}

/// How many items of a batch may be no valid records.
public enum RejectLimit: Sendable, Hashable {
    /// So many.
    case count(Int)
    /// So large a part of the batch, from 0 to 1.
    case share(Double)

    /// Refuses more than that of a batch.
    ///
    /// - Parameters:
    ///   - rejected: How many of its items are no valid records.
    ///   - batch: The batch.
    ///   - example: The first of them.
    /// - Throws: `TrancheError` `.invalidItem`, with the example as `RecordsRefused` beneath it.
    func require(
        _ rejected: Int,
        of batch: BatchRecord,
        suchAs example: RefusedRecord
    ) throws {
        let isMet =
            switch self {
            case .count(let most): rejected <= most
            case .share(let most): Double(rejected) <= most * Double(batch.count)
            }
        if isMet { return }
        throw TrancheError(
            .invalidItem,
            "\(rejected) of \(batch.count) items of batch \(batch.id) are not valid records; at "
                + "most \(self) are let through",
            underlying: RecordsRefused([example])
        )
    }
}

extension RejectLimit: CustomStringConvertible {
    /// The number, or the share in percent.
    public var description: String {
        switch self {
        case .count(let most): String(most)
        case .share(let most): "\((most * 10_000).rounded() / 100) %"
        }
    }
}
