import Glibc
import Tranche

/// A file that is replaced as a whole: a process that reads it meanwhile reads the old one.
///
/// A link stays, and the file that it leads to is replaced and keeps who may read it; a device or a
/// pipe, such as `/dev/stdout`, is written to.
struct WholeFile {
    let path: String
    /// What names it on the command line, for errors.
    let option: String

    /// Replaces the file's content.
    ///
    /// - Parameter text: What it is to hold.
    /// - Throws: ``UsageError`` where it cannot be written, or is a database; ``SystemError`` where
    ///   another place would do no better, as on a disk that is full.
    func write(_ text: String) throws {
        try requireNoDatabase()
        do {
            try ReplacedFile.write(text, to: path)
        } catch let error as SystemError {
            let words = "\(option) '\(path)' cannot be written"
            if [ENOSPC, EDQUOT, EIO].contains(error.code) {
                throw SystemError(words, code: error.code)
            }
            throw UsageError("\(words): \(FileFault(number: error.code))")
        }
    }

    /// Refuses a database, also by a link: nothing is to be read for what is not written.
    ///
    /// - Throws: ``UsageError``.
    func requireNoDatabase() throws {
        try DatabaseFile.requireNone(at: path, namedBy: option)
    }
}
