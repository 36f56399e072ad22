import Tranche
package import TrancheSQL

extension SQLiteDatabase {
    /// Finds out what a table or view does not promise of its ids.
    ///
    /// Writers need no watching: they come one after the other, and so an id is committed before
    /// the next is given. An engine that lets several write at once is recognised where the file's
    /// header has a number of its own; SQLite's branch with `BEGIN CONCURRENT` leaves no mark.
    package func watch(_ name: SQLTableName, uid: String) async throws -> SQLSourceWatch {
        let column = try await table(name)?.column(uid)
        var risks: [SourceRisk] = []
        if try await withReader({ $0.isWrittenOtherwise }) { risks.append(.concurrentWriters) }
        if try await isView(name) {
            let changing = try await changingCalls(ofView: name)
            if !changing.isEmpty { risks.append(.changingView(changing)) }
            let reads = try await reads(of: uid, in: name)
            if reads.tables.count > 1 {
                risks += [.severalTables(reads.tables), .noUniqueIndex(uid)]
            } else if let table = reads.tables.first {
                let table = SQLTableName(schema: name.schema, table: table)
                risks += try await self.risks(ofTable: table, isRowID: reads.isRowID)
                let isUnique = try await self.table(table)?.column(uid)?.isUnique ?? false
                if reads.isRepeated || !reads.isRowID && !isUnique {
                    risks.append(.noUniqueIndex(uid))
                }
            }
        } else {
            risks += try await self.risks(ofTable: name, isRowID: isRowID(uid, of: name))
            if let column, !column.isUnique {
                let index = try await index(on: column.name, of: name)
                risks.append(.noUniqueIndex(uid, index))
            }
        }
        return SQLSourceWatch(risks: risks)
    }

    /// What is known of the indexes on a table's column; `nil` of what is none of SQLite's tables.
    private func index(on column: String, of name: SQLTableName) async throws -> SourceIndex? {
        let rows = try await read(dialect.hasIndex(on: column, of: name))
        guard var row = rows[0].first, let isThere = try row.optionalInteger() else { return nil }
        let statement = dialect.creatingIndex(on: [column], of: name, isUnique: true)
        return SourceIndex(isThere: isThere != 0, remedy: .init(statement, isUnique: true))
    }

    private func isView(_ name: SQLTableName) async throws -> Bool {
        let rows = try await read(
            """
            SELECT 1 FROM \(master(of: name))
            WHERE type = 'view' AND lower(name) = lower(\(name.table))
            """
        )
        return !rows[0].isEmpty
    }

    /// What a view, and the views that it may read, call that may answer otherwise another time.
    private func changingCalls(ofView name: SQLTableName) async throws -> [String] {
        let rows = try await read(
            "SELECT lower(name), sql FROM \(master(of: name)) WHERE type = 'view' AND sql IS NOT "
                + "NULL"
        )
        var texts = try Dictionary(
            rows[0].map { (try $0.text(), FilterCalls(in: try $0.text())) },
            uniquingKeysWith: { $1 }
        )
        var found: Set<String> = []
        var next = [name.table.lowercased()]
        while let view = next.popLast() {
            guard let calls = texts.removeValue(forKey: view) else { continue }
            found.formUnion(try await changingFunctions(among: calls))
            next += texts.keys.filter { calls.words.contains($0) || calls.literals.contains($0) }
        }
        return found.sorted().map { "'\($0)'" }
    }

    /// Whether a column is the table's row number, which SQLite gives.
    ///
    /// Source: sqlite.org/lang_createtable.html, section 5.
    private func isRowID(_ uid: String, of name: SQLTableName) async throws -> Bool {
        let schema = name.schema ?? "main"
        let rows = try await read(
            """
            SELECT 1 FROM pragma_table_list AS l
            JOIN pragma_table_xinfo(l.name, l.schema) AS c
            WHERE lower(l.name) = lower(\(name.table)) AND l.schema = \(schema)
                AND l.type = 'table' AND l.wr = 0
                AND lower(c.name) = lower(\(uid)) AND upper(c.type) = 'INTEGER' AND c.pk = 1
                AND 1 = (SELECT count(*) FROM pragma_table_info(l.name, l.schema) WHERE pk > 0)
                -- One that is spelt INTEGER PRIMARY KEY DESC has an index, and is none.
                AND NOT EXISTS (
                    SELECT 1 FROM pragma_index_list(l.name, l.schema) WHERE origin = 'pk'
                )
            """
        )
        return !rows[0].isEmpty
    }

