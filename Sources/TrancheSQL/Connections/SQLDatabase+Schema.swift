import Tranche

extension SQLDatabase {
    /// Refuses to make a table in a schema that is not there.
    ///
    /// - Parameter name: The table's name; without a schema there is nothing to refuse.
    /// - Throws: `TrancheError` `.invalidArgument`; the database's error.
    func requireSchema(of name: SQLTableName) async throws {
        guard let schema = name.schema else { return }
        guard try await read(dialect.schema(named: schema))[0].isEmpty else { return }
        let remedy =
            dialect.hasOneWriter
            ? "a SQLite file has none but 'main': leave it out"
            : "make it first (CREATE SCHEMA \(schema.quotedAsName)), or name another one"
        throw TrancheError(
            .invalidArgument,
            "there is no schema '\(schema)' for the table '\(name.words)'; \(remedy)"
        )
    }
}
