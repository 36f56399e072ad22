import Synchronization

/// Workers that acquire batches of a run, have a handler work on each, and record how it ended.
///
/// This is the one loop for everything that works on batches. What it does with a batch is its
/// handler's: a closure, a program, a chain of steps.
///
/// ```swift
/// let group = WorkerGroup(
///     inventory, BatchRequest(job: "checksum"), from: files,
///     configuration: .init(slots: 4, prefetch: 1, timeout: .fixed(.seconds(600))),
///     handler: ClosureHandler { batch, progress in
///         for item in try await batch.items { try await check(item); progress.report() }
///     })
/// let report = try await group.run()
/// ```
public final class WorkerGroup: Sendable {
    let inventory: Inventory
    let source: any MetaSourceDescription
    let configuration: Configuration
    let handler: any BatchHandler
    /// Observes the group, except how its attempts end.
    let watcher: (any WorkWatcher)?
    /// Asks the group to stop.
    public let stop: StopSource
    private let request: BatchRequest
    private let state: Mutex<State>
    private let starts: (stream: AsyncStream<Int>, continuation: AsyncStream<Int>.Continuation)

    private struct State {
        var group: WorkerGroupState
        var report = ProcessReport()
        var failure: (any Error)?
        var changes = 0
        var lastWaiter = 0
        var waiters: [Int: AsyncStream<Never>.Continuation] = [:]
        var waits = WaitMoments()
        /// When it was last looked for batches whose holders have ended.
        var lookedForEnded: Duration?
        /// When it was last looked whether a limit is 0; `nil` where one was.
        var lookedForZero: Duration?
        /// How many batches of the run were in hand on this host when that was looked for.
        var heldHere = 0
        var succeededSinceAddedUp = 0
    }

    /// Makes a group, which works when it is run.
    ///
    /// - Parameters:
    ///   - inventory: The inventory.
    ///   - request: Whose batches, and how large.
    ///   - source: Where the items are listed.
    ///   - configuration: How the group works.
    ///   - stop: Asks it to stop; several groups may share one.
    ///   - handler: What is done with each batch.
    ///   - watcher: Observes the group, except how its attempts end; none by default.
    public init(
        _ inventory: Inventory,
        _ request: BatchRequest,
        from source: any MetaSourceDescription,
        configuration: Configuration = Configuration(),
        stop: StopSource = StopSource(),
        handler: any BatchHandler,
        watcher: (any WorkWatcher)? = nil
    ) {
        self.inventory = inventory
        self.request = request
        self.source = source
        self.configuration = configuration
        self.stop = stop
        self.handler = handler
        self.watcher = watcher
        let pause = inventory.configuration.pollInterval
        state = Mutex(State(group: WorkerGroupState(configuration, longestPause: pause)))
        starts = AsyncStream.makeStream()
    }

    /// Works until the group's end, as its configuration says, or a stop; once.
    ///
    /// - Returns: What became of the batches.
    /// - Throws: ``TrancheError`` as ``Inventory/acquire(_:from:)``, and what the handler throws,
    ///   once the other workers have ended their batches; `CancellationError` when the task was
    ///   cancelled, after batches in hand were given back.
    public func run() async throws -> ProcessReport {
        try configuration.validate()
        try request.validate()
        await inventory.presence.begin(name, in: inventory)
        await withTaskGroup(of: Void.self) { tasks in
            // These end when the workers have.
            tasks.addTask { [self] in
                await stop.end(after: configuration.grace, clock: inventory.configuration.clock)
            }
            tasks.addTask { [self] in await cutShort() }
            tasks.addTask { [self] in
                await stop.reached(.stopping)
                if stop.stage >= .stopping { step(.stopped) }
            }
            step(.began)
            for await number in starts.stream { tasks.addTask { [self] in await work(as: number) } }
            tasks.cancelAll()
        }
        await inventory.presence.end(name, in: inventory)
        try Task.checkCancellation()
        return try state.withLock { state in
            if let failure = state.failure { throw failure }
            state.report.reason = state.group.reason
            return state.report
        }
    }

