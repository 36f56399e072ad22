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
/// lease: it costs no attempt.
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

/// Sends the requests of one attempt of a batch.
private struct WebhookPosting: Sendable {
    let url: String
    let configuration: WebhookSink.Configuration
    let client: HTTPClient
    let signature: WebhookSignature?
    let batch: BatchRecord

    /// A name for a request that is the same whenever it is tried again.
    func key(_ parts: String...) throws -> String {
        let names = [batch.key.metaTable, batch.key.job, batch.key.run] + parts
        return try sha256(Array(JSONText.encode(names).utf8)).hexadecimal
    }

    /// Sends a request.
    ///
    /// - Returns: What the receiver has against it; `nil` when it was taken.
    /// - Throws: `TrancheError` `.sinkUnavailable`, `.sinkFailed`.
    func post(_ body: [UInt8], key: String) async throws -> String? {
        var headers = configuration.headers
        headers["Content-Type"] = "application/json"
        headers["Idempotency-Key"] = key
        headers["Tranche-Batch"] = String(batch.id)
        headers["Tranche-Attempt"] = String(batch.attempt)
        if let signature {
            let fields = try signature.headers(for: body, id: key, at: configuration.now())
            headers.merge(fields) { _, new in new }
        }
        let request = HTTPRequest(
            method: configuration.usesPUT ? .put : .post,
            url: url,
            headers: headers,
            body: body
        )
        let response: HTTPResponse
        do {
            // A receiver that still works on the same request says 409.
            response = try await client.send(request) { $0.status == 409 }
        } catch let error as HTTPError {
            throw TrancheError(
                error.category == .transient ? .sinkUnavailable : .sinkFailed,
                error.message,
                underlying: error
            )
        }
        if response.isSuccess { return nil }
        let error = HTTPError(response, to: request)
        // What is wrong with what was sent, rather than with who sent it or where to.
        if [400, 413, 415, 422].contains(response.status) { return error.message }
        let isPassing = error.category == .transient || response.status == 409
        throw TrancheError(
            isPassing ? .sinkUnavailable : .sinkFailed,
            error.message,
            underlying: error
        )
    }
}

/// Sends a batch as one request.
private final class WebhookBatchWriter: RecordWriter {
    private let posting: WebhookPosting
    private var body: [UInt8] = []

    init(_ posting: WebhookPosting) {
        self.posting = posting
        let batch = posting.batch
        body += "{\"job\":".utf8
        JSONBytes.append(batch.key.job.utf8, to: &body)
        body += ",\"run\":".utf8
        JSONBytes.append(batch.key.run.utf8, to: &body)
        body += ",\"batch\":\(batch.id),\"id_start\":\(batch.idStart)".utf8
        body += ",\"id_end\":\(batch.idEnd),\"records\":[".utf8
    }

    func write(_ records: [Record]) async throws {
        for record in records {
            if body.last != UInt8(ascii: "[") { body.append(UInt8(ascii: ",")) }
            record.appendJSON(to: &body)
        }
        guard body.count <= posting.configuration.maxBytes else {
            throw TrancheError(
                .sinkFailed,
                "batch \(posting.batch.id) has more than \(posting.configuration.maxBytes) bytes as JSON, "
                    + "the most of one request to \(posting.url.withoutSecrets); hand out less weight a "
                    + "batch, or send each record apart"
            )
        }
    }

    func finish() async throws -> Counters {
        body += "]}".utf8
        let batch = posting.batch
        let key = try posting.key(
            String(batch.id),
            String(batch.idStart),
            String(batch.idEnd)
        )
        if let complaint = try await posting.post(body, key: key) {
            throw TrancheError(.sinkFailed, complaint)
        }
        return Counters(["requests_sent": 1])
    }

    func abandon() async { body = [] }
}

/// Sends each record as a request.
private final class WebhookRecordWriter: RecordWriter {
    private let posting: WebhookPosting
    private var count = 0
    private var last: (id: Int64, place: Int)?

    init(_ posting: WebhookPosting) {
        self.posting = posting
    }

    func write(_ records: [Record]) async throws {
        var requests: [(id: Int64, key: String, record: Record)] = []
        for record in records {
            // Several records may have been made of one item.
            let place = last.map { $0.id == record.id ? $0.place + 1 : 0 } ?? 0
            last = (record.id, place)
            requests.append((record.id, try posting.key(String(record.id), String(place)), record))
        }
        let posting = posting
        let refused = try await withThrowingTaskGroup(
            of: (id: Int64, message: String)?.self
        ) { group in
            var refused: [(id: Int64, message: String)] = []
            for (number, request) in requests.enumerated() {
                if number >= posting.configuration.concurrency, let ended = try await group.next() {
                    if let ended { refused.append(ended) }
                }
                group.addTask {
                    var body: [UInt8] = []
                    request.record.appendJSON(to: &body)
                    return try await posting.post(body, key: request.key).map { (request.id, $0) }
                }
            }
            for try await ended in group {
                if let ended { refused.append(ended) }
            }
            return refused
        }
        count += records.count
        if !refused.isEmpty { throw RecordsRefused(refused.sorted { $0.id < $1.id }) }
    }

    func finish() async throws -> Counters { Counters(["requests_sent": count]) }

    /// Requests that were sent are sent again by the next attempt, with the same keys.
    func abandon() async {}
}
