public import FoundationEssentials

/// An allowance of batches in flight, over all processes and machines.
///
/// Runs of any job may refer to one by its name. A run's parallelism is such an allowance of its
/// own.
public struct Budget: Sendable, Hashable {
    /// Whose it is.
    public enum Owner: Sendable, Hashable {
        /// All runs that refer to the name.
        case name(String)
        /// One run, whose parallelism it is.
        case run(RunKey)

        /// The name; `nil` for the parallelism of a run.
        public var name: String? {
            if case .name(let name) = self { name } else { nil }
        }

        /// The run whose parallelism it is; `nil` for a budget with a name.
        public var run: RunKey? {
            if case .run(let key) = self { key } else { nil }
        }
    }

    /// Whose it is.
    public var owner: Owner
    /// How much may be held at once.
    public var limits: BudgetLimits
    /// Why nothing is let in, while somebody has paused it.
    public var pauseReason: String?
    /// Until when nothing is let in, and why.
    public var parking: BudgetParking?
    /// Until when its probes let go on; `nil` where it has none.
    public var openUntil: Date?
    /// The count and weight of batches under the budget whose lease lasts.
    public var held: BudgetUse
    /// The runs that hold or wait, where that is known.
    public var claims: [BudgetClaim]
    /// The weight that its rate has left, which grows up to the burst; `nil` without a rate.
    public var tokens: BudgetTokens?

    /// Makes a budget.
    public init(
        _ owner: Owner,
        limits: BudgetLimits,
        pauseReason: String? = nil,
        parking: BudgetParking? = nil,
        held: BudgetUse = BudgetUse(),
        claims: [BudgetClaim] = [],
        tokens: BudgetTokens? = nil
    ) {
        self.owner = owner
        self.limits = limits
        self.pauseReason = pauseReason
        self.parking = parking
        self.held = held
        self.claims = claims
        self.tokens = tokens
    }

    /// Whether more is held than the limits allow, since they were lowered.
    public var isExceeded: Bool {
        limits.batches.map { held.batches > $0 } ?? false
            || limits.weight.map { held.weight > $0 && held.batches > 1 } ?? false
    }
}

/// How much may be held under a budget at once.
public struct BudgetLimits: Sendable, Hashable, Codable {
    /// Most batches; `nil` for any number, 0 for none.
    public var batches: Int?
    /// Most weight, in the unit of the items' weights; `nil` for any.
    ///
    /// A batch that is heavier goes alone.
    public var weight: Double?
    /// How much weight is let in per time; `nil` for any.
    public var rate: BudgetRate?

    /// Makes limits.
    public init(batches: Int? = nil, weight: Double? = nil, rate: BudgetRate? = nil) {
        self.batches = batches
        self.weight = weight
        self.rate = rate
    }

    /// Refuses limits that mean nothing.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a negative number, or a weight that is
    ///   none.
    package func validate() throws {
        if let batches, batches < 0 {
            throw TrancheError(.invalidArgument, "\(batches) batches: give 0 or more")
        }
        if let weight, !(0...BudgetRate.most).contains(weight) {
            throw TrancheError(.invalidArgument, "a weight of \(weight): give 0 to 1e290")
        }
        try rate?.validate()
    }
}

/// A parking of a budget: it lets nothing in for some time.
public struct BudgetParking: Sendable, Hashable {
    /// Until when.
    public var until: Date
    /// The reason.
    public var reason: String

    /// Makes a parking.
    public init(until: Date, reason: String) {
        self.until = until
        self.reason = reason
    }
}

/// The batches that workers hold under a budget.
public struct BudgetUse: Sendable, Hashable {
    /// How many batches.
    public var batches: Int
    /// Their total weight.
    public var weight: Double

    /// Makes a use; of nothing by default.
    public init(batches: Int = 0, weight: Double = 0) {
        self.batches = batches
        self.weight = weight
    }
}

extension Budget: CustomStringConvertible {
    /// A description for messages.
    public var description: String {
        switch owner {
        case .name(let name): "budget '\(name)'"
        case .run(let key): "the parallelism of \(key)"
        }
    }
}

extension BudgetLimits {
    /// The limits as changes keep them, such as `batches 8 weight 1000`.
    package var text: String {
        let parts = [
            batches.map { "batches \($0)" }, weight.map { "weight \($0.plain)" }, rate?.text,
        ]
        let words = parts.compactMap { $0 }.joined(separator: " ")
        return words.isEmpty ? "none" : words
    }
}
