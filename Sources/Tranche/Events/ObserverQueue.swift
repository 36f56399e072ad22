import Dispatch
import Synchronization

/// The events that wait for one observer, which is called on a thread of its own.
final class ObserverQueue: Sendable {
    /// The events that the observer receives.
    let names: Set<InventoryEvent.Name>
    private let observer: any InventoryObserver
    private let limit: Int
    private let queue = DispatchQueue(label: "tranche.observer")
    private let state = Mutex(State())

    private struct State {
        var waiting: ArraySlice<InventoryEvent> = []
        var dropped = 0
        /// Whether the thread is at work.
        var isRunning = false
        /// Those who wait until it no longer is.
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter = 0
    }

    /// Makes the queue of an observer.
    ///
    /// - Parameters:
    ///   - observer: The observer.
    ///   - limit: Most events that wait for it.
    init(_ observer: any InventoryObserver, limit: Int) {
        self.observer = observer
        names = observer.wanted
        self.limit = limit
    }

    /// Adds an event, or counts it where too many wait.
    func send(_ event: InventoryEvent) {
        let starts = state.withLock { state in
            guard state.waiting.count < limit else {
                state.dropped += 1
                return false
            }
            var event = event
            event.dropped = state.dropped
            state.dropped = 0
            state.waiting.append(event)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if starts { queue.async { self.deliver() } }
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
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
        }
    }

    /// Calls the observer with one event after the other, until none waits.
    private func deliver() {
        while let event = next() {
            do {
                try observer.observe(event)
            } catch {
                // The observer's own: neither the work nor the next event is to suffer from it.
            }
        }
    }

    private func next() -> InventoryEvent? {
        var waiters: [CheckedContinuation<Void, Never>] = []
        let event = state.withLock { state -> InventoryEvent? in
            if let event = state.waiting.popFirst() { return event }
            state.isRunning = false
            waiters = Array(state.waiters.values)
            state.waiters = [:]
            return nil
        }
        for waiter in waiters { waiter.resume() }
        return event
    }
}
