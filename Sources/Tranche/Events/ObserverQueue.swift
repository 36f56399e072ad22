import Dispatch
import Synchronization

/// The events that wait for one observer, which is called on a thread of its own.
final class ObserverQueue: Sendable {
    /// The events that the observer receives.
    let names: Set<InventoryEvent.Name>
    private let observer: any InventoryObserver
    private let limit: Int
    /// How long events may wait for others, so that the thread is woken once for all of them.
    private let delay: Duration
    private let queue = DispatchQueue(label: "tranche.observer")
    private let state = Mutex(State())

    private struct State {
        var waiting: ArraySlice<InventoryEvent> = []
        /// Whether the observer is at work.
        var isBusy = false
        var dropped = 0
        /// Whether the thread is at work, or will be.
        var isRunning = false
        /// Whether the thread is not to wait any longer.
        var isHurried = false
        /// Those who wait until it no longer is.
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    /// When the thread is to be woken.
    private enum Wake {
        case now, later, not
    }

    /// Makes the queue of an observer.
    ///
    /// - Parameters:
    ///   - observer: The observer.
    ///   - limit: Most events that wait for it.
    init(_ observer: any InventoryObserver, limit: Int) {
        self.observer = observer
        names = observer.wanted
        delay = observer.delay
        self.limit = limit
    }

    /// Adds an event, or counts it where too many wait.
    func send(_ event: InventoryEvent) {
        let wake = state.withLock { state -> Wake in
            guard state.waiting.count < limit else {
                state.dropped += 1
                return .not
            }
            var event = event
            event.dropped = state.dropped
            state.dropped = 0
            state.waiting.append(event)
            if !state.isRunning {
                state.isRunning = true
                return delay > .zero ? .later : .now
            }
            // None is to be dropped while the thread does nothing.
            guard delay > .zero, !state.isHurried, !state.isBusy,
                state.waiting.count > limit / 2
            else { return .not }
            state.isHurried = true
            return .now
        }
        start(wake)
    }

    /// Waits until no event waits, or the task is cancelled.
    func drain() async {
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    guard state.isRunning, !Task.isCancelled else { return true }
                    state.waiters[number] = continuation
                    state.isHurried = true
                    return false
                }
                if isDone { continuation.resume() } else { start(.now) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    private func start(_ wake: Wake) {
        switch wake {
        case .now: queue.async { self.deliver() }
        case .later:
            let time = DispatchTime.now() + .milliseconds(Int(delay.milliseconds))
            queue.asyncAfter(deadline: time) { self.deliver() }
        case .not: break
        }
    }

    /// Gives the observer what waits, until nothing does, or what came meanwhile may wait, too.
    private func deliver() {
        repeat {
            let events = next()
            if !events.isEmpty { observer.observe(events) }
        } while goesOn()
    }

    private func next() -> [InventoryEvent] {
        state.withLock { state in
            state.isBusy = true
            // One that does not wait for more is not woken for many, either.
            guard delay > .zero else { return state.waiting.popFirst().map { [$0] } ?? [] }
            defer { state.waiting = [] }
            return Array(state.waiting)
        }
    }

    /// Whether the thread goes on with what came meanwhile.
    private func goesOn() -> Bool {
        var waiters: [CheckedContinuation<Void, Never>] = []
        let (goesOn, wake) = state.withLock { state -> (Bool, Wake) in
            state.isBusy = false
            guard state.waiting.isEmpty else {
                let mayWait = !state.isHurried && state.waiting.count <= limit / 2
                return delay > .zero && mayWait ? (false, .later) : (true, .not)
            }
            (state.isRunning, state.isHurried) = (false, false)
            waiters = Array(state.waiters.values)
            state.waiters = [:]
            return (false, .not)
        }
        start(wake)
        for waiter in waiters { waiter.resume() }
        return goesOn
    }
}
