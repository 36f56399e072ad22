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
            ("parent", JSON(batch.parent)),
            ("completion", JSON(batch.completion)),
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

    /// What names a run, as documents of one run begin.
    static func members(of key: RunKey) -> [(String, JSON)] {
        [("job", .string(key.job)), ("meta", .string(key.metaTable)), ("run", .string(key.run))]
    }

    /// A set of ids: how many, and which, such as `1-4,6`.
    init(_ ids: IDRuns) {
        self = .object([("count", JSON(ids.count)), ("ids", .string(ids.packed))])
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
            ("on_exhausted", .string(policy.onExhausted.rawValue)),
            ("settle_wait_s", .number(policy.settleWait.seconds)),
            ("settle_lag_s", .number(policy.settleLag.seconds)),
            ("watch_s", .number(policy.watch.seconds)),
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
