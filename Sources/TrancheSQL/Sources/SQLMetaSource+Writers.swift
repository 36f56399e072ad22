package import Tranche

/// What tells how far the writers of a table are.
extension SQLMetaSource {
    package var risks: [SourceRisk] { watch.risks }

    package var promise: SourcePromise { watch.risks.isEmpty ? .settled : .watched }

    package var isObservable: Bool {
        !isNumbered && (watch.writers != nil || definition.settleColumn != nil)
    }

    /// The statements that observe the writers: the highest ids first, and after that who writes.
    ///
    /// - Parameter lag: How old an entry must be where ages count, in milliseconds.
    /// - Returns: The statements.
    package func observation(lag: SQLStatement) -> [SQLStatement] {
        var statements = [highestIDStatement]
        if let column = definition.settleColumn {
            // From the newest back to the first that is old enough: as many as came within the lag.
            statements.append(
                """
                SELECT \(name: idName)
                FROM \(relation)
                WHERE \(database.dialect.isAged("\(name: column)", milliseconds: lag))
                ORDER BY \(name: idName) DESC
                LIMIT 1
                """
            )
        }
        if let untimely = untimelyStatement { statements.append(untimely) }
        return statements + (watch.writers.map { [$0] } ?? [])
    }

    /// The statement that finds the newest entry whose age cannot be known, if it is one of the
    /// newest.
    private var untimelyStatement: SQLStatement? {
        guard let column = definition.settleColumn else { return nil }
        let type = database.dialect.name(ofTypeOf: "tranche_time")
        return """
            SELECT tranche_id, CAST(tranche_time AS text), \(type)
            FROM (
                SELECT \(name: idName) AS tranche_id, \(name: column) AS tranche_time
                FROM \(relation)
                ORDER BY \(name: idName) DESC
                LIMIT \(unsafeRaw: String(SQLSettleColumn.newest))
            ) AS tranche_newest
            WHERE NOT \(database.dialect.isTime("tranche_time"))
            ORDER BY tranche_id DESC
            LIMIT 1
            """
    }

    /// Reads a row of ``untimelyStatement``.
    private func words(ofUntimely row: inout SQLRow) throws -> String {
        let id = row.value().text ?? "NULL"
        let value = row.optionalText()
        let type = row.optionalText() ?? ""
        return "id \(id) of '\(definition.table)' has "
            + SQLSettleColumn.fault(value, ofType: type, in: definition.settleColumn ?? "")
            + ". \(database.dialect.timesUnderstood)"
    }

    package func observeWriters(lag: Duration) async throws -> WriterObservation {
        let statements = observation(lag: "\(lag.milliseconds)")
        return try await wrapping {
            // Each with a snapshot of its own: in one transaction of reading committed rows.
            try await database.withReader { connection in
                try observed(try await connection.atomically(statements, isWriting: false)[...])
            }
        }
    }

    /// Reads the rows of ``observation``.
    package func observed(_ rows: ArraySlice<SQLRows>) throws -> WriterObservation {
        var observation = WriterObservation(highestID: nil)
        var highest = rows.first?.first
        observation.highestID = try self.highest(in: &highest)
        var rest = rows.dropFirst()
        if definition.settleColumn != nil {
            var aged = rest.popFirst()?.first
            observation.aged = .init(id: try aged?.optionalInteger())
            if var untimely = rest.popFirst()?.first {
                observation.untimely = try words(ofUntimely: &untimely)
            }
        }
        guard let writers = rest.first else { return observation }
        _ = try writers.map { row in
            observation.epoch = try row.text()
            guard let holder = row.optionalText() else { return }
            observation.holders.insert(holder)
            if try row.boolean() { observation.survivors.insert(holder) }
        }
        return observation
    }
}
