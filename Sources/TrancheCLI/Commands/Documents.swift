import Foundation
import Tranche

// The documents that several commands print as JSON.

extension JSON {
    /// A batch as the inventory keeps it.
    init(_ batch: BatchRecord) {
        self = .object(Self.members(of: batch))
    }

    static func members(of batch: BatchRecord) -> [(String, JSON)] {
        [
            ("batch", .integer(batch.id)),
            ("attempt", JSON(batch.attempt)),
            ("job", .string(batch.key.job)),
            ("meta", .string(batch.key.metaTable)),
            ("run", .string(batch.key.run)),
            ("kind", .string(batch.kind.rawValue)),
            ("status", .string(batch.status.rawValue)),
            ("final", .bool(batch.isFinal)),
            ("id_start", .integer(batch.idStart)),
            ("id_end", .integer(batch.idEnd)),
            ("count", JSON(batch.count)),
            ("weight", JSON(batch.weight)),
            ("failures", JSON(batch.failures)),
            ("worker", JSON(batch.worker)),
            ("job_identifier", JSON(batch.jobIdentifier)),
            ("started_at", JSON(batch.startedAt)),
            ("ended_at", JSON(batch.endedAt)),
            ("lease_expires_at", JSON(batch.leaseExpiresAt)),
            ("retry_at", JSON(batch.retryAt)),
            ("result", batch.result.map { .raw($0) } ?? .null),
            ("logging", JSON(batch.logging)),
        ]
    }

    /// An attempt of a batch.
    init(_ attempt: AttemptRecord) {
        self = .object([
            ("attempt", JSON(attempt.attempt)),
            ("outcome", .string(attempt.outcome.rawValue)),
            ("worker", JSON(attempt.worker)),
            ("started_at", JSON(attempt.startedAt)),
            ("ended_at", JSON(attempt.endedAt)),
            ("error", JSON(attempt.error)),
        ])
    }

    init(_ bounds: IDBounds) {
        self = .object([("from", JSON(bounds.lower)), ("to", JSON(bounds.upper))])
    }

    init(_ policy: RunPolicy) {
        self = .object([
            ("lease_s", .number(policy.lease.seconds)),
            ("max_attempts", JSON(policy.maxAttempts)),
            ("backoff_s", .number(policy.backoff.seconds)),
            ("backoff_limit_s", .number(policy.backoffLimit.seconds)),
        ])
    }
}

extension BatchStatus {
    /// The colour in which people see it.
    var colour: Colour {
        switch self {
        case .succeeded: .green
        case .failed, .quarantined: .red
        case .running: .blue
        case .released, .split: .yellow
        }
    }
}
