import Testing
import Tranche
import TrancheSQLite

@Suite("What SQLite's codes call for")
struct SQLiteErrorTests {
    /// Source: sqlite.org/rescode.html.
    static let codes: [(code: Int32, category: ErrorCategory)] = [
        (1, .permanent),  // SQLITE_ERROR
        (3, .permanent),  // SQLITE_PERM
        (5, .transient),  // SQLITE_BUSY
        (261, .transient),  // SQLITE_BUSY_RECOVERY
        (517, .transient),  // SQLITE_BUSY_SNAPSHOT
        (773, .transient),  // SQLITE_BUSY_TIMEOUT
        (6, .transient),  // SQLITE_LOCKED
        (262, .transient),  // SQLITE_LOCKED_SHAREDCACHE
        (7, .transient),  // SQLITE_NOMEM
        (8, .permanent),  // SQLITE_READONLY
        (1544, .permanent),  // SQLITE_READONLY_DIRECTORY
        (10, .transient),  // SQLITE_IOERR
        (266, .transient),  // SQLITE_IOERR_READ
        (1034, .transient),  // SQLITE_IOERR_FSYNC
        (11, .permanent),  // SQLITE_CORRUPT
        (13, .transient),  // SQLITE_FULL
        (14, .permanent),  // SQLITE_CANTOPEN
        (15, .transient),  // SQLITE_PROTOCOL
        (19, .conflict),  // SQLITE_CONSTRAINT
        (2067, .conflict),  // SQLITE_CONSTRAINT_UNIQUE
        (1555, .conflict),  // SQLITE_CONSTRAINT_PRIMARYKEY
        (20, .permanent),  // SQLITE_MISMATCH
        (21, .permanent),  // SQLITE_MISUSE
        (23, .permanent),  // SQLITE_AUTH
        (26, .permanent),  // SQLITE_NOTADB
    ]

    @Test("A code has a category", arguments: codes)
    func category(_ row: (code: Int32, category: ErrorCategory)) {
        #expect(SQLiteError.category(of: row.code) == row.category)
    }
}
