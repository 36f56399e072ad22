import FoundationEssentials
public import Tranche
public import TrancheChains
public import TrancheConnectors

/// A run with what is done with its batches, described once and then watched and steered from
/// anywhere.
///
/// ```json
/// {
///   "job": "load-customers", "source": "csv:customers.csv", "weight": "8MiB",
///   "steps": [{"map": {"rename": {"Cust No": "id"}}}, {"validate": {"schema": "customer.json"}}],
///   "sink": {"at": "table:customer", "key": ["id"]},
///   "workers": 4, "policy": {"max_attempts": 5, "on_exhausted": "split"}
/// }
/// ```
///
/// See <doc:RunningWorkflows> for its fields. What contradicts itself is refused when it is made,
/// with a `SpecError` that names the field. Credentials are not part of it.
public struct Workflow: Sendable, Hashable {
    /// The job's name.
    public let job: String
    /// The run's name; empty for the incremental run.
    public private(set) var run: String
    /// The ids that a named run may use.
    public private(set) var ids: IDBounds
    /// Where the items are listed.
    public private(set) var source: SourceSpec
    /// The work on a batch.
    public private(set) var work: WorkflowWork
    /// How large a batch may be.
    public let limit: BatchLimit
    /// How many batches a process works on at once.
    public let workers: Int
    /// How many batches each worker holds ahead.
    public let prefetch: Int
    /// Reading ahead and writing as stages, in place of ``workers``; only with records.
    public let stages: ChainStages?
    /// Maximum number of batches of the run at once over all processes; `nil` for any number.
    public let parallelism: Int?
    /// Maximum number of batches of one key at once over all processes; `nil` for any number.
    ///
    /// The source names its `key` then.
    public let perKey: Int?
    /// The named budgets that the run refers to.
    public let budgets: [String]
    /// How the run ranks among those that share its budgets.
    public let rank: BudgetRank
    /// When the run rests, over all processes; `nil` for never.
    public private(set) var rest: WorkflowRest?
    /// How the run treats its batches.
    public let policy: RunPolicy
    /// How often work on a batch may begin; part of ``policy``.
    public var execution: RunPolicy.Execution { policy.execution }
    /// The promise that the sink must give; only with records.
    public let promise: DeliveryPromise
    /// How long a batch may take; `nil` for no bound.
    public let timeout: Duration?
    /// How long a batch may go on without progress; `nil` for no bound.
    public let idle: Duration?
    /// Where each process that works keeps snapshots, and how often; `nil` for nowhere.
    public private(set) var snapshots: WorkflowSnapshots?
    /// The parameters for the work on batches, by name.
    public private(set) var parameters: [String: String]

    /// Makes a workflow.
    ///
    /// - Throws: `SpecError` with the field that contradicts another, or cannot be.
    public init(
        job: String,
        run: String = "",
        ids: IDBounds = IDBounds(),
        source: SourceSpec,
        work: WorkflowWork,
        limit: BatchLimit,
        workers: Int = 1,
        prefetch: Int = 0,
        stages: ChainStages? = nil,
        parallelism: Int? = nil,
        perKey: Int? = nil,
        budgets: [String] = [],
        rank: BudgetRank = BudgetRank(),
        policy: RunPolicy = RunPolicy(),
        promise: DeliveryPromise = .atLeastOnce,
        timeout: Duration? = nil,
        idle: Duration? = nil,
        snapshots: WorkflowSnapshots? = nil,
        parameters: [String: String] = [:]
    ) throws {
        self.job = job
        self.run = run
        self.ids = ids
        self.source = source
        self.work = work
        self.limit = limit
        self.workers = workers
        self.prefetch = prefetch
        self.stages = stages
        self.parallelism = parallelism
        self.perKey = perKey
        // In which order they are named means nothing.
        self.budgets = budgets.sorted()
        self.rank = rank
        self.policy = policy
        self.promise = promise
        self.timeout = timeout
        self.idle = idle
        self.snapshots = snapshots
        self.parameters = parameters
        try requireSound()
    }

    /// The workflow with other parameters beside those that it has.
    ///
    /// - Parameter parameters: The parameters; one of the same name is replaced.
    /// - Returns: The workflow.
    /// - Throws: `SpecError` for a name that is none.
    public func with(parameters: [String: String]) throws -> Workflow {
        try changed { $0.parameters.merge(parameters) { $1 } }
    }

