import FoundationEssentials
import Synchronization
import Tranche

/// Tells listeners what changes: one look at the inventory for all of them, and only once the store
/// tells that something has changed.
final class EventFeed: Sendable {
    private struct Listener {
        let stream: HTTPResponseStream
        let caller: Caller
    }

    private struct State {
        var listeners: [ObjectIdentifier: Listener] = [:]
        var log = EventLog()
        var known: [RunKey: RunChangeDocument]?
        var lastChange: Int64?
        var look: Look?
        var isUnreachable = false
        var series = MinuteSeries()
    }

    /// What was seen at a time.
    private struct Look {
        let runs: [RunSummary]
        /// The store's mark before it.
        let mark: String?
        let at: Duration
        /// When the first lease or wait ends, which changes a run without a change of the store.
        let nextDue: Date?
    }

    private let inventory: Inventory
    private let clock: any Clock<Duration>
    private let stopwatch: Stopwatch
    private let state = Mutex(State())
    /// Told of a change before listeners are.
    private let onChange: @Sendable () -> Void

    /// Between two questions whether anything has changed.
    private static let tick = Duration.milliseconds(200)
    /// Between two looks at a store that does not tell.
    private static let interval = Duration.seconds(1)
    /// Between two looks at most: what depends on the time alone changes by itself.
    static let longest = Duration.seconds(15)
    /// How many times as long as a look took lies between it and the next, at least.
    private static let rest = 4
    /// Between two comments, which show that the connection is there.
    private static let comment = Duration.seconds(15)
    /// Between two looks of which nobody is told: the numbers of each minute are kept.
    private static let minute = Duration.seconds(60)
    /// The most listeners at once.
    private static let most = 2000

    init(
        _ inventory: Inventory,
        clock: any Clock<Duration>,
        onChange: @escaping @Sendable () -> Void = {}
    ) {
        self.inventory = inventory
        self.clock = clock
        self.onChange = onChange
        stopwatch = Stopwatch(clock)
    }

    // MARK: - Listeners

    /// Adds a listener.
    ///
    /// - Parameters:
    ///   - stream: Where it reads.
    ///   - caller: Who it is.
    ///   - mark: The last event that it has; `nil` where it begins.
    func add(_ stream: HTTPResponseStream, of caller: Caller, after mark: String?) {
        let key = ObjectIdentifier(stream)
        state.withLock { state in
            guard state.listeners.count < Self.most else {
                stream.send(Array("retry: 10000\n\n".utf8))
                stream.finish()
                return
            }
            state.listeners[key] = Listener(stream: stream, caller: caller)
            var text = "retry: 2000\n\n"
            if let mark {
                if let missed = state.log.events(after: mark) {
                    text += missed.compactMap { $0.text(for: caller, in: state.log) }.joined()
                } else {
                    text += state.log.stale("events were missed")
                }
            } else {
                text += ": hello\n\n"
            }
            // Within the lock, so that no event comes before it: nobody reads the stream yet.
            stream.send(Array(text.utf8))
        }
        stream.onEnd { [weak self] in self?.state.withLock { $0.listeners[key] = nil } }
    }

    /// How many listeners there are.
    var listeners: Int { state.withLock { $0.listeners.count } }

    /// Takes what a look at the runs found to wait.
    ///
    /// - Parameters:
    ///   - overview: What was found.
    ///   - now: When.
    func note(_ overview: Overview, at now: Date) {
        let (items, oldest) = (overview.waitingItems, overview.oldestAt)
        state.withLock { $0.series.note(waiting: items, since: oldest, at: now) }
    }

    /// The minutes of the hour before a time, the oldest first.
    func minutes(before now: Date) -> [OverviewDocument.Minute] {
        state.withLock { $0.series.minutes(before: now) }
    }

    // MARK: - Looking

    /// Looks until the task is cancelled.
    func run() async throws {
        try await fillMinutes()
        var nextMinute = stopwatch.elapsed
        var nextComment = nextMinute + Self.comment
        while true {
            let began = stopwatch.elapsed
            let isMinute = began >= nextMinute
            if isMinute { nextMinute = began + Self.minute }
            if isMinute || listeners > 0 { try await look(isMinute: isMinute) }
            // A look that takes long, as one at a thousand runs may, is made less often.
            let least = state.withLock { $0.isUnreachable } ? Self.interval : Self.tick
            let pause = max(least, (stopwatch.elapsed - began) * Self.rest)
            try await clock.sleep(for: pause)
            if stopwatch.elapsed >= nextComment {
                nextComment = stopwatch.elapsed + Self.comment
                send(": still here\n\n")
            }
        }
    }

    /// Reads what was done in the minutes before the first look.
    private func fillMinutes() async throws {
        do {
            let newest = BatchSelection(limit: MinuteSeries.mostRead)
            let batches = try await inventory.store.batches(newest)
            let now = inventory.now
            state.withLock { $0.series.fill(from: batches, before: now) }
        } catch let error as CancellationError {
            throw error
        } catch {
            // These minutes stay unknown; the first look says what is wrong.
        }
    }

