import CSQLite
import Testing

/// Runs scripts on SQLite files as other programs do.
enum SQLiteScript {
    static func run(_ script: String, on path: String) throws {
        var database: OpaquePointer?
        defer { sqlite3_close(database) }
        try #require(sqlite3_open(path, &database) == SQLITE_OK)
        sqlite3_busy_timeout(database, 10_000)
        let code = sqlite3_exec(database, script, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(database)))")
    }
}