    /// The tables that a view reads for a column, whether that is a table's row number, and whether
    /// one of the tables is read in several places.
    ///
    /// SQLite keeps no list of what a view reads; the program that it makes of a query tells. One
    /// of another SQLite's, which may read otherwise, tells nothing here, and no risk is named.
    private func reads(
        of uid: String,
        in name: SQLTableName
    ) async throws -> (tables: [String], isRowID: Bool, isRepeated: Bool) {
        let rows = try await read(
            "EXPLAIN SELECT \(name: uid) FROM \(name)",
            """
            SELECT m.rootpage, m.tbl_name FROM \(master(of: name)) AS m
            WHERE m.type IN ('table', 'index') AND m.rootpage > 0
            """
        )
        let names = try Dictionary(
            rows[1].map { (try $0.integer(), try $0.text()) },
            uniquingKeysWith: { $1 }
        )
        var tables: Set<String> = []
        var roots: Set<Int64> = []
        var isRepeated = false
        var rowIDs: Set<Int64> = []
        var result: Int64?
        for index in 0..<rows[0].count {
            var row = rows[0][index]
            _ = row.value()
            let code = try row.text()
            let first = row.value().integer
            let second = row.value().integer
            switch code {
            case "OpenRead":
                guard let second, let table = names[second] else { continue }
                tables.insert(table)
                if !roots.insert(second).inserted { isRepeated = true }
            case "Rowid", "IdxRowid": if let second { rowIDs.insert(second) }
            case "ResultRow": result = first
            default: break
            }
        }
        let isRowID = result.map { rowIDs.contains($0) } ?? false
        return (tables.sorted(), isRowID, isRepeated)
    }

    private func risks(ofTable name: SQLTableName, isRowID: Bool) async throws -> [SourceRisk] {
        guard isRowID else { return [.explicitIDs(name.table)] }
        let rows = try await read(
            """
            SELECT sql FROM \(master(of: name))
            WHERE type = 'table' AND lower(name) = lower(\(name.table))
            """
        )
        guard var row = rows[0].first, let sql = row.optionalText() else { return [] }
        return FilterCalls(in: sql).words.contains("autoincrement")
            ? [] : [.reusedIDs(name.table)]
    }

    private func master(of name: SQLTableName) -> SQLTableName {
        SQLTableName(schema: name.schema ?? "main", table: "sqlite_master")
    }
}

// MARK: - Texts

extension SourceRisk {
    fileprivate static func reusedIDs(_ table: String) -> SourceRisk {
        SourceRisk(
            "reused-ids",
            "'\(table)' was made without AUTOINCREMENT: the highest id is used again after a delete, "
                + "and a row that comes under an id handed out before is handed out to nobody. Make "
                + "the column INTEGER PRIMARY KEY AUTOINCREMENT, or never delete the newest row"
        )
    }

    fileprivate static var concurrentWriters: SourceRisk {
        SourceRisk(
            "concurrent-writers",
            "the file is written by an engine that lets several write at once, and so commits ids "
                + "in another order than it gives them. \(lagRemedy)"
        )
    }

    fileprivate static func explicitIDs(_ table: String) -> SourceRisk {
        SourceRisk(
            "explicit-ids",
            "the ids of '\(table)' are given by whoever inserts, in an order that is not known. "
                + "\(lagRemedy). A column INTEGER PRIMARY KEY AUTOINCREMENT avoids it"
        )
    }

    fileprivate static func severalTables(_ names: [String]) -> SourceRisk {
        SourceRisk(
            "several-tables",
            "the view reads \(names.map { "'\($0)'" }.joined(separator: ", ")): a row may appear "
                + "when another table's row is committed. \(lateRemedy)"
        )
    }
}
