public import FoundationEssentials

/// How much weight is let in per time, with a burst.
///
/// What is not used is kept, up to the burst. Each attempt is charged with its batch's weight; what
/// is given back, fails or is lost gives nothing back, as it has been asked for. A batch that is
/// heavier than the burst is let in once that is full, and what it takes beyond is waited for then.
public struct BudgetRate: Sendable, Hashable, Codable {
    /// The weight per second.
    public var perSecond: Double
    /// The most that is kept.
    public var burst: Double

    /// Makes a rate.
    ///
    /// - Parameters:
    ///   - weight: How much is let in; above 0.
    ///   - time: In how long; above 0.
    ///   - burst: The most that is kept; what is let in in that time by default.
    public init(_ weight: Double, per time: Duration, burst: Double? = nil) {
        perSecond = weight / time.seconds
        self.burst = burst ?? weight
    }

    package init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Refuses a rate that means nothing.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a number that is not above 0.
    func validate() throws {
        guard perSecond > 0, perSecond <= Self.most, burst > 0, burst <= Self.most else {
            throw TrancheError(
                .invalidArgument,
                "a rate of \(perSecond) per second with a burst of \(burst): give numbers above 0, "
                    + "at most 1e290"
            )
        }
    }

    /// The most that is counted with: products of it stay finite.
    package static let most = 1e290

    /// The rate as changes keep it, such as `rate 10/s burst 600`.
    package var text: String { "rate \(perSecond.plain)/s burst \(burst.plain)" }
}

/// The weight that a rate has left at a time.
public struct BudgetTokens: Sendable, Hashable {
    /// How much; below 0 where more was let in than there was.
    public var count: Double
    /// When that was so.
    public var at: Date

    /// Makes what is left.
    public init(count: Double, at: Date) {
        self.count = count
        self.at = at
    }

    /// How far ahead the time may be: further, the clock was set back since.
    package static let mostAhead = Duration.seconds(60)

    /// The weight that is left later on; time never goes back by less than a minute, and begins
    /// anew with the burst where it does by more.
    public func grown(until now: Date, at rate: BudgetRate) -> BudgetTokens {
        if at > now.addingTimeInterval(Self.mostAhead.seconds) {
            return BudgetTokens(count: rate.burst, at: now)
        }
        let time = max(now.timeIntervalSince(at), 0)
        let count = min(rate.burst, count + rate.perSecond * time)
        return BudgetTokens(count: count, at: max(now, at))
    }
}
