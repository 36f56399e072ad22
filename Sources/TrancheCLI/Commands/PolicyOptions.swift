import Tranche

/// The options that set a run's policy when it begins.
struct PolicyOptions: Sendable {
    private let lease: Duration?
    private let maxAttempts: Int?
    private let backoff: Duration?
    private let backoffLimit: Duration?

    /// Options for a run that may begin.
    static let group = CommandDescription.OptionGroup(
        title: "The run's policy, set when it begins",
        options: options([
            "; 60s by default", "; 3 by default", "; 5s by default", "; 5m by default",
        ])
    )

    /// Options for a run that exists.
    static let known = CommandDescription.OptionGroup(
        title: "The run's policy",
        options: options(["", "", "", ""])
    )

    private static func options(_ defaults: [String]) -> [CommandDescription.Option] {
        [
            .init("lease", "TIME", "how long a batch is held without a heartbeat" + defaults[0]),
            .init("max-attempts", "N", "failures after which a batch stays failed" + defaults[1]),
            .init("backoff", "TIME", "wait after the first failure, then doubled" + defaults[2]),
            .init("backoff-limit", "TIME", "the longest such wait" + defaults[3]),
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
    }

    /// Whether nothing was given.
    var isEmpty: Bool {
        lease == nil && maxAttempts == nil && backoff == nil && backoffLimit == nil
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
        return policy
    }

    /// Where what was given differs from a policy.
    func changes(of policy: RunPolicy) -> [Change] {
        let asked = applied(to: policy)
        func change(_ part: String, _ known: String, _ asked: String) -> Change? {
            known == asked ? nil : Change(part: part, known: known, asked: asked)
        }
        return [
            change("lease", policy.lease.words, asked.lease.words),
            change("max-attempts", "\(policy.maxAttempts)", "\(asked.maxAttempts)"),
            change("backoff", policy.backoff.words, asked.backoff.words),
            change("backoff-limit", policy.backoffLimit.words, asked.backoffLimit.words),
        ].compactMap { $0 }
    }
}

/// A part of a run that is, or would be, changed.
struct Change: Sendable, Hashable {
    var part: String
    var known: String
    var asked: String
}
