public import Tranche
import TrancheChains
public import TrancheConnectors

/// The workflows of an inventory: begun, found again, and worked on.
///
/// ```swift
/// let workflows = Workflows(inventory, connectors)
/// let handle = try await workflows.start(Workflow(contentsOf: "load.json"))
/// let result = try await workflows.work(on: handle)
/// ```
public struct Workflows: Sendable {
    /// Where the runs are kept.
    public let inventory: Inventory
    let connectors: Connectors
    let context: ConnectorContext

    /// Makes it of an inventory and of what makes sources and sinks of descriptions.
    public init(
        _ inventory: Inventory,
        _ connectors: Connectors,
        _ context: ConnectorContext = ConnectorContext()
    ) {
        self.inventory = inventory
        self.connectors = connectors
        self.context = context
    }

    // MARK: - Beginning

    /// Checks that a workflow's source, steps and sink fit together, and begins nothing.
    ///
    /// - Parameter workflow: The workflow.
    /// - Returns: The workflow as it would be kept.
    /// - Throws: `SpecError` that names the field; `TrancheError` where source and sink do not fit.
    @discardableResult
    public func check(_ workflow: Workflow) async throws -> Workflow {
        let workflow = try workflow.readingFiles()
        let plan = try plan(workflow)
        if let chain = plan.chain {
            let check = try await chain.check(beside: inventory, plan.source)
            guard check.promise >= workflow.promise else {
                throw SpecError(
                    .unusable,
                    field: ["promise"],
                    "\(check.name) promises \(check.promise.rawValue) beside this inventory, not "
                        + workflow.promise.rawValue
                )
            }
        } else {
            _ = try await inventory.source(plan.source)
        }
        return workflow
    }

    /// Keeps a workflow's description and begins its run, without handing out anything.
    ///
    /// A description that differs from the run's last one is a new generation: whoever works by an
    /// earlier one gets nothing more, and ends what it has in hand as it began. The same
    /// description, begun again, changes nothing.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - reason: Why, for who looks at the changes of budgets.
    /// - Returns: The workflow's handle.
    /// - Throws: As ``check(_:)``; `TrancheError` `.redefined` where the run has another source,
    ///   bounds or sink, `.unknownBudget`.
    public func start(_ workflow: Workflow, reason: String? = nil) async throws -> WorkflowHandle {
        let workflow = try await check(workflow)
        let plan = try plan(workflow)
        let record = try await inventory.begin(
            plan.request,
            from: plan.source,
            digest: plan.digest,
            text: workflow.text,
            setUp: { try await limit($0, plan, reason) }
        )
        return WorkflowHandle(self, record)
    }

    /// Gives a run the budgets and the parallelism of a description that it does not have yet.
    private func limit(_ key: RunKey, _ plan: WorkflowPlan, _ reason: String?) async throws {
        let known = try await inventory.workflowRecords(RunSelection(key)).first
        guard known?.digest != plan.digest else { return }
        let former = try known.map { try Workflow(json: $0.text) }
        let (budgets, parallelism) = (plan.workflow.budgets, plan.workflow.parallelism)
        if budgets != former?.budgets ?? [] {
            try await inventory.setBudgets(budgets, of: key, reason: reason)
        }
        if parallelism != former?.parallelism {
            try await inventory.setParallelism(parallelism, of: key, reason: reason)
        }
    }

    func plan(_ workflow: Workflow) throws -> WorkflowPlan {
        let worker = inventory.configuration.worker
        return try WorkflowPlan(workflow, connectors, context, worker: worker)
    }

    // MARK: - Finding

    /// Finds a workflow again, begun by whatever process.
    ///
    /// - Parameters:
    ///   - job: The job's name.
    ///   - run: The run's name; the incremental run by default.
    ///   - metaTable: The source's name as the inventory has it, where the job has several.
    /// - Returns: Its handle.
    /// - Throws: `TrancheError` `.unknownRun`, or `.ambiguousJob`.
    public func find(
        job: String,
        run: String = "",
        metaTable: String? = nil
    ) async throws -> WorkflowHandle {
        let selection = RunSelection(metaTable: metaTable, job: job, run: run)
        let key = try await inventory.run(selection).key
        guard let record = try await inventory.workflowRecords(RunSelection(key)).first else {
            throw TrancheError(
                .unknownRun,
                "\(key) is no workflow; 'tranche workflow list' lists what there is"
            )
        }
        return WorkflowHandle(self, record)
    }

    /// Lists workflows, in order of source, job and run.
    ///
    /// - Parameter selection: Which runs; all by default.
    /// - Returns: Their handles.
    /// - Throws: `TrancheError` of the store.
    public func list(_ selection: RunSelection = RunSelection()) async throws -> [WorkflowHandle] {
        try await inventory.workflowRecords(selection).map { WorkflowHandle(self, $0) }
    }
}
