package import Tranche

/// The request that is kept with each batch.
extension SQLInventoryStore: RequestKeepingStore {
    package func lastRequest(of key: RunKey) async throws -> String? {
        try await wrapping {
            let rows = try await database.read(
                """
                SELECT config
                FROM \(tables.batch)
                WHERE \(isRun(key)) AND kind IN ('incremental', 'backfill')
                ORDER BY batch_id_end DESC
                LIMIT 1
                """
            )[0]
            guard var row = rows.first else { return nil }
            return row.optionalText()
        }
    }
}
