import FoundationEssentials
import Tranche

/// Sends the requests of one attempt of a batch.
struct WebhookPosting: Sendable {
    let url: String
    let configuration: WebhookSink.Configuration
    let client: HTTPClient
    let signature: WebhookSignature?
    let batch: BatchRecord
    /// What tells the batch's run from others of its names; see ``RunOrigins``.
    let origin: [String]
    /// Called with what went wrong, and after how long a request is sent again.
    var retried: @Sendable (HTTPError, Duration) -> Void = { _, _ in }

    /// A name for a request that is the same whenever it is tried again.
    func key(_ parts: String...) throws -> String { try key(of: parts) }

    /// Likewise.
    func key(of parts: [String]) throws -> String {
        let names = origin + [batch.key.metaTable, batch.key.job, batch.key.run] + parts
        return try sha256(Array(JSONText.encode(names).utf8)).hexadecimal
    }

    /// Sends a request.
    ///
    /// - Returns: What the receiver has against it; `nil` when it was taken.
    /// - Throws: `TrancheError` `.sinkUnavailable`, `.sinkFailed`; `BatchDeferral` where the
    ///   receiver asks to come back later.
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
            response = try await client.send(
                request,
                again: { $0.status == 409 },
                waitsAsAsked: configuration.budget == nil,
                retried: retried
            )
        } catch let error as HTTPError {
            throw error.asSinkError
        }
        if response.isSuccess { return nil }
        if (300..<400).contains(response.status) {
            throw TrancheError(.sinkFailed, redirection(response), underlying: nil)
        }
        let error = HTTPError(response, to: request)
        // What is wrong with what was sent, rather than with who sent it or where to.
        if (400..<500).contains(response.status), !Self.ofReceiver.contains(response.status) {
            return error.message
        }
        if [429, 503].contains(response.status), let wait = response.retryAfter {
            throw BatchDeferral(for: wait, parking: configuration.budget, reason: error.message)
        }
        let isPassing = error.category == .transient || response.status == 409
        throw TrancheError(
            isPassing ? .sinkUnavailable : .sinkFailed,
            error.message,
            underlying: error
        )
    }

    /// Statuses that say nothing of what was sent, but of who sent it, where to, or when.
    private static let ofReceiver: Set = [
        401, 403, 404, 405, 407, 408, 409, 410, 421, 425, 426, 429,
    ]

    /// Where a receiver points to; nobody follows, since what was sent would go to somebody else.
    private func redirection(_ response: HTTPResponse) -> String {
        let place = response.headers["location"].map { $0.withoutSecrets }
        let words = place.map { " and points to \($0)" } ?? ""
        return
            "\(url.withoutSecrets) answered \(response.status)\(words); redirections are not followed: give "
            + "the URL that takes the records"
    }
}
