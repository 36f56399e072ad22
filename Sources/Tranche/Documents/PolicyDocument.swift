/// How a run treats its batches; times are in seconds.
package struct PolicyDocument: Codable, Sendable, Hashable {
    package let lease: Double
    package let maxAttempts: Int
    package let backoff: Double
    package let backoffLimit: Double
    package let onExhausted: RunPolicy.OnExhausted
    package let settleWait: Double
    package let settleLag: Double
    package let watch: Double
    package let extendedRetries: Double?
    package let execution: RunPolicy.Execution

    /// Makes the document of a policy.
    package init(_ policy: RunPolicy) {
        lease = policy.lease.seconds
        maxAttempts = policy.maxAttempts
        backoff = policy.backoff.seconds
        backoffLimit = policy.backoffLimit.seconds
        onExhausted = policy.onExhausted
        settleWait = policy.settleWait.seconds
        settleLag = policy.settleLag.seconds
        watch = policy.watch.seconds
        extendedRetries = policy.extendedRetries?.seconds
        execution = policy.execution
    }

    enum CodingKeys: String, CodingKey {
        case lease = "lease_s"
        case maxAttempts = "max_attempts"
        case backoff = "backoff_s"
        case backoffLimit = "backoff_limit_s"
        case onExhausted = "on_exhausted"
        case settleWait = "settle_wait_s"
        case settleLag = "settle_lag_s"
        case watch = "watch_s"
        case extendedRetries = "extended_retries_s"
        case execution
    }
}
