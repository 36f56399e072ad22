package import Tranche

extension SQLInventoryStore {
    package func output(of batch: Int64, attempt: Int) async throws -> AttemptOutput? {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT standard_error, standard_output, note
                FROM \(tables.output)
                WHERE batch_id = \(batch) AND attempt = \(attempt)
                """
            )
            return try rows[0].map { row in
                AttemptOutput(
                    standardError: try row.text(),
                    standardOutput: try row.text(),
                    note: row.optionalText()
                )
            }.first
        }
    }

    package func note(of batch: Int64) async throws -> String? {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT note
                FROM \(tables.output)
                WHERE batch_id = \(batch) AND note IS NOT NULL
                ORDER BY attempt DESC
                LIMIT 1
                """
            )
            return try rows[0].map { row in try row.text() }.first
        }
    }

    package func keep(_ output: AttemptOutput, of holding: AttemptKey) async throws {
        let statement = keep(
            output,
            of: "SELECT id, attempt FROM \(tables.batch) WHERE \(isHeld(holding))"
        )
        try await wrapping {
            let rows = try await database.write(["\(statement)\nRETURNING attempt"])
            if rows[0].first != nil { return }
            let batch = try await orArchived(holding, endingAs: .running) {
                let found = try await database.write([selectBatch(holding.batch)])[0]
                return try heldBatch(found, by: holding, endingAs: .running)
            }
            throw TrancheError(
                .batchLost,
                "batch \(batch.id) of \(batch.key) is \(batch.status.rawValue): nothing was changed"
            )
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
            keep(
                output,
                of: """
                    SELECT batch_id, attempt
                    FROM \(tables.attempt)
                    WHERE batch_id = \(holding.batch) AND attempt = \(holding.attempt)
                        AND outcome = \(outcome.rawValue)
                    """
            )
        ]
    }

    /// The statement that keeps what was written during an attempt; what is empty stays as it was.
    private func keep(_ output: AttemptOutput, of attempt: SQLStatement) -> SQLStatement {
        """
        INSERT INTO \(tables.output) AS known (
            batch_id, attempt, standard_error, standard_output, note
        )
        SELECT held.*, \(output.standardError), \(output.standardOutput), \(output.note)
        FROM (\(attempt)) AS held
        WHERE 1 = 1
        ON CONFLICT (batch_id, attempt) DO UPDATE
        SET standard_error = CASE
                WHEN excluded.standard_error = '' THEN known.standard_error
                ELSE excluded.standard_error
            END,
            standard_output = CASE
                WHEN excluded.standard_output = '' THEN known.standard_output
                ELSE excluded.standard_output
            END,
            note = coalesce(excluded.note, known.note)
        """
    }
}
