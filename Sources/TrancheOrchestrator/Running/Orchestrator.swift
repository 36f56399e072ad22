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
    private let state = Mutex(State())
    let reports: OrchestratorReports
    let signals: LinkSignals
    let gate: StageGate

    private struct State {
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
    func add(_ job: OrchestratorJob) throws { try change { $0.ownJobs.append(job) } }

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

    /// Checks the graph, and opens every source that there is to be before anything runs.
    ///
    /// - Throws: ``GraphError`` `.empty` without links; `TrancheError` of a source.
    public func check() async throws { try await check(needingSources: true) }

    /// Likewise; a source that is away just now may come back.
    private func check(needingSources: Bool) async throws {
        let state = state.withLock { $0 }
        guard !state.graph.links.isEmpty || !state.ownJobs.isEmpty else { throw GraphError.empty }
        guard (1...1000).contains(configuration.processes) else {
            throw TrancheError(
                .invalidArgument,
                "\(configuration.processes) processes at once asked for; give 1 to 1000"
            )
        }
        for link in state.graph.links { try link.validate() }
        for job in state.graph.jobs where job.upstream == nil {
            guard let input = state.inputs[job.input] else { continue }
            let links = state.graph.links.filter { $0.source == input.name }
            if let fault = job.link.then?.fault(after: input, links) {
                throw TrancheError(.invalidArgument, "the link \(job.name): \(fault)")
            }
            let source = input.source(for: job.link)
            guard
                source is InputLogSource
                    || job.link.coalesce == nil && job.link.start == .floor
            else {
                throw TrancheError(
                    .invalidArgument,
                    "the link \(job.name) can neither coalesce nor start at the end: the events "
                        + "of '\(job.input)' are not kept in the inventory"
                )
            }
            do {
                _ = try await inventory.source(source)
            } catch let error as TrancheError where error.code == .unknownRun {
                // The job whose completions are meant may begin later.
            } catch let error as TrancheError where !needingSources && error.category == .transient
            {
                // The link is started again until it is there; the others go on.
            }
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
                tasks.addTask { [configuration] in await watch.run(each: configuration.looking) }
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

    /// Gathers what there is now, works on it, and ends; once.
    ///
    /// Links of inputs are worked on first, then those that follow them, each until it has nothing
    /// more to do; batches that failed for good do not hold up the end.
    ///
    /// - Throws: As ``check()``, and the first error of an input or a link; `CancellationError`.
    public func drain() async throws {
        let state = try await begin()
        defer { reports.finish() }
        var failure: (any Error)?
        for input in state.inputsInOrder {
            let log = self.log(of: input)
            reports.set(input.name, .running)
            do {
                try await input.gather(log)
            } catch let error as CancellationError {
                throw error
            } catch {
                // What the others gave is worked on all the same.
                reports.note(OrchestratorError(input.name, nil, error))
                failure = failure ?? error
            }
            reports.set(input.name, .stopped)
        }
        var rest = state.jobs(configuration.credentials)
        while !rest.isEmpty, stop.stage < .stopping {
            // Those that read the completions of others wait for them.
            let waiting = Set(rest.map(\.0.name))
            let next = rest.filter { job, _, _ in !waiting.contains(job.upstream ?? "") }
            rest.removeAll { job, _, _ in !waiting.contains(job.upstream ?? "") }
            let failed = try await drain(next)
            failure = failure ?? failed
        }
        for job in state.ownJobs where stop.stage < .stopping {
            reports.set(job.name, .running)
            do {
                try await work(on: job, drains: true)
            } catch let error as CancellationError {
                throw error
            } catch {
                reports.note(OrchestratorError(job.name, nil, error))
                failure = failure ?? error
            }
            reports.set(job.name, .stopped)
        }
        for input in state.inputsInOrder {
            do {
                var cleaner = cleaner(of: input)
                try await cleaner.clean()
            } catch let error as CancellationError {
                throw error
            } catch {
                reports.note(OrchestratorError(input.name, "its log cannot be cleaned", error))
                failure = failure ?? error
            }
        }
        await alertWatch(state)?.look()
        if let failure { throw failure }
    }

    /// Works on jobs that do not wait for each other, until each has nothing more to do.
    ///
    /// - Returns: The first error of a job; the others went on.
    /// - Throws: `CancellationError`.
    private func drain(
        _ jobs: [(LinkJob, any Input, any EventProcess)]
    ) async throws -> (any Error)? {
        try await withThrowingTaskGroup(of: (any Error)?.self) { tasks in
            for (job, input, process) in jobs {
                tasks.addTask { [self] in try await drain(job, of: input, by: process) }
            }
            var failure: (any Error)?
            for try await failed in tasks { failure = failure ?? failed }
            return failure
        }
    }

    private func drain(
        _ job: LinkJob,
        of input: any Input,
        by process: any EventProcess
    ) async throws -> (any Error)? {
        reports.set(job.name, .running)
        defer { reports.set(job.name, .stopped) }
        do {
            let group = try await group(of: job, of: input, by: process, end: .whenComplete)
            reports.drained(job.name, try await group.run().reason)
        } catch let error as CancellationError {
            throw error
        } catch {
            reports.note(OrchestratorError(job.name, nil, error))
            if (error as? TrancheError)?.code != .unknownRun { return error }
        }
        return nil
    }

    private func log(of input: any Input) -> InputLog {
        let (signals, reports) = (signals, reports)
        return InputLog(
            of: input.name,
            in: inventory,
            operations: input.operations,
            isGrown: { signals.grown(input.name) },
            tell: { reports.note(OrchestratorError(input.name, nil, $0)) }
        )
    }

    private func begin() async throws -> State {
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
            // What is complete is done for good.
            await stop.reached(.stopping)
        }
    }

    private func work(on job: OrchestratorJob, drains: Bool) async throws {
        try await job.run(
            in: inventory,
            stop: stop,
            grace: configuration.grace,
            drains: drains,
            reports
        )
    }

    /// What looks for what alerts tell of; `nil` where there are none.
    private func alertWatch(_ state: State) -> AlertWatch? {
        guard let (pipeline, alerts, sender) = state.alerts else { return nil }
        let (inventory, reports) = (inventory, reports)
        var jobs = state.jobs(configuration.credentials).map { job, input, _ in
            AlertWatch.Job(name: job.name) {
                guard let upstream = job.upstream else {
                    return try await inventory.source(input.source(for: job.link))
                }
                return try await inventory.source(InventorySource(job: upstream))
            }
        }
        jobs += state.ownJobs.map { job in
            AlertWatch.Job(name: job.job, run: job.run) {
                try await job.source(in: inventory)
            }
        }
        return AlertWatch(
            pipeline: pipeline,
            alerts: alerts,
            inventory: inventory,
            sender: sender,
            jobs: jobs,
            note: { reports.note($0) }
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

    private func group(
        of job: LinkJob,
        of input: any Input,
        by process: any EventProcess,
        end: BatchesEnd
    ) async throws -> WorkerGroup {
        var request = BatchRequest(
            job: job.name,
            limit: job.link.limit,
            policy: job.link.runPolicy(waiting: job.upstream == nil ? input.settleWait : nil)
        )
        request.limits = job.link.runLimits
        request.target = process.target
        await follow(request, of: job.name)
        let source: any MetaSourceDescription
        let event: @Sendable (Item) throws -> Event
        if let upstream = job.upstream {
            source = InventorySource(job: upstream)
            event = { Event(completion: $0, of: job.link.source) }
        } else {
            source = try await self.source(of: job, in: input)
            event = { try input.event(of: $0) }
        }
        return WorkerGroup(
            inventory,
            request,
            from: source,
            configuration: .init(
                slots: job.link.isOrdered
                    ? 1
                    : min(job.link.workers ?? configuration.processes, configuration.processes),
                end: end,
                grace: configuration.grace,
                timeout: job.link.timeout.map { .fixed($0) }
            ),
            stop: stop,
            handler: LinkHandler(
                job: job,
                process: process,
                operations: job.upstream == nil ? input.operations : [],
                event: event,
                gate: gate,
                reports: reports
            ),
            watcher: configuration.watcher
        )
    }

    /// The source of a link from an input, which begins where the link did when it was new.
    private func source(
        of job: LinkJob,
        in input: any Input
    ) async throws -> any MetaSourceDescription {
        let source = input.source(for: job.link)
        guard var log = source as? InputLogSource else { return source }
        let opened = try await inventory.source(log)
        let key = RunKey(metaTable: opened.definition.table, job: job.name)
        if let run = try await inventory.runs(RunSelection(key)).first {
            log.after = run.source.flatMap { InputLogSource($0) }?.after
        } else if job.link.start == .end {
            log.after = try await opened.highestID() ?? 0
        }
        return log
    }
}
