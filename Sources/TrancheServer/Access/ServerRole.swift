/// What a caller of a server may do.
public enum ServerRole: String, Sendable, Hashable, Codable, CaseIterable {
    /// Read everything, and change nothing.
    case look
    /// Acquire batches, and end them.
    case work
    /// Pause, cancel, retry and set; and read everything.
    case operate

    /// Whether who has these roles may do what this one is for.
    func isAmong(_ roles: Set<ServerRole>) -> Bool {
        roles.contains(self) || self == .look && roles.contains(.operate)
    }
}

/// Who calls, and what they may do.
struct Caller: Sendable {
    /// The token's name; `nil` where no tokens are asked for.
    var name: String?
    var roles: Set<ServerRole>
    /// The jobs that they may see and change; `nil` for all.
    var jobs: Set<String>?
    /// What a page's request that changes something says; `nil` where no cookie was sent.
    var csrf: String?

    /// Whether a job is theirs.
    func has(job: String) -> Bool { jobs?.contains(job) ?? true }

    /// How requests of theirs are kept apart from those of others.
    var principal: String { name ?? "local" }
}
