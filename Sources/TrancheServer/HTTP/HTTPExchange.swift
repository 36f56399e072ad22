import CMicrohttpd
import Synchronization

/// A request that is read, worked on and answered.
final class HTTPExchange: Sendable {
    /// A connection of the library's.
    ///
    /// Safe to send: the one who takes it out of ``State/suspended`` resumes it, once, which the
    /// library lets any thread do; a suspended connection is freed by nobody.
    private struct Suspended: @unchecked Sendable {
        let connection: OpaquePointer
    }

    private struct State {
        var body: [UInt8] = []
        /// How many bytes were taken of what all requests may hold.
        var held = 0
        /// What came behind the bound, and is gone.
        var dropped = 0
        var suspended: Suspended?
        var response: HTTPServerResponse?
    }

    private let head: HTTPServerRequest
    /// The most bytes of the body.
    let limit: Int
    /// Who answers it; `nil` for whom the listener has for all.
    let handler: HTTPListener.Handler?
    private let budget: BodyBudget
    private let state = Mutex(State())

    /// What is read and dropped of a body that is too long, so that the answer comes through.
    private static let droppedBytes = 1 << 20

    init(
        _ head: HTTPServerRequest,
        limit: Int,
        of budget: BodyBudget,
        response: HTTPServerResponse? = nil,
        handler: HTTPListener.Handler? = nil
    ) {
        self.head = head
        self.limit = limit
        self.handler = handler
        self.budget = budget
        state.withLock { $0.response = response }
    }

    // A connection that is closed in the middle of a body has no other end.
    deinit { dropBody() }

    /// The request with all of its body.
    var request: HTTPServerRequest {
        var request = head
        request.body = state.withLock { $0.body }
        return request
    }

    /// The answer, where there is one.
    var response: HTTPServerResponse? { state.withLock { $0.response } }

    /// Takes bytes of the body.
    ///
    /// - Returns: Whether the connection is to go on.
    func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        state.withLock { state in
            let isTooLong = state.body.count + bytes.count > limit
            if !isTooLong, state.response == nil, budget.take(bytes.count, beside: state.held) {
                state.held += bytes.count
                state.body.append(contentsOf: bytes)
                return true
            }
            drop(&state)
            state.response =
                state.response ?? (isTooLong ? Self.tooLarge(limit) : Self.tooManyBodies)
            state.dropped += bytes.count
            return state.dropped <= Self.droppedBytes + limit
        }
    }

    /// Whether a body of so many bytes that is not wanted is read and dropped as a whole.
    func drops(_ length: UInt64) -> Bool {
        length <= UInt64(max(limit, 0)) + UInt64(Self.droppedBytes)
    }

    /// Gives back what the body holds, when nobody reads it any more.
    func dropBody() { state.withLock { drop(&$0) } }

    private func drop(_ state: inout State) {
        budget.give(back: state.held)
        (state.body, state.held) = ([], 0)
    }

    /// Has the connection wait for an answer.
    ///
    /// - Returns: Whether it waits; false where there is an answer already.
    func suspend(_ connection: OpaquePointer) -> Bool {
        state.withLock { state in
            guard state.response == nil else { return false }
            MHD_suspend_connection(connection)
            state.suspended = Suspended(connection: connection)
            return true
        }
    }

    /// Gives the answer; the first one counts.
    func finish(_ response: HTTPServerResponse) {
        state.withLock { state in
            guard state.response == nil else { return }
            state.response = response
            // Within the lock: when this is through, the library has been told.
            guard let suspended = state.suspended.take() else { return }
            MHD_resume_connection(suspended.connection)
        }
    }

    static let tooManyBodies = HTTPServerResponse.unavailable(
        "the bodies of other requests take the memory that there is for them; send it again",
        retryAfter: 1
    )

    static func tooLarge(_ limit: Int) -> HTTPServerResponse {
        .error(413, "the body is larger than \(limit) bytes, which is the most taken here")
    }
}
