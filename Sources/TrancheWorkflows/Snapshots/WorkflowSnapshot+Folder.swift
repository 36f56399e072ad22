import FoundationEssentials
import Tranche

extension WorkflowSnapshot {
    /// What stands behind the name of a snapshot's file.
    static var fileEnding: String { ".snapshot.jsonl" }

    /// Writes the snapshot as a line of JSON into a file of a folder, complete or not at all.
    ///
    /// The file is written aside, kept on the disk, and renamed into place. Its name begins with
    /// the digest of the run's own name, so that those of `job-1` are not taken for `job-10`, and
    /// ends with the time.
    ///
    /// - Parameter folder: The folder's path; it is made where it is not there.
    /// - Returns: The file's path.
    /// - Throws: `TrancheError` `.sinkFailed` where it cannot be written, `.invalidArgument` for
    ///   the place of a file of a database.
    @discardableResult
    public func write(to folder: String) throws -> String {
        if let words = DatabaseFile.words(about: folder) {
            throw TrancheError(
                .invalidArgument,
                "'\(folder)' \(words), and no folder is made in its place; give another one"
            )
        }
        let directory = URL(filePath: folder, directoryHint: .isDirectory)
        let file = directory.appending(path: fileName)
        let bytes = Data((try documentText() + "\n").utf8)
        do {
            try FileManager.default.createDirectory(
                at: directory,
                withIntermediateDirectories: true
            )
            try bytes.write(to: file, options: .atomic)
        } catch {
            throw TrancheError(
                .sinkFailed,
                "the snapshot cannot be written to '\(file.path)': \(error)",
                underlying: error
            )
        }
        return file.path
    }

    /// The file's name: the run's digest and the milliseconds since 1970.
    var fileName: String {
        let name = [progress.meta, progress.job, progress.run].joined(separator: "\0")
        let digest = SHA256.hexadecimal(of: Array(name.utf8)).prefix(16)
        let time = String(progress.at.milliseconds)
        let padded = String(repeating: "0", count: max(0, 14 - time.count)) + time
        return "\(digest)-\(padded)\(Self.fileEnding)"
    }
}
