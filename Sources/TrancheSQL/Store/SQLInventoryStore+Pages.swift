package import Tranche

/// Pages that are found one from another.
extension SQLInventoryStore {
    package func beginPages(
        _ list: String,
        first: String?,
        repeated: RepeatedCursor?
    ) async throws {
        try await wrapping {
            // Most often it is known, and nothing is written.
            let known = try await database.read(selectBeginning(of: list))[0]
            if try begins(known, with: first, in: list, repeated) { return }
            let made = try await database.write(
                insert(list, first, repeated) + [selectBeginning(of: list)]
            )
            // Who was faster may have begun it otherwise.
            _ = try begins(made[made.count - 1], with: first, in: list, nil)
        }
    }

    /// Makes a list where it can be, and says what a repeated cursor means.
    private func insert(
        _ list: String,
        _ first: String?,
        _ repeated: RepeatedCursor?
    ) -> [SQLStatement] {
        var statements: [SQLStatement] = []
        if let first {
            statements = [
                """
                INSERT INTO \(tables.pageList) (name, repeated)
                VALUES (\(list), \((repeated ?? .fails).rawValue))
                ON CONFLICT DO NOTHING
                """,
                """
                INSERT INTO \(tables.page) (list_id, number, cursor, hash, weight)
                SELECT id, 1, \(first), \(first.pageHash), 1
                FROM \(tables.pageList)
                WHERE name = \(list)
                ON CONFLICT DO NOTHING
                """,
            ]
        }
        if let repeated {
            statements.append(
                """
                UPDATE \(tables.pageList) SET repeated = \(repeated.rawValue)
                WHERE name = \(list) AND repeated <> \(repeated.rawValue)
                """
            )
        }
        return statements
    }

    private func selectBeginning(of list: String) -> SQLStatement {
        """
        SELECT p.cursor, l.repeated
        FROM \(tables.pageList) AS l
        JOIN \(tables.page) AS p ON p.list_id = l.id AND p.number = 1
        WHERE l.name = \(list)
        """
    }

    /// Whether a list is as it is asked for; false where it is still to be.
    private func begins(
        _ rows: SQLRows,
        with first: String?,
        in list: String,
        _ repeated: RepeatedCursor?
    ) throws -> Bool {
        guard var row = rows.first else {
            if first == nil { throw PagedSource.noPages(list, in: name) }
            return false
        }
        let known = try row.text()
        if let first, !known.utf8.elementsEqual(first.utf8) {
            throw PagedSource.beginsOtherwise(list, known, first)
        }
        return repeated.map { $0.rawValue == row.optionalText() } ?? true
    }

    // MARK: Reading

    package func pages(
        of list: String,
        in range: ClosedRange<Int64>,
        limit: Int
    ) async throws -> [PageRecord] {
        try await wrapping {
            try await database.read(
                """
                \(selectPages(of: list))
                    AND number >= \(range.lowerBound) AND number <= \(range.upperBound)
                ORDER BY number
                LIMIT \(limit)
                """
            )[0].map { try page(&$0) }
        }
    }

    package func lastPage(of list: String) async throws -> PageRecord? {
        try await wrapping {
            try await database.read(
                """
                \(selectPages(of: list))
                ORDER BY number DESC
                LIMIT 1
                """
            )[0].map { try page(&$0) }.first
        }
    }

    private func selectPages(of list: String) -> SQLStatement {
        """
        SELECT number, cursor, weight, page_end, batch_id, attempt
        FROM \(tables.page)
        WHERE list_id = (SELECT id FROM \(tables.pageList) WHERE name = \(list))
        """
    }

    private func page(_ row: inout SQLRow) throws -> PageRecord {
        var page = PageRecord(
            number: try row.integer(),
            cursor: try row.text(),
            weight: try row.optionalDouble() ?? 0,
            end: row.optionalText().flatMap { PageEnd(rawValue: $0) }
        )
        if let batch = try row.optionalInteger() {
            page.namedBy = AttemptKey(batch: batch, attempt: Int(try row.integer()))
        }
        return page
    }

    // MARK: Naming

    package func name(_ naming: PageNaming) async throws -> NamedSuccessor {
        try await wrapping {
            let statements = lockAndRead(naming)
            return try await database.withTransaction(statements) { connection, rows in
                try naming.requireHeld(try rows[0].map { try batch(&$0) }.first)
                var list = rows[1].first
                let id = try list?.integer()
                let change = try naming.decide(
                    PageNaming.Known(
                        repeated: list?.optionalText().flatMap { RepeatedCursor(rawValue: $0) }
                            ?? .fails,
                        page: try rows[2].map { try page(&$0) }.first,
                        next: try rows[3].map { try page(&$0) }.first,
                        same: try rows[4].map { try page(&$0) }.first
                    )
                )
                _ = try await connection.commit(write(change, of: naming, in: id ?? 0))
                return change.answer(of: naming.page)
            }
        }
    }

    /// Locks the batch, so that nobody is given it meanwhile, and the list, so that nobody else
    /// names anything; then reads what the decision needs, each by an index.
    private func lockAndRead(_ naming: PageNaming) -> [SQLStatement] {
        let cursor = naming.successor.cursor
        return [
            """
            SELECT \(batchColumns)
            FROM \(tables.batch)
            WHERE id = \(naming.holding?.batch)
            \(dialect.lockingRow)
            """,
            """
            SELECT id, repeated
            FROM \(tables.pageList)
            WHERE name = \(naming.list)
            \(dialect.lockingRow)
            """,
            "\(selectPages(of: naming.list)) AND number = \(naming.page)",
            "\(selectPages(of: naming.list)) AND number = \(naming.page.addingClamped(1))",
            """
            \(selectPages(of: naming.list)) AND hash = \(cursor?.pageHash) AND cursor = \(cursor)
            ORDER BY number
            LIMIT 1
            """,
        ]
    }

    private func write(
        _ change: PageNaming.Change,
        of naming: PageNaming,
        in list: Int64
    ) -> [SQLStatement] {
        let isPage: SQLStatement = "list_id = \(list) AND number = \(naming.page)"
        switch change {
        case .none: return []
        case .end(let end):
            return ["UPDATE \(tables.page) SET page_end = \(end.rawValue) WHERE \(isPage)"]
        case .add(let next):
            let named = next.namedBy
            return [
                """
                UPDATE \(tables.page) SET page_end = NULL
                WHERE \(isPage) AND page_end IS NOT NULL
                """,
                """
                INSERT INTO \(tables.page)
                    (list_id, number, cursor, hash, weight, batch_id, attempt)
                VALUES (
                    \(list), \(next.number), \(next.cursor), \(next.cursor.pageHash),
                    \(next.weight), \(named?.batch),
                    \(named.map { Int64($0.attempt) })
                )
                """,
            ]
        }
    }
}
