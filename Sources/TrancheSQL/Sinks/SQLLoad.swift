package import Tranche

/// Into which table records are loaded, and how.
package struct SQLLoad: Sendable {
    /// A column that gets a value.
    package struct Column: Sendable {
        package let name: String
        /// The declared type, in the database's spelling.
        package let type: String
        /// What the type comes down to: a domain's base type on PostgreSQL, a column's affinity on
        /// SQLite.
        package let baseType: String

        package init(name: String, type: String, baseType: String) {
            self.name = name
            self.type = type
            self.baseType = baseType
        }
    }

    package let table: SQLTableName
    /// The columns, in the order of the records' fields.
    package let columns: [Column]
    /// The columns that name a row; empty to add each record as a row of its own.
    package let key: [String]
    /// The fields of the records.
    package let fields: RecordFields
    /// Whether rows must come by `INSERT`.
    package let needsInserts: Bool
    /// Whether a row that the database refuses is looked for, so that the others are loaded.
    package let isCareful: Bool

    package init(
        table: SQLTableName,
        columns: [Column],
        key: [String],
        fields: RecordFields,
        needsInserts: Bool = false,
        isCareful: Bool = false
    ) {
        self.table = table
        self.columns = columns
        self.key = key
        self.fields = fields
        self.needsInserts = needsInserts
        self.isCareful = isCareful
    }

    /// Where the key's fields stand.
    package var keyPlaces: [Int] { key.compactMap { fields.place(of: $0) } }

    /// The columns' names, quoted.
    package var columnList: String { columns.map(\.name.quotedAsName).joined(separator: ", ") }

    /// What follows an `INSERT` so that a row that is there is replaced.
    package var onConflict: String {
        if key.isEmpty { return "" }
        let others = columns.map(\.name).filter { !key.contains($0) }
        let target = key.map(\.quotedAsName).joined(separator: ", ")
        if others.isEmpty { return " ON CONFLICT (\(target)) DO NOTHING" }
        let changes = others.map { "\($0.quotedAsName) = excluded.\($0.quotedAsName)" }
        return " ON CONFLICT (\(target)) DO UPDATE SET \(changes.joined(separator: ", "))"
    }

    /// The records that lack a part of the key.
    package func lackingKey(of records: [Record]) -> [RefusedRecord] {
        let places = keyPlaces
        if places.isEmpty { return [] }
        return records.compactMap { record in
            guard let missing = places.first(where: { record.cell($0).kind == .null }) else {
                return nil
            }
            let name = fields.names[missing]
            return RefusedRecord(
                record,
                field: name,
                "column '\(name)' is part of the key and has no value"
            )
        }
    }

    /// What came of a loading.
    package struct End: Sendable {
        /// How many rows were written.
        package var rows: Int
        /// The records that were not taken and have not been told yet.
        package var refused: [RefusedRecord]

        package init(rows: Int, refused: [RefusedRecord] = []) {
            self.rows = rows
            self.refused = refused
        }
    }
}
