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

    package var mayBlameRow: Bool { refusesRow }

    /// Whether a row breaks a rule that others need not break.
    ///
    /// A generated column, an index on an expression or a trigger may fail for a value with the general code;
    /// what is wrong with a statement itself is found when it is prepared.
    var refusesRow: Bool {
        [SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_ERROR].contains(code & 0xff)
    }

    /// Whether SQLite itself found a rule broken, a trigger's among them.
    var isConstraint: Bool { code & 0xff == SQLITE_CONSTRAINT }

    /// Whether a row refers to one that is not there.
    var lacksReferred: Bool { code == Self.foreignKey }

    /// `SQLITE_CONSTRAINT_FOREIGNKEY`, which Swift does not import.
    static let foreignKey = SQLITE_CONSTRAINT | 3 << 8

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
