import CMicrohttpd
import Synchronization

/// An answer that is sent many times: the library's form of it is made once.
///
/// Its bytes are not copied for each request: the library counts who still sends them.
final class KeptAnswer: Sendable {
    /// An answer of the library's.
    ///
    /// Safe to send: it is not changed once it is made, and the library counts its users under a
    /// lock of its own.
    private struct Made: @unchecked Sendable {
        let response: OpaquePointer
    }

    /// The answer.
    let response: HTTPServerResponse
    private let made = Mutex<Made?>(nil)

    init(_ response: HTTPServerResponse) {
        self.response = response
    }

    // Who still sends it has the library's count.
    deinit {
        if let made = made.withLock({ $0 }) { MHD_destroy_response(made.response) }
    }

    /// The answer, which names this.
    var shared: HTTPServerResponse {
        var shared = response
        shared.kept = self
        return shared
    }

    /// Sends it on a connection that stays behind it.
    ///
    /// - Parameters:
    ///   - connection: The connection.
    ///   - make: Makes the library's form of an answer.
    /// - Returns: What the library says; `nil` where the answer cannot be sent.
    func queue(
        on connection: OpaquePointer,
        _ make: (HTTPServerResponse) -> OpaquePointer?
    ) -> MHD_Result? {
        let known = made.withLock { made -> Made? in
            if made == nil { made = make(response).map { Made(response: $0) } }
            return made
        }
        guard let known else { return nil }
        return MHD_queue_response(connection, UInt32(response.status), known.response)
    }
}
