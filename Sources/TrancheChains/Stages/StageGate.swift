import Synchronization

/// Lets so much in at once; first come, first served.
package final class StageGate: Sendable {
    private let state: Mutex<State>

    private struct State {
        let most: Double
        var used = 0.0
        /// How many are in.
        var count = 0
        var waiting: [Waiter] = []
        var lastWaiter = 0

        /// Whether there is room; what is heavier than all of it goes alone.
        func admits(_ weight: Double) -> Bool { count == 0 || used + weight <= most }

        mutating func take(_ weight: Double) {
            used += weight
            count += 1
        }
    }

    private struct Waiter {
        let number: Int
        let weight: Double
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// Makes a gate.
    ///
    /// - Parameter most: What may be in at once.
    package init(_ most: Double) {
        state = Mutex(State(most: most))
    }

    /// How many wait.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Waits for room, and takes it; it is to be given back with ``leave(_:)``.
    ///
    /// - Parameter weight: How much; 1 by default.
    /// - Throws: `CancellationError`: nothing was taken then.
    package func enter(_ weight: Double = 1) async throws {
        try Task.checkCancellation()
        let number = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.waiting.isEmpty, state.admits(weight) {
                        state.take(weight)
                        return .success(())
                    }
                    let waiter = Waiter(number: number, weight: weight, continuation: continuation)
                    state.waiting.append(waiter)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.waiting.firstIndex(where: { $0.number == number }) else {
                    return nil
                }
                return state.waiting.remove(at: place)
            }
            waiter?.continuation.resume(throwing: CancellationError())
            // The one behind may be lighter.
            admit()
        }
    }

    /// Gives room back.
    ///
    /// - Parameter weight: How much was taken.
    package func leave(_ weight: Double = 1) {
        state.withLock { state in
            state.count -= 1
            state.used = state.count == 0 ? 0 : state.used - weight
        }
        admit()
    }

    private func admit() {
        let admitted = state.withLock { state in
            var admitted: [Waiter] = []
            while let first = state.waiting.first, state.admits(first.weight) {
                state.take(first.weight)
                admitted.append(state.waiting.removeFirst())
            }
            return admitted
        }
        for waiter in admitted { waiter.continuation.resume() }
    }
}
