public import Tranche

/// What came of a chain's run, as far as this process had a part in it.
public struct ChainReport: Sendable {
    /// Batches that succeeded here.
    public internal(set) var succeeded = 0
    /// Attempts that failed here; the run's policy says what follows.
    public internal(set) var failed = 0
    /// Batches that somebody else was given meanwhile.
    public internal(set) var lost = 0
    /// What was counted in the batches that succeeded here.
    public internal(set) var counters = Counters()
    /// The weight of the batches that succeeded here.
    public internal(set) var weight = 0.0
    /// Why there was no further batch.
    public internal(set) var reason = NoBatchReason.complete
    /// How long it took.
    public internal(set) var elapsed = Duration.zero
    /// What the whole run comes to, whoever worked on it; `nil` when it has no batch.
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

    mutating func add(_ batch: ChainBatchReport) {
        switch batch.outcome {
        case .succeeded:
            succeeded += 1
            counters.merge(batch.counters)
            weight += batch.batch.weight ?? 0
        case .failed(let error):
            failed += 1
            lastError = error
        case .lost: lost += 1
        case .released: break
        }
    }
}

/// How an attempt of a batch ended.
public struct ChainBatchReport: Sendable {
    /// The batch, as it was handed out.
    public let batch: BatchRecord
    /// How the attempt ended.
    public let outcome: Outcome
    /// What was counted.
    public let counters: Counters
    /// How long it took.
    public let elapsed: Duration

    /// How an attempt ended.
    public enum Outcome: Sendable, Hashable {
        /// The records are written, and the success is recorded.
        case succeeded
        /// It failed, with this error.
        case failed(String)
        /// Somebody else was given the batch meanwhile.
        case lost
        /// It was given back, since the task was cancelled.
        case released
    }
}
