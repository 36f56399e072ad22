import Tranche

/// Why something is changed.
struct ReasonBody: Codable, Sendable {
    let reason: String?
}

/// How a run goes on.
struct ResumeBody: Codable, Sendable {
    let reason: String?
    /// So many batches alone; then it is paused again.
    let batches: Int?
}

/// What limits a run; what is left out stays, `null` is left out.
struct SetBody: Codable, Sendable {
    let reason: String?
    /// Most batches at once; 0 hands out nothing.
    let parallelism: Int?
    /// Whether there is no such limit any more.
    let noParallelism: Bool?
    /// Most batches of one key at once.
    let perKey: Int?
    let noPerKey: Bool?
    /// The budgets that it refers to; an empty list for none.
    let budgets: [String]?
    let share: Double?
    let priority: Int?

    enum CodingKeys: String, CodingKey {
        case reason, parallelism
        case noParallelism = "no_parallelism"
        case perKey = "per_key"
        case noPerKey = "no_per_key"
        case budgets, share, priority
    }
}

/// That a batch is offered again, or split.
struct AgainBody: Codable, Sendable {
    let reason: String?
    /// Whether also one that may have been executed; false by default.
    let mayRepeat: Bool?

    enum CodingKeys: String, CodingKey {
        case reason
        case mayRepeat = "may_repeat"
    }
}

/// A bounded run that is begun.
struct BackfillBody: Codable, Sendable {
    let reason: String?
    /// The run's name.
    let run: String
    /// The first id; open where it is left out.
    let from: Int64?
    /// The last id; open where it is left out.
    let to: Int64?
}

/// The limits of a budget; what is left out stays.
struct BudgetBody: Codable, Sendable {
    let reason: String?
    /// Most batches at once.
    let batches: Int?
    let noBatches: Bool?
    /// Most weight at once.
    let weight: Double?
    let noWeight: Bool?
    /// How much weight is let in per second.
    let ratePerSecond: Double?
    let noRate: Bool?
    /// The most that a rate keeps for later.
    let burst: Double?

    enum CodingKeys: String, CodingKey {
        case reason, batches
        case noBatches = "no_batches"
        case weight
        case noWeight = "no_weight"
        case ratePerSecond = "rate_per_s"
        case noRate = "no_rate"
        case burst
    }
}

/// For how long a budget is parked.
struct ParkBody: Codable, Sendable {
    let reason: String?
    /// In seconds, at most 900.
    let seconds: Double
}
