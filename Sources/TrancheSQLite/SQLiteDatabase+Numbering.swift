import Tranche
package import TrancheSQL

/// How uids are numbered that are not integers.
extension SQLiteDatabase {
    package func numbering(
        of column: SQLTable.Column,
        in name: SQLTableName,
        settledBy settled: SQLTable.Column?
    ) async throws -> UIDNumbering? {
        guard try await holdsTexts(column, in: name) else { return nil }
        // Texts are compared with a number as texts where the column makes a text of each.
        var numbering = UIDNumbering(
            .text,
            lowest: column.baseType == SQLiteAffinity.text.rawValue ? "''" : "-1e999"
        )
        if let rowID = try await rowID(of: name) {
            // New rows get a higher number than all others.
            numbering.order = UIDNumbering.Order("tranche_t.\(name: rowID)", .integer)
        }
        return numbering
    }

    /// Whether a column is one of texts, or of UUIDs or times that are kept as such.
    private func holdsTexts(_ column: SQLTable.Column, in name: SQLTableName) async throws -> Bool {
        let type = column.type.uppercased()
        if ["CHAR", "CLOB", "TEXT"].contains(where: type.contains) { return true }
        guard column.kind == .any else { return false }
        var row = try await read(
            "SELECT typeof(\(name: column.name)) FROM \(name) ORDER BY \(name: column.name) LIMIT 1"
        )[0].first
        if let found = row?.value().text { return found == "text" }
        return ["UUID", "GUID", "ULID", "TIME", "DATE"].contains(where: type.contains)
    }

    /// A name of the number of a table's rows; `nil` for a view, and a table without.
    private func rowID(of name: SQLTableName) async throws -> String? {
        let rows = try await read(
            """
            SELECT 1 FROM pragma_table_list
            WHERE lower(name) = lower(\(name.table)) AND schema = \(name.schema ?? "main")
                AND type = 'table' AND wr = 0
            """
        )
        guard !rows[0].isEmpty, let table = try await table(name) else { return nil }
        let columns = Set(table.columns.map { $0.name.lowercased() })
        return ["rowid", "_rowid_", "oid"].first { !columns.contains($0) }
    }
}
