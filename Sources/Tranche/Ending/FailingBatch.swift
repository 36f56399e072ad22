package import FoundationEssentials

/// A batch whose attempt has failed, with what decides about what follows.
package struct FailingBatch: Sendable {
    /// The batch, running.
    package let batch: BatchRecord
    /// Its run, locked.
    package let run: RunRecord
    /// The first batch that it was split from, or itself.
    package let root: Int64
    /// How it failed.
    package let failure: BatchFailure
    /// What else of the run has succeeded.
    package let evidence: Evidence
    /// The inventory's time.
    package let now: Date

    /// What speaks against an outage.
    package struct Evidence: Sendable, Hashable {
        /// Whether a part of the batch that this one was split from has succeeded.
        package var hasWorked: Bool
        /// When the last of the run's latest batches succeeded, at least for most of its items.
        package var lastSuccess: Date?
        /// The highest number of such a batch.
        package var lastSucceeded: Int64?

        /// Describes what is known.
        package init(
            hasWorked: Bool = false,
            lastSuccess: Date? = nil,
            lastSucceeded: Int64? = nil
        ) {
            self.hasWorked = hasWorked
            self.lastSuccess = lastSuccess
            self.lastSucceeded = lastSucceeded
        }
    }

    /// Makes the decision's ground.
    package init(
        batch: BatchRecord,
        run: RunRecord,
        root: Int64,
        failure: BatchFailure,
        evidence: Evidence = Evidence(),
        now: Date
    ) {
        self.batch = batch
        self.run = run
        self.root = root
        self.failure = failure
        self.evidence = evidence
        self.now = now
    }

    /// What follows.
    package struct Outcome: Sendable {
        /// The batch as it is then.
        package var batch: BatchRecord
        /// The run's guard as it is then.
        package var outage: OutageGuard
    }

    /// Decides.
    ///
    /// - Returns: The batch and the guard.
    /// - Throws: ``TrancheError`` `.invalidArgument` when the failure's parts are not the batch's
    ///   ids.
    package func outcome() throws -> Outcome {
        try requireOwnParts()
        var outcome = Outcome(batch: batch, outage: run.outage)
        outcome.batch.status = .failed
        outcome.batch.endedAt = now
        outcome.batch.leaseExpiresAt = nil
        outcome.batch.deferrals = 0
        outcome.batch.deferredSince = nil
        outcome.batch.logging = failure.message
        outcome.batch.result = failure.result
        guard batch.begunAt == nil || failure.isOfSuccess else {
            // Nothing of it is offered again, not even what nobody blames; others may wait.
            _ = isOutage(&outcome)
            outcome.batch.failures += 1
            outcome.batch.failBegun(now: now)
            return outcome
        }
        guard failure.parts.isEmpty else {
            divide(&outcome)
            return outcome
        }
        guard run.policy.onExhausted == .split else {
            failWhole(&outcome)
            return outcome
        }
        let isOutage = outcome.outage.noteFailure(
            root: root,
            batch: batch.id,
            count: batch.count,
            hasWorked: evidence.hasWorked,
            message: failure.message,
            now: now
        )
        if isOutage, let until = outcome.outage.hold?.until {
            outcome.batch.retryAt = Date(milliseconds: until)
        } else if failure.isOfDeferrals {
            outcome.batch.failures = min(batch.failures + 1, run.policy.attempts(of: batch) - 1)
            let wait = run.policy.backoff(afterFailures: max(1, outcome.batch.failures))
            outcome.batch.retryAt = now.addingTimeInterval(wait.seconds)
        } else if failure.isTransient {
            let wait = run.policy.backoff(afterFailures: max(1, batch.attempt))
            outcome.batch.retryAt = now.addingTimeInterval(wait.seconds)
        } else {
            count(in: &outcome.batch)
        }
        return outcome
    }

    /// Has the batch wait for its next attempt, or stay failed.
    private func failWhole(_ outcome: inout Outcome) {
        let isOutage = isOutage(&outcome)
        if isOutage, !failure.isFinal, let until = outcome.outage.hold?.until {
            outcome.batch.retryAt = Date(milliseconds: until)
            return
        }
        outcome.batch.failures += 1
        let wait = failure.isFinal ? nil : run.policy.wait(afterFailures: outcome.batch.failures)
        outcome.batch.retryAt = wait.map { now.addingTimeInterval($0.seconds) }
        if wait == nil, !failure.isFinal { outcome.batch.becomeStuck(run.policy, now: now) }
    }

    /// Notes the failure of a batch that stays whole, and returns whether it is an outage's.
    private func isOutage(_ outcome: inout Outcome) -> Bool {
        // A worker that stops, or is told to come back, has not failed.
        guard failure.message != BatchRecord.begunReleaseText, !failure.isOfDeferrals else {
            return false
        }
        return outcome.outage.noteWholeFailure(
            root: root,
            batch: batch.id,
            isLast: isLast,
            message: failure.message,
            evidence: evidence,
            now: now
        )
    }

    /// Whether a batch that stays whole would not be tried again after this failure.
    private var isLast: Bool {
        failure.isFinal || batch.begunAt != nil
            || run.policy.wait(afterFailures: batch.failures + 1) == nil
    }

    /// How the attempt ended, where the batch is then as an outcome says.
    package func outcome(as batch: BatchRecord) -> AttemptRecord.Outcome {
        failure.isOfSuccess && batch.status == .split ? .succeeded : .failed
    }

    /// Has the batch fall into its parts, unless it is an outage that makes most of them bad.
    private func divide(_ outcome: inout Outcome) {
        let mayBeOutage = failure.maySpeakOfOutage
        if mayBeOutage, !evidence.hasWorked, batch.begunAt == nil {
            let isOutage = outcome.outage.noteBlame(
                root: root,
                batch: batch.id,
                reasons: failure.parts.filter(\.isBad).map { $0.reason ?? failure.message },
                lastSuccess: evidence.lastSuccess,
                now: now
            )
            if isOutage, let until = outcome.outage.hold?.until {
                outcome.batch.retryAt = Date(milliseconds: until)
                return
            }
        }
        if !failure.isOfSuccess { outcome.batch.failures += 1 }
        outcome.batch.status = .split
        // A probe that has done most of its items shows that the outage is over.
        let isProbe = outcome.outage.hold?.probe == batch.id
        if isProbe, failure.isOfSuccess, !mayBeOutage {
            outcome.outage.endProbe(succeeded: true, now: now)
        }
    }

    /// Counts a failure that is the items' own.
    private func count(in failed: inout BatchRecord) {
        failed.failures += 1
        if failed.failures < run.policy.attempts(of: batch) {
            let wait = run.policy.backoff(afterFailures: failed.failures)
            failed.retryAt = now.addingTimeInterval(wait.seconds)
        } else if batch.count > 1 {
            // Due at once: the next to acquire splits it.
            failed.retryAt = now
        } else {
            failed.status = .quarantined
        }
    }

    private func requireOwnParts() throws {
        guard !failure.parts.isEmpty else { return }
        let all = failure.parts.reduce(IDRuns()) { $0.union($1.ids) }
        let count = failure.parts.reduce(0) { $0 + $1.ids.count }
        let isWhole = batch.ids.map { $0 == all } ?? true
        guard count == all.count, isWhole,
            failure.parts.allSatisfy({ !$0.isBad || $0.ids.count == 1 })
        else {
            throw TrancheError(
                .invalidArgument,
                "the parts do not have the ids of batch \(batch.id), each once"
            )
        }
    }
}
