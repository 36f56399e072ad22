public import Foundation
public import Tranche

/// A server that takes records by HTTP: a request for each batch, or for each record.
///
/// ```swift
/// chain.write(to: try WebhookSink("https://example.org/orders", configuration))
/// ```
///
/// A batch is an object with `job`, `run`, `batch`, `id_start`, `id_end` and `records`; a record is sent as it
/// is. Each request says in `Idempotency-Key` which it is, and says so again when it is tried again: a receiver
/// that keeps the keys takes each batch once. With a secret, requests are signed as the specification "Standard
/// Webhooks" wants it. Where the receiver answers 429 or 503 with `Retry-After`, the batch waits and keeps its
/// lease: it costs no attempt. Where a budget is named, or the receiver asks for more than is
/// waited for, the batch is given back until later.
public final class WebhookSink: RecordSink {
    private let url: String
    private let configuration: Configuration
    private let client: HTTPClient

    /// How records are sent.
    public struct Configuration: Sendable {
        /// What a request holds.
        public enum Unit: String, Sendable, Hashable, CaseIterable {
            case batch, record
        }

        /// What a request holds; a batch by default.
        public var unit = Unit.batch
        /// Whether requests are PUT rather than POST; false by default.
        public var usesPUT = false
        /// The secret of the signatures: base 64 behind `whsec_`, or any text; no signatures by default.
        public var secret: String?
        /// Further header fields, such as `Authorization`.
        public var headers: [String: String] = [:]
        /// Most bytes of a request; 16 MiB by default.
        public var maxBytes = 1 << 24
        /// How many requests of one batch are under way at once, where each record is one; 8 by default.
        public var concurrency = 8
        /// How long a batch waits, in all, when the receiver asks for it; an hour by default.
        public var patience: Duration = .seconds(3600)
        /// The budget that is parked when the receiver answers 429 or 503 with `Retry-After`.
        ///
        /// The batch is given back at once then, and nobody under the budget tries before. `nil`
        /// (the default) waits.
        public var budget: String?
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
                "'\(url.withoutSecrets)' is no URL of a webhook; give https://…"
            )
        }
        guard configuration.concurrency > 0, configuration.maxBytes > 0 else {
            throw TrancheError(.invalidArgument, "a webhook's bounds must be above 0")
        }
        self.url = url
        self.configuration = configuration
        var settings = HTTPClient.Configuration()
        settings.patience = configuration.patience
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
                "a receiver takes no part in the inventory's transactions; it knows requests that come "
                + "again by their Idempotency-Key"
        )
    }

    /// Nothing is sent before there is a batch.
    public func prepare(
        for fields: RecordFields?,
        beside store: any InventoryStore
    ) async throws {
        if let secret = configuration.secret { _ = try WebhookSignature(secret: secret) }
    }

    /// Lends a writer.
    public func withWriter<Result: Sendable>(
        for batch: BatchRecord,
        _ body: @Sendable (any RecordWriter) async throws -> Result
    ) async throws -> Result {
        let posting = WebhookPosting(
            url: url,
            configuration: configuration,
            client: client,
            signature: try configuration.secret.map { try WebhookSignature(secret: $0) },
            batch: batch
        )
        switch configuration.unit {
        case .batch: return try await body(WebhookBatchWriter(posting))
        case .record: return try await body(WebhookRecordWriter(posting))
        }
    }

    /// Closes the connections.
    public func close() async { client.close() }
}
