import CSQLite

/// A SQLite file that an application has beside, or together with, the inventory.
public struct ExampleDatabase: Sendable {
    private let path: String

    /// Names the file; it is made with the first statement.
    public init(at path: String) {
        self.path = path
    }

    /// Runs statements.
    public func execute(_ sql: String) throws {
        try withConnection { database in
            guard sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK else {
                throw failure(of: database)
            }
        }
    }

    /// The whole numbers of a query's first row.
    public func integers(_ sql: String) throws -> [Int] {
        try withConnection { database in
            var statement: OpaquePointer?
            defer { sqlite3_finalize(statement) }
            guard
                sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK,
                sqlite3_step(statement) == SQLITE_ROW
            else {
                throw failure(of: database)
            }
            return (0..<sqlite3_column_count(statement)).map { column in
                Int(sqlite3_column_int64(statement, column))
            }
        }
    }

    private func withConnection<R>(_ body: (OpaquePointer?) throws -> R) throws -> R {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        guard sqlite3_open(path, &database) == SQLITE_OK else { throw failure(of: database) }
        return try body(database)
    }

    private func failure(of database: OpaquePointer?) -> ExampleFailure {
        ExampleFailure(message: String(cString: sqlite3_errmsg(database)))
    }
}
