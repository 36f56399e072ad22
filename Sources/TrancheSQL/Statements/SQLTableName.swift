import Tranche

/// A table's name: verbatim, with or without a schema.
package struct SQLTableName: Sendable, Hashable {
    package let schema: String?
    package let table: String
    /// The name as statements spell it.
    package let quoted: String

    package init(schema: String? = nil, table: String) {
        self.schema = schema
        self.table = table
        quoted = (schema.map { $0.quotedAsName + "." } ?? "") + table.quotedAsName
    }

    /// The name as people write it: with its schema, where it has one.
    package var words: String { (schema.map { "\($0)." } ?? "") + table }

    /// Reads `table` or `schema.table`, without folding or unquoting.
    ///
    /// - Parameter name: The name; with more than one dot it must be split by the caller.
    /// - Throws: `TrancheError` `.invalidArgument`.
    package init(verbatim name: String) throws {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw TrancheError(
                .invalidArgument,
                "'\(name)' is not a table's name: give 'table' or 'schema.table'; a name that "
                    + "itself holds a dot goes as 'table:NAME', with its schema apart, and a file "
                    + "as 'csv:FILE' or 'jsonl:FILE'"
            )
        }
        self.init(schema: parts.count == 2 ? parts[0] : nil, table: parts[parts.count - 1])
    }
}
