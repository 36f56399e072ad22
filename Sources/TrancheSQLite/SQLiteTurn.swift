internal import CPosix
import Foundation
import TrancheSQL

/// The place at the door of an inventory file, for writers in turn.
///
/// SQLite's lock goes to whoever asks at the right moment, which is mostly whoever had it last. Here a
/// writer first takes the door, then waits for SQLite's lock, then leaves the door: whoever
/// has just written must take the door again, and so stands behind the one who waits there.
///
/// A process with several writers keeps the door for some of their transactions: after another
/// process has written, SQLite must read its pages anew, and that is worth doing more rarely.
final class SQLiteTurn: Sendable {
    /// The longest that a process with several writers keeps the door.
    static let longest: Duration = .milliseconds(20)

    private let file: Int32

    /// Opens the door of a database file: a lock file beside it, empty, kept.
    init(besides path: String) throws(SQLiteError) {
        file = tranche_open(path + "-turn", O_RDWR | O_CREAT, 0o644)
        guard file >= 0 else {
            throw SQLiteError(
                code: 14,
                message:
                    "cannot open '\(path)-turn' for writing: \(String(cString: strerror(errno)))"
            )
        }
    }

    deinit {
        close(file)
    }

    /// Takes the door.
    ///
    /// - Returns: Whether it was had before the waiter gave up.
    func take(_ waiter: SQLiteLockWaiter) -> Bool {
        while tranche_lock_file(file, 1) != 0 {
            if !waiter.waits() { return false }
        }
        return true
    }

    /// Leaves the door.
    func leave() {
        _ = tranche_lock_file(file, 0)
    }
}
