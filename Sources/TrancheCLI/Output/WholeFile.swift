import FoundationEssentials
import Tranche

/// A file that is replaced as a whole: a process that reads it meanwhile reads the old one.
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
            try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
            // Who reads it may be somebody else.
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        } catch {
            throw UsageError(
                "\(option) '\(path)' cannot be written: \(FileFault(error))"
            )
        }
    }
}
