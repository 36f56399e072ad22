package import Tranche

extension SQLInventoryStore {
    package func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT standard_error, standard_output
                FROM \(tables.output)
                WHERE batch_id = \(batch) AND attempt = \(attempt)
                """
            )
            return try rows[0].map { row in
                AttemptOutput(standardError: try row.text(), standardOutput: try row.text())
            }.first
        }
    }

    /// The statement that keeps what was written during an attempt, once its end is recorded.
    ///
    /// - Parameters:
    ///   - output: What was written; `nil` where there is nothing to keep.
    ///   - holding: The attempt.
    ///   - outcome: How it ended: another end is not this attempt's own.
    /// - Returns: One statement, or none.
    func keep(
        _ output: AttemptOutput?,
        of holding: AttemptKey,
        endedAs outcome: AttemptRecord.Outcome
    ) -> [SQLStatement] {
        guard let output = output?.ifAny else { return [] }
        return [
            """
            INSERT INTO \(tables.output) (batch_id, attempt, standard_error, standard_output)
            SELECT batch_id, attempt, \(output.standardError), \(output.standardOutput)
            FROM \(tables.attempt)
            WHERE batch_id = \(holding.batch) AND attempt = \(holding.attempt)
                AND outcome = \(outcome.rawValue)
            ON CONFLICT (batch_id, attempt) DO NOTHING
            """
        ]
    }
}
