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
    ///   database or a file of anything else, which would be damaged.
    init(_ path: String) throws {
        if let words = DatabaseFile.words(about: path) {
            throw TrancheError(
                .invalidArgument,
                "'\(path)' \(words), and lineage is not written into it; name another file"
            )
        }
        if Self.holdsOther(path) {
            throw TrancheError(
                .invalidArgument,
                "'\(path)' holds something else than lineage, and none is added to it; name a file "
                    + "of lineage, or one that is not there"
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

    /// Whether there is a file whose beginning is no event, such as the records that are loaded.
    ///
    /// Each event has its time. Source: OpenLineage 2-0-2, RunEvent.
    private static func holdsOther(_ path: String) -> Bool {
        var status = Glibc.stat()
        // To open a pipe would wait for who writes to it.
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0
        else { return false }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        // What may be written to alone is told apart by nobody.
        guard file >= 0 else { return false }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = pread(file, &bytes, bytes.count, 0)
        let first = bytes.prefix(max(count, 0)).drop { $0 == UInt8(ascii: "\n") }
            .prefix { $0 != UInt8(ascii: "\n") }
        if first.isEmpty { return false }
        return first.first != UInt8(ascii: "{")
            || !String(decoding: first, as: UTF8.self).contains("\"eventTime\"")
    }

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
