public import Synchronization

/// Collects single requests into batches, runs a function over each batch, and gives each caller
/// its own result.
///
/// ```swift
/// let batcher = MicroBatcher<Job, JobResult>(size: 100, timeout: .milliseconds(10), maxInFlight: 8,
///     id: \.id, resultID: \.id) { jobs in try await remote.process(jobs) }
/// let result = try await batcher.execute(Job(…))
/// ```
///
/// A batch is sent when it has the size or weight, when the timeout has passed since its first
/// request came, or by ``flush()``. The function may run over several batches at once.
public final class MicroBatcher<Request: Sendable, Response: Sendable>: Sendable {
    @usableFromInline typealias State = CollectorState<Entry>

    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let request: Request
        @usableFromInline let waiter: Waiter<Response>

        @inlinable
        init(request: Request, waiter: Waiter<Response>) {
            self.request = request
            self.waiter = waiter
        }
    }

    /// A batch that is under way.
    @usableFromInline
    struct Running: Sendable {
        @usableFromInline let entries: [Entry]
        @usableFromInline var task: Task<Void, Never>?

        @usableFromInline
        init(_ entries: [Entry]) {
            self.entries = entries
        }

        @usableFromInline
        var isUnwanted: Bool { !entries.contains { !$0.waiter.isEnded } }
    }

    /// What the lock guards.
    @usableFromInline
    struct Guarded: Sendable {
        @usableFromInline var state: State
        @usableFromInline var metrics = MicroBatcherMetrics()
        /// Requests that wait to be sent although nobody wants them.
        @usableFromInline var unwanted = 0
        @usableFromInline var endings: [CheckedContinuation<Void, Never>] = []
        /// The batches that are under way, where those are cancelled that nobody waits for.
        @usableFromInline var running: [UInt64: Running] = [:]
        @usableFromInline var number: UInt64 = 0

        @inlinable
        init(state: State) {
            self.state = state
        }
    }

    @usableFromInline let guarded: Mutex<Guarded>
    @usableFromInline let function: BatchFunction<Request, Response>
    /// Given results that nobody waited for any more; the batch ends when it has dealt with them.
    @usableFromInline let onUndelivered: (@Sendable (Response) async -> Void)?
    @usableFromInline let configuration: MicroBatcherConfiguration
    /// The time since the batcher was made.
    @usableFromInline let now: @Sendable () -> Duration
    @usableFromInline let sleep: @Sendable (_ until: Duration) async throws -> Void

    @inlinable
    init<Time: Clock<Duration>>(
        _ configuration: MicroBatcherConfiguration,
        weigh: (@Sendable (Request) -> Double)?,
        clock: Time,
        onUndelivered: (@Sendable (Response) async -> Void)? = nil,
        _ function: BatchFunction<Request, Response>
    ) {
        precondition(configuration.size >= 0, "a batch has no negative size; 0 is any")
        precondition(configuration.weight > 0, "a batch's weight is above 0")
        self.configuration = configuration
        self.function = function
        self.onUndelivered = onUndelivered
        let start = clock.now
        now = { start.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: start.advanced(by: $0), tolerance: .zero) }
        var limits = State.Limits()
        limits.size = configuration.size
        limits.weight = configuration.weight
        limits.timeout = configuration.timeout.flatMap { $0 > .zero ? $0 : nil }
        limits.inFlight = configuration.maxInFlight
        limits.queued = configuration.maxQueued
        limits.isEager = configuration.isEager && configuration.maxInFlight > 0
        var weighEntry: (@Sendable (Entry) -> Double)?
        if let weigh { weighEntry = { weigh($0.request) } }
        guarded = Mutex(Guarded(state: State(limits, weigh: weighEntry)))
    }

    // MARK: - Requests

    /// Hands in a request, and waits for its result.
    ///
    /// Where the queue is full, this waits for room, too. Cancelling the task ends the waiting; a
    /// request that was not sent by then is not sent any more.
    ///
    /// - Parameter request: The request.
    /// - Returns: Its result.
    /// - Throws: What the batch function throws for its batch or for this request;
    ///   ``MicroBatcherError``; `CancellationError`. A result that is there is returned, whether
    ///   the task is cancelled or not.
    @inlinable
    public func execute(_ request: Request) async throws -> Response {
        if configuration.size == 1, !Task.isCancelled, beginAlone() {
            // A batch of one has one caller, who may as well run it.
            return try await runAlone(request)
        }
        let waiter = Waiter<Response>()
        return try await withTaskCancellationHandler {
            try await withUnsafeThrowingContinuation { continuation in
                guard waiter.wait(with: continuation) else { return }
                if let error = enqueue(Entry(request: request, waiter: waiter), mayWait: true) {
                    waiter.end(.failure(error))
                }
            }
        } onCancel: {
            if waiter.cancel() { noteUnwanted() }
        }
    }

    /// Hands in a request, and returns at once.
    ///
    /// - Parameter request: The request.
    /// - Returns: Its result, which is there later; that of a request that was not taken has failed
    ///   with ``MicroBatcherError/terminated`` or ``MicroBatcherError/queueFull``.
    @inlinable
    public func submit(_ request: Request) -> BatchFuture<Response> {
        let future = BatchFuture<Response>()
        let entry = Entry(request: request, waiter: Waiter(future))
        if let error = enqueue(entry, mayWait: false) { future.resolve(.failure(error)) }
        return future
    }

    /// Hands in a request whose result goes to a future that is there already; where the queue is
    /// full, it waits for room.
    func submit(_ request: Request, for future: BatchFuture<Response>) {
        let entry = Entry(request: request, waiter: Waiter(future))
        if let error = enqueue(entry, mayWait: true) { future.resolve(.failure(error)) }
    }

    /// Sends what has been collected, however little; does nothing when there is nothing.
    @inlinable
    public func flush() async {
        perform(guarded.withLock { $0.state.flush(at: now()) })
    }

    /// Takes nothing any more, sends what has been collected, and waits until all batches have
    /// ended.
    ///
    /// It may be called again, and by several at once: all wait.
    @inlinable
    public func shutdown() async {
        await withCheckedContinuation { continuation in
            let actions = guarded.withLock { guarded in
                guarded.endings.append(continuation)
                return guarded.state.shutDown(at: now())
            }
            perform(actions)
        }
    }

    /// The metrics of the batcher: its work so far, and its present load.
    @inlinable
    public var metrics: MicroBatcherMetrics {
        guarded.withLock { guarded in
            var metrics = guarded.metrics
            metrics.queued = guarded.state.queued
            metrics.waitingForRoom = guarded.state.outside.count
            metrics.inFlight = guarded.state.inFlight
            return metrics
        }
    }

    /// Takes a request in.
    ///
    /// - Returns: Why it was not taken; `nil` when it was.
    @inlinable
    @inline(never)
    func enqueue(_ entry: Entry, mayWait: Bool) -> MicroBatcherError? {
        let admission = guarded.withLock { guarded in
            let admission = guarded.state.add(entry, mayWait: mayWait, at: now)
            if case .taken = admission { guarded.metrics.requests += 1 }
            return admission
        }
        switch admission {
        case .taken(let actions):
            perform(actions)
            return nil
        case .full: return .queueFull
        case .closed: return .terminated
        }
    }

    /// Forgets requests that nobody wants, once they are many of those that wait.
    @inlinable
    func noteUnwanted() {
        let actions = guarded.withLock { guarded in
            guarded.unwanted += 1
            let waiting = guarded.state.queued + guarded.state.outside.count
            guard guarded.unwanted * 2 >= waiting else { return State.Actions() }
            guarded.unwanted = 0
            let actions = guarded.state.remove(where: { $0.waiter.isEnded }, at: now())
            guarded.metrics.cancelled += actions.removed
            return actions
        }
        perform(actions)
        if configuration.cancelsUnwanted { cancelUnwanted() }
    }

    @usableFromInline
    func cancelUnwanted() {
        let tasks = guarded.withLock { guarded in
            // Key paths of a generic type would be made anew for each request.
            guarded.running.values.compactMap { $0.isUnwanted ? $0.task : nil }
        }
        for task in tasks { task.cancel() }
    }

    // MARK: - Batches of one

    /// Begins a batch of one that the caller runs, where it has no company.
    ///
    /// - Returns: Whether there is none; then ``endAlone()`` must follow.
    @inlinable
    @inline(never)
    package func beginAlone() -> Bool {
        guarded.withLock { guarded in
            guard guarded.state.beginAlone() else { return false }
            guarded.metrics.requests += 1
            guarded.metrics.note(size: 1, wait: .zero)
            return true
        }
    }

    /// Ends a batch that its caller has run.
    @inlinable
    @inline(never)
    package func endAlone() {
        perform(guarded.withLock { $0.state.batchEnded(at: now()) })
    }

    @inlinable
    func runAlone(_ request: Request) async throws -> Response {
        defer { endAlone() }
        let outcome: BatchOutcome<Response>
        do {
            let (ended, uncorrelated) = try await call([request])
            if uncorrelated > 0 { guarded.withLock { $0.metrics.uncorrelated += uncorrelated } }
            outcome = ended
        } catch {
            guarded.withLock { $0.metrics.failedBatches += 1 }
            throw error
        }
        switch outcome {
        case .responses(let responses): return responses[0]
        case .each(let results): return try results[0].get()
        }
    }

    // MARK: - Batches

    @inlinable
    func perform(_ actions: State.Actions) {
        // Free tasks: a batch belongs to all who wait for it, and ends with none of them.
        // `shutdown` waits.
        for batch in actions.batches {
            if configuration.cancelsUnwanted {
                runCancellably(batch)
            } else {
                Task.detached { await self.run(batch) }
            }
        }
        if let time = actions.wakeAt {
            Task.detached { await self.wake(at: time) }
        }
        if actions.isOver {
            let endings = guarded.withLock { guarded in
                defer { guarded.endings = [] }
                return guarded.endings
            }
            for ending in endings { ending.resume() }
        }
    }

    @usableFromInline
    func runCancellably(_ batch: State.Batch) {
        let number = guarded.withLock { guarded in
            guarded.number += 1
            guarded.running[guarded.number] = Running(batch.entries)
            return guarded.number
        }
        let task = Task.detached {
            await self.run(batch)
            self.guarded.withLock { _ = $0.running.removeValue(forKey: number) }
        }
        // It may have ended already, and it may be unwanted already.
        guarded.withLock { $0.running[number]?.task = task }
        cancelUnwanted()
    }

    @inlinable
    func wake(at time: Duration) async {
        // Nobody cancels it; a clock that ends a sleep early only makes it look early.
        try? await sleep(time)
        perform(guarded.withLock { $0.state.timerFired(at: now()) })
    }

    @inlinable
    func run(_ batch: State.Batch) async {
        let entries = begin(batch)
        if !entries.isEmpty { await deliver(entries) }
        // Those who were just answered may ask again at once: they are let in before what has come
        // is sent.
        if configuration.isEager, entries.count > 1 { await Task.yield() }
        end()
    }

    // What locks between waits is not inlined: on Linux a `Mutex` knows its thread by a
    // thread-local variable. Swift 6.3 may keep the address of that of the thread in which a task
    // was before it waited, and whoever waits for the lock then ends the process.
    // `scripts/find-kept-thread-locals` looks for that in a program.

    /// Begins a batch.
    ///
    /// - Returns: The requests that somebody still wants.
    @inlinable
    @inline(never)
    func begin(_ batch: State.Batch) -> [Entry] {
        let isWhole = !batch.entries.contains { $0.waiter.isEnded }
        let entries = isWhole ? batch.entries : batch.entries.filter { !$0.waiter.isEnded }
        let given = batch.entries.count - entries.count
        let wait = now() - batch.begunAt
        guarded.withLock { guarded in
            guarded.metrics.cancelled += given
            if !entries.isEmpty { guarded.metrics.note(size: entries.count, wait: wait) }
        }
        return entries
    }

    /// Ends a batch, and sends what has come meanwhile.
    @inlinable
    @inline(never)
    func end() {
        perform(guarded.withLock { $0.state.batchEnded(at: now()) })
    }

    @inlinable
    func deliver(_ entries: [Entry]) async {
        do {
            let (outcome, uncorrelated) = try await call(entries.map { $0.request })
            if uncorrelated > 0 { guarded.withLock { $0.metrics.uncorrelated += uncorrelated } }
            switch outcome {
            case .responses(let responses):
                for (entry, response) in zip(entries, responses)
                where !entry.waiter.end(.success(response)) {
                    await onUndelivered?(response)
                }
            case .each(let results):
                for (entry, result) in zip(entries, results) where !entry.waiter.end(result) {
                    if case .success(let response) = result { await onUndelivered?(response) }
                }
            }
        } catch {
            guarded.withLock { $0.metrics.failedBatches += 1 }
            for entry in entries { entry.waiter.end(.failure(error)) }
        }
    }

    /// Calls the batch function, again where that is allowed.
    @inlinable
    func call(
        _ requests: [Request]
    ) async throws -> (outcome: BatchOutcome<Response>, uncorrelated: Int) {
        var tries = 1
        while true {
            do {
                return try await function.run(requests)
            } catch {
                guard let wait = configuration.retry(error, tries) else {
                    throw error
                }
                tries += 1
                guarded.withLock { $0.metrics.retries += 1 }
                if wait > .zero { try await sleep(now() + wait) }
            }
        }
    }
}
