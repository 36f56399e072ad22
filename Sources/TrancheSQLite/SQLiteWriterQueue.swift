internal import CPosix
import FoundationEssentials
import Glibc
import TrancheSQL

/// The queue of an inventory file's writers.
///
/// SQLite's lock goes to the caller that asks at the right moment, which is mostly the one that had
/// it last. Here a writer first gets the front of the queue, then waits for SQLite's lock, then
/// leaves the front: a writer that has just written queues again, behind the one that waits there.
///
/// A process with several writers keeps the front for some of their transactions: after another
/// process has written, SQLite must read its pages anew, and that is worth doing more rarely.
final class SQLiteWriterQueue: Sendable {
    /// The longest that a process with several writers keeps the front.
    static let longest: Duration = .milliseconds(20)

    private let file: Int32

    /// Opens the queue of a database file: a lock file beside it, empty, kept.
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

    /// Waits for the front of the queue.
    ///
    /// - Returns: Whether it was had before the waiter gave up.
    func take(_ waiter: SQLiteLockWaiter) -> Bool {
        while tranche_lock_file(file, 1) != 0 {
            if !waiter.waits() { return false }
        }
        return true
    }

    /// Leaves the front of the queue.
    func leave() {
        _ = tranche_lock_file(file, 0)
    }
}
