package import FoundationEssentials

/// What becomes of a batch that is handed out: the same in every store.
extension AcquireRequest {
    /// Whether a probe is rather what was never handed out than what has failed before.
    ///
    /// Where batches are not split, nothing else tells whether these fail by themselves. What may
    /// wait for more is no probe.
    package func probesNewFirst(of run: RunRecord) -> Bool {
        run.outage.hold?.prefersNew == true && run.policy.onExhausted == .fail && minWeight == nil
    }

    /// Makes a batch of its own for some items, which has no number yet.
    ///
    /// - Parameters:
    ///   - range: The items.
    ///   - kind: How the batch comes to be.
    ///   - slot: The caller that asks for it.
    ///   - tileEnd: Where the run's last tile ends.
    ///   - now: The inventory's time.
    ///   - leaseEnd: When its lease ends.
    /// - Returns: The batch; `nil` for no items.
    package func newBatch(
        _ range: PlannedRange,
        as kind: BatchKind,
        for slot: Slot,
        after tileEnd: Int64?,
        now: Date,
        leaseEnd: Date
    ) -> BatchRecord? {
        guard let first = range.ids.first, let last = range.ids.last else { return nil }
        return BatchRecord(
            id: 0,
            key: key,
            kind: kind,
            status: .running,
            attempt: 1,
            failures: 0,
            idStart: first,
            idEnd: last,
            coverStart: kind == .late ? nil : tileEnd,
            itemIDs: range.ids.isDense ? nil : range.ids,
            count: range.count,
            weight: range.weight,
            worker: slot.worker,
            jobIdentifier: jobIdentifier,
            startedAt: now,
            leaseExpiresAt: leaseEnd,
            itemKey: range.key,
            interval: range.interval
        )
    }

    /// A batch that is handed out again.
    ///
    /// - Parameters:
    ///   - batch: The batch as it was.
    ///   - slot: The caller that asks for it.
    ///   - now: The inventory's time.
    ///   - leaseEnd: When its lease ends.
    /// - Returns: The batch as it is now.
    package func nextAttempt(
        at batch: BatchRecord,
        for slot: Slot,
        now: Date,
        leaseEnd: Date
    ) -> BatchRecord {
        var batch = batch
        // Deferrals count in a row.
        if batch.cause != .deferred { (batch.deferrals, batch.deferredSince) = (0, nil) }
        batch.attempt = batch.nextAttempt
        batch.status = .running
        batch.worker = slot.worker
        batch.jobIdentifier = jobIdentifier
        batch.startedAt = now
        batch.endedAt = nil
        batch.leaseExpiresAt = leaseEnd
        batch.retryAt = nil
        batch.cause = nil
        batch.result = nil
        batch.logging = nil
        return batch
    }
}

extension BatchRecord {
    /// What is kept of an attempt whose lease ended.
    package var expiryText: String {
        let words = "lease expired in attempt \(attempt) of worker \(worker ?? "unknown")"
        guard let logging, logging.hasPrefix(ProcessMark.endedWords) else { return words }
        return "\(words): \(logging)"
    }
}
