import FoundationEssentials
import Tranche
import TrancheHTTP
import TrancheOrchestrator

/// Answers the requests to one webhook.
struct WebhookEndpoint: Sendable {
    private let configuration: WebhookInput.Configuration
    private let verifier: WebhookVerifier
    private let log: InputLog

    /// How long an event may take to be kept: senders wait for ten seconds or so.
    private static let patience = Duration.seconds(8)
    /// The longest key, in bytes.
    private static let longestKey = 255

    var path: String { configuration.path }

    init(
        _ configuration: WebhookInput.Configuration,
        _ verifier: WebhookVerifier,
        _ log: InputLog
    ) {
        self.configuration = configuration
        self.verifier = verifier
        self.log = log
    }

    /// Looks at a request before its body is read.
    func admit(_ request: HTTPServerRequest) -> HTTPAdmission {
        guard request.method == "POST" else {
            return .answer(
                .error(405, "a webhook takes POST alone", headers: ["Allow": "POST"])
            )
        }
        guard Self.isJSON(request.headers["Content-Type"]) else {
            return .answer(
                .error(
                    415,
                    "the body is not said to be JSON; send JSON, with the header field "
                        + "Content-Type: application/json"
                )
            )
        }
        let encoding = request.headers["Content-Encoding"] ?? "identity"
        guard encoding.lowercased() == "identity" else {
            return .answer(
                .error(415, "the body has a Content-Encoding; send it as it is, without one")
            )
        }
        return .read(upTo: configuration.bodyBytes)
    }

    private static func isJSON(_ type: String?) -> Bool {
        let type = type?.split(separator: ";").first.map { $0.lowercased() } ?? ""
        let name = type.filter { $0 != " " }
        return name == "application/json"
            || name.hasPrefix("application/") && name.hasSuffix("+json")
    }

    /// Keeps a delivery.
    func respond(to request: HTTPServerRequest) async -> HTTPServerResponse {
        do {
            guard try verifier.accepts(request, at: log.now) else { return refusal }
            return try await keep(request)
        } catch let refusal as Refusal {
            return refusal.response
        } catch is CancellationError {
            return .unavailable("this server is being stopped", retryAfter: 5)
        } catch {
            log.report(error)
            let error = error as? TrancheError
            guard let error, error.category != .permanent else {
                return .error(500, "the event cannot be kept; the server's operator sees why")
            }
            return .unavailable("the event cannot be kept now; send it again", retryAfter: 5)
        }
    }

    /// Says nothing of what was wrong with a signature.
    private var refusal: HTTPServerResponse {
        let isToken = configuration.scheme == .none
        return .error(
            401,
            isToken
                ? "the token is not right; send 'Authorization: Bearer TOKEN' with the secret that "
                    + "the pipeline names"
                : "the signature is not right; sign the body with the secret that the pipeline "
                    + "names, as its input says",
            headers: isToken ? ["WWW-Authenticate": "Bearer"] : [:]
        )
    }

    private struct Refusal: Error {
        let response: HTTPServerResponse

        init(_ status: Int, _ message: String) { response = .error(status, message) }
    }

    private func keep(_ request: HTTPServerRequest) async throws -> HTTPServerResponse {
        guard let body = String(validating: request.body, as: UTF8.self) else {
            throw Refusal(400, "the body is no JSON: it is not in UTF-8; send JSON")
        }
        let look = StrictJSON.look(in: body)
        if let complaint = look.complaint(about: "the body") {
            throw Refusal(400, "\(complaint); send \(look.isTooDeep ? "flatter JSON" : "JSON")")
        }
        let key = try key(of: request, body)
        let digest = LoggedEvent.digestPrefix + Self.hex(try sha256(request.body))
        let event = Event(
            location: configuration.path,
            operation: .create,
            id: key ?? digest,
            payload: try payload(request, body)
        )
        let kept = try await withinPatience {
            try await log.append(event, identity: key, key: digest)
        }
        switch kept {
        case .added(let number): return Self.answer(202, number, isDuplicate: false)
        case .known(let number): return Self.answer(200, number, isDuplicate: true)
        case .differs(let number):
            // Where the key stands in what is signed, the sender means the same by it.
            guard configuration.comparesBodies else {
                return Self.answer(200, number, isDuplicate: true)
            }
            throw Refusal(
                409,
                "event \(number) has come with this key and another body; give each its own key"
            )
        case nil: return .json(200, #"{"event":null,"duplicate":false}"#)
        }
    }

    private static func answer(
        _ status: Int,
        _ number: Int64,
        isDuplicate: Bool
    ) -> HTTPServerResponse {
        .json(status, #"{"event":\#(number),"duplicate":\#(isDuplicate)}"#)
    }

    // MARK: - Parts of an event

    private func key(of request: HTTPServerRequest, _ body: String) throws -> String? {
        let key: String?
        let name: String
        if let header = configuration.keyHeader ?? configuration.scheme.keyHeader {
            key = request.headers[header]
            name = header
        } else {
            struct Named: Decodable { let id: String }
            // A body without an id is an event of its own.
            key = (try? JSONText.decode(Named.self, from: body))?.id
            name = "the body's id"
        }
        guard let key else { return nil }
        guard (1...Self.longestKey).contains(key.utf8.count),
            key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Refusal(
                400,
                "\(name) must have 1 to \(Self.longestKey) visible characters of ASCII; give "
                    + "such a key, or none"
            )
        }
        return key
    }

    private func payload(_ request: HTTPServerRequest, _ body: String) throws -> String {
        guard !configuration.headers.isEmpty else { return body }
        var headers: [String: String] = [:]
        for name in configuration.headers {
            let values = request.headers.values(of: name)
            if !values.isEmpty { headers[name.lowercased()] = values.joined(separator: ", ") }
        }
        return #"{"headers":\#(try JSONText.encode(headers)),"body":\#(body)}"#
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Does something for as long as a sender waits.
    private func withinPatience<R: Sendable>(
        _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            let clock = log.clock
            group.addTask { try await body() }
            group.addTask {
                try await clock.sleep(for: Self.patience)
                throw TrancheError(.storeBusy, "an event of a webhook was not kept in time")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

extension WebhookInput.Configuration {
    /// Whether one key may come with one body alone.
    var comparesBodies: Bool { keyHeader != nil || scheme.keyHeader != nil }
}
