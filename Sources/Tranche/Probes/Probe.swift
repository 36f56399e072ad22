public import FoundationEssentials

/// A question from outside that holds back a budget or a run until it is answered well.
///
/// Nothing is handed out under it before it was asked, and while the last answer holds it back. One
/// process asks for all: whichever finds that it is time. The question is asked outside any
/// transaction.
public struct Probe: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// The budget or run that the probe holds back.
    public var owner: Budget.Owner
    /// The question.
    public var question: ProbeQuestion
    /// How long an answer counts before it is asked again; 30 s by default.
    ///
    /// A time window is looked at when it opens and closes.
    public var interval: Duration
    /// How long an answer may take; 5 s by default.
    public var timeout: Duration
    /// Whether it holds back while it cannot be asked; true by default.
    public var holdsWhenUnreachable: Bool
    /// The answers so far.
    public var state: ProbeState

    /// Makes a probe that was not asked yet.
    public init(
        _ name: String,
        of owner: Budget.Owner,
        _ question: ProbeQuestion,
        interval: Duration = .seconds(30),
        timeout: Duration = .seconds(5),
        holdsWhenUnreachable: Bool = true,
        state: ProbeState = ProbeState()
    ) {
        self.name = name
        self.owner = owner
        self.question = question
        self.interval = interval
        self.timeout = timeout
        self.holdsWhenUnreachable = holdsWhenUnreachable
        self.state = state
    }

    /// Refuses a probe that cannot be asked.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    func validate() throws {
        try Budget.validate(name: name)
        guard interval >= .seconds(1), interval <= .seconds(86_400) else {
            let words = "a probe is asked again after 1 s to 24 h"
            throw TrancheError(.invalidArgument, words)
        }
        guard timeout >= .milliseconds(100), timeout <= .seconds(60) else {
            throw TrancheError(.invalidArgument, "a probe's answer may take 0.1 s to 60 s")
        }
        try question.validate()
    }
}

/// The answers of a probe; all times are the inventory's.
public struct ProbeState: Sendable, Hashable, Codable {
    /// Whether it lets go on, by the last answer; `nil` before the first.
    public var isOpen: Bool?
    /// The text of the last answer.
    public var reason = ""
    /// When that was.
    public var answeredAt: Date?
    /// The worker that asked last.
    public var askedBy: String?
    /// When it is to be asked next; `nil` for at once.
    public var nextAt: Date?
    /// Until when it lets go on without being asked anew.
    public var openUntil: Date?
    /// The worker that could not reach it last, while no other worker has tried.
    public var doubter: String?
    /// How often in a row it could not be reached.
    public var doubts = 0
    /// Until when somebody is about to ask.
    public var claimedUntil: Date?
    /// Which state it is: it is replaced by compare and set.
    package var version: Int64 = 0

    /// Makes the state of a probe that was not asked yet.
    public init() {}

    enum CodingKeys: String, CodingKey {
        case isOpen = "is_open"
        case reason
        case answeredAt = "answered_at"
        case askedBy = "asked_by"
        case nextAt = "next_at"
        case openUntil = "open_until"
        case doubter, doubts
        case claimedUntil = "claimed_until"
    }
}
