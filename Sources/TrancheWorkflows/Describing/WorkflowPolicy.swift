import Tranche

/// A run's policy, as the JSON of a workflow has it.
struct WorkflowPolicy: Codable {
    let policy: RunPolicy

    private static let fields = [
        "lease", "max_attempts", "backoff", "backoff_limit", "on_exhausted", "extended_retries",
        "settle_wait", "settle_lag", "watch",
    ]

    init(_ policy: RunPolicy) {
        self.policy = policy
    }

    init(from decoder: any Decoder) throws {
        let members = try Members(decoder, of: "a policy", Self.fields)
        var policy = RunPolicy()
        policy.lease = try members.duration("lease") ?? policy.lease
        policy.maxAttempts = try members.value("max_attempts") ?? policy.maxAttempts
        policy.backoff = try members.duration("backoff") ?? policy.backoff
        policy.backoffLimit =
            try members.duration("backoff_limit") ?? max(policy.backoffLimit, policy.backoff)
        policy.onExhausted = try members.value("on_exhausted") ?? policy.onExhausted
        policy.extendedRetries = try members.duration("extended_retries")
        policy.settleWait = try members.duration("settle_wait") ?? policy.settleWait
        policy.settleLag = try members.duration("settle_lag") ?? policy.settleLag
        policy.watch = try members.duration("watch") ?? policy.watch
        self.policy = policy
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: DynamicKey.self)
        let usual = RunPolicy()
        func write(_ time: KeyPath<RunPolicy, Duration>, as name: String) throws {
            guard policy[keyPath: time] != usual[keyPath: time] else { return }
            try container.encode(policy[keyPath: time].unitText, forKey: DynamicKey(name))
        }
        try write(\.lease, as: "lease")
        try write(\.backoff, as: "backoff")
        try write(\.backoffLimit, as: "backoff_limit")
        try write(\.settleWait, as: "settle_wait")
        try write(\.settleLag, as: "settle_lag")
        try write(\.watch, as: "watch")
        if policy.maxAttempts != usual.maxAttempts {
            try container.encode(policy.maxAttempts, forKey: DynamicKey("max_attempts"))
        }
        if let time = policy.extendedRetries {
            try container.encode(time.unitText, forKey: DynamicKey("extended_retries"))
        }
        if policy.onExhausted != usual.onExhausted {
            try container.encode(policy.onExhausted, forKey: DynamicKey("on_exhausted"))
        }
    }
}
