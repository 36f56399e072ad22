public import FoundationEssentials
import Synchronization
public import Tranche

/// A server that takes records by HTTP: a request for each batch, or for each record.
///
/// ```swift
/// chain.write(to: try WebhookSink("https://example.org/orders", configuration))
/// ```
///
/// A batch is an object with `job`, `run`, `batch`, `id_start`, `id_end` and `records`; a record is
/// sent as it is. Each request says in `Idempotency-Key` which it is, and says so again when it is
/// tried again: a receiver that keeps the keys takes each batch once. With a secret, requests are
/// signed as the specification "Standard Webhooks" wants it. Where the receiver answers 429 or 503
/// with `Retry-After`, the batch waits and keeps its lease: it costs no attempt. Where a budget is
/// named, or the receiver asks for more than is waited for, the batch is given back until later.
public final class WebhookSink: RecordSink {
    private let url: String
    private let configuration: Configuration
    private let client: HTTPClient
    /// The inventory whose batches are written, once it is known.
    private let store = Mutex<(any InventoryStore)?>(nil)
    private let origins = RunOrigins()

    /// How records are sent.
    public struct Configuration: Sendable {
        /// The content of a request.
        public enum Unit: String, Sendable, Hashable, CaseIterable {
            case batch, record
        }

        /// The content of a request; a batch by default.
        public var unit = Unit.batch
        /// Whether requests are PUT rather than POST; false by default.
        public var usesPUT = false
        /// The secret of the signatures: base 64 behind `whsec_`, or any text; no signatures by
        /// default.
        public var secret: String?
        /// Further header fields, such as `Authorization`.
        public var headers: [String: String] = [:]
        /// Most bytes of a request; 16 MiB by default.
        ///
        /// A batch that has more fails; where each record is a request, one that has more is
        /// refused.
        public var maxBytes = 1 << 24
        /// How many requests of one batch are under way at once, where each record is one; 8 by
        /// default.
        public var concurrency = 8
        /// How long a batch waits, in all, when the receiver asks for it; an hour by default.
        public var patience: Duration = .seconds(3600)
        /// The budget that is parked when the receiver answers 429 or 503 with `Retry-After`.
        ///
        /// The batch is given back at once then, and nobody under the budget tries before. `nil`
        /// (the default) waits.
        public var budget: String?
        /// How long a request may wait for its answer while nothing comes; a minute by default.
        public var timeout: Duration = .seconds(60)
        /// The time that signatures have.
        public var now: @Sendable () -> Date = { Date() }
        /// Waits.
        public var clock: any Clock<Duration> = ContinuousClock()

        /// Makes a configuration.
        public init() {}
    }

    /// Describes a sink.
    ///
    /// - Parameters:
    ///   - url: An http or https URL.
    ///   - configuration: How records are sent.
    /// - Throws: `TrancheError` `.invalidArgument`.
    public init(_ url: String, _ configuration: Configuration = Configuration()) throws {
        guard url.hasPrefix("https://") || url.hasPrefix("http://"), url.count > 8 else {
            throw TrancheError(
                .invalidArgument,
                "'\(url.withoutSecrets)' is not a URL of a webhook; give https://…"
            )
        }
        guard configuration.concurrency > 0, configuration.maxBytes > 0 else {
            throw TrancheError(.invalidArgument, "a webhook's bounds must be above 0")
        }
        self.url = url
        self.configuration = configuration
        var settings = HTTPClient.Configuration()
        settings.patience = configuration.patience
        settings.stallTimeout = configuration.timeout
        settings.clock = configuration.clock
        client = HTTPClient(settings)
    }

    /// The URL, without user and query.
    public var name: String { url.withoutSecrets }

    /// Requests are named: a receiver that keeps the names takes each once.
    public func promise(beside store: any InventoryStore) async throws -> SinkPromise {
        SinkPromise(
            .idempotent,
            reason:
                "a receiver takes no part in the inventory's transactions; it knows requests that "
                + "come again by their Idempotency-Key"
        )
    }

    /// Nothing is sent before there is a batch.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        if let secret = configuration.secret { _ = try WebhookSignature(secret: secret) }
        self.store.withLock { $0 = store }
        origins.forget()
    }

    /// Lends a writer.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        try await withWriter(for: batch, telling: { _ in }, body)
    }

    /// Closes the connections.
    public func close() async { client.close() }

    private func posting(
        for batch: BatchRecord,
        in store: (any InventoryStore)?
    ) async throws -> WebhookPosting {
        var origin: [String] = []
        if let store { origin = try await origins.origin(of: batch.key, in: store) }
        return WebhookPosting(
            url: url,
            configuration: configuration,
            client: client,
            signature: try configuration.secret.map { try WebhookSignature(secret: $0) },
            batch: batch,
            origin: origin
        )
    }

    /// Sends bodies of one's own, with the same header fields, names and waits as records.
    ///
    /// - Parameters:
    ///   - bodies: The bodies, as JSON, each with what tells it from others of the batch's run
    ///     whenever it is tried again.
    ///   - batch: The batch.
    ///   - store: Its inventory's store.
    ///   - sent: Told of each that was answered.
    ///   - retried: Called before a body is sent again, with what went wrong, without secrets, and
    ///     after how long that is.
    /// - Returns: What the receiver has against bodies, by their places; those not named were
    ///   taken.
    /// - Throws: `TrancheError` `.sinkUnavailable`, `.sinkFailed`; `BatchDeferral` where the
    ///   receiver asks to come back later.
    package func send(
        _ bodies: [(names: [String], body: [UInt8])],
        for batch: BatchRecord,
        in store: any InventoryStore,
        sent: @escaping @Sendable () -> Void,
        retried: @escaping @Sendable (String, Duration) -> Void = { _, _ in }
    ) async throws -> [Int: String] {
        var posting = try await posting(for: batch, in: store)
        posting.retried = { retried($0.message, $1) }
        for (_, body) in bodies where body.count > configuration.maxBytes {
            throw TrancheError(
                .sinkFailed,
                "batch \(batch.id) has a request of more than \(configuration.maxBytes) bytes, the "
                    + "most of one to \(name); make the link's batches smaller (count), or send each "
                    + "event apart (each)"
            )
        }
        return try await withThrowingTaskGroup(of: (Int, String?).self) { group in
            var complaints: [Int: String] = [:]
            for (place, request) in bodies.enumerated() {
                if place >= configuration.concurrency, let (place, words) = try await group.next() {
                    complaints[place] = words
                }
                group.addTask { [posting] in
                    let key = try posting.key(of: request.names)
                    let words = try await posting.post(request.body, key: key)
                    sent()
                    return (place, words)
                }
            }
            for try await (place, words) in group { complaints[place] = words }
            return complaints
        }
    }
}

extension WebhookSink: TellingSink {
    /// Lends a writer, and tells of the first request of it that is sent again.
    package func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        telling tell: @escaping @Sendable (String) -> Void,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        var posting = try await posting(for: batch, in: store.withLock { $0 })
        let isTold = Mutex(false)
        posting.retried = { fault, wait in
            let isFirst = isTold.withLock { isTold in
                defer { isTold = true }
                return !isTold
            }
            guard isFirst else { return }
            tell("\(fault.message); the request is sent again in \(wait.words)")
        }
        switch configuration.unit {
        case .batch: return try await body(WebhookBatchWriter(posting))
        case .record: return try await body(WebhookRecordWriter(posting))
        }
    }
}