    /// The workflow as a run of its own, of another source where one is given.
    ///
    /// - Parameters:
    ///   - run: The run's name.
    ///   - ids: The ids that it may use; its own by default.
    ///   - source: The source; its own by default.
    /// - Returns: The workflow.
    /// - Throws: `SpecError` that names the field.
    package func with(
        run: String,
        ids: IDBounds? = nil,
        source: SourceSpec? = nil
    ) throws -> Workflow {
        try changed { workflow in
            workflow.run = run
            if let ids { workflow.ids = ids }
            if let source { workflow.source = source }
        }
    }

    /// The workflow with a rest after so much weight: a budget's rate, of `weight` in `time`, over
    /// all processes.
    ///
    /// - Parameters:
    ///   - weight: How much is let in at once, in the unit of the items' weights; above 0. A batch
    ///     is not cut: one that goes beyond is let in whole, and waited for afterwards.
    ///   - time: How long it takes until as much is let in again; above 0.
    /// - Returns: The workflow.
    /// - Throws: `SpecError` for what is not above 0.
    public func rest(after weight: Double, for time: Duration) throws -> Workflow {
        try changed { $0.rest = WorkflowRest(after: weight, for: time) }
    }

    /// The workflow with the content of files that it names in the place of their names.
    ///
    /// What is kept, and what the digest tells apart, is what the files say when it begins.
    ///
    /// - Returns: The workflow.
    /// - Throws: `SpecError` for a file that cannot be read.
    public func readingFiles() throws -> Workflow {
        try withSteps { try $0.readingFiles() }
    }

    /// The workflow whose paths are absolute, so that it means the same to any process.
    ///
    /// - Parameter connectors: What makes sources and sinks of descriptions.
    /// - Returns: The workflow.
    /// - Throws: `SpecError` that names the field.
    package func anchored(by connectors: Connectors) throws -> Workflow {
        let anchored = try withSteps { $0.anchored }
        return try anchored.changed { workflow in
            workflow.source = try Self.naming("source") { try connectors.anchored(source) }
            if let place = snapshots?.place {
                workflow.snapshots?.place = try Self.naming("snapshots", "to") {
                    try SnapshotPlace(place, connectors).anchored(by: connectors)
                }
            }
            guard case .records(let steps, let sink) = workflow.work else { return }
            let place = try Self.naming("sink") { try connectors.anchored(sink) }
            workflow.work = .records(steps: steps, sink: place)
        }
    }

    private func withSteps(_ body: (WorkflowStep) throws -> WorkflowStep) throws -> Workflow {
        guard case .records(let steps, let sink) = work else { return self }
        let changed = try steps.enumerated().map { place, step in
            try Self.naming("steps", "\(place)") { try body(step) }
        }
        return try self.changed { $0.work = .records(steps: changed, sink: sink) }
    }

    private func changed(_ body: (inout Workflow) throws -> Void) throws -> Workflow {
        var changed = self
        try body(&changed)
        try changed.requireSound()
        return changed
    }

    /// Says of which field an error is.
    static func naming<Result>(
        _ field: String...,
        body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as SpecError {
            throw error.within(field)
        } catch let error as TrancheError where error.code == .invalidArgument {
            throw SpecError(.unusable, field: field, error.message)
        }
    }

    /// The description as it is kept: JSON with its keys in order, without what goes without
    /// saying.
    public var text: String {
        get throws { try JSONText.encode(self) }
    }

    /// The SHA-256 of ``text``, in hexadecimal, which identifies the description.
    ///
    /// A description that is kept goes by the digest that it was kept with, whatever this program
    /// would write in its place.
    public var digest: String {
        get throws { SHA256.hexadecimal(of: Array(try text.utf8)) }
    }
}

/// The work on the batches of a workflow.
public enum WorkflowWork: Sendable, Hashable {
    /// The records of a batch go through steps into a sink.
    case records(steps: [WorkflowStep], sink: SinkSpec)
    /// A program is run for each batch: the program and its arguments, without a shell.
    case program([String])
    /// A handler that the process which works on the batches has under a name.
    case handler(String)
}
