import Tranche

extension SQLInventoryStore {
    /// The statement that writes down an attempt that has ended.
    ///
    /// - Parameters:
    ///   - holding: The attempt.
    ///   - outcome: How it ended.
    ///   - cause: Why, where that is not how its work ended.
    ///   - error: The error of a failure.
    ///   - endedAt: When, as an instant.
    ///   - condition: What the batch's row must be like, so that only the attempt's own end counts.
    /// - Returns: The statement.
    func recordAttempt(
        _ holding: AttemptKey,
        outcome: AttemptRecord.Outcome,
        cause: BatchCause? = nil,
        error: String? = nil,
        endedAt: SQLStatement,
        if condition: SQLStatement
    ) -> SQLStatement {
        recordAttempts(
            of: """
                \(tables.batch)
                WHERE id = \(holding.batch) AND attempt = \(holding.attempt) AND \(condition)
                """,
            outcome: outcome,
            cause: cause,
            error: error,
            endedAt: endedAt
        )
    }

    /// The statement that writes down attempts that have ended, of batches as they are read from
    /// some rows.
    func recordAttempts(
        of batches: SQLStatement,
        outcome: AttemptRecord.Outcome,
        cause: BatchCause? = nil,
        error: String? = nil,
        endedAt: SQLStatement
    ) -> SQLStatement {
        let column: SQLStatement = cause == nil ? "" : ", cause"
        let value: SQLStatement = cause.map { ", \($0.rawValue)" } ?? ""
        let started = dialect.instant(ofProcessingTime: "processing_start")
        return """
            INSERT INTO \(tables.attempt)
                (batch_id, attempt, worker, started_at, ended_at, outcome, error\(column))
            SELECT id, attempt, worker, \(started), \(endedAt), \(outcome.rawValue), \(error)\(value)
            FROM \(batches)
            ON CONFLICT (batch_id, attempt) DO NOTHING
            """
    }
}
