/// What a batcher collects, and when it hands it on: a value that takes events and returns what to
/// do.
///
/// It knows neither clocks nor tasks; times are durations since any fixed beginning.
@usableFromInline
struct CollectorState<Entry: Sendable>: Sendable {
    /// When a batch is handed on, and how much is taken in.
    @usableFromInline
    struct Limits: Sendable, Hashable {
        /// Most entries of a batch; any number with 0.
        @usableFromInline var size = 0
        /// Most weight of a batch; any with infinity; a heavier entry is a batch by itself.
        @usableFromInline var weight = Double.infinity
        /// How long after its first entry a batch is handed on; never with `nil`.
        @usableFromInline var timeout: Duration?
        /// Most batches that are handed on and have not ended; any number with 0.
        @usableFromInline var inFlight = 0
        /// Whether a batch is handed on whenever fewer than ``inFlight`` are under way.
        @usableFromInline var isEager = false
        /// Most entries that wait to be handed on, at least a batch; any number with 0.
        @usableFromInline var queued = 0

        @usableFromInline init() {}
    }

    /// Entries that are handed on together.
    @usableFromInline
    struct Batch: Sendable {
        @usableFromInline var entries: [Entry]
        /// When the first of them came.
        @usableFromInline var begunAt: Duration

        @inlinable
        init(entries: [Entry], begunAt: Duration) {
            self.entries = entries
            self.begunAt = begunAt
        }
    }

    /// What is to be done after an event.
    @usableFromInline
    struct Actions: Sendable {
        /// Batches that are to be run.
        @usableFromInline var batches: [Batch] = []
        /// When ``timerFired(at:)`` is to be called; `nil` to change nothing.
        @usableFromInline var wakeAt: Duration?
        /// Whether all that was taken in has ended, after ``shutDown(at:)``.
        @usableFromInline var isOver = false
        /// How many entries were forgotten.
        @usableFromInline var removed = 0

        @inlinable
        init() {}
    }

    /// What became of an entry.
    @usableFromInline
    enum Admission: Sendable {
        /// It is taken in, or stands outside until there is room.
        case taken(Actions)
        /// There is no room, and it may not stand outside.
        case full
        /// Nothing is taken any more.
        case closed
    }

    @usableFromInline let limits: Limits
    @usableFromInline let weigh: (@Sendable (Entry) -> Double)?
    @usableFromInline var current: [Entry] = []
    @usableFromInline var begunAt = Duration.zero
    @usableFromInline var weight = 0.0
    /// Batches that are ready, and wait for another to end.
    @usableFromInline var ready: [Batch] = []
    @usableFromInline var readyCount = 0
    /// Entries that there was no room for.
    @usableFromInline var outside: [Entry] = []
    @usableFromInline var isTimerSet = false
    @usableFromInline var inFlight = 0
    @usableFromInline var isClosed = false

    /// Makes a state.
    ///
    /// - Parameters:
    ///   - limits: The limits.
    ///   - weigh: What an entry weighs; `nil` where weights do not matter.
    @inlinable
    init(_ limits: Limits, weigh: (@Sendable (Entry) -> Double)? = nil) {
        self.limits = limits
        self.weigh = limits.weight.isFinite ? weigh : nil
        current.reserveCapacity(limits.size)
    }

    /// How many entries wait to be handed on.
    @inlinable
    var queued: Int { current.count + readyCount }

    @inlinable
    var hasRoom: Bool { limits.queued == 0 || queued < max(limits.queued, limits.size) }

    /// Takes an entry.
    ///
    /// - Parameters:
    ///   - entry: The entry.
    ///   - mayWait: Whether it may stand outside until there is room.
    ///   - now: The time now.
    /// - Returns: What became of it.
    @inlinable
    mutating func add(
        _ entry: Entry,
        mayWait: Bool,
        at now: () -> Duration
    ) -> Admission {
        if isClosed { return .closed }
        if !outside.isEmpty || !hasRoom {
            guard mayWait else { return .full }
            outside.append(entry)
            return .taken(Actions())
        }
        var actions = Actions()
        take(entry, at: now, &actions)
        return .taken(actions)
    }

    /// Takes a batch of one that its caller runs.
    ///
    /// - Returns: Whether there is room for it.
    @inlinable
    mutating func beginAlone() -> Bool {
        guard !isClosed, queued == 0, limits.inFlight == 0 || inFlight < limits.inFlight else {
            return false
        }
        inFlight += 1
        return true
    }

