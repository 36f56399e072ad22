/// A handler's verdict on a batch, which is still to be recorded.
public enum BatchVerdict: Sendable, Hashable {
    /// It succeeded: this is recorded in the transaction that acquires the next batch, where it
    /// can.
    case succeeded(BatchSuccess)
    /// It succeeded, and the handler has recorded that itself, as within a transaction of its sink.
    case recorded(BatchSuccess)
    /// It failed; the run's policy says what follows.
    case failed(BatchFailure)
    /// It was cut short, and nothing is wrong with it: it is given back.
    ///
    /// Where it was cut short since its time was up, it fails instead, with what was written.
    case released(AttemptOutput? = nil)
    /// A system that the work needs asked to be left alone for a while: the batch is given back
    /// until later.
    case deferred(BatchDeferral)
}

/// The result of a batch that succeeded.
public struct BatchSuccess: Sendable, Hashable {
    /// The result, as JSON.
    public var result: String?
    /// Free text, kept with the batch.
    public var note: String?
    /// The counts of the batch.
    public var counters: Counters
    /// The parts that the batch falls into where items of it are bad: these are quarantined, and
    /// the rest is done; else empty (the default).
    public var parts: [BatchPart] = []
    /// The output of the attempt; `nil` (the default) if there is none.
    public var output: AttemptOutput?

    /// Describes a success.
    public init(
        result: String? = nil,
        note: String? = nil,
        counters: Counters = Counters(),
        output: AttemptOutput? = nil
    ) {
        self.result = result
        self.note = note
        self.counters = counters
        self.output = output
    }
}

extension BatchSuccess {
    /// How much is done where items are bad.
    package var done: (items: Int, weight: Double) {
        parts.filter(\.isDone).reduce((0, 0)) { sum, part in
            (sum.0 + part.ids.count, sum.1.addingClamped(part.weight))
        }
    }

    /// The parts that are one bad item each.
    package var bad: [BatchPart] { parts.filter(\.isBad) }
}
