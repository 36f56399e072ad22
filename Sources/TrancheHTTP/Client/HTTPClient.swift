import Synchronization
import Tranche

/// Sends requests, again where the server or the way to it fails for a while.
final class HTTPClient: Sendable {
    private let configuration: Configuration
    private let idle = Mutex<[HTTPConnection]>([])

    /// How requests are sent.
    struct Configuration: Sendable {
        /// How long connecting may take; 10 s by default.
        var connectTimeout: Duration = .seconds(10)
        /// How long nothing may come; 60 s by default.
        var stallTimeout: Duration = .seconds(60)
        /// How long to wait, in all, between tries of one request; 30 s by default.
        var retryLimit: Duration = .seconds(30)
        /// How long to wait, in all, when the server asks for it; 5 min by default.
        var patience: Duration = .seconds(300)
        /// A file with the certificates that are trusted; the system's by default.
        var certificateAuthorities: String?
        /// Waits.
        var clock: any Clock<Duration> = ContinuousClock()
        /// A number from 0 up to 1 for each wait, so that not all try again at once.
        var noise: @Sendable () -> Double = { .random(in: 0..<1) }
    }

    init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
    }

    /// Sends a request until it is answered with anything but a passing failure, within bounds.
    ///
    /// To be used for requests that may arrive twice.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - isPassing: Which further answers tell of a failure that passes.
    ///   - waits: Whether to wait as long as the server asks for; else such an answer is returned.
    /// - Returns: The answer; also one that tells of a failure, when trying again did not help.
    /// - Throws: ``HTTPError`` when there was no answer; `CancellationError`.
    func send(
        _ request: HTTPRequest,
        again isPassing: (HTTPResponse) -> Bool = { _ in false },
        waitsAsAsked waits: Bool = true
    ) async throws -> HTTPResponse {
        var backoff = Backoff(limit: configuration.retryLimit)
        var patience = configuration.patience
        while true {
            let wait: Duration
            do {
                let response = try await perform(request)
                let category = HTTPError.category(status: response.status)
                guard category == .transient || isPassing(response) else { return response }
                if response.retryAfter != nil, !waits { return response }
                if let asked = response.retryAfter, patience > .zero {
                    wait = min(asked, patience)
                    patience -= wait
                } else if let next = backoff.next(configuration.noise()) {
                    wait = next
                } else {
                    return response
                }
            } catch let error as HTTPError where error.category == .transient {
                guard let next = backoff.next(configuration.noise()) else { throw error }
                wait = next
            }
            try await configuration.clock.sleep(for: wait)
        }
    }

    private func perform(_ request: HTTPRequest) async throws -> HTTPResponse {
        let connection = try idle.withLock { $0.popLast() } ?? HTTPConnection()
        defer { idle.withLock { $0.append(connection) } }
        return try await connection.perform(request, configuration)
    }

    /// Closes the connections that are not in use.
    func close() {
        idle.withLock { $0 = [] }
    }
}
