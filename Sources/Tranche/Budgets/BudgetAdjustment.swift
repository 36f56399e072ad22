/// Which limits of a budget become others.
///
/// A value within a value is what it becomes: `.some(nil)` means no limit, and `nil` leaves it.
public struct BudgetAdjustment: Sendable, Hashable {
    /// Most batches.
    public var batches: Int??
    /// Most weight.
    public var weight: Double??
    /// The weight per time; its burst goes with it, unless ``keepsBurst`` says otherwise.
    public var rate: BudgetRate??
    /// The burst of the rate; `nil` leaves it.
    public var burst: Double?
    /// Whether a rate takes over the burst of the one that the budget has; `false` by default.
    public var keepsBurst: Bool

    /// Makes an adjustment; of nothing by default.
    public init(
        batches: Int?? = nil,
        weight: Double?? = nil,
        rate: BudgetRate?? = nil,
        burst: Double? = nil,
        keepsBurst: Bool = false
    ) {
        self.batches = batches
        self.weight = weight
        self.rate = rate
        self.burst = burst
        self.keepsBurst = keepsBurst
    }

    /// The limits with what becomes of them put in.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a burst without a rate.
    func applied(to limits: BudgetLimits) throws -> BudgetLimits {
        var limits = limits
        if let batches { limits.batches = batches }
        if let weight { limits.weight = weight }
        if let rate {
            let known = limits.rate
            limits.rate = rate
            if keepsBurst, let known { limits.rate?.burst = known.burst }
        }
        guard let burst else { return limits }
        guard limits.rate != nil else {
            throw TrancheError(
                .invalidArgument,
                "the budget has no rate that a burst could go with; give --rate, too"
            )
        }
        limits.rate?.burst = burst
        return limits
    }
}
