public import FoundationEssentials
public import Tranche
public import TrancheOrchestrator

/// Requests of a webhook as events: each delivery once.
///
/// A delivery is told from others by its key. One whose key is known already is answered as the
/// first was, and is no other event; with another body it is refused with 409. A key is known for
/// as long as events are kept (`Orchestrator.Configuration.keep`), at least.
///
/// The sender has its answer, 202, only when the event is kept for good. An input that only gathers
/// gives nothing: it listens while it runs.
public struct WebhookInput: Input {
    /// The name in the graph.
    public let name: String
    /// What it takes, and where.
    public let configuration: Configuration
    private let listeners: WebhookListeners
    private let environment: [String: String]

    /// What a webhook takes, and where.
    public struct Configuration: Sendable {
        /// How its listener listens; inputs that share one have the same here, but for the names of
        /// hosts, of which all count.
        public var listener: HTTPListener.Configuration
        /// The path, decoded; `/` and the input's name by default.
        public var path: String
        /// How requests are signed.
        public var scheme: WebhookScheme
        /// The secret; only where nothing is signed there need be none.
        public var secret: WebhookSecret?
        /// The header field with the key that tells a delivery from others; by default that of the
        /// scheme.
        ///
        /// A request without one is an event of its own, however often it comes.
        public var keyHeader: String?
        /// How far the time of a request may be from this machine's, where it is signed with one; 5
        /// min by default.
        public var tolerance = Duration.seconds(300)
        /// The longest body, in bytes; 1 MiB by default, up to 64 MiB.
        public var bodyBytes = 1 << 20
        /// Header fields that events are to have: the payload is `{"headers": …, "body": …}` then,
        /// with their names in lower case; none by default, and the payload is the body.
        public var headers: [String] = []

        /// Makes a configuration.
        public init(_ listener: HTTPListener.Configuration, path: String, scheme: WebhookScheme) {
            self.listener = listener
            self.path = path
            self.scheme = scheme
        }
    }

    /// Describes an input.
    ///
    /// - Parameters:
    ///   - name: The name in the graph.
    ///   - configuration: What it takes, and where.
    ///   - listeners: Those that it shares with others.
    ///   - environment: This process's variables, where its secret may be.
    /// - Throws: ``WebhookConflict`` where another of `listeners` has the path, or listens
    ///   otherwise;
    ///   `HTTPListenerError`.
    public init(
        _ name: String,
        _ configuration: Configuration,
        listeners: WebhookListeners,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws {
        self.name = name
        self.configuration = configuration
        self.listeners = listeners
        self.environment = environment
        try configuration.listener.check()
        try listeners.declare(configuration, of: name)
    }

    /// Listens, and keeps each delivery, until the task is cancelled.
    public func run(_ log: InputLog) async throws {
        let secrets = try configuration.secret?.values(environment) ?? []
        let verifier = try WebhookVerifier(
            configuration.scheme,
            secrets: secrets,
            tolerance: configuration.tolerance
        )
        let endpoint = WebhookEndpoint(configuration, verifier, log)
        try await listeners.serve(endpoint, of: name, at: configuration.listener.address)
    }

    /// Cleans the log, and forgets keys of what was kept long ago.
    public func clean(_ inventory: Inventory, keeping keep: Duration) async throws -> [RunKey] {
        guard try await inventory.inputLogs().contains(where: { $0.name == name }) else {
            return []
        }
        let passed = try await inventory.clean(input: name, keeping: keep).passed
        try await inventory.forgetCleaned(input: name, keptFor: keep)
        return passed
    }
}