    /// The runs as they are at a mark of the store; `nil` where they were not read there, or too
    /// long ago.
    func runs(at mark: String?) -> [RunSummary]? {
        guard let mark, let look = state.withLock({ $0.look }), look.mark == mark,
            !isOver(look)
        else { return nil }
        return look.runs
    }

    /// Whether a look is too old, whatever has changed.
    private func isOver(_ look: Look) -> Bool {
        stopwatch.elapsed - look.at >= Self.longest
            || look.nextDue.map { $0 <= inventory.now } ?? false
    }

    /// Whether something may have changed since a look.
    private func isDue(_ look: Look?, _ mark: String?) -> Bool {
        guard let look, !isOver(look) else { return true }
        guard let mark else { return stopwatch.elapsed - look.at >= Self.interval }
        return look.mark != mark
    }

    private func look(isMinute: Bool) async throws {
        do {
            // Before the runs are read: what changes meanwhile is seen by the next look.
            let mark = try await inventory.changeMark()
            let (before, isUnreachable) = state.withLock { ($0.look, $0.isUnreachable) }
            guard isUnreachable || isDue(before, mark) else {
                if isMinute, let before { keep(before.runs, at: inventory.now) }
                return
            }
            let at = stopwatch.elapsed
            let summaries = try await inventory.store.summaries(
                RunSelection(),
                after: nil,
                limit: OverviewReading.mostRuns
            )
            let change = try await inventory.store.changes(.all, before: nil, limit: 1)
                .first?.id
            if isMinute { keep(summaries, at: inventory.now) }
            let next = summaries.compactMap(\.nextDue).min()
            tell(Look(runs: summaries, mark: mark, at: at, nextDue: next), change)
        } catch let error as CancellationError {
            throw error
        } catch {
            // It is looked again in a second; listeners are told once.
            let messages: [Message] = state.withLock { state in
                guard !state.isUnreachable else { return [] }
                state.isUnreachable = true
                return Self.stale("the inventory cannot be reached", &state)
            }
            Self.deliver(messages)
        }
    }

    /// Keeps the numbers of a minute.
    private func keep(_ runs: [RunSummary], at now: Date) {
        state.withLock { $0.series.add(runs, at: now) }
    }

    private func tell(_ look: Look, _ change: Int64?) {
        let runs = Dictionary(
            look.runs.map { ($0.run.key, RunChangeDocument($0)) },
            uniquingKeysWith: { $1 }
        )
        // Sent outside of the lock, which the library's threads take when a listener goes.
        let messages: [Message] = state.withLock { state in
            let before = state.known
            let wasChanged = state.lastChange != change && before != nil
            (state.known, state.lastChange, state.look) = (runs, change, look)
            var messages: [Message] = []
            if state.isUnreachable {
                state.isUnreachable = false
                messages += Self.stale("the inventory can be reached again", &state)
            }
            guard let before else { return messages }
            let changed = runs.filter { before[$0.key] != $0.value }.map(\.value)
            if !changed.isEmpty {
                let sorted = changed.sorted { ($0.job, $0.run) < ($1.job, $1.run) }
                if let event = state.log.add(sorted) {
                    messages += Self.messages(of: event, state)
                } else {
                    messages += Self.stale("many runs have changed", &state)
                }
            }
            if wasChanged || before.keys.contains(where: { runs[$0] == nil }) {
                messages += Self.stale("something was changed", &state)
            }
            return messages
        }
        if !messages.isEmpty { onChange() }
        Self.deliver(messages)
    }

    // MARK: - Sending

    /// Bytes for a listener.
    private struct Message {
        let stream: HTTPResponseStream
        let bytes: [UInt8]
    }

    private func send(_ text: String) {
        Self.deliver(state.withLock { Self.all(text, $0) })
    }

    private static func deliver(_ messages: [Message]) {
        for message in messages { message.stream.send(message.bytes) }
    }

    /// A text for all listeners, who share its bytes.
    private static func all(_ text: String, _ state: State) -> [Message] {
        let bytes = Array(text.utf8)
        return state.listeners.values.map { Message(stream: $0.stream, bytes: bytes) }
    }

    /// That everything is to be read again, as an event of its own for all listeners.
    private static func stale(_ reason: String, _ state: inout State) -> [Message] {
        let event = state.log.addStale(reason)
        return messages(of: event, state)
    }

    /// An event for each listener that may know of some of it; those who see all share its bytes.
    private static func messages(of event: EventLog.Event, _ state: State) -> [Message] {
        let all = event.text(for: nil, in: state.log).map { Array($0.utf8) }
        return state.listeners.values.compactMap { listener in
            let own =
                listener.caller.jobs == nil
                ? all : event.text(for: listener.caller, in: state.log).map { Array($0.utf8) }
            return own.map { Message(stream: listener.stream, bytes: $0) }
        }
    }
}
