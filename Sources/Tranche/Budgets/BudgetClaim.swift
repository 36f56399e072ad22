public import FoundationEssentials

/// The batches that a run holds under a budget, and whether it waits for more.
public struct BudgetClaim: Sendable, Hashable {
    /// The run.
    public var run: RunKey
    /// How it ranks among the others.
    public var rank: BudgetRank
    /// The batches that the run holds, as long as their lease lasts.
    public var held: BudgetUse
    /// The batch that the run waits for; `nil` while it does not wait.
    public var wait: BudgetWait?

    /// What it waits for at a time; `nil` where it does not, or has not asked again, be it since
    /// the clock was set back.
    package func wait(at now: Date) -> BudgetWait? {
        let latest = now.addingTimeInterval(BudgetWait.patience.seconds + 1)
        return wait.flatMap { $0.until > now && $0.until <= latest ? $0 : nil }
    }

    /// Makes a claim.
    public init(
        run: RunKey,
        rank: BudgetRank = BudgetRank(),
        held: BudgetUse = BudgetUse(),
        wait: BudgetWait? = nil
    ) {
        self.run = run
        self.rank = rank
        self.held = held
        self.wait = wait
    }
}

/// How a run ranks among those that share its budgets.
public struct BudgetRank: Sendable, Hashable, Codable {
    /// Its part of what is in flight, beside the shares of others that wait; above 0, 1 by default.
    public var share: Double
    /// The priority of the run: higher goes first, but one place in twenty is reserved for lower
    /// ones; 0 by default.
    public var priority: Int

    /// Makes a rank.
    public init(share: Double = 1, priority: Int = 0) {
        self.share = share
        self.priority = priority
    }

    /// What of it is not the default, as changes keep it: its name and value.
    package var words: [(String, String)] {
        var words: [(String, String)] = []
        if share != 1 { words.append(("share", share.plain)) }
        if priority != 0 { words.append(("priority", "\(priority)")) }
        return words
    }

    /// Refuses a rank that means nothing.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a share that is not above 0, and a
    ///   priority beyond ±1000.
    package func validate() throws {
        guard share > 0, share <= 1_000_000 else {
            throw TrancheError(
                .invalidArgument,
                "a share of \(share.plain): give a number above 0, at most 1000000"
            )
        }
        guard (-1000...1000).contains(priority) else {
            throw TrancheError(.invalidArgument, "a priority of \(priority): give -1000 to 1000")
        }
    }
}

/// A wait of a run that had something to hand out, which only one budget refused.
public struct BudgetWait: Sendable, Hashable {
    /// The weight of the batch that waits.
    public var weight: Double
    /// Since when the run waits without having been given any, and without holding as much.
    public var since: Date
    /// When the wait is over, unless the run asks again: a run that has died does not wait.
    public var until: Date
    /// The worker that was refused.
    public var worker: String?

    /// Makes a wait.
    public init(weight: Double, since: Date, until: Date, worker: String? = nil) {
        self.weight = weight
        self.since = since
        self.until = until
        self.worker = worker
    }

    /// A wait that begins or goes on.
    ///
    /// - Parameters:
    ///   - weight: What the batch weighs that waits.
    ///   - claim: What is known of the run under the budget; `nil` where nothing is.
    ///   - worker: The worker that was refused.
    ///   - now: The inventory's time.
    package init(
        for weight: Double,
        after claim: BudgetClaim?,
        by worker: String?,
        now: Date
    ) {
        let known = claim?.wait(at: now)?.since
        let holdsAsMuch =
            claim.map { $0.held.batches > 0 && $0.held.weight >= weight } ?? false
        self.weight = weight
        since = holdsAsMuch ? now : known ?? now
        until = now.addingTimeInterval(Self.patience.seconds)
        self.worker = worker
    }

    /// What becomes of the wait once batches of the run were let in.
    ///
    /// - Parameters:
    ///   - workers: The workers that got them.
    ///   - now: The inventory's time.
    /// - Returns: The wait; begun anew where others of the run wait on, which is known to a second;
    ///   `nil` where it is over.
    package func afterLettingIn(_ workers: [String?], now: Date) -> BudgetWait? {
        if workers.contains(worker) { return nil }
        var wait = self
        if now.timeIntervalSince(since) > 1 { wait.since = now }
        return wait
    }

    /// How long a run is waited for that does not ask again.
    package static let patience = Duration.seconds(2)
}
