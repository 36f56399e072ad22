import Tranche
package import TrancheSQL

/// How uids are numbered that are not integers.
extension PostgreSQLDatabase {
    package func numbering(
        of column: SQLTable.Column,
        in name: SQLTableName,
        settledBy settled: SQLTable.Column?
    ) async throws -> UIDNumbering? {
        guard let kind = Self.uidKind(of: column) else { return nil }
        var numbering = UIDNumbering(kind, lowest: Self.lowest(kind))
        if kind == .text { numbering.collation = try await collation(of: column.name, in: name) }
        let key: SQLStatement = "tranche_t.\(name: column.name)"
        if let settled, let order = try await order(by: settled, in: name) {
            numbering.order = order
        } else if try await rises(column.name, kind, in: name) {
            var order = UIDNumbering.Order(key, kind)
            order.collation = numbering.collation
            if kind == .instant { order.isMeant = "\(key) <= clock_timestamp()" }
            numbering.order = order
        }
        return numbering
    }

    private static func uidKind(of column: SQLTable.Column) -> UIDKind? {
        switch column.baseType {
        case "uuid": .uuid
        case "text", "character varying": .text
        case "timestamp without time zone": .timestamp
        case "timestamp with time zone": .instant
        case "date": .date
        default: nil
        }
    }

    private static func lowest(_ kind: UIDKind) -> SQLStatement {
        switch kind {
        case .uuid: "CAST('00000000-0000-0000-0000-000000000000' AS uuid)"
        case .text: "''"
        case .timestamp: "CAST('-infinity' AS timestamp)"
        case .instant: "CAST('-infinity' AS timestamptz)"
        case .date: "CAST('-infinity' AS date)"
        case .integer: "0"
        }
    }

    /// The collation of a column, which its indexes go by.
    private func collation(of column: String, in name: SQLTableName) async throws -> SQLStatement {
        let rows = try await read(
            """
            SELECT quote_ident(n.nspname) || '.' || quote_ident(c.collname)
            FROM pg_attribute AS a
            JOIN pg_collation AS c ON c.oid = a.attcollation
            JOIN pg_namespace AS n ON n.oid = c.collnamespace
            WHERE a.attrelid = to_regclass(\(name.quoted)) AND a.attname = \(column)
            """
        )
        guard var row = rows[0].first else { return "" }
        return " COLLATE \(unsafeRaw: try row.text())"
    }

    /// The order of a column of times; `nil` where it has no index that begins with it.
    private func order(
        by column: SQLTable.Column,
        in name: SQLTableName
    ) async throws -> UIDNumbering.Order? {
        guard let kind = Self.uidKind(of: column), [.timestamp, .instant, .date].contains(kind)
        else { return nil }
        let rows = try await read(
            """
            SELECT 1
            FROM pg_index AS i
            JOIN pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_am AS m ON m.oid = c.relam
            JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
            WHERE i.indrelid = to_regclass(\(name.quoted)) AND a.attname = \(column.name)
                AND i.indisvalid AND i.indpred IS NULL AND m.amname = 'btree'
            LIMIT 1
            """
        )
        guard !rows[0].isEmpty else { return nil }
        let value: SQLStatement = "tranche_t.\(name: column.name)"
        var order = UIDNumbering.Order(value, kind)
        if kind == .instant { order.isMeant = "\(value) <= clock_timestamp()" }
        return order
    }

    /// Whether the uids themselves rise as rows come: times do, UUIDs of version 7 and ULIDs.
    private func rises(
        _ column: String,
        _ kind: UIDKind,
        in name: SQLTableName
    ) async throws -> Bool {
        let isTimely: SQLStatement
        switch kind {
        case .timestamp, .instant, .date: return true
        case .uuid: isTimely = "substr(CAST(tranche_key AS text), 15, 1) = '7'"
        case .text: isTimely = "tranche_key COLLATE \"C\" ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'"
        case .integer: return false
        }
        func edge(_ direction: String) -> SQLStatement {
            """
            (
                SELECT \(name: column) AS tranche_key
                FROM \(name)
                ORDER BY \(name: column) \(unsafeRaw: direction)
                LIMIT 50
            )
            """
        }
        let rows = try await read(
            """
            SELECT coalesce(bool_and(\(isTimely)), false)
            FROM (\(edge("ASC")) UNION ALL \(edge("DESC"))) AS tranche_edges
            """
        )
        guard var row = rows[0].first else { return false }
        return try row.boolean()
    }
}
