import Glibc
import Synchronization
import Tranche

/// A file to which events are added, each as a line, by any number of processes.
///
/// It writes on the thread that calls, which may block.
final class LineageFile: Sendable {
    private let file: Int32
    /// Whether the last line may lack its end.
    private let isBroken = Mutex(false)

    /// Opens a file, or makes it.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` for one that cannot be written to, and for a
    ///   database, which would be damaged.
    init(_ path: String) throws {
        if let words = DatabaseFile.words(about: path) {
            throw TrancheError(
                .invalidArgument,
                "'\(path)' \(words), and lineage is not written into it; name another file"
            )
        }
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            let words = String(cString: strerror(errno))
            throw TrancheError(
                .invalidArgument,
                "lineage cannot be written to '\(path)': \(words); name a file that can be made"
            )
        }
    }

    deinit { close(file) }

    /// Adds lines in one write.
    ///
    /// - Parameter lines: The lines, each with its end.
    /// - Throws: What the system says; some may be there then, the last in part, and the next one
    ///   begins on a line of its own.
    func write(_ lines: [UInt8]) throws {
        let wasBroken = isBroken.withLock { isBroken in
            defer { isBroken = true }
            return isBroken
        }
        if wasBroken { try FileContents.write([UInt8(ascii: "\n")], to: file) }
        try FileContents.write(lines, to: file)
        isBroken.withLock { $0 = false }
    }
}