    // MARK: - While it runs

    /// Acquires nothing more until ``resume()``; workers finish their batches.
    public func pause() { step(.paused(true)) }

    /// Goes on after ``pause()``.
    public func resume() { step(.paused(false)) }

    /// Wakes the workers that wait for something new; for callers that know that there is some.
    public func lookNow() { step(.grown) }

    /// Changes how many batches the group works on at once; workers finish their batches.
    ///
    /// - Parameter count: 1 to 1000.
    /// - Throws: ``TrancheError`` `.invalidArgument` for another number.
    public func setSlots(_ count: Int) throws {
        try Configuration.validate(slots: count)
        step(.slots(count))
    }

    // MARK: - For its workers

    /// The name of the group, under which its workers hold batches.
    private var name: String { request.worker ?? inventory.configuration.worker }

    /// Records from time to time that the group works still.
    func keepRecorded() async { await inventory.presence.keep(name, in: inventory) }

    /// The request of a worker: its name has a number, if there are several.
    func request(of number: Int) -> BatchRequest {
        var request = request
        request.endsWithProcess = true
        if configuration.slots > 1 || number > 1 {
            request.worker = "\(name)/\(number)"
        }
        return request
    }

    /// Takes an event, and does for the group what follows.
    ///
    /// - Returns: What the worker does next whose event it is; ``WorkerGroupState/Step/end`` where
    ///   there is no more to do.
    @discardableResult
    @inline(never)
    func step(_ event: WorkerGroupState.Event) -> WorkerGroupState.Step {
        // Not inlined, as what locks in `MicroBatcher`: workers call it between waits.
        var next = WorkerGroupState.Step.end
        let isStopped = stop.stage >= .stopping
        let actions = state.withLock { state in
            let actions =
                (isStopped ? state.group.handle(.stopped) : []) + state.group.handle(event)
            if state.group.isBusy { state.waits.end() }
            return actions
        }
        for action in actions {
            switch action {
            case .next(let step): next = step
            case .start(let number): starts.continuation.yield(number)
            case .wake: wake()
            case .tell(let reason): handler.waits(for: reason)
            case .finish: starts.continuation.finish()
            }
        }
        return next
    }

    /// How often something changed for waiting workers.
    var changes: Int {
        @inline(never) get { state.withLock { $0.changes } }
    }

    /// Waits until something further changes for waiting workers, or a time has passed.
    func waitForChange(after known: Int, upTo pause: Duration?) async {
        let changes = AsyncStream<Never> { continuation in
            let number = state.withLock { state -> Int? in
                guard state.changes == known else { return nil }
                state.lastWaiter += 1
                state.waiters[state.lastWaiter] = continuation
                return state.lastWaiter
            }
            guard let number else { return continuation.finish() }
            continuation.onTermination = { [weak self] _ in
                self?.state.withLock { $0.waiters[number] = nil }
            }
        }
        await inventory.configuration.clock.limit(to: pause) { for await _ in changes {} }
    }

    private func wake() {
        let waiters = state.withLock { state in
            defer { state.waiters = [:] }
            state.changes += 1
            return state.waiters.values
        }
        for waiter in waiters { waiter.finish() }
    }

    // MARK: - Waiting

    /// How often it is looked for batches whose holders have ended: while the group is given what
    /// it asks for, and while it is not.
    private static let looksForEnded = (given: Duration.seconds(5), waiting: Duration.seconds(1))
    /// With more batches than this in hand on this host it is looked more rarely: what all its
    /// processes read for it then grows with their number, not with its square.
    private static let heldOften = 50

