package import FoundationEssentials

/// Until when an attempt holds a batch.
package struct LeaseDocument: Codable, Sendable, Hashable {
    package let batch: Int64
    package let attempt: Int
    package let leaseExpiresAt: Date

    /// Makes the document of a heartbeat.
    package init(_ holding: AttemptKey, until leaseExpiresAt: Date) {
        batch = holding.batch
        attempt = holding.attempt
        self.leaseExpiresAt = leaseExpiresAt
    }

    enum CodingKeys: String, CodingKey {
        case batch, attempt
        case leaseExpiresAt = "lease_expires_at"
    }
}
