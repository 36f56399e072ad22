package import FoundationEssentials
package import Tranche

extension SQLInventoryStore {
    package func begin(_ holding: AttemptKey, token: String) async throws -> Date {
        let begin: SQLStatement = """
            UPDATE \(tables.batch) AS b
            SET begun_at = coalesce(begun_at, \(now)), begun_token = \(token),
                lease_expires_at = \(dialect.instant(now, plus: leaseOfRun))
            WHERE \(isHeld(holding)) AND lease_expires_at > \(now)
                AND (begun_at IS NULL OR begun_token = \(token))
            RETURNING \(dialect.milliseconds("lease_expires_at"))
            """
        return try await wrapping {
            if var row = try await database.write([begin])[0].first { return try row.instant() }
            let batch = try await orArchived(holding, endingAs: .running) {
                try heldBatch(
                    try await database.write([selectBatch(holding.batch)])[0],
                    by: holding,
                    endingAs: .running
                )
            }
            throw batch.begunAt == nil ? batch.leaseOver : batch.begunBefore
        }
    }

    package func takeBackBegin(_ holding: AttemptKey, token: String) async throws {
        _ = try await wrapping {
            try await database.write([
                """
                UPDATE \(tables.batch)
                SET begun_at = NULL, begun_token = NULL
                WHERE \(isHeld(holding)) AND begun_token = \(token)
                """
            ])
        }
    }
}
