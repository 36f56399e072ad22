import Synchronization
public import Tranche
import TrancheChains
import TrancheConnectors

/// Inputs that give events, processes that run on them, and links that say which on which.
///
/// ```swift
/// let orchestrator = Orchestrator(inventory)
/// try orchestrator.add(DirectoryInput("uploads", folder: "/srv/uploads"))
/// try orchestrator.add(ClosureProcess("thumbnail") { event in try await thumbnail(event.id) })
/// try orchestrator.link("uploads", to: "thumbnail")
/// try await orchestrator.run()
/// ```
///
/// Each link is a job of the inventory, named `uploads/thumbnail`, over the log of the input: no
/// event is lost or worked on twice by it, whatever ends when; any number of orchestrators with the
/// same graph share the work. A process may follow a process: it runs on what that completed.
public final class Orchestrator: Sendable {
    /// Where events and jobs are kept.
    public let inventory: Inventory
    /// How it runs.
    public let configuration: Configuration
    /// Asks it to stop.
    public let stop: StopSource
    let state = Mutex(State())
    let reports: OrchestratorReports
    let signals: LinkSignals
    let gate: StageGate

    struct State {
        var graph = PipelineGraph()
        var inputs: [String: any Input] = [:]
        var processes: [String: any EventProcess] = [:]
        var ownJobs: [OrchestratorJob] = []
        var alerts: (pipeline: String, alerts: [PipelineAlert], sender: AlertSender)?
        var isRunning = false

        var inputsInOrder: [any Input] { graph.inputs.compactMap { inputs[$0] } }

        /// The jobs with what they are made of, each behind that whose completions it reads.
        func jobs(_ credentials: Credentials) -> [(LinkJob, any Input, any EventProcess)] {
            let jobs = graph.jobs
            return jobs.compactMap { job in
                guard let input = inputs[job.input] else { return nil }
                if let after = job.after {
                    guard let upstream = jobs.first(where: { $0.name == job.upstream }) else {
                        return nil
                    }
                    let process = AfterLoadProcess(
                        after: after,
                        upstream: upstream.name,
                        link: upstream.link,
                        input: input,
                        credentials: credentials
                    )
                    return (job, input, process)
                }
                return processes[job.link.process].map { (job, input, $0) }
            }
        }
    }

    /// Makes an orchestrator without any parts.
    ///
    /// - Parameters:
    ///   - inventory: Where events and jobs are kept.
    ///   - configuration: How it runs.
    ///   - stop: Asks it to stop.
    public init(
        _ inventory: Inventory,
        configuration: Configuration = Configuration(),
        stop: StopSource = StopSource()
    ) {
        self.inventory = inventory
        self.configuration = configuration
        self.stop = stop
        let signals = LinkSignals()
        self.signals = signals
        gate = StageGate(Double(configuration.processes))
        reports = OrchestratorReports(
            now: { inventory.now },
            keptErrors: max(configuration.keptErrors, 1),
            onBatch: configuration.onBatch,
            onTrouble: configuration.onTrouble,
            completed: { signals.grown($0.name) }
        )
    }

    // MARK: - Parts

    /// The parts and links as they are.
    public var graph: PipelineGraph { state.withLock { $0.graph } }

    /// Adds an input.
    ///
    /// - Throws: ``GraphError``; `TrancheError` `.invalidArgument` while it runs. Nothing was
    ///   changed.
    public func add(_ input: any Input) throws {
        try change { state in
            try state.graph.addInput(input.name)
            state.inputs[input.name] = input
        }
    }

    /// Adds a process.
    ///
    /// - Throws: As ``add(_:)-(Input)``.
    public func add(_ process: any EventProcess) throws {
        try change { state in
            try state.graph.addProcess(process.name)
            state.processes[process.name] = process
        }
    }

    /// Links an input, or a process, to a process, with what a ``Link`` has by default.
    ///
    /// - Throws: As ``add(_:)-(Input)``.
    public func link(_ source: String, to process: String) throws {
        try link(Link(from: source, to: process))
    }

    /// Links an input, or a process, to a process.
    ///
    /// - Throws: As ``add(_:)-(Input)``.
    public func link(_ link: Link) throws { try change { try $0.graph.add(link) } }

    /// Adds a job to work on beside the links.
    func add(_ job: OrchestratorJob) throws {
        try change { state in
            try state.graph.add(job.workflow)
            state.ownJobs.append(job)
        }
    }

    /// Sets the targets of messages when something is wrong with the links and jobs.
    func set(_ alerts: [PipelineAlert], of pipeline: String, _ sender: AlertSender) throws {
        if !alerts.isEmpty { try change { $0.alerts = (pipeline, alerts, sender) } }
    }

