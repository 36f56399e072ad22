import Tranche

/// The options that set a run's policy when it begins.
struct PolicyOptions: Sendable {
    private let lease: Duration?
    private let maxAttempts: Int?
    private let backoff: Duration?
    private let backoffLimit: Duration?
    private let onExhausted: RunPolicy.OnExhausted?
    private let extendedRetries: ExtendedRetries?
    private let execution: RunPolicy.Execution?
    private let settleWait: Duration?
    private let settleLag: Duration?
    private let watch: Duration?

    private enum ExtendedRetries: Sendable { case never, every(Duration) }

    /// Options for a run that may begin.
    static let group = CommandDescription.OptionGroup(
        title: "The run's policy, set when it begins",
        options: options(withDefaults: true)
    )

    /// Options for a run that exists.
    static let known = CommandDescription.OptionGroup(
        title: "The run's policy",
        options: options(withDefaults: false)
    )

    private static let endings = RunPolicy.OnExhausted.allCases.map(\.rawValue)
    private static let executions = RunPolicy.Execution.allCases.map(\.words)

    private static func options(withDefaults: Bool) -> [CommandDescription.Option] {
        func help(_ text: String, _ standard: String) -> String {
            withDefaults ? "\(text) (default: \(standard))" : text
        }
        return [
            .init(
                "lease",
                "TIME",
                help("how long a worker may hold a batch without a heartbeat", "60s")
            ),
            .init(
                "max-attempts",
                "N",
                help("failures after which a batch stays failed", "3"),
                isUsual: true,
                brief: help("failures until a batch stays failed", "3")
            ),
            .init(
                "backoff",
                "TIME",
                help("wait after the first failure; each further failure doubles it", "5s")
            ),
            .init("backoff-limit", "TIME", help("longest wait after a failure", "5m")),
            .init(
                "on-exhausted",
                endings.joined(separator: "|"),
                help(
                    "what happens to the batch after --max-attempts: it stays failed, or "
                        + "is split by weight until single bad items are left, which are "
                        + "quarantined",
                    "fail"
                ),
                choices: endings,
                isUsual: true,
                brief: "split: isolate the bad items, complete the others"
            ),
            .init(
                "extended-retries",
                "TIME|none",
                help(
                    "interval at which a batch that stays failed is tried again, without "
                        + "end: when nothing else is left to do, and for one hand-out in "
                        + "ten",
                    "none"
                )
            ),
            .init(
                "execution",
                executions.joined(separator: "|"),
                help(
                    "at-most-once: a batch on which work has begun is never handed out "
                        + "again automatically, however the work ended",
                    "at-least-once"
                ),
                choices: executions
            ),
            .init(
                "settle-wait",
                "TIME",
                help(
                    "how long to wait for an open transaction that writes to the table; "
                        + "rows that it commits later form late batches",
                    "60s"
                )
            ),
            .init(
                "settle-lag",
                "TIME",
                help("how long ids must be known before they are handed out", "0")
            ),
            .init(
                "watch",
                "TIME",
                help("how long to look for ids that were passed over", "24h")
            ),
        ]
    }

    init(_ arguments: Arguments) throws {
        lease = try arguments.value("lease") { text in
            let lease = try parseDuration(text)
            guard lease >= .seconds(1), lease <= .seconds(31_536_000) else {
                throw ValueError("a lease lasts from 1 s to 365 days")
            }
            return lease
        }
        maxAttempts = try arguments.value("max-attempts") { try parseCount($0) }
        backoff = try arguments.value("backoff", parseDuration)
        backoffLimit = try arguments.value("backoff-limit", parseDuration)
        onExhausted = try arguments.value("on-exhausted") { text in
            guard let ending = RunPolicy.OnExhausted(rawValue: text) else {
                throw ValueError("this is none of \(Self.endings.joined(separator: ", "))")
            }
            return ending
        }
        extendedRetries = try arguments.value("extended-retries") { text in
            if text == "none" { return .never }
            let every = try parseDuration(text)
            guard every >= .seconds(1), every <= .seconds(31_536_000) else {
                throw ValueError("give none, or 1 s to 365 days")
            }
            return .every(every)
        }
        execution = try arguments.value("execution") { text in
            guard let execution = RunPolicy.Execution.allCases.first(where: { $0.words == text })
            else {
                throw ValueError("this is none of \(Self.executions.joined(separator: ", "))")
            }
            return execution
        }
        settleWait = try Self.time("settle-wait", arguments)
        settleLag = try Self.time("settle-lag", arguments)
        watch = try Self.time("watch", arguments)
    }

    private static func time(_ option: String, _ arguments: Arguments) throws -> Duration? {
        try arguments.value(option) { text in
            let time = try parseDuration(text)
            guard time <= .seconds(31_536_000) else {
                throw ValueError("this lasts from 0 to 365 days")
            }
            return time
        }
    }

    /// Whether nothing was given.
    var isEmpty: Bool {
        let times = [lease, backoff, backoffLimit, settleWait, settleLag, watch]
        return maxAttempts == nil && onExhausted == nil && extendedRetries == nil
            && execution == nil && times.allSatisfy { $0 == nil }
    }

    /// A policy with what was given put in.
    func applied(to policy: RunPolicy) -> RunPolicy {
        var policy = policy
        if let lease { policy.lease = lease }
        if let maxAttempts { policy.maxAttempts = maxAttempts }
        if let backoff {
            policy.backoff = backoff
            if backoffLimit == nil { policy.backoffLimit = max(policy.backoffLimit, backoff) }
        }
        if let backoffLimit { policy.backoffLimit = backoffLimit }
        if let onExhausted { policy.onExhausted = onExhausted }
        switch extendedRetries {
        case .never: policy.extendedRetries = nil
        case .every(let time): policy.extendedRetries = time
        case nil: break
        }
        if let execution { policy.execution = execution }
        if let settleWait { policy.settleWait = settleWait }
        if let settleLag { policy.settleLag = settleLag }
        if let watch { policy.watch = watch }
        return policy
    }

    /// Where what was given differs from a policy.
    func changes(of policy: RunPolicy) -> [Change] {
        let asked = applied(to: policy)
        func change<Value>(
            _ part: String,
            _ value: KeyPath<RunPolicy, Value>,
            _ words: (Value) -> String
        ) -> Change? {
            let (known, asked) = (words(policy[keyPath: value]), words(asked[keyPath: value]))
            return known == asked ? nil : Change(part: part, known: known, asked: asked)
        }
        return [
            change("lease", \.lease) { $0.words },
            change("max-attempts", \.maxAttempts) { "\($0)" },
            change("backoff", \.backoff) { $0.words },
            change("backoff-limit", \.backoffLimit) { $0.words },
            change("on-exhausted", \.onExhausted) { $0.rawValue },
            change("extended-retries", \.extendedRetries) { $0?.words ?? "none" },
            change("execution", \.execution) { $0.words },
            change("settle-wait", \.settleWait) { $0.words },
            change("settle-lag", \.settleLag) { $0.words },
            change("watch", \.watch) { $0.words },
        ].compactMap { $0 }
    }
}

extension RunPolicy.Execution {
    /// The execution as options have it.
    var words: String {
        switch self {
        case .atLeastOnce: "at-least-once"
        case .atMostOnce: "at-most-once"
        }
    }
}

/// A part of a run that is, or would be, changed.
struct Change: Sendable, Hashable, Codable {
    var part: String
    var known: String
    var asked: String

    private enum CodingKeys: String, CodingKey {
        case part
        case known = "from"
        case asked = "to"
    }
}
