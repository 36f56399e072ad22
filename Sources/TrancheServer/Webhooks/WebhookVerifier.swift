import FoundationEssentials
import Tranche
import TrancheHTTP

/// Looks whether a request comes from who shares a secret.
struct WebhookVerifier: Sendable {
    private let scheme: WebhookScheme
    private let secrets: [[UInt8]]
    private let tolerance: Duration

    /// Makes a verifier.
    ///
    /// - Parameters:
    ///   - scheme: How requests are signed.
    ///   - secrets: Any of them will do; none only where nothing is signed.
    ///   - tolerance: How far a request's time may be from this one's.
    /// - Throws: `TrancheError` `.invalidArgument` for a secret that is none of the scheme's; it
    ///   does not show it.
    init(_ scheme: WebhookScheme, secrets: [String], tolerance: Duration) throws {
        self.scheme = scheme
        self.tolerance = tolerance
        self.secrets = try secrets.map { secret in
            let prefix = "whsec_"
            guard scheme == .standard, secret.hasPrefix(prefix) else { return Array(secret.utf8) }
            guard let bytes = Data(base64Encoded: String(secret.dropFirst(prefix.count))),
                !bytes.isEmpty
            else {
                throw TrancheError(
                    .invalidArgument,
                    "the webhook's secret is not base 64 behind \(prefix); copy it from the sender "
                        + "as it stands there"
                )
            }
            return Array(bytes)
        }
    }

    /// Whether a request is to be believed.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - now: The time.
    /// - Returns: Whether it is signed by who has a secret, in time.
    /// - Throws: `TrancheError` where nothing can be said.
    func accepts(_ request: HTTPServerRequest, at now: Date) throws -> Bool {
        switch scheme.name {
        case .github:
            let header = request.headers["X-Hub-Signature-256"] ?? ""
            guard header.hasPrefix("sha256=") else { return false }
            return try isSigned(request.body, by: [Self.digest(hex: header.dropFirst(7))])
        case .stripe: return try acceptsStripe(request, at: now)
        case .standard: return try acceptsStandard(request, at: now)
        case .hmac:
            var header = (request.headers[scheme.header] ?? "")[...]
            if header.hasPrefix("sha256=") { header = header.dropFirst(7) }
            return try isSigned(
                request.body,
                by: [Self.digest(hex: header), Self.digest(base64: header)]
            )
        case .none:
            if secrets.isEmpty { return true }
            let words = (request.headers["Authorization"] ?? "").split(separator: " ")
            guard words.count == 2, words[0].lowercased() == "bearer" else { return false }
            // Of digests, so that the time does not tell how long the token is.
            let given = try sha256(Array(words[1].utf8))
            return try secrets.reduce(false) { isRight, secret in
                try isSameSecret(sha256(secret), given) || isRight
            }
        }
    }

    /// `t=…,v1=…`, where other versions may stand beside.
    ///
    /// Source: Stripe's documentation, "Verify webhook signatures manually".
    private func acceptsStripe(_ request: HTTPServerRequest, at now: Date) throws -> Bool {
        let parts = (request.headers["Stripe-Signature"] ?? "").split(separator: ",").map { part in
            part.split(separator: "=", maxSplits: 1).map { $0.trimmingPrefix { $0 == " " } }
        }
        func values(_ name: String) -> [Substring] {
            parts.filter { $0.count == 2 && $0[0] == name }.map { $0[1] }
        }
        let times = values("t")
        guard times.count == 1, isTimely(times[0], at: now) else { return false }
        let signed = Array("\(times[0]).".utf8) + request.body
        return try isSigned(signed, by: values("v1").map { Self.digest(hex: $0) })
    }

    /// Signatures between spaces, each behind its version.
    ///
    /// Source: "Standard Webhooks", version 1.
    private func acceptsStandard(_ request: HTTPServerRequest, at now: Date) throws -> Bool {
        let headers = request.headers
        guard let id = headers["webhook-id"], let time = headers["webhook-timestamp"],
            isTimely(time[...], at: now)
        else { return false }
        let signatures = (headers["webhook-signature"] ?? "").split(separator: " ")
            .filter { $0.hasPrefix("v1,") }
            .map { Self.digest(base64: $0.dropFirst(3)) }
        return try isSigned(Array("\(id).\(time).".utf8) + request.body, by: signatures)
    }

    /// Whether a time, in seconds since 1970, is near enough.
    private func isTimely(_ text: Substring, at now: Date) -> Bool {
        guard let seconds = Int64(text), seconds > 0, text.utf8.count <= 12 else { return false }
        let distance = abs(now.timeIntervalSince1970 - Double(seconds))
        return distance <= Double(tolerance.components.seconds)
    }

    /// Whether one of some digests, eight at most, is that of bytes with one of the secrets.
    private func isSigned(_ bytes: [UInt8], by digests: [[UInt8]?]) throws -> Bool {
        let digests = digests.compactMap { $0 }.prefix(8)
        guard !digests.isEmpty else { return false }
        var isSigned = false
        for secret in secrets {
            let right = try hmacSHA256(bytes, secret: secret)
            for digest in digests where isSameSecret(right, digest) { isSigned = true }
        }
        return isSigned
    }

    private static func digest(hex text: Substring) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for place in stride(from: 0, to: 64, by: 2) {
            let pair = String(decoding: digits[place...place + 1], as: UTF8.self)
            // A sign would count as a digit's place.
            guard digits[place] != 0x2B, digits[place] != 0x2D, let byte = UInt8(pair, radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func digest(base64 text: Substring) -> [UInt8]? {
        guard text.utf8.count <= 64, let data = Data(base64Encoded: String(text)) else {
            return nil
        }
        return data.count == 32 ? Array(data) : nil
    }
}
