public import Tranche

/// The outcome of a chain's run, as far as this process had a part in it.
public struct ChainReport: Sendable {
    /// Batches that succeeded here.
    public internal(set) var succeeded = 0
    /// Attempts that failed here; the run's policy says what follows.
    public internal(set) var failed = 0
    /// Batches that somebody else was given meanwhile.
    public internal(set) var lost = 0
    /// Batches that were given back until later.
    public internal(set) var deferred = 0
    /// Batches that somebody cancelled meanwhile.
    public internal(set) var cancelled = 0
    /// The counts of the batches that succeeded here.
    public internal(set) var counters = Counters()
    /// The weight of the batches that succeeded here.
    public internal(set) var weight = 0.0
    /// The reason why there was no further batch.
    public internal(set) var reason = NoBatchReason.complete
    /// How long it took.
    public internal(set) var elapsed = Duration.zero
    /// The outcome of the whole run, over all processes; `nil` when it has no batch.
    public internal(set) var run: RunSummary?
    /// The last error of an attempt that failed here.
    public internal(set) var lastError: String?

    init() {}

    /// Whether the run is complete, and every batch of it succeeded.
    public var isSuccess: Bool {
        guard reason == .complete else { return false }
        let totals = run?.totals ?? [:]
        return (totals[.failed]?.batches ?? 0) == 0 && (totals[.quarantined]?.batches ?? 0) == 0
    }

    mutating func add(_ report: BatchReport) {
        switch report.end {
        case .succeeded(let success):
            succeeded += 1
            counters.merge(success.counters)
            weight += report.batch.weight
        case .succeededInPart(let success, _):
            succeeded += 1
            counters.merge(success.counters)
            weight += success.done.weight
        case .lost: lost += 1
        case .cancelled: cancelled += 1
        case .released: break
        case .deferred: deferred += 1
        case .failed(let failure), .failedForGood(let failure), .split(let failure),
            .quarantined(let failure):
            failed += 1
            lastError = failure.message
        }
    }
}
