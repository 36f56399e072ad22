import Synchronization

/// Events that wait to be sent, in lanes: those of one batch go by the same, in order.
///
/// Adding one never waits: where too many are there, it is refused.
final class LineageQueue: Sendable {
    let lanes: Int
    private let limit: Int
    private let state: Mutex<State>

    fileprivate struct State {
        var waiting: [ArraySlice<LineageEvent>]
        var count = 0
        var isClosed = false
        /// Who waits for an event of a lane, or for the close.
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - lanes: How many events are sent at once.
    ///   - limit: Most events that wait, in all.
    init(lanes: Int, limit: Int) {
        self.lanes = lanes
        self.limit = limit
        state = Mutex(State(waiting: Array(repeating: [], count: lanes)))
    }

    /// How many events wait.
    var count: Int { state.withLock { $0.count } }

    /// Whether no further event comes.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// How many more events there is room for.
    var room: Int { state.withLock { $0.isClosed ? 0 : limit - $0.count } }

    /// Adds events.
    ///
    /// - Returns: How many of them, the first ones, there was room for.
    func add(_ events: [LineageEvent]) -> Int {
        let (taken, woken) = state.withLock { state in
            let taken = state.isClosed ? 0 : min(events.count, limit - state.count)
            var isAwaited = false
            for event in events.prefix(taken) {
                let lane = Int(event.attempt.batch.magnitude % UInt64(lanes))
                // A lane that has some is at work.
                if state.waiting[lane].isEmpty { isAwaited = true }
                state.waiting[lane].append(event)
            }
            state.count += taken
            return (taken, isAwaited ? state.wakeAll() : [])
        }
        for waiter in woken { waiter.resume() }
        return taken
    }

    /// Says that no further event comes.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            return state.wakeAll()
        }
        for waiter in woken { waiter.resume() }
    }

    /// The first events of a lane, once there are some.
    ///
    /// - Parameters:
    ///   - most: Most events; above 0.
    ///   - lane: The lane.
    /// - Returns: The events, which stay until ``remove(_:of:)``; none when none will come, or the
    ///   task is cancelled.
    func first(_ most: Int, of lane: Int) async -> [LineageEvent] {
        while !Task.isCancelled {
            let (events, isClosed) = state.withLock {
                (Array($0.waiting[lane].prefix(most)), $0.isClosed)
            }
            if isClosed || !events.isEmpty { return events }
            await wait { $0.isClosed || !$0.waiting[lane].isEmpty }
        }
        return []
    }

    /// Takes the first events of a lane out.
    func remove(_ count: Int, of lane: Int) {
        state.withLock { state in
            state.waiting[lane] = state.waiting[lane].dropFirst(count)
            state.count -= count
        }
    }

    /// Waits until no further event comes, or the task is cancelled.
    func waitUntilClosed() async {
        while !Task.isCancelled, !isClosed { await wait { $0.isClosed } }
    }

    /// Waits until something has changed, unless what is waited for is there.
    private func wait(unless isThere: @Sendable (borrowing State) -> Bool) async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard !isThere(state), !Task.isCancelled else { return true }
                    state.waiters[number] = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }
}

extension LineageQueue.State {
    fileprivate mutating func wakeAll() -> [CheckedContinuation<Void, Never>] {
        defer { waiters = [:] }
        return Array(waiters.values)
    }
}
