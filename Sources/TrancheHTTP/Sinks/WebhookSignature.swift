import FoundationEssentials
import Tranche

/// Signs requests, so that a receiver knows who sent them.
///
/// Source: "Standard Webhooks", version 1.
struct WebhookSignature: Sendable {
    private let secret: [UInt8]

    /// Reads a secret.
    ///
    /// - Parameter secret: Base 64 behind `whsec_`, or any text.
    /// - Throws: `TrancheError` `.invalidArgument`; it does not show the secret.
    init(secret: String) throws {
        let prefix = "whsec_"
        guard secret.hasPrefix(prefix) else {
            guard !secret.isEmpty else {
                throw TrancheError(.invalidArgument, "the webhook's secret is empty")
            }
            self.secret = Array(secret.utf8)
            return
        }
        guard let bytes = Data(base64Encoded: String(secret.dropFirst(prefix.count))),
            !bytes.isEmpty
        else {
            throw TrancheError(
                .invalidArgument,
                "the webhook's secret is not base 64 behind \(prefix)"
            )
        }
        self.secret = Array(bytes)
    }

    /// The header fields that sign a request.
    func headers(for body: [UInt8], id: String, at time: Date) throws -> [String: String] {
        let seconds = Int(time.timeIntervalSince1970)
        let digest = try hmacSHA256(Array("\(id).\(seconds).".utf8) + body, secret: secret)
        return [
            "webhook-id": id,
            "webhook-timestamp": String(seconds),
            "webhook-signature": "v1,\(Data(digest).base64EncodedString())",
        ]
    }
}
