import Foundation
import Tranche

/// Batches that were handed out before.
extension Acquisition {
    /// How many due batches are read at a time: more than are wanted, since some may fail for good.
    static func offersRead(for request: AcquireRequest) -> Int { request.batches + 8 }

    /// The batches that an earlier request with the same token was given, as they are now.
    func repeated(_ rows: SQLRows) throws -> [AcquireOutcome.HandedOut] {
        try rows.map { row in
            let record = try store.batch(&row)
            guard record.key == run.key else {
                throw TrancheError(
                    .invalidArgument,
                    "the request token '\(request.token)' was used by \(record.key); give another"
                )
            }
            return AcquireOutcome.HandedOut(record: record, lease: run.policy.lease)
        }
    }

    /// Hands out due batches again, as they were handed out before.
    ///
    /// - Returns: Whether more may be due.
    mutating func offer(_ rows: SQLRows) throws -> Bool {
        let due = try rows.map { try store.batch(&$0) }
        for batch in due where !isSatisfied && toSplit == nil { offer(batch) }
        return !isSatisfied && toSplit == nil && due.count == Self.offersRead(for: request)
    }

    private mutating func offer(_ batch: BatchRecord) {
        var batch = batch
        let isExpired = batch.status == .running
        if isExpired {
            batch.failures += 1
            statements.append(expire(batch))
        }
        let isExhausted = batch.failures >= run.policy.attempts(of: batch)
        if isExhausted, isExpired || run.policy.onExhausted == .split && batch.count > 1 {
            if run.policy.onExhausted == .split, batch.count > 1 {
                if isExpired { statements.append(failUntilSplit(batch)) }
                // Others first: what is in hand is not kept waiting for a look at the source.
                if handedOut.isEmpty {
                    batch.status = .failed
                    toSplit = batch
                }
            } else {
                statements.append(failForGood(batch))
            }
            return
        }
        statements.append(handOutAgain(batch, at: handedOut.count))
        var record = batch
        record.attempt = batch.nextAttempt
        record.status = .running
        record.worker = request.worker(at: handedOut.count)
        record.jobIdentifier = request.jobIdentifier
        record.startedAt = now
        record.endedAt = nil
        record.leaseExpiresAt = leaseEnd
        record.retryAt = nil
        record.result = nil
        record.logging = nil
        handedOut.append(.init(record: record, lease: run.policy.lease))
    }

    /// Writes what was decided of the due batches read so far, and reads the next ones.
    mutating func nextDue(
        _ select: SQLStatement,
        on connection: isolated Database.Connection
    ) async throws -> SQLRows {
        let rows = try await connection.run(statements + [select])
        statements = []
        return rows[rows.count - 1]
    }

    private func expire(_ batch: BatchRecord) -> SQLStatement {
        store.recordAttempt(
            Holding(batch: batch.id, attempt: batch.attempt),
            outcome: .expired,
            error: Self.expiryText(batch),
            endedAt: nowInstant,
            if: "status = 'running'"
        )
    }

    private func failForGood(_ batch: BatchRecord) -> SQLStatement {
        let isQuarantined = run.policy.onExhausted == .split && batch.count == 1
        let status: BatchStatus = isQuarantined ? .quarantined : .failed
        return """
            UPDATE \(store.tables.batch)
            SET status = \(status.rawValue), failures = \(batch.failures), lease_expires_at = NULL,
                retry_at = NULL, processing_end = \(store.dialect.processingTime(nowInstant)),
                logging = \(Self.expiryText(batch))
            WHERE id = \(batch.id)
            """
    }

    /// Leaves a batch failed and due: the next to acquire splits it.
    private func failUntilSplit(_ batch: BatchRecord) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = 'failed', failures = \(batch.failures), lease_expires_at = NULL,
            retry_at = \(nowInstant), processing_end = \(store.dialect.processingTime(nowInstant)),
            logging = \(Self.expiryText(batch))
        WHERE id = \(batch.id)
        """
    }

    private func handOutAgain(_ batch: BatchRecord, at place: Int) -> SQLStatement {
        """
        UPDATE \(store.tables.batch)
        SET status = 'running', attempt = \(batch.nextAttempt), failures = \(batch.failures),
            worker = \(request.worker(at: place)), job_identifier = \(request.jobIdentifier),
            processing_start = \(store.dialect.processingTime(nowInstant)), processing_end = NULL,
            lease_expires_at = \(store.instant(leaseEnd)), retry_at = NULL,
            -- An adopted batch covers what it names, and is known for one by having no request.
            cover_start = CASE
                WHEN request IS NULL AND kind IN ('incremental', 'backfill')
                    AND batch_id_start > -9223372036854775807
                THEN batch_id_start - 1
                ELSE cover_start
            END,
            request = \(request.token(at: place)), job_result_item = NULL, logging = NULL
        WHERE id = \(batch.id)
        """
    }

    private static func expiryText(_ batch: BatchRecord) -> String {
        "lease expired in attempt \(batch.attempt) of worker \(batch.worker ?? "unknown")"
    }
}
