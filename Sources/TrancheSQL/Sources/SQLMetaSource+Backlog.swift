package import Tranche

/// What waits in a table, added up by the database.
extension SQLMetaSource: BacklogSource {
    package func backlogs(of parts: [SourcePart]) async throws -> [Backlog] {
        // All in one trip.
        let looked = parts.map { part in
            IDBounds.firstID(after: part.cursor, in: part.bounds).map { lower in
                (lower: lower, statement: statement(from: lower, within: part.bounds))
            }
        }
        let asked = looked.compactMap { $0?.statement } + [highestIDStatement]
        let rows = try await wrapping {
            try await database.withReader { try await $0.atomically(asked, isWriting: false) }
        }
        var end = rows[rows.count - 1].first
        let highestID = try highest(in: &end)
        var answers = rows[...]
        let waiting = try await unnumberedBacklog()
        return try zip(parts, looked).map { part, looked in
            let isOpen = part.bounds.upper == nil
            var backlog = Backlog(highestID: highestID)
            if let looked, let answer = answers.popFirst() {
                backlog = try self.backlog(
                    answer,
                    from: looked.lower,
                    within: part.bounds,
                    highestID
                )
            }
            if isOpen { backlog.add(waiting) }
            return backlog
        }
    }

    /// What waits without a number, as far as a look finds it.
    private func unnumberedBacklog() async throws -> Backlog {
        guard let registry else { return Backlog() }
        return try await wrapping {
            let standing = try UIDRegistry.Standing(try await database.read(registry.standing)[0])
            let rows = registry.unnumbered(standing, limit: Backlog.mostItems)
            var row = try await database.read(
                """
                WITH \(registry.stateForLooking)
                \(sums(of: rows, id: "0"))
                """
            )[0].first
            let count = try row?.integer() ?? 0
            let kept = Int(try row?.integer() ?? 0)
            let sum = try row?.optionalDouble() ?? 0
            let wrong = try row?.integer() ?? 0
            var backlog = Backlog(
                items: kept,
                weight: sum.clamped,
                isExact: count < Backlog.mostItems,
                oldestAt: try row?.optionalInstant()
            )
            if wrong > 0 { backlog.spoilWeight() }
            return backlog
        }
    }

    private func backlog(
        _ rows: SQLRows,
        from lower: Int64,
        within bounds: IDBounds,
        _ highestID: Int64?
    ) throws -> Backlog {
        guard var row = rows.first else { return Backlog() }
        let count = try row.integer()
        let kept = Int(try row.integer())
        let weight = (try row.optionalDouble() ?? 0).clamped
        let wrong = try row.integer()
        let oldestAt = try row.optionalInstant()
        // Ids that are no integers are told when they are planned.
        let first = row.value().integer ?? lower
        var backlog = Backlog(
            items: kept,
            weight: weight,
            highestID: highestID,
            oldestAt: oldestAt
        )
        if let last = row.value().integer, count >= Backlog.mostItems {
            backlog = Backlog(
                items: kept,
                weight: weight,
                in: first...max(first, last),
                through: min(max(highestID ?? last, last), bounds.upper ?? .max),
                oldestAt: oldestAt
            )
        }
        if wrong > 0 { backlog.spoilWeight() }
        return backlog
    }

    /// The statement that looks at the first entries that wait.
    private func statement(from lower: Int64, within bounds: IDBounds) -> SQLStatement {
        let end: SQLStatement = """
            WHERE \(condition(from: "\(lower)", within: bounds))
            ORDER BY \(name: idName)
            LIMIT \(unsafeRaw: String(Backlog.mostItems))
            """
        return sums(of: "\(relation)\n\(end)", id: "\(name: idName)")
    }

    /// The statement that adds entries up: how many were looked at and count, their weight, how
    /// many weights are wrong, when the oldest was made, and from which id to which.
    private func sums(of rows: SQLStatement, id: SQLStatement) -> SQLStatement {
        let isKept: SQLStatement = "tranche_kept = 1"
        // What is no number is above all others in PostgreSQL, and there is none in SQLite.
        let isWeight: SQLStatement =
            "tranche_weight >= 0 AND tranche_weight <= 1.7976931348623157e308"
        let weight: SQLStatement =
            "CASE WHEN \(isKept) AND \(isWeight) THEN tranche_weight ELSE 0 END"
        let made: SQLStatement =
            definition.settleColumn.map { column in
                database.dialect.milliseconds(ofTime: "\(name: column)")
            } ?? "CAST(NULL AS bigint)"
        let kept: SQLStatement =
            !definition.leavesOut ? "1" : "CASE WHEN \(matches) THEN 1 ELSE 0 END"
        return """
            SELECT count(*), coalesce(sum(tranche_kept), 0), \(database.dialect.sum(ofWeights: weight)),
                coalesce(sum(CASE WHEN \(isKept) AND NOT (\(isWeight)) THEN 1 ELSE 0 END), 0),
                min(CASE WHEN \(isKept) THEN tranche_made END), min(tranche_id),
                max(tranche_id)
            FROM (
                SELECT \(id) AS tranche_id, \(weightColumn) AS tranche_weight,
                    \(made) AS tranche_made, \(kept) AS tranche_kept
                FROM \(rows)
            ) AS tranche_waiting
            """
    }
}
