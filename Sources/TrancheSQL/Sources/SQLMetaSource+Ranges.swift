package import Tranche

/// Entries of many ranges in one statement, for looks at gaps and for audits.
extension SQLMetaSource {
    package func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        if ranges.isEmpty { return [] }
        if ranges.count == 1 {
            // In order of the index, which a join would have to sort.
            return try await items(
                """
                SELECT \(itemColumns)
                FROM \(table)
                WHERE \(name: definition.uid) >= \(ranges[0].lowerBound)
                    AND \(name: definition.uid) <= \(ranges[0].upperBound)
                    AND \(matches)
                ORDER BY \(name: definition.uid)
                LIMIT \(limit)
                """
            )
        }
        return try await items(
            """
            SELECT \(itemColumns)
            FROM \(database.dialect.table(of: ranges)) AS tranche_range CROSS JOIN \(table)
            WHERE \(name: definition.uid) >= tranche_from
                AND \(name: definition.uid) <= tranche_to
                AND \(matches)
            ORDER BY \(name: definition.uid)
            LIMIT \(limit)
            """
        )
    }

    package func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        var tallies = [IDChecksum](repeating: IDChecksum(), count: ranges.count)
        if ranges.isEmpty { return tallies }
        let statement = database.dialect.tallies(
            of: ranges,
            adding: "\(name: definition.uid) & \(IDChecksum.mask)",
            from: """
                FROM \(table)
                WHERE \(name: definition.uid) >= tranche_from
                    AND \(name: definition.uid) <= tranche_to
                    AND \(matches)
                """
        )
        let rows = try await wrapping { try await database.read(statement)[0] }
        _ = try rows.map { row in
            let place = Int(try row.integer())
            guard tallies.indices.contains(place) else { return }
            tallies[place] = IDChecksum(count: Int(try row.integer()), sum: try row.integer())
        }
        return tallies
    }

    /// The filter as a condition; its line breaks end a comment of its own.
    var matches: SQLStatement {
        guard let filter = definition.filter else { return "1 = 1" }
        return """
            (
            \(unsafeRaw: filter)
            ) IS TRUE
            """
    }
}
