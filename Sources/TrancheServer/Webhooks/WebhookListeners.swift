import Synchronization
import Tranche

/// The listeners of webhooks: those with the same address share one.
public final class WebhookListeners: Sendable {
    private struct Place: Sendable {
        let listener: SharedListener
        var configurations: [String: WebhookInput.Configuration] = [:]
    }

    private let places = Mutex<[ListenAddress: Place]>([:])

    /// Makes an empty list.
    public init() {}

    /// Takes down where an input listens.
    ///
    /// - Throws: ``WebhookConflict``.
    func declare(_ configuration: WebhookInput.Configuration, of name: String) throws {
        let address = configuration.listener.address
        try places.withLock { places in
            var place = places[address] ?? Place(listener: SharedListener())
            for (other, known) in place.configurations where other != name {
                if known.path == configuration.path {
                    throw WebhookConflict(
                        key: "path",
                        message: "'\(other)' has the path \(known.path) on \(address) already; "
                            + "give another"
                    )
                }
                if known.listener.tls != configuration.listener.tls {
                    throw WebhookConflict(
                        key: "tls",
                        message: "'\(other)' listens on \(address) with another certificate, or "
                            + "without; give both the same, or another address"
                    )
                }
            }
            place.configurations[name] = configuration
            places[address] = place
        }
    }

    /// Answers the requests to an endpoint until the task is cancelled.
    ///
    /// - Throws: ``HTTPListenerError`` where nothing can listen there; `CancellationError`.
    func serve(_ endpoint: WebhookEndpoint, of name: String, at address: ListenAddress) async throws
    {
        guard let place = places.withLock({ $0[address] }),
            var configuration = place.configurations[name]?.listener
        else { return }
        // One that takes any host is not to lose senders to a neighbour that does not.
        let hosts = place.configurations.values.map(\.listener.hosts)
        configuration.hosts = hosts.contains([]) ? [] : hosts.flatMap { $0 }
        try await place.listener.serve(endpoint, configuration)
    }
}

/// That two webhooks cannot listen as they are to.
public struct WebhookConflict: Error, Sendable, CustomStringConvertible {
    /// The key of a pipeline's file that is to be changed.
    public let key: String
    /// What is wrong and what to do about it.
    public let message: String

    /// The error in words.
    public var description: String { message }
}

/// A listener for several endpoints.
///
/// One of those who are here runs it; when that one goes, another does.
final class SharedListener: Sendable {
    private struct State {
        var endpoints: [String: WebhookEndpoint] = [:]
        var isServed = false
        var waiters: [AsyncStream<Never>.Continuation] = []
    }

    private let state = Mutex(State())

    /// Answers the requests to an endpoint until the task is cancelled.
    func serve(
        _ endpoint: WebhookEndpoint,
        _ configuration: HTTPListener.Configuration
    ) async throws {
        state.withLock { $0.endpoints[endpoint.path] = endpoint }
        defer { state.withLock { $0.endpoints[endpoint.path] = nil } }
        while true {
            try Task.checkCancellation()
            guard let turn = turn() else { break }
            for await _ in turn {}
        }
        defer { giveUp() }
        let listener = HTTPListener(
            configuration,
            admit: { [self] request in
                self.endpoint(for: request)?.admit(request)
                    ?? .answer(
                        .error(
                            404,
                            "there is no webhook of this path; send to the path that the input "
                                + "in the pipeline's file has"
                        )
                    )
            },
            handler: { [self] request in
                await self.endpoint(for: request)?.respond(to: request)
                    ?? .unavailable("this webhook is being stopped", retryAfter: 5)
            }
        )
        try await listener.run()
    }

    private func endpoint(for request: HTTPServerRequest) -> WebhookEndpoint? {
        state.withLock { $0.endpoints[request.path] }
    }

    /// What ends when the listener has to be run by another; `nil` for who is to run it now.
    private func turn() -> AsyncStream<Never>? {
        state.withLock { state in
            guard state.isServed else {
                state.isServed = true
                return nil
            }
            let (stream, continuation) = AsyncStream<Never>.makeStream()
            state.waiters.append(continuation)
            return stream
        }
    }

    private func giveUp() {
        let waiters = state.withLock { state in
            defer { state.waiters = [] }
            state.isServed = false
            return state.waiters
        }
        for waiter in waiters { waiter.finish() }
    }
}
