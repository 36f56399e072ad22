import Glibc
import Synchronization

/// Files of SQLite databases, over which nothing else may be written.
package enum DatabaseFile {
    /// What every SQLite database begins with.
    ///
    /// Source: sqlite.org/fileformat2.html, section 1.3.1.
    package static let magic = Array("SQLite format 3\u{0}".utf8)

    /// The open files that were found to be databases.
    ///
    /// They stay open. The locks by which SQLite keeps a database whole are the process's, and to
    /// close any of its numbers for a file gives up all that it has on it: a database that is open
    /// here might be damaged then. Source: sqlite.org/howtocorrupt.html, section 2.2.
    private static let known = Mutex<[FileNumber: Int32]>([:])

    /// Says what a file has to do with a SQLite database.
    ///
    /// - Parameter path: The path; a link stands for what it leads to.
    /// - Returns: Words behind the file's name, such as `is a SQLite database`; `nil` where it has
    ///   nothing to do with one, or cannot be read.
    package static func words(about path: String) -> String? {
        if isDatabase(path) { return "is a SQLite database" }
        // What a link leads to may not be there yet, as while nobody has the database open.
        let place = ResolvedPath(SymbolicLinks.end(of: path)).text
        for ending in OwnFiles.endings where place.hasSuffix(ending) {
            let database = String(place.dropLast(ending.count))
            if isDatabase(database) { return "belongs to the SQLite database '\(database)'" }
        }
        return nil
    }

    /// Whether a file begins as a SQLite database does.
    ///
    /// - Parameter path: The path; a link stands for what it leads to.
    /// - Returns: Whether it does; `false` for one that cannot be read.
    package static func isDatabase(_ path: String) -> Bool {
        var status = Glibc.stat()
        // To open a pipe would wait for who writes to it.
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
        let number = FileNumber(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        return known.withLock { known in
            if let file = known[number] { return begins(file) }
            let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard file >= 0 else { return false }
            guard begins(file) else {
                close(file)
                return false
            }
            known[number] = file
            return true
        }
    }

    /// Whether an open file begins as a database does.
    private static func begins(_ file: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: magic.count)
        var count = 0
        repeat {
            count = pread(file, &bytes, bytes.count, 0)
        } while count < 0 && errno == EINTR
        return count == magic.count && bytes == magic
    }
}
