package import Tranche

/// The ids of a time.
extension SQLMetaSource: TimedSource {
    package func timedIDs() async throws -> TimedIDs {
        guard let times, let isWithin = times.isWithin else {
            return TimedIDs(ids: nil, hasIndex: nil)
        }
        try await numberAll(where: isWithin)
        let uid: SQLStatement = "\(name: idName)"
        // The limit keeps the planner from walking along the ids until one matches.
        let ends: SQLStatement = """
            SELECT min(tranche_id), max(tranche_id)
            FROM (
                SELECT \(uid) AS tranche_id
                FROM \(relation)
                WHERE \(isWithin) AND \(filterMatches)
                LIMIT \(unsafeRaw: String(Int64.max))
            ) AS tranche_within
            """
        let column = times.reader.time.column
        let index = database.dialect.hasIndex(on: column, of: table)
        let rows = try await wrapping { try await database.read(ends, index) }
        var (row, known) = (rows[0].first, rows[1].first)
        let hasIndex = try known?.optionalInteger().map { $0 != 0 }
        guard let lowest = try row?.optionalInteger(), let highest = try row?.optionalInteger()
        else { return TimedIDs(ids: nil, hasIndex: hasIndex) }
        try await requireTimes(in: lowest...highest, times)
        let missing =
            hasIndex == false
            ? database.dialect.creatingIndex(on: [column], of: table, isUnique: false) : nil
        return TimedIDs(ids: lowest...highest, hasIndex: hasIndex, missingIndex: missing)
    }

    package func idWithoutTime() async throws -> Int64? {
        guard let times else { return nil }
        let uid: SQLStatement = "\(name: idName)"
        // The limit keeps the planner from walking along the ids until one matches.
        let statement: SQLStatement = """
            SELECT min(tranche_id)
            FROM (
                SELECT \(uid) AS tranche_id
                FROM \(relation)
                WHERE \(name: times.reader.time.column) IS NULL AND \(filterMatches)
                LIMIT \(unsafeRaw: String(Int64.max))
            ) AS tranche_timeless
            """
        var row = try await wrapping { try await database.read(statement)[0].first }
        return try row?.optionalInteger()
    }

    /// Refuses ids of which one may lie within the bounds or not.
    private func requireTimes(in ids: ClosedRange<Int64>, _ times: SQLTimeColumn) async throws {
        let uid: SQLStatement = "\(name: idName)"
        let statement: SQLStatement = """
            SELECT \(uid), \(times.value)
            FROM \(relation)
            WHERE \(uid) >= \(ids.lowerBound) AND \(uid) <= \(ids.upperBound)
                AND \(times.isUnreadable) AND \(filterMatches)
            ORDER BY \(uid)
            LIMIT 100
            """
        let rows = try await wrapping { try await database.read(statement)[0] }
        for index in 0..<rows.count {
            var row = rows[index]
            let id = try row.integer()
            let value = row.value()
            if times.moment(of: value) == nil {
                throw unreadable(value, of: id, try await uids(ofIDs: [id])[id], times)
            }
        }
    }

    /// What is said of an entry whose time cannot be read.
    ///
    /// - Parameters:
    ///   - value: The time.
    ///   - id: The entry's id.
    ///   - uid: Its uid, where that is not an integer.
    ///   - times: The column.
    /// - Returns: The error.
    func unreadable(
        _ value: Value,
        of id: Int64,
        _ uid: String?,
        _ times: SQLTimeColumn
    ) -> TrancheError {
        let literal = uid?.quotedAsText ?? String(id)
        let remedy = value == .null ? times.hasTime : "\(definition.uid) <> \(literal)"
        return TrancheError(
            .invalidItem,
            "\(Item.words(id: id, uid: uid)) of '\(definition.table)' has "
                + "\(times.fault(of: value)). Mend it; or leave it out by a condition, such as "
                + "--where \(RunKey.quoted(remedy))"
        )
    }
}
