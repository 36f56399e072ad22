import Foundation
import Tranche

/// How rows are read; the columns stand in the order in which they are read.
extension SQLInventoryStore {
    static func batchColumns(_ dialect: any SQLDialect) -> SQLStatement {
        """
        id, meta_table, job, run, kind, status, attempt, failures, batch_id_start, batch_id_end,
            cover_start, item_ids, batch_count, batch_weight, worker, job_identifier,
            \(dialect.milliseconds(ofProcessingTime: "processing_start")),
            \(dialect.milliseconds(ofProcessingTime: "processing_end")),
            \(dialect.milliseconds("lease_expires_at")), \(dialect.milliseconds("retry_at")),
            job_result_item, logging
        """
    }

    func batch(_ row: inout SQLRow) throws -> BatchRecord {
        let id = try row.integer()
        let key = RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text())
        let kind = BatchKind(rawValue: try row.text())
        let status = BatchStatus(rawValue: try row.text())
        guard let kind, let status else {
            throw TrancheError(
                .storeFailed,
                "batch \(id) has a kind or status unknown to this program"
            )
        }
        let attempt = Int(try row.integer())
        let failures = Int(try row.integer())
        let idStart = try row.integer()
        let idEnd = try row.integer()
        let coverStart = try row.optionalInteger()
        let packed = row.optionalText()
        let ids = packed.flatMap { IDRuns(packed: $0) }
        guard (packed == nil) == (ids == nil) else {
            throw TrancheError(.storeFailed, "batch \(id) has item_ids that are not ascending runs")
        }
        var record = BatchRecord(
            id: id,
            key: key,
            kind: kind,
            status: status,
            attempt: attempt,
            failures: failures,
            idStart: idStart,
            idEnd: idEnd,
            coverStart: coverStart,
            itemIDs: ids,
            count: Int(try row.integer()),
            weight: try row.optionalDouble(),
            worker: row.optionalText(),
            jobIdentifier: row.optionalText(),
            startedAt: try row.instant(),
            endedAt: try row.optionalInstant(),
            leaseExpiresAt: try row.optionalInstant(),
            retryAt: try row.optionalInstant(),
            result: row.optionalText(),
            logging: row.optionalText()
        )
        // A released batch is due since its release; only failed ones have a retry.
        if status != .failed { record.retryAt = nil }
        return record
    }

    static func runColumns(_ dialect: any SQLDialect) -> SQLStatement {
        """
        meta_table, job, run, definition, id_from, id_to, cursor_id, tile_end,
            lease_ms, max_attempts, backoff_ms, backoff_limit_ms, pause_reason,
            \(dialect.milliseconds("pending_since")), \(dialect.milliseconds("created_at"))
        """
    }

    func run(_ row: inout SQLRow) throws -> RunRecord {
        RunRecord(
            key: RunKey(metaTable: try row.text(), job: try row.text(), run: try row.text()),
            definition: row.optionalText(),
            bounds: IDBounds(lower: try row.optionalInteger(), upper: try row.optionalInteger()),
            cursor: try row.optionalInteger(),
            tileEnd: try row.optionalInteger(),
            policy: RunPolicy(
                lease: .milliseconds(try row.integer()),
                maxAttempts: Int(try row.integer()),
                backoff: .milliseconds(try row.integer()),
                backoffLimit: .milliseconds(try row.integer())
            ),
            pauseReason: row.optionalText(),
            pendingSince: try row.optionalInstant(),
            createdAt: try row.instant()
        )
    }

    /// The statement that locks and reads a run's row.
    func lockRun(_ key: RunKey) -> SQLStatement {
        """
        SELECT \(runColumns)
        FROM \(tables.run)
        WHERE \(isRun(key))
        \(dialect.lockingRow)
        """
    }

    /// The statement that reads the clock; after the one that locks, since that may have waited.
    var readClock: SQLStatement {
        "SELECT \(dialect.milliseconds(now))"
    }

    /// The statement that writes down an attempt that has ended.
    ///
    /// - Parameters:
    ///   - holding: The attempt.
    ///   - outcome: How it ended.
    ///   - error: The error of a failure.
    ///   - endedAt: When, as an instant.
    ///   - rows: Where the batch's row is read; the table when `nil`.
    ///   - condition: What the batch's row must be like, so that only the attempt's own end counts.
    /// - Returns: The statement.
    func recordAttempt(
        _ holding: Holding,
        outcome: AttemptRecord.Outcome,
        error: String? = nil,
        endedAt: SQLStatement,
        from rows: SQLStatement? = nil,
        if condition: SQLStatement
    ) -> SQLStatement {
        let started = dialect.instant(ofProcessingTime: "processing_start")
        return """
            INSERT INTO \(tables.attempt)
                (batch_id, attempt, worker, started_at, ended_at, outcome, error)
            SELECT id, attempt, worker, \(started), \(endedAt), \(outcome.rawValue), \(error)
            FROM \(rows ?? "\(tables.batch)")
            WHERE id = \(holding.batch) AND attempt = \(holding.attempt) AND \(condition)
            ON CONFLICT (batch_id, attempt) DO NOTHING
            """
    }
}
