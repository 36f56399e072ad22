package import Foundation
package import Tranche

extension SQLInventoryStore {
    package func succeed(
        _ holding: Holding,
        result: String?,
        logging: String?
    ) async throws -> BatchRecord {
        try requireJSON(result)
        return try await end(
            holding,
            as: .succeeded,
            outcome: .succeeded,
            setting: """
                status = 'succeeded', job_result_item = \(dialect.json(result)), logging = \(logging),
                    lease_expires_at = NULL, retry_at = NULL
                """
        )
    }

    package func release(_ holding: Holding) async throws -> BatchRecord {
        // Due since now, by the same column as a retry.
        try await end(
            holding,
            as: .released,
            outcome: .released,
            setting: """
                status = 'released', lease_expires_at = NULL, retry_at = \(now)
                """
        )
    }

    package func fail(
        _ holding: Holding,
        error: String,
        result: String?
    ) async throws -> BatchRecord {
        try requireJSON(result)
        let found: BatchRecord = try await wrapping {
            let statements = [
                selectBatch(holding.batch), selectPolicy(ofBatch: holding.batch), readClock,
            ]
            return try await database.withTransaction(statements) { connection, rows in
                let batch = try heldBatch(rows[0], by: holding, endingAs: .failed)
                guard batch.status == .running, var policy = rows[1].first else { return batch }
                var clock = rows[2][0]
                let now = try clock.instant()
                var failed = batch
                failed.status = .failed
                failed.failures += 1
                failed.endedAt = now
                failed.leaseExpiresAt = nil
                failed.retryAt = try run(&policy).policy.wait(afterFailures: failed.failures)
                    .map { now.addingTimeInterval($0.seconds) }
                failed.logging = error
                failed.result = result
                _ = try await connection.commit(write(failed, by: holding))
                return failed
            }
        }
        return found
    }

    package func heartbeat(_ holding: Holding) async throws -> Date {
        let lease: SQLStatement = """
            (
                SELECT r.lease_ms FROM \(tables.run) AS r
                WHERE r.meta_table = b.meta_table AND r.job = b.job AND r.run = b.run
            )
            """
        return try await wrapping {
            let rows = try await database.write([
                """
                UPDATE \(tables.batch) AS b
                SET lease_expires_at = \(dialect.instant(now, plus: lease))
                WHERE \(isHeld(holding))
                RETURNING \(dialect.milliseconds("lease_expires_at"))
                """
            ])
            if var row = rows[0].first { return try row.instant() }
            let batch = try heldBatch(
                try await database.write([selectBatch(holding.batch)])[0],
                by: holding,
                endingAs: .running
            )
            // Another request of the same attempt may have come between.
            return batch.leaseExpiresAt ?? batch.startedAt
        }
    }

    // MARK: Steps

    /// Ends an attempt in one round trip: the fence is in the condition.
    private func end(
        _ holding: Holding,
        as status: BatchStatus,
        outcome: AttemptRecord.Outcome,
        setting assignments: SQLStatement
    ) async throws -> BatchRecord {
        try await wrapping {
            let update: SQLStatement = """
                UPDATE \(tables.batch)
                SET \(assignments), processing_end = \(dialect.processingTime(now))
                WHERE \(isHeld(holding))
                """
            let statements = dialect.chain(update, returning: batchColumns, of: tables.batch) {
                recordAttempt(
                    holding,
                    outcome: outcome,
                    endedAt: dialect.instant(ofProcessingTime: "processing_end"),
                    from: $0,
                    if: "status = \(status.rawValue)"
                )
            }
            let rows = try await database.write(statements)
            if var row = rows[0].first { return try batch(&row) }
            // Read with a lock: an end that is just being committed by a lost connection counts.
            let found = try await database.write([selectBatch(holding.batch)])[0]
            return try heldBatch(found, by: holding, endingAs: status)
        }
    }

    private func write(_ failed: BatchRecord, by holding: Holding) -> [SQLStatement] {
        let ended = failed.endedAt.map { instant($0) } ?? now
        return [
            """
            UPDATE \(tables.batch)
            SET status = 'failed', failures = \(failed.failures), lease_expires_at = NULL,
                retry_at = \(failed.retryAt.map { instant($0) } ?? "NULL"),
                processing_end = \(dialect.processingTime(ended)),
                logging = \(failed.logging), job_result_item = \(dialect.json(failed.result))
            WHERE \(isHeld(holding))
            """,
            recordAttempt(
                holding,
                outcome: .failed,
                error: failed.logging,
                endedAt: ended,
                if: "status = 'failed'"
            ),
        ]
    }

    private func selectBatch(_ id: Int64) -> SQLStatement {
        """
        SELECT \(batchColumns)
        FROM \(tables.batch)
        WHERE id = \(id)
        \(dialect.lockingRow)
        """
    }

    private func selectPolicy(ofBatch id: Int64) -> SQLStatement {
        """
        SELECT \(runColumns)
        FROM \(tables.run)
        WHERE (meta_table, job, run) = (
            SELECT meta_table, job, run FROM \(tables.batch) WHERE id = \(id)
        )
        """
    }

    /// Checks that an attempt may end a batch, or has ended it just so.
    private func heldBatch(
        _ rows: SQLRows,
        by holding: Holding,
        endingAs status: BatchStatus
    ) throws -> BatchRecord {
        guard var row = rows.first else {
            throw TrancheError(.unknownBatch, "there is no batch \(holding.batch) in \(name)")
        }
        let found = try batch(&row)
        if found.attempt == holding.attempt, found.status == .running || found.status == status {
            return found
        }
        throw TrancheError(
            .batchLost,
            "batch \(holding.batch) of \(found.key) is not held by attempt \(holding.attempt): it is "
                + "\(found.status.rawValue), attempt \(found.attempt)"
                + (found.attempt > holding.attempt ? " of worker \(found.worker ?? "unknown")" : "")
                + "; nothing was changed, discard this attempt's work"
        )
    }

    private func requireJSON(_ result: String?) throws {
        guard let result, !JSONText.isValid(result) else { return }
        throw TrancheError(.invalidArgument, "the result is not JSON: \(result.prefix(80))")
    }
}
