import Foundation
import Tranche

extension MemoryTables {
    /// Ends an attempt well.
    @discardableResult
    mutating func succeed(_ ending: AttemptSuccess, now: Date) throws -> BatchRecord {
        try requireJSON(ending.result)
        let isHeld = isHeld(ending.holding)
        let ended = try end(ending.holding, as: .succeeded, attempt: .succeeded, now: now) {
            batch in
            batch.result = ending.result
            batch.logging = ending.logging
        }
        if isHeld { keep(ending.output, of: ending.holding) }
        return ended
    }

    /// Keeps what was written during an attempt.
    mutating func keep(_ output: AttemptOutput?, of holding: AttemptKey) {
        guard let output = output?.ifAny else { return }
        outputs[holding] = (outputs[holding] ?? AttemptOutput()).updated(by: output)
    }

    /// Whether a batch is in the hands of an attempt.
    func isHeld(_ holding: AttemptKey) -> Bool {
        batch(holding.batch).map { $0.status == .running && $0.attempt == holding.attempt } ?? false
    }

    /// Whether an attempt ended well, at least for some of its items.
    func hasSucceeded(_ holding: AttemptKey) -> Bool {
        attempts.contains {
            $0.batch == holding.batch && $0.attempt == holding.attempt && $0.outcome == .succeeded
        }
    }

    /// Gives a batch back unharmed.
    mutating func release(_ holding: AttemptKey, now: Date) throws -> BatchRecord {
        let batch = try find(holding)
        guard batch.attempt == holding.attempt, batch.begunAt != nil else {
            return try end(holding, as: .released, attempt: .released, now: now) { _ in }
        }
        if batch.cause == .begun, batch.wasGivenBack { return batch }
        guard batch.status == .running else { throw lost(holding, batch) }
        let failure = BatchFailure(BatchRecord.begunReleaseText)
        return try fail(holding, with: failure, now: now)
    }

    /// Extends the lease.
    mutating func heartbeat(_ holding: AttemptKey, now: Date) throws -> Date {
        var batch = try find(holding)
        guard batch.status == .running, batch.attempt == holding.attempt else {
            throw lost(holding, batch)
        }
        // Where budgets or keys count what is held, a lease that has ended is held by others,
        // perhaps.
        if let end = batch.leaseExpiresAt, end <= now,
            run(batch.key)?.isLimited ?? false || isKeyFull(without: batch, now: now)
        {
            throw lost(holding, batch)
        }
        let expiry = now.advanced(by: try policy(of: holding).lease)
        batch.leaseExpiresAt = expiry
        keep(batch)
        return expiry
    }

    /// Ends the attempt that holds a batch, or repeats the end that it made.
    private mutating func end(
        _ holding: AttemptKey,
        as status: BatchStatus,
        attempt outcome: AttemptRecord.Outcome,
        now: Date,
        _ change: (inout BatchRecord) -> Void
    ) throws -> BatchRecord {
        var batch = try find(holding)
        guard batch.attempt == holding.attempt else { throw lost(holding, batch) }
        if batch.status == status { return batch }
        guard batch.status == .running else { throw lost(holding, batch) }
        batch.status = status
        batch.endedAt = now
        batch.leaseExpiresAt = nil
        change(&batch)
        keep(batch)
        endAttempt(of: batch, outcome, now: now)
        return batch
    }

    func find(_ holding: AttemptKey) throws -> BatchRecord {
        let packed = archive.first { $0.id == holding.batch }
        guard let batch = batch(holding.batch) ?? packed else {
            throw TrancheError(.unknownBatch, "there is no batch \(holding.batch)")
        }
        return batch
    }

    func policy(of holding: AttemptKey) throws -> RunPolicy {
        run(try find(holding).key)?.policy ?? RunPolicy()
    }

    func lost(_ holding: AttemptKey, _ batch: BatchRecord) -> TrancheError {
        if batch.attempt == holding.attempt, batch.cause == .cancelled { return batch.cancelled }
        return TrancheError(
            .batchLost,
            "batch \(batch.id) of \(batch.key) is no longer held by attempt \(holding.attempt): "
                + "it is \(batch.status) under attempt \(batch.attempt)"
        )
    }

    func requireJSON(_ result: String?) throws {
        guard let result, let fault = StrictJSON.fault(in: result) else { return }
        throw TrancheError(.invalidArgument, "the result is not JSON: \(fault)")
    }
}
