internal import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// The lines of a file, as many at a time as a read gives.
///
/// It is read on a queue of its own, since that may block.
final class LineFile: Sendable {
    private let path: String
    private let file: OpenFile
    private let queue = DispatchQueue(label: "tranche.lines")
    private let state = Mutex(State())

    fileprivate struct State {
        /// The beginning of a line whose end was not read yet.
        var rest: [UInt8] = []
        var isAtEnd = false
    }

    /// Opens a file.
    ///
    /// - Parameter path: The file; `-` for standard input.
    /// - Throws: ``SystemError``.
    convenience init(_ path: String) throws(SystemError) {
        let number = path == "-" ? dup(STDIN_FILENO) : tranche_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { throw SystemError("cannot read '\(path)'") }
        self.init(path, reading: OpenFile(stealing: number))
    }

    /// Reads an open file.
    ///
    /// - Parameters:
    ///   - path: What errors call it.
    ///   - file: The file.
    init(_ path: String, reading file: OpenFile) {
        self.path = path
        self.file = file
    }

    /// Reads the next lines, without their line breaks.
    ///
    /// - Returns: The lines; `nil` at the end.
    /// - Throws: ``SystemError``.
    func next() async throws -> [[UInt8]]? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.read() }) }
        }
    }

    private func read() throws(SystemError) -> [[UInt8]]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(file.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN, Readiness.wait(for: file.number, POLLIN) { continue }
            guard count >= 0 else { throw SystemError("cannot read '\(path)'") }
            let lines = state.withLock { $0.take(buffer[..<count]) }
            guard let lines else { return nil }
            if !lines.isEmpty { return lines }
        }
    }
}

extension LineFile.State {
    /// Takes what was read; nothing at the end.
    ///
    /// - Returns: The lines that are whole now; `nil` after the last.
    fileprivate mutating func take(_ bytes: ArraySlice<UInt8>) -> [[UInt8]]? {
        let lineBreak = UInt8(ascii: "\n")
        if bytes.isEmpty {
            defer { (rest, isAtEnd) = ([], true) }
            return isAtEnd || rest.isEmpty ? nil : [rest]
        }
        guard let last = bytes.lastIndex(of: lineBreak) else {
            rest += bytes
            return []
        }
        let whole = rest + bytes[..<last]
        rest = Array(bytes[(last + 1)...])
        return whole.split(separator: lineBreak, omittingEmptySubsequences: false).map(Array.init)
    }
}
