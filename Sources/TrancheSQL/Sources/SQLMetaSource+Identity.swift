package import Tranche

/// Whether another table has come to stand under the name.
extension SQLMetaSource: IdentifiedSource {
    package var comparesAlways: Bool { database.dialect.hasOneWriter }

    package func mark() async throws -> String? {
        try await wrapping { try await database.mark(of: table, uid: definition.uid) }
    }

    package func witness() async throws -> String? {
        try await wrapping {
            var witness = SQLWitness(columns: fields?.names.count ?? 0, rows: [])
            witness.count = try await database.writeCount()
            let columns = witnessColumns(witness.columns)
            let rows = try await database.read(
                """
                SELECT \(columns)
                FROM \(relation)
                ORDER BY \(name: idName)
                LIMIT \(SQLWitness.rowsAtEnd)
                """,
                """
                SELECT \(columns)
                FROM \(relation)
                ORDER BY \(name: idName) DESC
                LIMIT \(SQLWitness.rowsAtEnd)
                """
            )
            var known: Set<Int64> = []
            for row in rows.flatMap({ witnessRows($0) })
            where known.insert(row.id).inserted { witness.rows.append(row) }
            return try JSONText.encode(witness)
        }
    }

    package func compare(
        mark: String,
        with known: SourceIdentity,
        passed cursor: Int64?
    ) async throws -> SourceComparison {
        guard let cursor else { return .same }
        let witness = try known.witness.map { try JSONText.decode(SQLWitness.self, from: $0) }
        let verdict = try await wrapping {
            try await database.compare(
                mark: mark,
                with: known.mark,
                writtenSince: witness?.count,
                of: table,
                columns: (definition.uid, definition.item),
                // Other rows have other uids, and so other numbers.
                passed: isNumbered ? nil : cursor
            )
        }
        switch verdict {
        case .same: return .same
        case .another(let words): return .another(words)
        case .emptied: return try await verdictOnEmptied(cursor, nil)
        case .sameUnlessContradicted(let words):
            let agreement = try await agreement(with: witness)
            return agreement.isContradiction && !agreement.isProof ? .another(words) : .same
        case .anotherUnlessProven(let words):
            let agreement = try await agreement(with: witness)
            if agreement.isProof { return .same }
            if agreement.found == 0 { return try await verdictOnEmptied(cursor, words) }
            return .another(words)
        }
    }

    package func otherNames() async throws -> [String] {
        try await wrapping { try await database.sourceNames(of: table) }
    }

    package func isRenamed(
        from name: String,
        _ known: String,
        to mark: String
    ) async throws -> Bool {
        // What is no plain name was given with its schema apart, and may be anywhere.
        guard database.isRenaming(known, to: mark), let name = try? SQLTableName(verbatim: name)
        else { return false }
        return try await wrapping { try await database.table(name) == nil }
    }

    package func timeline(in mark: String) -> Int64? { database.timeline(inMark: mark) }

    // The server, and not the database in it: a standby has all of them as they were at one moment.
    package func isKept(beside inventory: String) -> Bool {
        guard let slash = definition.database.firstIndex(of: "/") else { return false }
        return inventory.hasPrefix(definition.database[...slash])
    }

    /// What it means that none of the known rows is left.
    private func verdictOnEmptied(_ cursor: Int64, _ words: String?) async throws
        -> SourceComparison
    {
        let left = try await items(in: .min...cursor, limit: 1)
        if let words, !left.isEmpty { return .another(words) }
        return try await highestID().map { $0 > cursor } ?? false ? .same : .open
    }

    private func agreement(with witness: SQLWitness?) async throws -> SQLWitness.Agreement {
        var agreement = SQLWitness.Agreement()
        guard let witness, !witness.rows.isEmpty, witness.columns <= fields?.names.count ?? 0
        else { return agreement }
        let ids = witness.rows.map(\.id).sorted()
        let rows = try await wrapping {
            let found = try await database.read(
                """
                SELECT \(witnessColumns(witness.columns))
                FROM \(relation)
                WHERE \(database.dialect.column(idName, isAmong: ids))
                """
            )
            return witnessRows(found[0])
        }
        let known = Dictionary(witness.rows.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        for row in rows {
            if let before = known[row.id] { agreement.add(row, asItWas: before) }
        }
        return agreement
    }

    /// The id, the payload, and as many columns as were there: those that came later stand behind.
    private func witnessColumns(_ count: Int) -> SQLStatement {
        var columns: SQLStatement = "\(name: idName)"
        let item: SQLStatement =
            definition.item.map { database.dialect.beginning(of: $0) } ?? "NULL"
        columns.append(", \(item)")
        for name in (fields?.names ?? []).prefix(count) {
            columns.append(", \(database.dialect.beginning(of: name))")
        }
        return columns
    }

    private func witnessRows(_ rows: SQLRows) -> [SQLWitness.Row] {
        rows.map { row -> SQLWitness.Row? in
            // What is no integer is refused where it is planned.
            guard let id = row.value().integer else { return nil }
            let item = row.value()
            var itemDigest = SQLDigest()
            itemDigest.add(item)
            var digest = SQLDigest()
            for _ in 2..<max(rows.width, 2) { digest.add(row.value()) }
            return SQLWitness.Row(
                id: id,
                item: definition.item == nil ? nil : itemDigest.value,
                all: digest.value
            )
        }.compactMap(\.self)
    }
}