    /// Notes that the timer fired.
    @inlinable
    mutating func timerFired(at now: Duration) -> Actions {
        isTimerSet = false
        var actions = Actions()
        guard let timeout = limits.timeout, !current.isEmpty else { return actions }
        if now >= begunAt + timeout { close(&actions) } else { setTimer(&actions) }
        admit(at: now, &actions)
        return actions
    }

    /// Hands on what there is, however little.
    @inlinable
    mutating func flush(at now: Duration) -> Actions {
        var actions = Actions()
        close(&actions)
        admit(at: now, &actions)
        return actions
    }

    /// Takes nothing any more, and hands on what there is.
    @inlinable
    mutating func shutDown(at now: Duration) -> Actions {
        isClosed = true
        var actions = flush(at: now)
        // What came in from outside meanwhile.
        close(&actions)
        actions.isOver = isOver
        return actions
    }

    /// Notes that a batch has ended.
    @inlinable
    mutating func batchEnded(at now: Duration) -> Actions {
        inFlight -= 1
        var actions = Actions()
        start(&actions)
        admit(at: now, &actions)
        if isClosed || limits.isEager && inFlight < limits.inFlight { close(&actions) }
        actions.isOver = isOver
        return actions
    }

    /// Forgets entries that nobody wants any more.
    @inlinable
    mutating func remove(where isUnwanted: (Entry) -> Bool, at now: Duration) -> Actions {
        let (before, collected) = (queued + outside.count, current.count)
        current.removeAll(where: isUnwanted)
        if current.count != collected, let weigh {
            weight = current.reduce(0) { $0 + weigh($1) }
        }
        for place in ready.indices { ready[place].entries.removeAll(where: isUnwanted) }
        ready.removeAll(where: \.entries.isEmpty)
        readyCount = ready.reduce(0) { $0 + $1.entries.count }
        outside.removeAll(where: isUnwanted)
        let removed = before - queued - outside.count
        var actions = Actions()
        if isClosed { actions = shutDown(at: now) } else { admit(at: now, &actions) }
        actions.removed = removed
        return actions
    }

    @inlinable
    var isOver: Bool {
        isClosed && inFlight == 0 && queued == 0 && outside.isEmpty
    }

    /// Puts an entry into the batch that is being collected.
    @inlinable
    mutating func take(_ entry: Entry, at now: () -> Duration, _ actions: inout Actions) {
        if let weigh {
            let added = weigh(entry)
            if !current.isEmpty, weight + added > limits.weight { close(&actions) }
            weight += added
        }
        if current.isEmpty { begunAt = now() }
        current.append(entry)
        if current.count == limits.size || weight >= limits.weight {
            close(&actions)
        } else if limits.isEager, ready.isEmpty, inFlight < limits.inFlight {
            close(&actions)
        } else if current.count == 1, let timeout = limits.timeout {
            if timeout <= .zero { close(&actions) } else { setTimer(&actions) }
        }
    }

    /// A timer that is set for an earlier batch looks again when it fires.
    @inlinable
    mutating func setTimer(_ actions: inout Actions) {
        guard !isTimerSet, let timeout = limits.timeout else { return }
        actions.wakeAt = begunAt + timeout
        isTimerSet = true
    }

    /// Takes in those that stand outside, as far as there is room.
    @inlinable
    mutating func admit(at now: Duration, _ actions: inout Actions) {
        var admitted = 0
        while admitted < outside.count, hasRoom {
            take(outside[admitted], at: { now }, &actions)
            admitted += 1
        }
        outside.removeFirst(admitted)
    }

    /// Ends the batch that is being collected.
    @inlinable
    mutating func close(_ actions: inout Actions) {
        guard !current.isEmpty else { return }
        weight = 0
        let batch = Batch(entries: current, begunAt: begunAt)
        if ready.isEmpty, limits.inFlight == 0 || inFlight < limits.inFlight {
            inFlight += 1
            actions.batches.append(batch)
        } else {
            readyCount += current.count
            ready.append(batch)
        }
        current = []
        current.reserveCapacity(limits.size)
    }

    /// Starts batches that are ready, as far as there is room.
    @inlinable
    mutating func start(_ actions: inout Actions) {
        var started = 0
        while started < ready.count, limits.inFlight == 0 || inFlight < limits.inFlight {
            inFlight += 1
            readyCount -= ready[started].entries.count
            actions.batches.append(ready[started])
            started += 1
        }
        ready.removeFirst(started)
    }
}
