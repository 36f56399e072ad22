package import Tranche

/// Into which table records are loaded, and how.
package struct SQLLoad: Sendable {
    /// A column that gets a value.
    package struct Column: Sendable {
        package let name: String
        /// The declared type, in the database's spelling.
        package let type: String
        /// What the type comes down to: a domain's base type on PostgreSQL, a column's affinity on SQLite.
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

    package init(table: SQLTableName, columns: [Column], key: [String], fields: RecordFields) {
        self.table = table
        self.columns = columns
        self.key = key
        self.fields = fields
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

    /// Refuses records that lack a part of the key.
    package func requireKeys(of records: [Record]) throws {
        let places = keyPlaces
        if places.isEmpty { return }
        let lacking = records.compactMap { record -> (id: Int64, message: String)? in
            let missing = places.first { record.cell($0).kind == .null }
            return missing.map {
                (record.id, "\(fields.names[$0]) is part of the key and has no value")
            }
        }
        if !lacking.isEmpty { throw RecordsRefused(lacking) }
    }
}
