/// What a process knows of the thing under a run's source's name; times are its stopwatch's.
struct IdentityWatch: Sendable {
    /// How long a look counts.
    static let interval = Duration.seconds(1)
    /// How long a process that has no time to spare goes on without renewing the witness.
    static let patience = Duration.seconds(60)

    /// What the run was last seen to know; `nil` while it has never looked.
    private(set) var identity: SourceIdentity?
    /// Whether the run was there at the last look.
    private(set) var isKnown = false
    /// Why the run is held.
    private(set) var hold: String?
    /// Where the source was rewound to, and so whether every look compares.
    private(set) var isRewound = false
    /// Whether ids were handed out since the witness was read.
    var isStale = true
    private var lookedAt: Duration
    private var renewedAt: Duration

    init(at now: Duration) {
        lookedAt = now
        renewedAt = now
    }

    func isDue(at now: Duration) -> Bool { now - lookedAt >= Self.interval }

    /// Lets one task look, and others go on meanwhile with what is known.
    mutating func begin(at now: Duration) { lookedAt = now }

    /// Whether the witness is to be read again at a look.
    func isRenewalDue(at now: Duration) -> Bool { isStale && now - renewedAt >= Self.patience }

    /// Whether a mark says all, without a look at what the run knows.
    func isSettled(by mark: String) -> Bool {
        isKnown && hold == nil && !isRewound && identity?.mark == mark
    }

    /// Takes over what a look came to.
    mutating func take(_ standing: SourceStanding, isKnown: Bool, isRenewed: Bool, at now: Duration)
    {
        identity = standing.identity
        hold = standing.hold
        isRewound = standing.rewoundTo != nil
        self.isKnown = isKnown
        lookedAt = now
        if isRenewed {
            isStale = false
            renewedAt = now
        }
    }
}
