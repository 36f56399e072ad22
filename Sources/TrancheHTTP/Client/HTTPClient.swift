import Synchronization
import Tranche

/// Sends requests, again where the server or the way to it fails for a while.
package final class HTTPClient: Sendable {
    private let configuration: Configuration
    private let idle = Mutex<[HTTPConnection]>([])

    /// How requests are sent.
    package struct Configuration: Sendable {
        /// How long connecting may take; 10 s by default.
        package var connectTimeout: Duration = .seconds(10)
        /// How long nothing may come or go, connecting included; 60 s by default.
        package var stallTimeout: Duration = .seconds(60)
        /// How long tries of a request and the waits between may take, in all; 30 s by default.
        ///
        /// It is not tried again after that. Waits that the server asks for are apart.
        package var retryLimit: Duration = .seconds(30)
        /// How long to wait, in all, when the server asks for it; 5 min by default.
        package var patience: Duration = .seconds(300)
        /// A file with the certificates that are trusted; the system's by default.
        package var certificateAuthorities: String?
        /// The socket of this machine that all requests go to, whatever host they name; none by
        /// default.
        package var unixSocket: String?
        /// Waits.
        package var clock: any Clock<Duration> = ContinuousClock()
        /// A number from 0 up to 1 for each wait, so that not all try again at once.
        package var noise: @Sendable () -> Double = { .random(in: 0..<1) }

        package init(
            stallTimeout: Duration = .seconds(60),
            retryLimit: Duration = .seconds(30),
            patience: Duration = .seconds(300),
            unixSocket: String? = nil
        ) {
            self.stallTimeout = stallTimeout
            self.retryLimit = retryLimit
            self.patience = patience
            self.unixSocket = unixSocket
        }
    }

    package init(_ configuration: Configuration = Configuration()) {
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
    ///   - retried: Called before each wait with what went wrong, and how long the wait is.
    /// - Returns: The answer; also one that tells of a failure, when trying again did not help.
    /// - Throws: ``HTTPError`` when there was no answer; `CancellationError`.
    package func send(
        _ request: HTTPRequest,
        again isPassing: (HTTPResponse) -> Bool = { _ in false },
        waitsAsAsked waits: Bool = true,
        retried: (HTTPError, Duration) -> Void = { _, _ in }
    ) async throws -> HTTPResponse {
        var backoff = Backoff(limit: configuration.retryLimit)
        var patience = configuration.patience
        while true {
            let wait: Duration
            let fault: HTTPError
            let stopwatch = Stopwatch(configuration.clock)
            do {
                let response = try await perform(request)
                let category = HTTPError.category(status: response.status)
                guard category == .transient || isPassing(response) else { return response }
                if response.retryAfter != nil, !waits { return response }
                if let asked = response.retryAfter, patience > .zero {
                    wait = min(asked, patience)
                    patience -= wait
                } else {
                    spend(stopwatch.elapsed, on: request, of: &backoff)
                    guard let next = backoff.next(configuration.noise()) else { return response }
                    wait = next
                }
                fault = HTTPError(response, to: request)
            } catch let error as HTTPError where error.category == .transient {
                spend(stopwatch.elapsed, on: request, of: &backoff)
                guard let next = backoff.next(configuration.noise()) else { throw error }
                (wait, fault) = (next, error)
            }
            retried(fault, wait)
            try await configuration.clock.sleep(for: wait)
        }
    }

    /// Counts the time of a try, but where the server may take as long as it likes.
    private func spend(_ time: Duration, on request: HTTPRequest, of backoff: inout Backoff) {
        if !request.isPatient { backoff.spend(time) }
    }

    private func perform(_ request: HTTPRequest) async throws -> HTTPResponse {
        let connection = try idle.withLock { $0.popLast() } ?? HTTPConnection()
        defer { idle.withLock { $0.append(connection) } }
        return try await connection.perform(request, configuration)
    }

    /// Opens a connection of its own that carries bytes in both directions, once the server agrees.
    ///
    /// - Parameter request: What asks the server for it.
    /// - Returns: The connection, and nothing of the answer's body read.
    /// - Throws: ``HTTPError``; ``HTTPStream/Refusal``; `CancellationError`.
    package func open(_ request: HTTPRequest) async throws -> HTTPStream {
        try await HTTPStream.open(request, configuration)
    }

    /// Closes the connections that are not in use.
    package func close() {
        idle.withLock { $0 = [] }
    }
}
