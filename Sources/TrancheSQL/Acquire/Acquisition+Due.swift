import FoundationEssentials
import Tranche

/// Batches that were handed out before.
extension Acquisition {
    /// How many due batches are read at a time: more than are wanted, since some may fail for good.
    static func offersRead(for request: AcquireRequest) -> Int { request.slots.count + 8 }

    /// The batches that an earlier request with the same tokens was given, as they are now.
    func repeated(_ rows: SQLRows) throws -> [AcquireOutcome.HandedOut] {
        try rows.map { row in
            let record = try store.batch(&row)
            guard record.key == run.key else {
                throw TrancheError(
                    .invalidArgument,
                    "the request token '\(slot.token)' was used by \(record.key); give another"
                )
            }
            return AcquireOutcome.HandedOut(record, by: run.policy)
        }
    }

    /// Hands out what is due, as it was handed out before, what is due for longest first.
    ///
    /// - Parameters:
    ///   - rows: The first that are due.
    ///   - connection: The connection that holds the lock.
    /// - Returns: A batch that must be split first; then nothing is handed out.
    /// - Throws: The database's error.
    mutating func offerAgain(
        _ rows: SQLRows,
        on connection: isolated Database.Connection
    ) async throws -> BatchRecord? {
        var rows = rows
        var looked: Set<Int64> = []
        while true {
            let due = try rows.map { try store.batch(&$0) }
            let (decided, given) = (statements.count, handedOut.count)
            for batch in due where left > 0 && allowance.refusal == nil {
                if let exhausted = offer(batch) { return exhausted }
            }
            guard left > 0, allowance.refusal == nil, due.count == Self.offersRead(for: request)
            else { return nil }
            // All of these are to be split, by who comes next: they would be read again.
            let isStill = statements.count == decided && handedOut.count == given
            // Where those of full keys were passed over, others come behind.
            let isNews = allowance.keys != nil && !looked.isSuperset(of: due.map(\.id))
            if isStill, !isNews { return nil }
            looked.formUnion(due.map(\.id))
            // What was decided of these is written, so that the next ones can be read.
            let select = store.selectDue(request, where: needsNoFullKey)
            let next = try await connection.run(statements + [select])
            rows = next[next.count - 1]
            statements = []
        }
    }

    /// Hands a batch out, or writes that it failed for good.
    ///
    /// - Returns: The batch where it must be split first.
    private mutating func offer(_ batch: BatchRecord) -> BatchRecord? {
        var batch = batch
        let isExpired = batch.status == .running
        if isExpired { batch.failures += 1 }
        if batch.begunAt != nil {
            statements += [expire(batch), failBegun(batch)]
            allowance.keys?.remove(ItemKey(batch.itemKey))
            return nil
        }
        let isSplit = run.policy.onExhausted == .split && batch.count > 1
        // One that was given back is handed out, however many attempts are left to it by now.
        guard isExpired || isSplit && batch.status == .failed,
            batch.failures >= run.policy.attempts(of: batch)
        else {
            let isLetIn = allowance.admit(
                weight: batch.weight,
                key: batch.itemKey,
                holdsPlace: isExpired
            )
            guard isLetIn else { return nil }
            if isExpired { statements.append(expire(batch)) }
            handOutAgain(batch, hasExpired: isExpired)
            return nil
        }
        if isExpired {
            statements.append(expire(batch))
            allowance.keys?.remove(ItemKey(batch.itemKey))
        }
        guard isSplit else {
            statements.append(failForGood(batch))
            return nil
        }
        if isExpired { statements.append(failUntilSplit(batch)) }
        // Others first: what is in hand is not kept waiting for a look at the source.
        guard handedOut.isEmpty else { return nil }
        batch.status = .failed
        return batch
    }

    mutating func handOutAgain(_ batch: BatchRecord, hasExpired: Bool) {
        let record = request.nextAttempt(at: batch, for: slot, now: now, leaseEnd: leaseEnd)
        statements.append(handOutAgain(record, to: slot))
        handedOut.append(.init(record, by: run.policy, hasExpired: hasExpired))
    }

    private func expire(_ batch: BatchRecord) -> SQLStatement {
        store.recordAttempt(
            AttemptKey(batch: batch.id, attempt: batch.attempt),
            outcome: .expired,
            error: batch.expiryText,
            endedAt: nowInstant,
            if: "status = 'running'"
        )
    }

    private func failForGood(_ batch: BatchRecord) -> SQLStatement {
        let isQuarantined = run.policy.onExhausted == .split && batch.count == 1
        var failed = batch
        failed.status = isQuarantined ? .quarantined : .failed
        failed.becomeStuck(run.policy, now: now)
        return fail(failed, batch.expiryText)
    }

    /// Fails a batch for good that has begun, and may have been executed.
    private func failBegun(_ batch: BatchRecord) -> SQLStatement {
        var failed = batch
        failed.failBegun(now: now)
        return fail(failed, batch.begunExpiryText)
    }

    private func fail(_ failed: BatchRecord, _ text: String) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = \(failed.status.rawValue), failures = \(failed.failures),
            lease_expires_at = NULL, \(store.dueLater(failed)),
            processing_end = \(store.dialect.processingTime(nowInstant)), logging = \(text)
        WHERE id = \(failed.id)
        """
    }

    /// Leaves a batch failed and due: the next to acquire splits it.
    private func failUntilSplit(_ batch: BatchRecord) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = 'failed', failures = \(batch.failures), lease_expires_at = NULL,
            retry_at = \(nowInstant), processing_end = \(store.dialect.processingTime(nowInstant)),
            logging = \(batch.expiryText)
        WHERE id = \(batch.id)
        """
    }

    private func handOutAgain(_ batch: BatchRecord, to slot: AcquireRequest.Slot) -> SQLStatement {
        // An adopted batch has none yet.
        let hasKey: SQLStatement = request.definition.key == nil ? "" : ", has_key = 1"
        return """
            UPDATE \(store.tables.batch)
            SET status = 'running', attempt = \(batch.attempt), failures = \(batch.failures),
                worker = \(slot.worker), job_identifier = \(request.jobIdentifier),
                processing_start = \(store.dialect.processingTime(nowInstant)),
                processing_end = NULL,
                lease_expires_at = \(store.instant(leaseEnd)), retry_at = NULL, cause = NULL,
                stuck_until = NULL, deferrals = \(batch.deferrals),
                deferred_since = CASE WHEN cause = 'deferred' THEN deferred_since END,
                -- An adopted batch covers what it names, and is known for one by having no request.
                cover_start = CASE
                    WHEN request IS NULL AND kind IN ('incremental', 'backfill')
                        AND batch_id_start > -9223372036854775807
                    THEN batch_id_start - 1
                    ELSE cover_start
                END,
                request = \(slot.token), job_result_item = NULL, logging = NULL\(hasKey)
            WHERE id = \(batch.id)
            """
    }
}
