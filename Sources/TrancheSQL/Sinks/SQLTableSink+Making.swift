package import Tranche

/// A column of a table that is to be made.
package struct NewColumn: Sendable, Hashable {
    package var name: String
    package var kind: SQLColumnKind
    /// Whether a double holds all numbers that were seen without loss.
    package var fitsDouble: Bool
    /// Whether a value was seen, or a schema says the kind: else any column will do.
    package var isKnown: Bool

    package init(
        name: String,
        kind: SQLColumnKind,
        fitsDouble: Bool = true,
        isKnown: Bool = true
    ) {
        self.name = name
        self.kind = kind
        self.fitsDouble = fitsDouble
        self.isKnown = isKnown
    }
}

/// A table that was made, or would be.
package struct MadeTable: Sendable, Hashable {
    /// The table, in words.
    package var name: String
    /// The statement that makes it.
    package var statement: String
    /// Whether it was there before; it may have other columns, too.
    package var isThere: Bool
}

/// A sink whose table can be made for the records.
package protocol TableMakingSink: RecordSink {
    /// Makes the table, unless it is there.
    ///
    /// What becomes of fields that a table which is there has no column for is decided when it is
    /// written to.
    ///
    /// - Parameters:
    ///   - columns: The columns; at least one where the table is not there.
    ///   - fault: What is wrong with the first record that could not be read, in words.
    ///   - store: The store that the sink is beside.
    ///   - isTrial: Whether to make nothing.
    /// - Returns: What is made.
    /// - Throws: `TrancheError` `.invalidArgument` where a table is there with another key, or with
    ///   columns of types that do not hold the fields' values, or there can be no such one; of the
    ///   database.
    func makeTable(
        _ columns: [NewColumn],
        fault: String?,
        beside store: any InventoryStore,
        isTrial: Bool
    ) async throws -> MadeTable
}

extension SQLTableSink: TableMakingSink {
    package func makeTable(
        _ columns: [NewColumn],
        fault: String?,
        beside store: any InventoryStore,
        isTrial: Bool
    ) async throws -> MadeTable {
        let database = try await open(beside: store)
        let isOwn = location != nil
        do {
            let made = try await makeTable(columns, fault, in: database, isTrial: isTrial)
            if isOwn { await database.close() }
            return made
        } catch {
            if isOwn { await database.close() }
            throw error
        }
    }

    private func makeTable(
        _ columns: [NewColumn],
        _ fault: String?,
        in database: any SQLDatabase,
        isTrial: Bool
    ) async throws -> MadeTable {
        let name = try SQLTableName(verbatim: table)
        let text = statement(name, columns, database.dialect)
        try await wrapping { try await database.requireSchema(of: name) }
        if let found = try await wrapping({ try await database.table(name) }) {
            try requireSame(found, columns, database.dialect)
            return MadeTable(name: self.name, statement: text, isThere: true)
        }
        try requireFit(columns, fault, database.dialect)
        if isTrial { return MadeTable(name: self.name, statement: text, isThere: false) }
        do {
            _ = try await wrapping { try await database.write(["\(unsafeRaw: text)"]) }
        } catch {
            // Another process may have been faster.
            guard let found = try await wrapping({ try await database.table(name) }) else {
                throw error
            }
            try requireSame(found, columns, database.dialect)
            return MadeTable(name: self.name, statement: text, isThere: true)
        }
        return MadeTable(name: self.name, statement: text, isThere: false)
    }

