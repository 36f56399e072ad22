import Synchronization

/// Lets all pass once it was opened.
final class Latch: Sendable {
    private let state = Mutex((isOpen: false, waiting: [CheckedContinuation<Void, Never>]()))

    /// Lets all pass.
    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for one in waiting { one.resume() }
    }

    /// Waits until it is open, whatever becomes of the task.
    func opens() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

/// Where some wait until all are there.
final class Meeting: Sendable {
    private let missing: Mutex<Int>
    private let latch = Latch()

    init(_ count: Int) {
        missing = Mutex(count)
    }

    /// Waits for the others.
    func join() async {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        if isLast { latch.open() }
        await latch.opens()
    }
}
