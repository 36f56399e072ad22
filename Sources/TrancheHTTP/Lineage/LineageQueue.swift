import Synchronization

/// Events that wait to be sent, in lanes: those of one batch go by the same, in order.
///
/// Adding one never waits: where too many are there, it is refused.
final class LineageQueue: Sendable {
    let lanes: Int
    private let limit: Int
    private let state: Mutex<State>

    fileprivate struct State {
        var waiting: [ArraySlice<LineageBook.Line>]
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

    /// Adds an event.
    ///
    /// - Returns: Whether there was room for it.
    func add(_ line: LineageBook.Line) -> Bool {
        let lane = Int(line.batch.magnitude % UInt64(lanes))
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>]? in
            guard state.count < limit, !state.isClosed else { return nil }
            state.waiting[lane].append(line)
            state.count += 1
            // A lane that has some is at work.
            return state.waiting[lane].count == 1 ? state.wakeAll() : []
        }
        for waiter in woken ?? [] { waiter.resume() }
        return woken != nil
    }

    /// Says that no further event comes.
    func close() {
        let woken = state.withLock { state in
            state.isClosed = true
            return state.wakeAll()
        }
        for waiter in woken { waiter.resume() }
    }

    /// The first event of a lane, once there is one.
    ///
    /// - Returns: The event, which stays until ``removeFirst(of:)``; `nil` when none will come, or
    ///   the task is cancelled.
    func first(of lane: Int) async -> LineageBook.Line? {
        while !Task.isCancelled {
            let (line, isClosed) = state.withLock { ($0.waiting[lane].first, $0.isClosed) }
            if let line { return line }
            if isClosed { return nil }
            await wait { $0.isClosed || !$0.waiting[lane].isEmpty }
        }
        return nil
    }

    /// Takes the first event of a lane out.
    func removeFirst(of lane: Int) {
        state.withLock { state in
            if state.waiting[lane].popFirst() != nil { state.count -= 1 }
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
