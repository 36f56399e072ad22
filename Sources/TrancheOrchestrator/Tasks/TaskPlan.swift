public import Tranche
public import TrancheChains

/// Tasks in groups, each recorded as a run in the inventory.
///
/// ```swift
/// let nightly = TaskPlan.group("nightly", [
///     .parallelGroup("load", [
///         .chain("customers", customers, weight: 8 << 20),
///         .chain("orders", orders, weight: 8 << 20),
///     ]),
///     .task("totals") { context in
///         try await computeTotals()
///         return Counters(["totals": 7])
///     },
/// ])
/// let report = try await nightly.run(through: inventory, run: "2026-01-31")
/// ```
///
/// A plan that was interrupted goes on when it is run again under the same name: tasks that
/// succeeded are not run again. Several processes may run it at once; each task is run by one of
/// them.
public struct TaskPlan: Sendable {
    /// The name; unique among the tasks of its group.
    public let name: String
    let kind: Kind

    enum Kind: Sendable {
        case task(@Sendable (TaskContext) async throws -> Counters)
        case group([TaskPlan], isParallel: Bool, width: Int?, abortsOnFailure: Bool)
    }

    /// A task.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - body: Does the work, and returns what it counted.
    /// - Returns: The task.
    public static func task(
        _ name: String,
        _ body: @escaping @Sendable (TaskContext) async throws -> Counters
    ) -> TaskPlan {
        TaskPlan(name: name, kind: .task(body))
    }

    /// A chain as a task; its batches are those of a job that is named as the task is, with its
    /// groups.
    ///
    /// The task succeeds when all of the chain's batches did.
    ///
    /// - Parameters:
    ///   - name: The task's name.
    ///   - chain: The chain.
    ///   - weight: Upper bound of each batch's weight; above 0.
    ///   - workers: How many batches are worked on at once.
    /// - Returns: The task.
    public static func chain(
        _ name: String,
        _ chain: SinkChain,
        weight: Int,
        workers: Int = 1
    ) -> TaskPlan {
        .task(name) { context in
            let request = BatchRequest(
                job: context.path,
                run: context.run,
                limit: BatchLimit(weight: Double(weight))
            )
            var options = ChainOptions(request: request, workers: workers)
            options.onBatch = { report in
                if case .succeeded(let success) = report.end { context.count(success.counters) }
            }
            let report = try await chain.run(through: context.inventory, options)
            guard report.isSuccess else {
                throw TrancheError(
                    .sinkFailed,
                    "not all batches of \(context.path) succeeded"
                        + (report.lastError.map { ": \($0)" } ?? " (\(report.reason.description))")
                )
            }
            return report.counters
        }
    }

    /// Tasks one after the other.
    ///
    /// - Parameters:
    ///   - name: The group's name.
    ///   - abortsOnFailure: Whether those that follow a task that failed are left out; true by
    ///     default.
    ///   - tasks: The tasks, in order.
    /// - Returns: The group.
    public static func group(
        _ name: String,
        abortsOnFailure: Bool = true,
        _ tasks: [TaskPlan]
    ) -> TaskPlan {
        let kind = Kind.group(
            tasks,
            isParallel: false,
            width: 1,
            abortsOnFailure: abortsOnFailure
        )
        return TaskPlan(name: name, kind: kind)
    }

    /// Tasks at once.
    ///
    /// - Parameters:
    ///   - name: The group's name.
    ///   - width: How many run at once, at most; all by default.
    ///   - abortsOnFailure: Whether those that have not begun when a task fails are left out; true
    ///     by default. Those that have begun are waited for.
    ///   - tasks: The tasks.
    /// - Returns: The group.
    public static func parallelGroup(
        _ name: String,
        width: Int? = nil,
        abortsOnFailure: Bool = true,
        _ tasks: [TaskPlan]
    ) -> TaskPlan {
        let kind = Kind.group(
            tasks,
            isParallel: true,
            width: width,
            abortsOnFailure: abortsOnFailure
        )
        return TaskPlan(name: name, kind: kind)
    }

    /// Runs the plan.
    ///
    /// - Parameters:
    ///   - inventory: The inventory in which the tasks are recorded: their source is `tasks:` and
    ///     the plan's name, their job the names from the plan to the task.
    ///   - run: The name under which it is run: given again, it goes on with what did not succeed.
    ///   - policy: The lease of each task, and how often it is tried: once by default.
    ///   - onChange: Called after each change, with the whole state.
    /// - Returns: What came of it. A task that fails does not end the run: see
    ///   ``TaskReport/isSuccess``.
    /// - Throws: `TrancheError` `.invalidArgument` for names that stand twice in a group or are
    ///   empty, or an empty `run`; the inventory's failure; `CancellationError`, after tasks in
    ///   hand were given back.
    public func run(
        through inventory: Inventory,
        run: String,
        policy: RunPolicy = RunPolicy(maxAttempts: 1),
        onChange: @escaping @Sendable (TaskReport) -> Void = { _ in }
    ) async throws -> TaskReport {
        let runner = try TaskRunner(
            self,
            inventory: inventory,
            run: run,
            policy: policy,
            onChange: onChange
        )
        return try await runner.run()
    }
}

/// The context of a task.
public struct TaskContext: Sendable {
    /// The inventory.
    public let inventory: Inventory
    /// The name under which the plan is run.
    public let run: String
    /// The names from the plan to the task, with slashes between.
    public let path: String
    /// Which attempt of the task it is, from 1 on.
    public let attempt: Int
    private let onCount: @Sendable (Counters) -> Void

    init(
        inventory: Inventory,
        run: String,
        path: String,
        attempt: Int,
        onCount: @escaping @Sendable (Counters) -> Void
    ) {
        self.inventory = inventory
        self.run = run
        self.path = path
        self.attempt = attempt
        self.onCount = onCount
    }

    /// Tells what was counted so far, to be shown while the task runs.
    ///
    /// - Parameter counters: What came to it since the last time.
    public func count(_ counters: Counters) { onCount(counters) }
}
