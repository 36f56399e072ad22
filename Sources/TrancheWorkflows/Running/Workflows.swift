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
    /// - Returns: The workflow as it would be kept: with absolute paths, and with what the files
    ///   say that it names.
    /// - Throws: `SpecError` that names the field; `TrancheError` where source and sink do not fit,
    ///   or where the run is new and has a name that none is given.
    @discardableResult
    public func check(_ workflow: Workflow) async throws -> Workflow {
        try await FieldWords.inErrors { try await checked(workflow) }
    }

    private func checked(_ workflow: Workflow) async throws -> Workflow {
        let workflow = try workflow.readingFiles().anchored(by: connectors)
        let plan = try plan(workflow, digest: workflow.digest)
        let source = try await inventory.source(plan.source)
        let names = try connectors.recordedNames(of: workflow.source)
        try await inventory.requireName(
            of: RunKey(metaTable: names.first ?? "", job: workflow.job, run: workflow.run)
        )
        try workflow.requireFit(source.definition)
        // One that was open already tells whether it is still what it was then.
        _ = try await source.highestID()
        guard let chain = plan.chain else { return workflow }
        let check = try await chain.check(beside: inventory, plan.source)
        guard check.promise >= workflow.promise else {
            throw SpecError(
                .unusable,
                field: ["promise"],
                "\(check.name) promises \(check.promise.rawValue) beside this inventory, not "
                    + workflow.promise.rawValue
            )
        }
        return workflow
    }

    /// Keeps a workflow's description and begins its run, without handing out anything.
    ///
    /// Run, limits and description are written in one transaction. A description that differs from
    /// the run's last one is a new generation: a process that works by an earlier one gets nothing
    /// more, and ends what it has in hand as it began. The same description, begun again, changes
    /// nothing.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - reason: The reason, for the list of changes of budgets.
    /// - Returns: The workflow's handle.
    /// - Throws: As ``check(_:)``; `TrancheError` `.redefined` where the run has another source,
    ///   bounds or sink, `.unknownBudget`; `SpecError` where the budget of its rest is there with
    ///   other limits.
    public func start(_ workflow: Workflow, reason: String? = nil) async throws -> WorkflowHandle {
        let workflow = try await check(workflow)
        let plan = try plan(workflow, digest: workflow.digest)
        let change = try await makeBudget(of: workflow, reason)
        let record = try await inventory.begin(plan.request, from: plan.source) { known in
            try beginning(of: workflow, after: known, reason)
        }
        // Not before: a workflow that could not begin leaves the rest of the one that goes on.
        if let change {
            try await inventory.setBudget(change.name, change.limits, reason: reason)
        }
        return WorkflowHandle(self, record)
    }

    /// Checks that a workflow could be started as things are now, and writes nothing.
    ///
    /// - Parameter workflow: The workflow.
    /// - Returns: As ``check(_:)``.
    /// - Throws: As ``start(_:reason:)``.
    @discardableResult
    package func checkStart(_ workflow: Workflow) async throws -> Workflow {
        let workflow = try await check(workflow)
        let plan = try plan(workflow, digest: workflow.digest)
        let rest = try await restChange(of: workflow)
        try await inventory.checkBeginning(
            plan.request,
            from: plan.source,
            making: rest.map { [$0.name] } ?? []
        ) { known in
            try beginning(of: workflow, after: known, nil)
        }
        return workflow
    }

    /// The description of a workflow that becomes its run's last one.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - known: The run's last description; `nil` where there is none.
    ///   - reason: The reason.
    /// - Returns: The description.
    /// - Throws: `SpecError` where the last description cannot be read.
    private func beginning(
        of workflow: Workflow,
        after known: WorkflowRecord?,
        _ reason: String?
    ) throws -> WorkflowBeginning {
        let former = try known.map { try Workflow(json: $0.text) }
        // What is the same stays as it was written, by whatever program.
        let same = former == workflow ? known : nil
        return WorkflowBeginning(
            digest: try same?.digest ?? workflow.digest,
            text: try same?.text ?? workflow.text,
            after: known?.digest,
            formerLimits: try former.map { try limits(of: $0) } ?? RunLimits(),
            limits: try limits(of: workflow),
            note: ChangeNote(by: inventory.configuration.worker, reason: reason)
        )
    }

    /// What limits the run of a workflow.
    private func limits(of workflow: Workflow) throws -> RunLimits {
        var budgets = workflow.budgets
        if workflow.rest != nil { budgets.append(try restBudget(of: workflow)) }
        return RunLimits(
            parallelism: workflow.parallelism,
            perKey: workflow.perKey,
            budgets: budgets,
            rank: workflow.rank
        )
    }

    /// The name of the budget that a workflow has for its rest.
    func restBudget(of workflow: Workflow) throws -> String {
        let names = try connectors.recordedNames(of: workflow.source)
        return WorkflowRest.budget(of: workflow, over: names.first ?? "")
    }

    /// Makes the budget by which a workflow rests, where there is none.
    ///
    /// - Returns: What it is to be changed to where the last description had another rest.
    private func makeBudget(
        of workflow: Workflow,
        _ reason: String?
    ) async throws -> (name: String, limits: BudgetLimits)? {
        guard let change = try await restChange(of: workflow) else { return nil }
        guard let former = change.former else {
            try await inventory.setBudget(change.name, change.limits, reason: reason)
            return nil
        }
        return former == change.limits ? nil : (change.name, change.limits)
    }

    /// The budget by which a workflow rests, with its limits now, where it is there.
    ///
    /// - Throws: `SpecError` where it is there with limits that are not a workflow's.
    private func restChange(
        of workflow: Workflow
    ) async throws -> (name: String, limits: BudgetLimits, former: BudgetLimits?)? {
        guard let rest = workflow.rest else { return nil }
        let name = try restBudget(of: workflow)
        let limits = BudgetLimits(rate: rest.rate)
        let there = try await inventory.budgets().first { $0.owner.name == name }
        if let there, there.limits != limits {
            let selection = RunSelection(job: workflow.job, run: workflow.run)
            let formers = try await inventory.workflowRecords(selection)
                .map { try Workflow(json: $0.text) }
            let isOwn = try formers.contains { former in
                guard let last = former.rest, try restBudget(of: former) == name else {
                    return false
                }
                return BudgetLimits(rate: last.rate) == there.limits
            }
            guard isOwn else {
                throw SpecError(
                    .unusable,
                    field: ["rest"],
                    "contradicts budget '\(name)', which is there with \(there.limits.text); "
                        + "remove or change that with 'tranche budget', or leave this out"
                )
            }
        }
        return (name, limits, there?.limits)
    }

    /// A workflow made ready.
    ///
    /// - Parameters:
    ///   - workflow: The workflow.
    ///   - digest: What tells its description from others, where it is kept.
    /// - Returns: The plan; nothing is opened yet.
    /// - Throws: `SpecError` that names the field.
    func plan(_ workflow: Workflow, digest: String) throws -> WorkflowPlan {
        let worker = inventory.configuration.worker
        return try WorkflowPlan(workflow, digest: digest, connectors, context, worker: worker)
    }

    /// The source of a workflow, without what works on it.
    package func source(of workflow: Workflow) throws -> any MetaSourceDescription {
        try Workflow.naming("source") { try connectors.source(workflow.source, context) }
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
                "\(key) is not a workflow; 'tranche workflow list' lists what there is"
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