    /// Has batches offered again at once whose holders were processes of this host that have ended.
    func takeOver() async {
        let now = inventory.stopwatch.elapsed
        let isDue = state.withLock { state in
            let often = Self.looksForEnded
            let pause = state.group.isWaiting ? often.waiting : often.given
            let times = max(1, Double(state.heldHere) / Double(Self.heldOften))
            if let last = state.lookedForEnded, now - last < pause * times { return false }
            state.lookedForEnded = now
            return true
        }
        guard isDue else { return }
        do {
            let source = try await inventory.source(self.source)
            let (held, taken) = try await inventory.takeOver(from: request.key(of: source))
            state.withLock { $0.heldHere = held }
            guard !taken.isEmpty else { return }
            watcher?.tookOver(taken)
            step(.grown)
        } catch {
            // Their leases end by themselves, and the next acquire meets what is in the way.
        }
    }

    /// Has the run added up once so many batches have succeeded, so that whoever looks at all runs
    /// reads few.
    func addUp() async {
        let isDue = state.withLock { state in
            guard state.succeededSinceAddedUp >= Self.addsUpAfter else { return false }
            state.succeededSinceAddedUp = 0
            return true
        }
        guard isDue else { return }
        do {
            let source = try await inventory.source(self.source)
            try await inventory.store.addUp(request.key(of: source))
        } catch {
            // The sums are right without it, and the next acquire meets what is in the way.
        }
    }

    private static let addsUpAfter = 500

    /// The reason why the group is given nothing: that a limit is 0, where it is so, rather than
    /// that there is no room.
    func telling(_ reason: NoBatchReason) async -> NoBatchReason {
        guard case .limited = reason else { return reason }
        let now = inventory.stopwatch.elapsed
        // Who waits for room asks ten times a second.
        let isDue = state.withLock { state in
            if let last = state.lookedForZero, now - last < Self.looksForZero { return false }
            state.lookedForZero = now
            return true
        }
        // What cannot be found out is not told: the next acquire meets what is in the way.
        guard isDue, let source = try? await inventory.source(self.source),
            let told = try? await inventory.telling(reason, of: request.key(of: source))
        else { return reason }
        if case .held = told { state.withLock { $0.lookedForZero = nil } }
        return told
    }

    private static let looksForZero = Duration.seconds(1)

    /// Tells why the group is given nothing, where that is due.
    func tellWait(_ reason: NoBatchReason) async {
        guard let watcher else { return }
        let now = inventory.stopwatch.elapsed
        let isDue = state.withLock { state in
            !state.group.isBusy && state.waits.isDue(.init(reason), at: now)
        }
        // What cannot be found out is not told: the next acquire meets what is in the way.
        guard isDue, let source = try? await inventory.source(self.source),
            let explanation = try? await inventory.explanation(
                of: reason,
                for: request.key(of: source),
                in: source
            )
        else { return }
        watcher.waits(explanation)
    }

    /// Counts an attempt, and tells the handler.
    func report(_ report: BatchReport) throws {
        state.withLock { state in
            state.report.add(report)
            if report.end.hasSucceeded { state.succeededSinceAddedUp += 1 }
        }
        try handler.ended(report)
    }

    /// Ends acquires that still go on some time after all was to end.
    ///
    /// What was handed out must be known, to be given back: they are not cut short at once.
    private func cutShort() async {
        await stop.reached(.ending)
        // Cancelled, all has ended before.
        let clock = inventory.configuration.clock
        guard !Task.isCancelled, (try? await clock.sleep(for: Self.patience)) != nil else { return }
        starts.continuation.finish()
    }

    private static let patience = Duration.seconds(5)

    private func work(as number: Int) async {
        do {
            try await Worker(number, of: self).run()
        } catch is CancellationError where stop.stage == .ending {
            // Cut short.
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
            step(.failed((error as? TrancheError)?.code))
        }
        step(.ended(worker: number))
    }
}

extension ProcessReport {
    fileprivate mutating func add(_ report: BatchReport) {
        switch report.end {
        case .succeeded:
            succeeded += 1
            items += report.batch.count
        case .succeededInPart(let success, _):
            succeeded += 1
            items += success.done.items
        case .lost: lost += 1
        case .cancelled: cancelled += 1
        case .released: break
        case .deferred: deferred += 1
        default: failed += 1
        }
    }
}
