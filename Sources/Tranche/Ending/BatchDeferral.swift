/// A request that a batch comes back later, since a system that its work needs asked to be left
/// alone for a while.
///
/// Work on a batch throws it, and a ``BatchHandler`` returns it as ``BatchVerdict/deferred(_:)``.
/// The batch is given back and is due when the time has passed; no failure is counted, unless that
/// happens for too long.
public struct BatchDeferral: CategorizedError, Sendable, Hashable {
    /// The shortest time.
    public static let shortest = Duration.seconds(1)
    /// The longest time.
    public static let longest = Budget.longestPark
    /// So many deferrals in a row are one failure.
    public static let most = 100
    /// So long a time of deferrals in a row is one failure.
    public static let longestRow = Duration.seconds(86_400)

    /// How long to wait.
    public let wait: Duration
    /// The budget that is parked as long, so that nobody else tries meanwhile; `nil` for none.
    ///
    /// The run must refer to it.
    public var budget: String?
    /// Why; kept with the attempt.
    public var reason: String
    /// The output of the attempt; `nil` (the default) if there is none.
    public var output: AttemptOutput?

    /// Makes a deferral.
    ///
    /// - Parameters:
    ///   - wait: How long to wait; less than 1 s is 1 s, more than 15 min is 15 min.
    ///   - budget: The budget that is parked as long.
    ///   - reason: The reason.
    public init(for wait: Duration, parking budget: String? = nil, reason: String = "") {
        self.wait = min(max(wait, Self.shortest), Self.longest)
        self.budget = budget
        self.reason = reason
    }

    /// What the words of each begin with.
    static let opening = "to be tried again in "

    /// Trying again helps, later.
    public var category: ErrorCategory { .transient }
}

extension BatchDeferral: CustomStringConvertible {
    /// The deferral in words.
    public var description: String {
        "\(Self.opening)\(wait.seconds.plain) s" + (reason.isEmpty ? "" : ": \(reason)")
    }
}

/// The outcome for a batch that was to come back later.
public struct DeferredBatch: Sendable, Hashable {
    /// The batch: released, or failed where it was put off for too long.
    public var record: BatchRecord
    /// Why the budget was not parked; `nil` where it was, or none was named.
    public var complaint: String?

    /// Makes an answer.
    public init(record: BatchRecord, complaint: String? = nil) {
        self.record = record
        self.complaint = complaint
    }
}
