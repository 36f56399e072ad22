internal import CPosix
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// Where text goes.
package protocol Writer: Sendable {
    /// Whether a person looks at it.
    var isTerminal: Bool { get }

    /// How many characters fit into a line.
    var width: Int { get }

    /// How many lines fit onto the screen; `nil` where there is none.
    var height: Int? { get }

    /// Writes all of it.
    ///
    /// - Throws: ``WriteError``.
    func write(_ bytes: [UInt8]) throws

    /// Writes what another program has written, of which nothing is left out.
    ///
    /// - Throws: ``WriteError``.
    func copy(_ bytes: [UInt8]) throws
}

extension Writer {
    package var height: Int? { nil }

    package func copy(_ bytes: [UInt8]) throws {
        try write(bytes)
    }

    package func write(_ text: String) throws {
        try write(Array(text.utf8))
    }

    func writeLine(_ text: String) throws {
        try write(text + "\n")
    }

    /// Writes all of it on a thread of its own, and waits for that: who reads slowly, or not at
    /// all, takes no thread from what goes on beside.
    ///
    /// - Parameter bytes: What to write.
    /// - Throws: ``WriteError``.
    func put(_ bytes: [UInt8]) async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            OwnThread.run {
                let result = Result<Void, any Error> { try self.write(bytes) }
                continuation.resume(with: result)
            }
        }
    }

    /// Likewise, a text.
    func put(_ text: String) async throws {
        try await put(Array(text.utf8))
    }
}

/// Output that could not be written.
struct WriteError: Error, CustomStringConvertible {
    let description: String
    /// Whether nobody reads it any more, which is no news to the reader that closed the pipe.
    var isUnread = false
    /// What the system called it; `nil` where it was not asked.
    var code: Int32?
}

/// Writes to an open file; calls take turns.
package struct FileWriter: Writer {
    package let isTerminal: Bool
    private let file: Int32

    package init(file: Int32) {
        self.file = file
        isTerminal = isatty(file) == 1
    }

    package var width: Int {
        guard let size, size.ws_col > 0 else { return 79 }
        return Int(size.ws_col)
    }

    package var height: Int? {
        guard let size, size.ws_row > 0 else { return nil }
        return Int(size.ws_row)
    }

    private var size: winsize? {
        var size = winsize()
        return isTerminal && ioctl(file, UInt(TIOCGWINSZ), &size) == 0 ? size : nil
    }

    package func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    file,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            let code = errno
            if count < 0, code == EINTR { continue }
            // Who shares the file may have made it one that does not wait.
            if count < 0, code == EAGAIN, Readiness.wait(for: file, POLLOUT) { continue }
            guard count > 0 else {
                throw WriteError(
                    description: "cannot write the output: \(String(cString: strerror(code)))",
                    // A terminal that is gone answers EIO.
                    isUnread: code == EPIPE || code == EIO && isTerminal,
                    code: count < 0 ? code : nil
                )
            }
            written += count
        }
    }
}

/// Keeps what is written.
package final class TextWriter: Writer {
    package let isTerminal: Bool
    package let width: Int
    private let bytes = Mutex<[UInt8]>([])

    package init(isTerminal: Bool = false, width: Int = 100) {
        self.isTerminal = isTerminal
        self.width = width
    }

    /// What was written so far.
    package var text: String {
        String(decoding: bytes.withLock { $0 }, as: UTF8.self)
    }

    package func write(_ bytes: [UInt8]) throws {
        self.bytes.withLock { $0 += bytes }
    }
}
