package import Tranche

extension SQLInventoryStore {
    package func openBatches(
        of key: RunKey,
        heldAt place: String?,
        limit: Int
    ) async throws -> [OpenBatch] {
        let isThere: SQLStatement =
            place.map {
                " AND status = 'running' AND request LIKE \(ProcessMark.pattern(ofPlace: $0))"
            } ?? ""
        let select: SQLStatement = """
            SELECT \(batchColumns), request
            FROM \(tables.batch)
            WHERE \(isRun(key)) AND coalesce(lease_expires_at, retry_at) IS NOT NULL\(isThere)
            ORDER BY coalesce(lease_expires_at, retry_at), id
            LIMIT \(limit)
            """
        return try await wrapping {
            try await database.read(select)[0].map { row in
                OpenBatch(try batch(&row), token: row.optionalText())
            }
        }
    }

    package func endLease(of holding: AttemptKey, because words: String?) async throws -> Bool {
        let end: SQLStatement = """
            UPDATE \(tables.batch)
            SET lease_expires_at = \(now), logging = coalesce(\(words), logging)
            WHERE \(isHeld(holding)) AND lease_expires_at > \(now)
            RETURNING id
            """
        return try await wrapping { try await database.write([end])[0].first != nil }
    }
}
