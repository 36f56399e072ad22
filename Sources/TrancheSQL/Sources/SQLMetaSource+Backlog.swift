package import Tranche

/// What waits in a table, added up by the database.
extension SQLMetaSource: BacklogSource {
    package func backlog(after cursor: Int64?, within bounds: IDBounds) async throws -> Backlog {
        guard let lower = IDBounds.firstID(after: cursor, in: bounds) else { return Backlog() }
        let (looked, highest) = (statement(from: lower, within: bounds), highestIDStatement)
        let rows = try await wrapping { try await database.read(looked, highest) }
        guard var row = rows[0].first else { return Backlog() }
        let count = try row.integer()
        let kept = Int(try row.integer())
        let sum = try row.optionalDouble() ?? 0
        let weight = sum.isNaN ? 0 : sum.clamped
        let oldestAt = try row.optionalInstant()
        let first = try row.optionalInteger() ?? lower
        let last = try row.optionalInteger()
        var end = rows[1].first
        let highestID = try end?.optionalInteger()
        guard let last, count >= Backlog.mostItems else {
            return Backlog(items: kept, weight: weight, highestID: highestID, oldestAt: oldestAt)
        }
        return Backlog(
            items: kept,
            weight: weight,
            in: first...max(first, last),
            through: min(max(highestID ?? last, last), bounds.upper ?? .max),
            oldestAt: oldestAt
        )
    }

    /// The statement that looks at the first entries that wait.
    private func statement(from lower: Int64, within bounds: IDBounds) -> SQLStatement {
        let isKept: SQLStatement = "tranche_kept = 1"
        let weight: SQLStatement =
            "CASE WHEN \(isKept) AND tranche_weight > 0 THEN tranche_weight ELSE 0 END"
        let made: SQLStatement =
            definition.settleColumn.map { column in
                database.dialect.milliseconds(ofTime: "\(name: column)")
            } ?? "CAST(NULL AS bigint)"
        let kept: SQLStatement =
            !definition.leavesOut ? "1" : "CASE WHEN \(matches) THEN 1 ELSE 0 END"
        return """
            SELECT count(*), coalesce(sum(tranche_kept), 0), \(database.dialect.sum(ofWeights: weight)),
                min(CASE WHEN \(isKept) THEN tranche_made END), min(tranche_id),
                max(tranche_id)
            FROM (
                SELECT \(name: idName) AS tranche_id, \(weightColumn) AS tranche_weight,
                    \(made) AS tranche_made, \(kept) AS tranche_kept
                FROM \(relation)
                WHERE \(condition(from: "\(lower)", within: bounds))
                ORDER BY \(name: idName)
                LIMIT \(unsafeRaw: String(Backlog.mostItems))
            ) AS tranche_waiting
            """
    }
}
