import FoundationEssentials

/// That a part of an orchestrator has failed, and has not run for a minute since.
struct PartTrouble: Sendable, Hashable {
    /// How often in a row it has failed, or ended by itself.
    var failures: Int
    /// When it failed first.
    var since: Date
    /// Whether it was asked for once, and is not started again.
    var isOver = false
    /// The last error, in words.
    var error: String?

    /// How many failures in a row are more than a moment's: two restarts did not help, or there is
    /// none.
    private static let many = 3

    /// Whether it is more than a moment's.
    var isLasting: Bool { isOver || failures >= Self.many }
}
