public import Tranche
public import TrancheConnectors
public import TrancheWorkflows

/// The tools of a pipeline's jobs and alerts.
public struct PipelineMeans: Sendable {
    /// The connectors that make sources and sinks from descriptions.
    public var connectors: Connectors
    /// The context of the connectors; alerts use its credentials, too.
    public var context: ConnectorContext
    /// Makes the handler of a job that runs a program; `nil` where this process runs none.
    public var program: (@Sendable ([String], Workflow) throws -> any BatchHandler)?
    /// Runs a program with a text on its standard input, for alerts; `nil` where this process runs
    /// none.
    public var alertProgram: (@Sendable ([String], String) async throws -> Void)?
    /// Called with each attempt of a job that ended.
    public var onBatch: (@Sendable (String, BatchReport) -> Void)?
    /// Called with the open source of a job when work on it begins, also anew.
    public var onSource: (@Sendable (any MetaSource) -> Void)?
    /// Observes the workers of jobs, except how attempts end; none by default.
    public var watcher: (any WorkWatcher)?

    /// Makes means; nothing by default.
    public init(
        connectors: Connectors = Connectors([]),
        context: ConnectorContext = ConnectorContext()
    ) {
        self.connectors = connectors
        self.context = context
    }
}

/// A job that an orchestrator works on beside its links.
struct OrchestratorJob: Sendable {
    let workflow: Workflow
    let means: PipelineMeans

    /// The job's name; of one with a named run, that behind it.
    var name: String {
        workflow.run.isEmpty ? workflow.job : "\(workflow.job) (\(workflow.run))"
    }

    /// The names of the job and its run in the inventory.
    var job: String { workflow.job }
    var run: String { workflow.run }

    /// When it ends by itself: a run with an upper bound does, and each does in a drain.
    private func end(inDrain drains: Bool) -> BatchesEnd {
        drains || workflow.ids.upper != nil ? .whenComplete : .never
    }

    /// The input whose log it reads; `nil` where it reads none.
    var input: String? {
        let source = workflow.source
        return "\(source.scheme):" == InputLogSource.prefix ? source.place : nil
    }

    /// Opens its source.
    func source(in inventory: Inventory) async throws -> any MetaSource {
        let workflows = Workflows(inventory, means.connectors, means.context)
        return try await FieldWords.inErrors {
            try await inventory.source(workflows.source(of: workflow))
        }
    }

    /// Looks whether there is something to do of a run that had come to its end: what somebody has
    /// retried, what is tried again from time to time, or what its source has by now within its
    /// bounds.
    ///
    /// - Parameter inventory: Where it is kept.
    /// - Returns: Whether there is.
    /// - Throws: `TrancheError` of the store; `CancellationError`.
    func hasMore(in inventory: Inventory) async throws -> Bool {
        let runs = RunSelection(job: job, run: run)
        for var summary in try await inventory.summaries(runs)
        where summary.run.cancellation == nil && summary.run.pauseInForce == nil {
            if summary.isDue { return true }
            // Those that wait for their time are no reason not to look for what is new.
            if summary.causes.removeValue(forKey: .stuck) != nil,
                try await isStuckDue(of: summary.run.key, in: inventory)
            {
                return true
            }
            let workflows = Workflows(inventory, means.connectors, means.context)
            let found = try await inventory.completeness(of: summary) { [workflow] _, _ in
                try workflows.source(of: workflow)
            }
            if found == .open { return true }
        }
        return false
    }

    /// Whether any of a run's stuck batches is to be tried again by now.
    private func isStuckDue(of key: RunKey, in inventory: Inventory) async throws -> Bool {
        let now = inventory.now
        var stuck = BatchSelection(runs: RunSelection(key), cause: .stuck, limit: 1000)
        while true {
            let batches = try await inventory.batches(stuck)
            if batches.contains(where: { $0.retryAt ?? now <= now }) { return true }
            guard batches.count == stuck.limit, let last = batches.last else { return false }
            stuck.before = last.id
        }
    }

    /// Works on it until it ends, or a stop.
    ///
    /// - Parameters:
    ///   - inventory: Where it is kept.
    ///   - stop: Asks it to stop.
    ///   - grace: How long what is in hand may go on then.
    ///   - drains: Whether it ends with what there is now.
    ///   - process: The process that it names, where it names one.
    ///   - operations: Which operations the input gives whose log it reads; all, with an empty set.
    ///   - reports: Called with each attempt that ended.
    /// - Throws: What keeps it from going on; `CancellationError`.
    func run(
        in inventory: Inventory,
        stop: StopSource,
        grace: Duration,
        drains: Bool,
        by process: GatedProcess?,
        on operations: Set<Event.Operation>,
        _ reports: OrchestratorReports
    ) async throws {
        let workflows = Workflows(inventory, means.connectors, means.context)
        let handle = try await workflows.start(workflow)
        var options = WorkflowOptions(end: end(inDrain: drains))
        options.stop = stop
        options.grace = grace
        options.program = means.program
        options.watcher = means.watcher
        options.onSource = means.onSource
        if let process {
            options.handlers[process.process.name] = { workflow in
                JobProcessHandler(
                    job: workflow.job,
                    source: workflow.source,
                    operations: operations,
                    drains: drains,
                    process: process
                )
            }
        }
        let (name, isShown) = (name, means.program == nil || !workflow.isOfProgram)
        options.onBatch = { [means] report in
            reports.ended(name, report)
            // A program's handler shows its own.
            if isShown { means.onBatch?(name, report) }
        }
        let result = try await workflows.work(on: handle, options)
        switch result.ending {
        case .complete, .completeWithFailures, .stopped: return
        case .cancelled:
            // Somebody may resume it.
            guard drains else { throw OrchestratorError(name, message: "it was cancelled") }
            let record = try await inventory.run(RunSelection(handle.key))
            // One that was resumed since has ended, and is not held.
            reports.drained(name, record.cancellation.map { .cancelled($0) })
        case .superseded(let generation):
            // Whoever runs what is applied takes it back.
            throw OrchestratorError(
                name,
                message: "another description of it was begun elsewhere, as its generation "
                    + "\(generation)"
            )
        case .unfinished(let reason):
            // It may go on later, as when somebody resumes it.
            guard !drains else { return reports.drained(name, reason) }
            throw OrchestratorError(name, message: "nothing is handed out: \(reason)")
        }
    }
}

extension Workflow {
    /// Whether a program runs for each batch.
    fileprivate var isOfProgram: Bool { if case .program = work { true } else { false } }

    /// The name of a handler that stands for callers of the server, who acquire by themselves.
    static let callers = "rest"

    /// The process of the pipeline that runs on its items; `nil` for other work.
    var process: String? {
        guard case .handler(let name) = work, name != Self.callers else { return nil }
        return name
    }
}
