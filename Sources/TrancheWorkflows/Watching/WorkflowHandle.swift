public import Tranche
import TrancheConnectors

/// A workflow that was begun, found again from any process: watched and steered.
///
/// Its figures are read from the inventory; nothing is carried along. A process without the code
/// of the workflow's handler can do all of it.
public struct WorkflowHandle: Sendable {
    let workflows: Workflows
    /// The description as it was when this handle was made.
    public let record: WorkflowRecord

    init(_ workflows: Workflows, _ record: WorkflowRecord) {
        self.workflows = workflows
        self.record = record
    }

    /// The run.
    public var key: RunKey { record.key }

    /// The workflow, as its description has it.
    public var description: Workflow {
        get throws { try Workflow(json: record.text) }
    }

    private var inventory: Inventory { workflows.inventory }

    // MARK: - Watching

    /// Reads how far the run is.
    ///
    /// Of the description the source alone is made: what the sink needs is not asked for.
    ///
    /// - Returns: The progress; where the source cannot be opened from this process, without what
    ///   is left, and with the reason in ``WorkflowProgress/sourceError``.
    /// - Throws: `TrancheError` of the store.
    public func progress() async throws -> WorkflowProgress {
        try await read(await openedSource).progress
    }

    /// Reads the run with all its batches, as it is now.
    ///
    /// - Returns: The snapshot; batches that were packed are in its sums alone.
    /// - Throws: `TrancheError` of the store.
    public func snapshot() async throws -> WorkflowSnapshot {
        try await WorkflowSnapshot(try await progress(), of: key, in: inventory)
    }

    /// Waits until the run is complete or cancelled, whichever process works on it.
    ///
    /// A run of which only stuck batches are left ends as one whose batches failed.
    /// A run that is paused, held or limited is waited for. The inventory's clock measures the
    /// pauses.
    ///
    /// - Returns: How it ended.
    /// - Throws: `TrancheError` of the store; of the source, where the end can never be known here
    ///   since the source cannot be opened: at once where that does not pass, else when it could
    ///   not for ten times. Where the run has an upper bound the inventory may know its end alone:
    ///   then when nothing of it went on for ten times. `CancellationError`.
    public func result() async throws -> WorkflowResult {
        let pause = inventory.configuration.pollInterval
        let isBounded = try await inventory.run(RunSelection(key)).bounds.upper != nil
        var opened: Result<any MetaSource, any Error>?
        var misses = 0
        while true {
            let source: Result<any MetaSource, any Error>
            if let opened { source = opened } else { source = await openedSource }
            let (progress, fault) = try await read(source)
            if let ending = progress.ending {
                return WorkflowResult(ending: ending, progress: progress)
            }
            opened = fault == nil ? source : nil
            let isMiss = fault != nil && (!isBounded || progress.standsStill)
            misses = isMiss ? misses + 1 : 0
            if let fault, isMiss {
                let passes = isBounded || (fault as? TrancheError)?.category == .transient
                guard passes, misses < Self.triesToOpen else { throw endUnknown(fault) }
            }
            try await inventory.configuration.clock.sleep(for: pause)
        }
    }

    private static let triesToOpen = 10

    /// That the end cannot be known here, and what to do.
    private func endUnknown(_ fault: any Error) -> TrancheError {
        TrancheError(
            (fault as? TrancheError)?.code ?? .invalidSource,
            "whether \(key) has ended cannot be known here, since its source cannot be opened: "
                + "\(redacted("\(fault)")); give this process what opens it, such as the file, the "
                + "connector or the credentials, or wait where a worker runs. 'tranche workflow "
                + "show' "
                + "shows what the inventory knows",
            underlying: fault
        )
    }

    private func read(
        _ source: Result<any MetaSource, any Error>
    ) async throws -> (progress: WorkflowProgress, fault: (any Error)?) {
        try await WorkflowProgress.read(record, in: inventory, source)
    }

    /// The source, made of its part of the description alone.
    private var openedSource: Result<any MetaSource, any Error> {
        get async {
            do {
                return .success(try await inventory.source(workflows.source(of: description)))
            } catch {
                return .failure(FieldWords.error(error))
            }
        }
    }

    // MARK: - Steering

    /// Says how many batches of the run all processes together may hold at once; `nil` for any.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for a negative number; of the store.
    public func setParallelism(_ batches: Int?, reason: String? = nil) async throws {
        try await inventory.setParallelism(batches, of: key, reason: reason)
    }

    /// Puts the parallelism back to what it was before the last change.
    ///
    /// - Returns: What it is now; `nil` for any number.
    /// - Throws: `TrancheError` `.invalidArgument` where it was never changed; of the store.
    @discardableResult
    public func restoreParallelism(reason: String? = nil) async throws -> Int? {
        try await inventory.restoreParallelism(of: key, reason: reason)
    }

    /// Stops handing out batches of the run; those in hand may be ended.
    ///
    /// - Throws: `TrancheError` of the store.
    public func pause(reason: String = "") async throws {
        try await inventory.pause(key, reason: reason)
    }

    /// Lets the paused or cancelled run go on.
    ///
    /// - Throws: `TrancheError` of the store.
    public func resume(reason: String? = nil) async throws {
        try await inventory.resume(key, reason: reason)
    }

    /// Cancels the run: nothing more is handed out, and its open batches are failed.
    ///
    /// - Returns: The numbers of the batches that were cancelled, ascending.
    /// - Throws: `TrancheError` of the store.
    @discardableResult
    public func cancel(reason: String? = nil) async throws -> [Int64] {
        try await inventory.cancel(key, reason: reason)
    }
}