    private func requireFit(
        _ columns: [NewColumn],
        _ fault: String?,
        _ dialect: any SQLDialect
    ) throws {
        let names = columns.map(\.name)
        guard !names.isEmpty else {
            let reason =
                fault.map { "none of the records can be read; the first: \($0)" }
                ?? "the records have no fields to make columns of"
            throw TrancheError(.invalidArgument, "no table is made for \(name): \(reason)")
        }
        guard names.count <= dialect.mostColumns else {
            throw TrancheError(
                .invalidArgument,
                "no table is made for \(name): the records have \(names.count) fields, and a table "
                    + "has at most \(dialect.mostColumns) columns"
            )
        }
        if let missing = key.first(where: { !names.contains($0) }) {
            throw TrancheError(
                .invalidArgument,
                "no table is made for \(name): the records have no field '\(missing)', which is to "
                    + "be the key; they have \(names.joined(separator: ", "))"
            )
        }
        // To SQLite names are the same in any case of ASCII's letters.
        var known: [String: String] = [:]
        for column in names {
            let folded = dialect.hasOneWriter ? Self.folded(column) : column
            guard let other = known.updateValue(column, forKey: folded) else { continue }
            throw TrancheError(
                .invalidArgument,
                "no table is made for \(name): the fields '\(other)' and '\(column)' would be one "
                    + "column. Give one of them another name (--map)"
            )
        }
        for column in names {
            guard let objection = dialect.objection(toColumn: column) else { continue }
            throw TrancheError(
                .invalidArgument,
                "no table is made for \(name): it cannot have a column '\(column)': \(objection). "
                    + "Give the field another name (--map)"
            )
        }
    }

    private static func folded(_ name: String) -> String {
        let bytes = name.utf8.map { 0x41...0x5A ~= $0 ? $0 | 0x20 : $0 }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func type(of column: NewColumn, _ dialect: any SQLDialect) -> String {
        // SQLite has no type for digits; where a double holds all of them it is a number all the
        // same.
        let isReal = column.kind == .decimal && dialect.hasOneWriter && column.fitsDouble
        return dialect.type(of: isReal ? .real : column.kind)
    }

    private func statement(
        _ name: SQLTableName,
        _ columns: [NewColumn],
        _ dialect: any SQLDialect
    ) -> String {
        var lines = columns.map { column in
            let isKey = key.contains(column.name)
            return "    \(column.name.quotedAsName) \(type(of: column, dialect))"
                + (isKey ? " NOT NULL" : "")
        }
        if !key.isEmpty {
            let names = key.map(\.quotedAsName).joined(separator: ", ")
            lines.append("    PRIMARY KEY (\(names))")
        }
        // Types that SQLite holds values to, as other databases do.
        let end = dialect.hasOneWriter ? ") STRICT" : ")"
        return "CREATE TABLE \(name.quoted) (\n\(lines.joined(separator: ",\n"))\n\(end)"
    }

    /// Refuses a table whose columns would not keep the records' values as they are, and one with
    /// another key.
    private func requireSame(
        _ found: SQLTable,
        _ columns: [NewColumn],
        _ dialect: any SQLDialect
    ) throws {
        var differences: [String] = []
        for column in columns {
            // Whether it may lack one is decided as for any table that is written to.
            guard column.isKnown, let there = found.column(column.name) else { continue }
            let type = type(of: column, dialect)
            guard !holds(there.type, column, dialect) else { continue }
            differences.append("column '\(column.name)' is \(there.type), and would be \(type)")
        }
        if !key.isEmpty, !found.indexes.contains(where: { $0.names(a: key) }) {
            differences.append("its key is not \(key.joined(separator: ", "))")
        }
        guard !differences.isEmpty else { return }
        throw TrancheError(
            .invalidArgument,
            "\(name) is there, and is another: \(differences.joined(separator: "; ")). Leave out "
                + "--create-table to load into it as it is, or name another table"
        )
    }

    /// Whether a column of a type holds what one that would be made does.
    private func holds(_ there: String, _ column: NewColumn, _ dialect: any SQLDialect) -> Bool {
        var kinds: [SQLColumnKind] = [column.kind, .text]
        if column.kind == .integer { kinds.append(.decimal) }
        // A column of SQLite that was made for numbers with fractions holds whole ones, too.
        if column.kind == .integer, column.fitsDouble, dialect.hasOneWriter { kinds.append(.real) }
        let types = kinds.map { dialect.type(of: $0) } + [type(of: column, dialect)]
        return types.contains { $0.lowercased() == there.lowercased() }
    }
}
