internal import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization

/// The lines of a file, as many at a time as a read gives.
///
/// It is read on a queue of its own, since that may block.
final class LineFile: Sendable {
    /// Most bytes of a line whose end is still looked for: no database holds a larger value.
    static let longest = 1 << 30

    private let path: String
    private let file: OpenFile
    private let longest: Int
    private let fault: UsageError
    private let queue = DispatchQueue(label: "tranche.lines")
    private let state = Mutex(State())

    fileprivate struct State {
        /// The beginning of a line whose end was not read yet.
        var rest: [UInt8] = []
        var isAtEnd = false
    }

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file; `-` for standard input.
    ///   - longest: Most bytes of a line whose end is still looked for.
    ///   - fault: What is said of a longer one.
    /// - Throws: ``SystemError``.
    convenience init(
        _ path: String,
        longest: Int = LineFile.longest,
        fault: UsageError? = nil
    ) throws(SystemError) {
        let number = path == "-" ? dup(STDIN_FILENO) : tranche_open(path, O_RDONLY | O_CLOEXEC, 0)
        guard number >= 0 else { throw SystemError("cannot read '\(path)'") }
        self.init(path, reading: OpenFile(stealing: number), longest: longest, fault: fault)
    }

    /// Reads an open file.
    ///
    /// - Parameters:
    ///   - path: What errors call it.
    ///   - file: The file.
    ///   - longest: Most bytes of a line whose end is still looked for.
    ///   - fault: What is said of a longer one.
    init(
        _ path: String,
        reading file: OpenFile,
        longest: Int = LineFile.longest,
        fault: UsageError? = nil
    ) {
        self.path = path
        self.file = file
        self.longest = longest
        self.fault =
            fault ?? UsageError("'\(path)' has more than \(longest) bytes without a line break")
    }

    /// Reads the next lines, without their line breaks.
    ///
    /// - Returns: The lines; `nil` at the end.
    /// - Throws: ``SystemError``; ``UsageError`` for a line that is too long.
    func next() async throws -> [[UInt8]]? {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try self.read() }) }
        }
    }

    private func read() throws -> [[UInt8]]? {
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = Glibc.read(file.number, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN, Readiness.wait(for: file.number, POLLIN) { continue }
            guard count >= 0 else { throw SystemError("cannot read '\(path)'") }
            let (lines, rest) = state.withLock { ($0.take(buffer[..<count]), $0.rest.count) }
            guard rest <= longest else { throw fault }
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
