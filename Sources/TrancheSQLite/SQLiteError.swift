internal import CSQLite
import FoundationEssentials
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

    package var refusesWriting: Bool { code & 0xff == SQLITE_READONLY }

    /// Whether a file, or its folder, does not let this program do what it wants.
    var isOfAccess: Bool { [SQLITE_READONLY, SQLITE_CANTOPEN].contains(code & 0xff) }

    package var mayBlameRow: Bool { refusesRow }

    /// Whether a row breaks a rule that others need not break.
    ///
    /// A generated column, an index on an expression or a trigger may fail for a value with the
    /// general code; what is wrong with a statement itself is found when it is prepared.
    var refusesRow: Bool {
        [SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_ERROR].contains(code & 0xff)
    }

    /// Whether SQLite itself found a rule broken, a trigger's among them.
    var isConstraint: Bool { code & 0xff == SQLITE_CONSTRAINT }

    /// Whether a row refers to one that is not there.
    var lacksReferred: Bool { code == Self.foreignKey }

    /// `SQLITE_CONSTRAINT_FOREIGNKEY`, which Swift does not import.
    static let foreignKey = SQLITE_CONSTRAINT | 3 << 8

    /// The error with what to do about a file, or a folder, that cannot be written.
    ///
    /// Source: sqlite.org/wal.html, section 5, "Read-Only Databases".
    func explained(path: String, isInventory: Bool) -> SQLiteError {
        guard isOfAccess else { return self }
        if let words = Self.absence(of: path) {
            return SQLiteError(code: code, message: "\(words) (\(message))")
        }
        let words =
            isInventory
            ? "the inventory '\(path)' cannot be read: somebody writes to it, and this user cannot "
                + "open the files beside it. Give this user the right to write to the folder, or "
                + "copy the file, with the one that ends with -wal where there is one, to a folder "
                + "of your own"
            : "'\(path)' cannot be read: it is in WAL mode, in which SQLite makes files beside it, "
                + "also to read, and its folder cannot be written. Give this user the right to "
                + "write to the folder, have somebody who may write the file run PRAGMA "
                + "journal_mode = DELETE, or copy the file, with the one that ends with -wal where "
                + "there is one, to a folder of your own"
        return SQLiteError(code: code, message: "\(words) (\(message))")
    }

    /// Why there is no file at a path; `nil` where there is one.
    static func absence(of path: String) -> String? {
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            return isFolder ? "'\(path)' is a folder, and no database" : nil
        }
        let folder = URL(filePath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder) else {
            return "'\(path)' cannot be opened: there is no folder '\(folder)'"
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            return
                "there is no database '\(path)', and none can be made: its folder cannot be written"
        }
        return "there is no database '\(path)'; make it first, as 'sqlite3 FILE VACUUM' does"
    }

    /// The error of writing to an inventory that can only be looked at.
    static func readOnly(_ path: String) -> SQLiteError {
        SQLiteError(
            code: SQLITE_READONLY,
            message: "'\(path)' cannot be written; give this user the right to write to the file "
                + "and to its folder"
        )
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
