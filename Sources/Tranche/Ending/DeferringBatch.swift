package import FoundationEssentials

/// A batch that is to come back later, with what decides about what follows.
package struct DeferringBatch: Sendable {
    private let batch: BatchRecord
    private let deferral: BatchDeferral
    private let now: Date

    /// What the words of a failure begin with that many deferrals are.
    fileprivate static let opening = "put off "

    /// Makes the decision's ground.
    ///
    /// - Parameters:
    ///   - batch: The batch, running.
    ///   - deferral: For how long, and why.
    ///   - now: The inventory's time.
    package init(_ batch: BatchRecord, _ deferral: BatchDeferral, now: Date) {
        self.batch = batch
        self.deferral = deferral
        self.now = now
    }

    /// The failure that so many deferrals are, or deferrals for so long, or one of a batch that has
    /// begun; `nil` where it is not so far.
    package var failure: BatchFailure? {
        if batch.begunAt != nil {
            var failure = BatchFailure("\(deferral); it had begun and may have been executed")
            failure.output = deferral.output
            return failure
        }
        let count = batch.deferrals + 1
        let since = batch.deferredSince ?? now
        let row = Duration.milliseconds(now.milliseconds - since.milliseconds)
        guard count >= BatchDeferral.most || row >= BatchDeferral.longestRow else { return nil }
        var failure = BatchFailure(
            "\(Self.opening)\(count) times since \(since.utcText)"
                + (deferral.reason.isEmpty ? "" : ": \(deferral.reason)"),
            isTransient: true
        )
        failure.isOfDeferrals = true
        failure.output = deferral.output
        return failure
    }

    /// When a budget is parked until: not before it is already, and not for less than a second
    /// more.
    ///
    /// - Parameter parkedUntil: Until when it is parked already.
    /// - Returns: The time, and whether it has to be written.
    package func parking(after parkedUntil: Date?) -> (until: Date, isNews: Bool) {
        let until = now.addingTimeInterval(deferral.wait.seconds)
        guard let parkedUntil, parkedUntil > until.addingTimeInterval(-1) else {
            return (until, true)
        }
        return (max(until, parkedUntil), false)
    }

    /// The batch once it is given back.
    ///
    /// - Parameters:
    ///   - parkedUntil: Until when its budget is parked; `nil` where none is.
    ///   - jitter: What comes to the time, so that not all that wait try at once.
    /// - Returns: The batch, released and due later.
    package func released(parkedUntil: Date?, jitter: Duration) -> BatchRecord {
        var released = batch
        let end = now.addingTimeInterval(deferral.wait.seconds)
        released.status = .released
        released.cause = .deferred
        released.endedAt = now
        released.leaseExpiresAt = nil
        let due = max(end, parkedUntil ?? end).addingTimeInterval(jitter.seconds)
        released.retryAt = Date(milliseconds: due.milliseconds)
        released.deferrals += 1
        released.deferredSince = batch.deferredSince ?? now
        released.logging = "\(deferral)"
        released.result = nil
        return released
    }
}

extension BatchRecord {
    /// Whether its attempt gave it back, be it that this failed it: so much may be said again.
    ///
    /// An attempt that has failed otherwise puts nothing off. What is kept of the failure tells
    /// which it was.
    package var wasGivenBack: Bool {
        switch status {
        case .released: return true
        case .failed, .quarantined: break
        case .running, .succeeded, .split: return false
        }
        let words = logging ?? ""
        if cause == .begun {
            return words == Self.begunReleaseText || words.hasPrefix(BatchDeferral.opening)
        }
        return words.hasPrefix(DeferringBatch.opening)
    }
}

extension RunKey {
    /// What is said where a batch of the run was to park a budget that is none of the run's.
    package func refersToNone(_ budget: String) -> String {
        "\(self) does not refer to a budget '\(budget)': nothing is parked, and the batch alone is "
            + "due later; 'tranche set \(commandOptions) --budget \(Self.quoted(budget))' makes it "
            + "refer to it"
    }
}
