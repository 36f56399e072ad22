import FoundationEssentials
import Synchronization
import Tranche
import TrancheChains

/// Runs a plan.
struct TaskRunner: Sendable {
    private let plan: TaskPlan
    private let inventory: Inventory
    private let run: String
    private let policy: RunPolicy
    private let table: String
    /// The names of all tasks, with those of their groups.
    private let paths: [String]
    private let board: TaskBoard

    init(
        _ plan: TaskPlan,
        inventory: Inventory,
        run: String,
        policy: RunPolicy,
        onChange: @escaping @Sendable (TaskReport) -> Void
    ) throws {
        guard !run.isEmpty else {
            throw TrancheError(
                .invalidArgument,
                "a plan runs under a name, such as a date: the same name continues with the "
                    + "tasks that "
                    + "did not succeed"
            )
        }
        self.plan = plan
        self.inventory = inventory
        self.run = run
        self.policy = policy
        table = TaskSource.table(of: plan.name)
        paths = try Self.paths(of: plan, in: plan.name)
        board = TaskBoard(TaskReport(plan), onChange)
    }

    /// The names of all tasks, with those of their groups; groups are not among them.
    private static func paths(of plan: TaskPlan, in path: String) throws -> [String] {
        guard !plan.name.isEmpty, !plan.name.contains("/") else {
            throw TrancheError(
                .invalidArgument,
                "'\(plan.name)' is not the name of a task: it must be there, and hold no slash"
            )
        }
        guard case .group(let tasks, _, let width, _) = plan.kind else { return [path] }
        guard width ?? 1 > 0 else {
            throw TrancheError(
                .invalidArgument,
                "group '\(path)' runs no task at once; give 1 or more"
            )
        }
        var names: Set<String> = []
        for task in tasks where !names.insert(task.name).inserted {
            throw TrancheError(
                .invalidArgument,
                "'\(task.name)' stands twice in group '\(path)'; give each task a name of its own"
            )
        }
        return try tasks.flatMap { try paths(of: $0, in: "\(path)/\($0.name)") }
    }

    func run() async throws -> TaskReport {
        _ = try await run(plan, at: [], path: plan.name)
        return board.report
    }