    private func change(_ body: (inout State) throws -> Void) throws {
        try state.withLock { state in
            guard !state.isRunning else {
                throw TrancheError(
                    .invalidArgument,
                    "the orchestrator runs; stop it, and make another with the new parts"
                )
            }
            var changed = state
            try body(&changed)
            state = changed
        }
    }

    // MARK: - Watching

    /// How the orchestrator's parts are.
    public var status: OrchestratorStatus {
        let (graph, jobs) = state.withLock { ($0.graph, $0.ownJobs) }
        return OrchestratorStatus(
            inputs: graph.inputs.map { reports.part($0) },
            links: graph.jobs.map { reports.part($0.name) },
            jobs: jobs.map { reports.part($0.name) }
        )
    }

    /// The errors of inputs and processes as they come, for one reader.
    ///
    /// Nothing waits for the reader: of errors that nobody reads the last ones are kept. Ends with
    /// the run.
    public var errors: AsyncStream<OrchestratorError> { reports.errors }

    // MARK: - Running

    /// Runs until a stop, and ends what is in hand; once.
    ///
    /// An input or a link that ends or fails is started again after a while that doubles, from 250
    /// ms to a minute; the others go on.
    ///
    /// - Throws: As ``check()``; `CancellationError` when the task was cancelled, after batches in
    ///   hand were given back.
    public func run() async throws {
        let state = try await begin()
        defer { reports.finish() }
        await withTaskGroup(of: Void.self) { tasks in
            for input in state.inputsInOrder {
                tasks.addTask { [self] in await run(input) }
                tasks.addTask { [self] in await clean(input) }
                guard let link = state.graph.links.first(where: { $0.source == input.name })
                else { continue }
                tasks.addTask { [self] in await watch(input, for: link) }
            }
            if let watch = alertWatch(state) {
                tasks.addTask { [configuration, stop] in
                    await watch.run(each: configuration.looking, until: stop)
                }
            }
            await withTaskGroup(of: Void.self) { links in
                for job in state.ownJobs {
                    links.addTask { [self] in await run(job) }
                }
                for (job, input, process) in state.jobs(configuration.credentials) {
                    links.addTask { [self] in await run(job, of: input, by: process) }
                }
            }
            tasks.cancelAll()
        }
        try Task.checkCancellation()
    }

    func log(of input: any Input) -> InputLog {
        let (signals, reports) = (signals, reports)
        return InputLog(
            of: input.name,
            in: inventory,
            operations: input.operations,
            isGrown: { signals.grown(input.name) },
            tell: { reports.note(OrchestratorError(input.name, nil, $0)) }
        )
    }

    func begin() async throws -> State {
        try await check(needingSources: false)
        return try state.withLock { state in
            guard !state.isRunning else {
                throw TrancheError(.invalidArgument, "the orchestrator runs already, or has run")
            }
            state.isRunning = true
            return state
        }
    }

    private func run(_ input: any Input) async {
        let stop = stop
        let log = log(of: input)
        await supervise(input.name) {
            _ = try await stop.run(until: .stopping) { try await input.run(log) }
            guard stop.stage < .stopping else { return }
            throw OrchestratorError(
                input.name,
                message: "the input has ended by itself; it is started again"
            )
        }
    }

    private func run(_ job: OrchestratorJob) async {
        await supervise(job.name) { [self] in
            try await work(on: job, drains: false)
            try await waitForMore(of: job)
        }
    }

    func work(on job: OrchestratorJob, drains: Bool) async throws {
        let (process, input) = state.withLock { state in
            (state.processes[job.workflow.process ?? ""], state.inputs[job.input ?? ""])
        }
        try await job.run(
            in: inventory,
            stop: stop,
            grace: configuration.grace,
            drains: drains,
            by: process.map {
                GatedProcess(process: $0, job: job.name, gate: gate, reports: reports)
            },
            on: input?.operations ?? [],
            reports
        )
    }

    private func run(_ job: LinkJob, of input: any Input, by process: any EventProcess) async {
        await supervise(job.name) { [self] in
            let group = try await group(of: job, of: input, by: process, end: .never)
            signals.listen(to: job.upstream ?? job.input, as: job.name) { group.lookNow() }
            defer { signals.forget(job.name) }
            let report = try await group.run()
            guard stop.stage < .stopping else { return }
            let words = report.reason.map { "\($0)" } ?? "it was stopped"
            throw OrchestratorError(job.name, message: "the link has ended: \(words)")
        }
    }
}
