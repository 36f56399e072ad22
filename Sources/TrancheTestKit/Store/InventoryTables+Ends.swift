import Foundation
import Tranche

extension InventoryTables {
    /// Ends an attempt well.
    mutating func succeed(
        _ holding: Holding,
        result: String?,
        logging: String?,
        now: Date
    ) throws -> BatchRecord {
        try requireJSON(result)
        return try end(holding, as: .succeeded, attempt: .succeeded, now: now) { batch in
            batch.result = result
            batch.logging = logging
        }
    }

    /// Ends an attempt badly.
    mutating func fail(
        _ holding: Holding,
        error: String,
        result: String?,
        now: Date
    ) throws -> BatchRecord {
        try requireJSON(result)
        let policy = try policy(of: holding)
        return try end(holding, as: .failed, attempt: .failed, error: error, now: now) { batch in
            batch.failures += 1
            batch.retryAt = policy.wait(afterFailures: batch.failures).map { now.advanced(by: $0) }
            batch.result = result
            batch.logging = error
        }
    }

    /// Gives a batch back unharmed.
    mutating func release(_ holding: Holding, now: Date) throws -> BatchRecord {
        try end(holding, as: .released, attempt: .released, now: now) { _ in }
    }

    /// Extends the lease.
    mutating func heartbeat(_ holding: Holding, now: Date) throws -> Date {
        var batch = try find(holding)
        guard batch.status == .running, batch.attempt == holding.attempt else {
            throw lost(holding, batch)
        }
        let expiry = now.advanced(by: try policy(of: holding).lease)
        batch.leaseExpiresAt = expiry
        keep(batch)
        return expiry
    }

    /// Ends the attempt that holds a batch, or repeats the end that it made.
    private mutating func end(
        _ holding: Holding,
        as status: BatchStatus,
        attempt outcome: AttemptRecord.Outcome,
        error: String? = nil,
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
        endAttempt(of: batch, outcome, error: error, now: now)
        return batch
    }

    private func find(_ holding: Holding) throws -> BatchRecord {
        guard let row = rows.first(where: { $0.batch.id == holding.batch }) else {
            throw TrancheError(.unknownBatch, "there is no batch \(holding.batch)")
        }
        return row.batch
    }

    private func policy(of holding: Holding) throws -> RunPolicy {
        let batch = try find(holding)
        return runs.first { $0.key == batch.key }?.policy ?? RunPolicy()
    }

    private func lost(_ holding: Holding, _ batch: BatchRecord) -> TrancheError {
        TrancheError(
            .batchLost,
            "batch \(batch.id) of \(batch.key) is no longer held by attempt \(holding.attempt): "
                + "it is \(batch.status) under attempt \(batch.attempt)"
        )
    }

    private func requireJSON(_ result: String?) throws {
        guard let result, !JSONText.isValid(result) else { return }
        throw TrancheError(.invalidArgument, "the result is not JSON")
    }
}
