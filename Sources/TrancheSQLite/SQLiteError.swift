internal import CSQLite
package import Tranche
import TrancheSQL

/// An error of SQLite.
package struct SQLiteError: SQLDatabaseError, Sendable, CustomStringConvertible {
    /// SQLite's extended result code.
    package let code: Int32
    /// What SQLite says, without bound values.
    package let message: String

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    package var category: ErrorCategory { Self.category(of: code) }

    package var isBusy: Bool {
        [SQLITE_BUSY, SQLITE_LOCKED].contains(code & 0xff)
    }

    /// Whether a row breaks a rule that others need not break.
    var refusesRow: Bool {
        [SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG].contains(code & 0xff)
    }

    package var description: String { "SQLite: \(message) (code \(code))" }

    /// What to do about a result code.
    package static func category(of code: Int32) -> ErrorCategory {
        switch code & 0xff {
        // Another connection holds the lock, or the file cannot be read or written just now.
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL, SQLITE_IOERR, SQLITE_FULL, SQLITE_NOMEM:
            .transient
        case SQLITE_CONSTRAINT: .conflict
        default: .permanent
        }
    }
}
