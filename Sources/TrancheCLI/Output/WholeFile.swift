internal import CPosix
import FoundationEssentials
import Glibc
import Tranche

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
    /// - Throws: ``UsageError`` where it cannot be written.
    func write(_ text: String) throws {
        do {
            guard isReplaced else {
                return try Data(text.utf8).write(to: URL(filePath: path))
            }
            let place = Self.behindLinks(path)
            try Data(text.utf8).write(to: URL(filePath: place), options: .atomic)
            // Who reads it may be somebody else.
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: place)
        } catch {
            throw UsageError(
                "\(option) '\(path)' cannot be written: \(FileFault(error))"
            )
        }
    }

    /// Whether there is a regular file, or none yet; what standard output was sent to is another's
    /// to replace.
    private var isReplaced: Bool {
        if path.hasPrefix("/dev/") || path.hasPrefix("/proc/") { return false }
        var status = stat()
        return stat(path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    /// The path that links lead to in the end; the path itself where it is no link.
    static func behindLinks(_ path: String) -> String {
        var path = path
        // As many as Linux follows.
        for _ in 0..<40 {
            // What is no link, or cannot be looked at, is left to who opens it.
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path)
            else { return path }
            let folder = URL(filePath: path).deletingLastPathComponent()
            path = next.hasPrefix("/") ? next : folder.appending(path: next).path
        }
        return path
    }
}
