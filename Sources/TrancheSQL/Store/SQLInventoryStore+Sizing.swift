import FoundationEssentials
package import Tranche

/// The weight of batches that is found from their time.
extension SQLInventoryStore {
    package func sizing(of key: RunKey) async throws -> (known: BatchSizing?, ends: [BatchTime]) {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT target_weight, \(dialect.milliseconds("target_measured_at"))
                FROM \(tables.run)
                WHERE \(isRun(key)) AND target_weight IS NOT NULL
                """,
                """
                SELECT
                    status, batch_weight,
                    \(dialect.milliseconds(ofProcessingTime: "processing_start")),
                    \(dialect.milliseconds(ofProcessingTime: "processing_end")),
                    \(dialect.beginning(of: "logging"))
                FROM \(tables.batch)
                WHERE \(isRun(key)) AND kind IN ('incremental', 'backfill')
                ORDER BY batch_id_end DESC
                LIMIT \(BatchTime.mostLooked)
                """
            )
            let known = try rows[0].map { row in
                BatchSizing(
                    weight: try row.optionalDouble() ?? 0,
                    measuredTo: try row.instant()
                )
            }.first
            let ends = try rows[1].map { row in
                BatchTime(
                    BatchStatus(rawValue: try row.text()),
                    weight: try row.optionalDouble(),
                    from: try row.instant(),
                    to: try row.optionalInstant(),
                    logging: row.optionalText()
                )
            }
            return (known, ends.compactMap { $0 })
        }
    }

    package func note(
        _ sizing: BatchSizing,
        insteadOf known: BatchSizing?,
        of key: RunKey
    ) async throws {
        var isKnown: SQLStatement = "target_measured_at IS NULL"
        if let known { isKnown = "target_measured_at = \(instant(known.measuredTo))" }
        let update: SQLStatement = """
            UPDATE \(tables.run)
            SET target_weight = \(sizing.weight), target_measured_at = \(instant(sizing.measuredTo))
            WHERE \(isRun(key)) AND \(isKnown)
            """
        _ = try await wrapping { try await database.write([update]) }
    }
}
