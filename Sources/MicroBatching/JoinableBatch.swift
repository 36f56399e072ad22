import Synchronization

/// Requests of a batch whose function is under way, and takes in what comes until it closes the
/// batch.
@usableFromInline
package final class JoinableBatch<Request: Sendable>: Sendable {
    private struct State {
        var requests: [Request]
        /// Gives what has come meanwhile; `nil` once the batch is closed.
        var joining: (@Sendable () -> [Request])?
    }

    private let state: Mutex<State>

    /// Makes a batch.
    ///
    /// - Parameters:
    ///   - requests: The requests that there are.
    ///   - joining: Gives, once, what has come meanwhile; nothing by default.
    @usableFromInline
    package init(_ requests: [Request], joining: (@Sendable () -> [Request])? = nil) {
        state = Mutex(State(requests: requests, joining: joining))
    }

    /// The requests that belong to it now, in the order in which they came.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// Takes in what has come, as far as there is room, and nothing from then on.
    ///
    /// - Returns: All requests, in the order in which they came; the same ones each time.
    package func close() -> [Request] {
        state.withLock { state in
            if let joining = state.joining {
                state.requests += joining()
                state.joining = nil
            }
            return state.requests
        }
    }
}
