import Tranche
import TrancheSQL

extension PostgreSQLDatabase {
    /// What the indexes of a source's table do not promise; `nil` where one says that no id stands
    /// twice.
    func indexRisk(of uid: String, _ family: PostgreSQLSourceFamily) async throws -> SourceRisk? {
        guard family.isTraced, family.tables.count == 1, let column = family.columns.first else {
            return .noUniqueIndex(uid)
        }
        let rows = try await read(Self.describingIndexes(of: column))
        guard var row = rows[0].first else { return .noUniqueIndex(uid) }
        let kind = PostgreSQLSourceFamily.Relation.Kind(rawValue: try row.text())
        let table = SQLTableName(schema: try row.text(), table: try row.text())
        let (isThere, isUnique) = (try row.boolean(), try row.boolean())
        let (hasHeirs, takesUnique) = (try row.boolean(), try row.boolean())
        if isUnique, !hasHeirs { return nil }
        // An index of a table that others inherit from knows nothing of their rows, and a table of
        // another server has none here.
        guard !hasHeirs, kind != .foreign else { return .noUniqueIndex(uid) }
        let statement = PostgreSQLDialect().creatingIndex(
            on: [column.name],
            of: table,
            isUnique: takesUnique,
            isConcurrent: kind != .partitioned
        )
        let remedy = SourceIndex.Remedy(statement, isUnique: takesUnique)
        return .noUniqueIndex(uid, SourceIndex(isThere: isThere, remedy: remedy))
    }

    /// What kind of table a column is of, its schema and its name, which indexes there are, and
    /// whether a unique one can be made on the column alone.
    private static func describingIndexes(
        of column: PostgreSQLSourceFamily.Column
    ) -> SQLStatement {
        """
        SELECT c.relkind, CAST(n.nspname AS text), CAST(c.relname AS text),
            coalesce(bool_or(m.amname = 'btree'), false),
            coalesce(bool_or(i.indisunique AND i.indnkeyatts = 1), false),
            EXISTS (
                SELECT FROM pg_inherits AS h
                JOIN pg_class AS o ON o.oid = h.inhrelid
                WHERE h.inhparent = c.oid AND NOT o.relispartition
            ),
            -- A partitioned table's holds the columns that it is parted by.
            coalesce(
                (
                    SELECT p.partnatts = 1 AND p.partattrs[0] = a.attnum
                    FROM pg_partitioned_table AS p
                    WHERE p.partrelid = c.oid
                ),
                true
            )
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = \(column.name)
        LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indkey[0] = a.attnum
            AND i.indisvalid AND i.indpred IS NULL
        LEFT JOIN pg_class AS x ON x.oid = i.indexrelid
        LEFT JOIN pg_am AS m ON m.oid = x.relam
        WHERE c.oid = CAST(\(column.relation) AS oid)
        GROUP BY c.oid, c.relkind, n.nspname, c.relname, a.attname, a.attnum
        """
    }
}
