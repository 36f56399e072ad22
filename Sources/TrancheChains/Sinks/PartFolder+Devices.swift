import CPosix
import Glibc
import Tranche

extension PartFolder {
    /// Refuses a folder, a device, a pipe or a socket, in whose place the file would be put, and a
    /// database, whatever may be replaced.
    ///
    /// - Parameter path: The path; a link stands for what it leads to.
    /// - Throws: `TrancheError` `.invalidArgument`.
    static func requireFile(at path: String) throws {
        if let words = DatabaseFile.words(about: path) {
            throw TrancheError(
                .invalidArgument,
                "'\(path)' \(words), and is not written over by records, not even with "
                    + "--overwrite; give another path"
            )
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        let kind = status.st_mode & S_IFMT
        guard kind != S_IFREG else { return }
        throw TrancheError(
            .invalidArgument,
            kind == S_IFDIR
                ? "'\(path)' is a folder, and records are put together in a file; give the path of "
                    + "one, such as a file in it"
                : "'\(path)' is a device, a pipe or a socket, and records are put together in a "
                    + "file; give the path of one, and copy that"
        )
    }

    /// Refuses to make a folder in the place of a file of a database, which could not be used any
    /// more.
    ///
    /// - Parameter path: The folder's path.
    /// - Throws: `TrancheError` `.invalidArgument`.
    static func requireNoDatabase(at path: String) throws {
        guard let words = DatabaseFile.words(about: path) else { return }
        throw TrancheError(
            .invalidArgument,
            "'\(path)' \(words), and no folder is made in its place; give another path"
        )
    }
}
