package import Tranche

/// Entries of many ranges in one statement, for looks at gaps and for audits.
extension SQLMetaSource {
    package func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        if ranges.isEmpty { return [] }
        if ranges.count == 1 {
            // In order of the index, which a join would have to sort.
            return try await plannedItems(
                """
                SELECT \(plannedColumns)
                FROM \(relation)
                WHERE \(name: idName) >= \(ranges[0].lowerBound)
                    AND \(name: idName) <= \(ranges[0].upperBound)
                    AND \(matches)
                ORDER BY \(name: idName)
                LIMIT \(limit)
                """
            )
        }
        return try await plannedItems(
            """
            SELECT \(plannedColumns)
            FROM \(database.dialect.table(of: ranges)) AS tranche_range CROSS JOIN \(relation)
            WHERE \(name: idName) >= tranche_from
                AND \(name: idName) <= tranche_to
                AND \(matches)
            ORDER BY \(name: idName)
            LIMIT \(limit)
            """
        )
    }

    package func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        var tallies = [IDChecksum](repeating: IDChecksum(), count: ranges.count)
        if ranges.isEmpty { return tallies }
        let statement = database.dialect.tallies(
            of: ranges,
            adding: "\(name: idName) & \(IDChecksum.mask)",
            from: """
                FROM \(relation)
                WHERE \(name: idName) >= tranche_from
                    AND \(name: idName) <= tranche_to
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

    /// Whether an entry is meant, as a condition.
    var matches: SQLStatement { filterCondition ?? "1 = 1" }

    /// Whether an entry meets the filter, whatever its time, as a condition.
    var filterMatches: SQLStatement { ownFilter ?? "1 = 1" }

    /// The filter and the bounds of time as a condition; `nil` where there are none.
    var filterCondition: SQLStatement? {
        guard let isWanted = times?.isWanted else { return ownFilter }
        // The filter last: an odd quote in a comment of its own would hide placeholders behind it
        // from where this is put behind others.
        return ownFilter.map { "(\(isWanted) AND \($0)) IS TRUE" } ?? "\(isWanted) IS TRUE"
    }

    /// The filter as a condition; its line breaks end a comment of its own.
    private var ownFilter: SQLStatement? {
        definition.filter.map { filter in
            """
            (
            \(unsafeRaw: filter)
            ) IS TRUE
            """
        }
    }
}