    /// Runs a task or group.
    ///
    /// - Returns: Whether it succeeded.
    private func run(_ plan: TaskPlan, at place: [Int], path: String) async throws -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        board.change(place) { $0.status = .running }
        let hasSucceeded: Bool
        switch plan.kind {
        case .task(let body): hasSucceeded = try await run(body, at: place, path: path)
        case .group(let tasks, let isParallel, let width, let aborts):
            hasSucceeded = try await run(
                tasks,
                at: place,
                path: path,
                width: isParallel ? width ?? max(tasks.count, 1) : 1,
                abortsOnFailure: aborts
            )
        }
        board.change(place) { report in
            report.status = hasSucceeded ? .succeeded : .failed
            report.elapsed = clock.now - start
        }
        return hasSucceeded
    }

    private func run(
        _ tasks: [TaskPlan],
        at place: [Int],
        path: String,
        width: Int,
        abortsOnFailure: Bool
    ) async throws -> Bool {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            var hasSucceeded = true
            var begun = 0
            while begun < tasks.count, hasSucceeded || !abortsOnFailure {
                if begun >= width, let ended = try await group.next(), !ended {
                    hasSucceeded = false
                    if abortsOnFailure { break }
                }
                let number = begun
                group.addTask {
                    let task = tasks[number]
                    return try await run(task, at: place + [number], path: "\(path)/\(task.name)")
                }
                begun += 1
            }
            for number in begun..<tasks.count {
                board.change(place + [number]) { $0.abort() }
            }
            // Those that have begun are waited for, and what they did counts.
            while let ended = try await group.next() {
                hasSucceeded = hasSucceeded && ended
            }
            return hasSucceeded
        }
    }

    // MARK: - One task

    private func run(
        _ body: @escaping @Sendable (TaskContext) async throws -> Counters,
        at place: [Int],
        path: String
    ) async throws -> Bool {
        let source = try await source(of: path)
        let request = BatchRequest(
            job: path,
            run: run,
            ids: IDBounds(lower: source.number, upper: source.number),
            limit: BatchLimit(count: 1),
            policy: policy
        )
        let group = WorkerGroup(
            inventory,
            request,
            from: source,
            stop: .never,
            handler: ClosureHandler { [board, inventory, run] batch, _ in
                board.change(place) { report in
                    report.counters = Counters()
                    report.hasBegunHere = true
                }
                let attempt = batch.attempt
                return try await body(
                    TaskContext(inventory: inventory, run: run, path: path, attempt: attempt) {
                        counters in
                        board.change(place) { $0.counters.merge(counters) }
                    }
                )
            }
        )
        let reason = try await group.run().reason
        switch reason {
        case .paused(let words):
            board.change(place) { $0.error = "paused: \(words)" }
            return false
        case .cancelled(let cancellation):
            board.change(place) { $0.error = cancellation.note.cancelWords }
            return false
        default: break
        }
        return try await outcome(at: place, path: path)
    }

    /// The task as its run and job know it: the plan may have got and lost tasks since these began.
    private func source(of path: String) async throws -> TaskSource {
        let key = RunKey(metaTable: table, job: path, run: run)
        let own = try await inventory.runs(RunSelection(key), after: nil, limit: 1).first
        let job = RunSelection(metaTable: table, job: path)
        let known = try await own == nil ? inventory.runs(job, after: nil, limit: 1).first : own
        return TaskSource(
            table: table,
            path: path,
            number: own?.bounds.lower ?? Int64((paths.firstIndex(of: path) ?? 0) + 1),
            names: known?.source?.item ?? paths.joined(separator: "\n")
        )
    }

    /// The batch by which the task ended: the newest, packed or not; what it was made of may be
    /// left where it is packed.
    private func lastBatch(of path: String) async throws -> BatchRecord? {
        let key = RunKey(metaTable: table, job: path, run: run)
        let newest = BatchSelection(runs: RunSelection(key), limit: 1)
        let unpacked = try await inventory.batches(newest).first
        if let unpacked, unpacked.status == .succeeded { return unpacked }
        let number = try await source(of: path).number
        return try await inventory.batches(holding: number, of: table).last { $0.key == key }
    }

    /// How the task ended, whichever runner ran it.
    private func outcome(at place: [Int], path: String) async throws -> Bool {
        let batch = try await lastBatch(of: path)
        let counters = try batch?.result.map { try JSONText.decode(Counters.self, from: $0) }
        let hasSucceeded = batch?.status == .succeeded
        board.change(place) { report in
            report.counters = counters ?? report.counters
            report.wasDoneBefore = hasSucceeded && !report.hasBegunHere
            report.error = hasSucceeded ? nil : batch?.logging ?? "it failed"
        }
        return hasSucceeded
    }
}

/// The reports of all tasks, as they change.
private final class TaskBoard: Sendable {
    private let root: Mutex<TaskReport>
    private let onChange: @Sendable (TaskReport) -> Void

    init(_ root: TaskReport, _ onChange: @escaping @Sendable (TaskReport) -> Void) {
        self.root = Mutex(root)
        self.onChange = onChange
    }

    var report: TaskReport { root.withLock { $0 } }

    /// Changes the report at a place, and sums up the groups above it.
    func change(_ place: [Int], _ body: @Sendable (inout TaskReport) -> Void) {
        let changed = root.withLock { root in
            Self.change(&root, place[...], body)
            return root
        }
        onChange(changed)
    }

    private static func change(
        _ report: inout TaskReport,
        _ place: ArraySlice<Int>,
        _ body: (inout TaskReport) -> Void
    ) {
        if let first = place.first {
            change(&report.children[first], place.dropFirst(), body)
        } else {
            body(&report)
        }
        report.sum()
    }
}
