/// How the sender of a webhook signs its requests.
public struct WebhookScheme: Sendable, Hashable {
    enum Name: String, CaseIterable {
        case github, stripe, standard
        case hmac = "hmac-sha256"
        case none
    }

    let name: Name
    /// The header field with the signature; of ``hmacSHA256(header:)`` alone.
    let header: String

    private init(_ name: Name, header: String = "") { (self.name, self.header) = (name, header) }

    /// As GitHub signs: `X-Hub-Signature-256`, over the body; the key is `X-GitHub-Delivery`.
    public static let github = Self(.github)
    /// As Stripe signs: `Stripe-Signature`, over a time and the body; the key is the body's `id`.
    public static let stripe = Self(.stripe)
    /// As "Standard Webhooks" signs, version 1: over `webhook-id`, `webhook-timestamp` and the
    /// body; the key is `webhook-id`.
    public static let standard = Self(.standard)
    /// Nobody signs; a secret is a token that is sent as `Authorization: Bearer …`.
    public static let none = Self(.none)

    /// A digest of the body that is keyed with the secret (HMAC-SHA256), in hexadecimal or base 64,
    /// with or without `sha256=` before it.
    ///
    /// - Parameter header: The header field with the digest.
    /// - Returns: The scheme; the key is `Idempotency-Key`.
    public static func hmacSHA256(header: String) -> Self { Self(.hmac, header: header) }

    /// The header field with the key that tells a delivery from all others; `nil` where that stands
    /// in the body.
    var keyHeader: String? {
        switch name {
        case .github: "X-GitHub-Delivery"
        case .stripe: nil
        case .standard: "webhook-id"
        case .hmac, .none: "Idempotency-Key"
        }
    }
}
