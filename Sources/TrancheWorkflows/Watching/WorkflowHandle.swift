public import Tranche

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

    /// What the workflow does.
    public var description: Workflow {
        get throws { try Workflow(json: record.text) }
    }

    private var inventory: Inventory { workflows.inventory }

    // MARK: - Watching

    /// Reads how far the run is.
    ///
    /// - Returns: The progress; without what is left where the source cannot be reached.
    /// - Throws: `TrancheError` of the store.
    public func progress() async throws -> WorkflowProgress {
        try await WorkflowProgress(of: record, in: inventory, await source)
    }

    /// Reads the run with all its batches, as it is now.
    ///
    /// - Returns: The snapshot; batches that were packed are in its sums alone.
    /// - Throws: `TrancheError` of the store.
    public func snapshot() async throws -> WorkflowSnapshot {
        try await WorkflowSnapshot(try await progress(), of: key, in: inventory)
    }

    /// Waits until the run is complete or cancelled, whoever works on it.
    ///
    /// A run of which only stuck batches are left ends as one whose batches failed.
    /// A run that is paused or held is waited for. The inventory's clock measures the pauses.
    ///
    /// - Returns: How it ended.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    public func result() async throws -> WorkflowResult {
        let pause = inventory.configuration.pollInterval
        while true {
            let progress = try await progress()
            if progress.state == "cancelled" {
                return WorkflowResult(ending: .cancelled, progress: progress)
            }
            if progress.state == "stuck" {
                return WorkflowResult(ending: .completeWithFailures, progress: progress)
            }
            if progress.state == "complete" {
                let ending: WorkflowEnding =
                    progress.hasFailures ? .completeWithFailures : .complete
                return WorkflowResult(ending: ending, progress: progress)
            }
            try await inventory.configuration.clock.sleep(for: pause)
        }
    }

    /// The source; `nil` where it cannot be reached from this process, which then only knows less.
    private var source: (any MetaSource)? {
        get async {
            guard let plan = try? workflows.plan(description) else { return nil }
            return try? await inventory.source(plan.source)
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
