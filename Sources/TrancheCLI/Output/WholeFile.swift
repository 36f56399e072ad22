internal import CPosix
import FoundationEssentials
import Glibc
import Tranche
import TrancheChains

/// A file that is replaced as a whole: a process that reads it meanwhile reads the old one.
///
/// A link stays, and the file that it leads to is replaced; a device or a pipe, such as
/// `/dev/stdout`, is written to.
struct WholeFile {
    let path: String
    /// What names it on the command line, for errors.
    let option: String

    /// Replaces the file's content.
    ///
    /// - Parameter text: What it is to hold.
    /// - Throws: ``UsageError`` where it cannot be written, or is a database.
    func write(_ text: String) throws {
        try requireNoDatabase()
        do {
            guard isReplaced else {
                return try Data(text.utf8).write(to: URL(filePath: path))
            }
            let place = SymbolicLinks.end(of: path)
            try Data(text.utf8).write(to: URL(filePath: place), options: .atomic)
            // Who reads it may be somebody else.
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place)
        } catch {
            throw UsageError(
                "\(option) '\(path)' cannot be written: \(FileFault(error))"
            )
        }
    }

    /// Refuses a database, also by a link: nothing is to be read for what is not written.
    ///
    /// - Throws: ``UsageError``.
    func requireNoDatabase() throws {
        try DatabaseFile.requireNone(at: path, namedBy: option)
    }

    /// Whether there is a regular file, or none yet; what standard output was sent to is another's
    /// to replace.
    private var isReplaced: Bool {
        if path.hasPrefix("/dev/") || path.hasPrefix("/proc/") { return false }
        var status = stat()
        return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }
}
