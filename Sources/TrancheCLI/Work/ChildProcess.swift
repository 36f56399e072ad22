internal import CPosix
import Dispatch
import FoundationEssentials
import Glibc
import Synchronization
import Tranche

/// A running program in a session and a process group of its own, with pipes as its standard input,
/// output and error.
///
/// Every call that blocks runs on a thread of its own.
final class ChildProcess: Sendable {
    /// The process, which is its group's number too.
    let number: pid_t
    private let input: OpenFile
    private let output: OpenFile
    private let errors: OpenFile
    private let exited: OpenFile
    private let state = Mutex(State())

    /// How a program ended.
    typealias Exit = ProgramEnd.Exit

    private struct State {
        var isReaped = false
        var isTerminated = false
        /// Whether it was given anything to read.
        var isFed = false
        /// How many bytes of that its standard input took.
        var written = 0
        /// Another reading end of its standard input, once all is written: it tells what is left.
        var rest: OpenFile?
    }

    private init(
        number: pid_t,
        input: OpenFile,
        output: OpenFile,
        errors: OpenFile,
        exited: OpenFile
    ) {
        self.number = number
        self.input = input
        self.output = output
        self.errors = errors
        self.exited = exited
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - path: Its file.
    ///   - arguments: Its arguments, its own name first.
    ///   - environment: Its environment.
    ///   - guardian: Kills it when this process dies, until it is told of its end.
    /// - Returns: The running program.
    /// - Throws: ``SystemError`` when it cannot be run.
    static func start(
        _ path: String,
        arguments: [String],
        environment: [String: String],
        guardian: ProcessGuard
    ) async throws -> ChildProcess {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue(label: "tranche.child.start").async {
                continuation.resume(
                    with: Result {
                        let environment = environment.map { "\($0.key)=\($0.value)" }
                        return try spawn(path, arguments, environment, guardian)
                    }
                )
            }
        }
    }

    private static func spawn(
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ guardian: ProcessGuard
    ) throws(SystemError) -> ChildProcess {
        let input = try OpenFile.pipe()
        let output = try OpenFile.pipe()
        let errors = try OpenFile.pipe()
        try input.writing.makeNonBlocking()
        try output.reading.makeNonBlocking()
        try errors.reading.makeNonBlocking()
        let exited = try OpenFile.event()
        let arguments = arguments.map { strdup($0) } + [nil]
        let environment = environment.map { strdup($0) } + [nil]
        defer { for copy in arguments + environment { free(copy) } }
        let number = OwnChildren.start {
            tranche_spawn(
                path,
                arguments,
                environment,
                input.reading.number,
                output.writing.number,
                errors.writing.number,
                ProcessSignals.outlivesTerminal ? 0 : 1,
                guardian.number
            )
        }
        guard number > 0 else { throw SystemError("cannot run '\(path)'") }
        input.reading.close()
        output.writing.close()
        errors.writing.close()
        return ChildProcess(
            number: number,
            input: input.writing,
            output: output.reading,
            errors: errors.reading,
            exited: exited
        )
    }

    // MARK: - Talking

    /// Writes to the program's standard input, as fast as it reads.
    ///
    /// - Returns: Whether the program may read more; `false` when it has closed its input or ended.
    func write(_ bytes: [UInt8]) async throws -> Bool {
        // What the pipe takes at once needs no thread.
        let first = try write(bytes[...], waits: false)
        guard first.isOpen, first.count < bytes.count else { return first.isOpen }
        return try await withCheckedThrowingContinuation { continuation in
            OwnThread.run {
                continuation.resume(
                    with: Result { try self.write(bytes[first.count...], waits: true).isOpen }
                )
            }
        }
    }

    /// Tells the program that its standard input has ended.
    func closeInput() {
        let number = input.number
        if number >= 0 {
            let rest = open("/proc/self/fd/\(number)", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            if rest >= 0 { state.withLock { $0.rest = OpenFile(stealing: rest) } }
        }
        input.close()
    }

    /// Whether the program, which has ended, read nothing of what it was given; `false` where that
    /// cannot be told.
    var leftItsInput: Bool {
        state.withLock { state in
            guard state.isFed, let rest = state.rest else { return false }
            var unread: Int32 = 0
            return ioctl(rest.number, UInt(FIONREAD), &unread) == 0 && Int(unread) >= state.written
        }
    }

    /// Reads the program's standard output to its end.
    ///
    /// - Parameter copy: Given whole lines, on a thread that may block.
    /// - Returns: What is kept of its lines, and the end of all.
    func readOutput(
        _ copy: @escaping @Sendable ([UInt8]) -> Void
    ) async -> (lines: LineCollector, tail: OutputTail) {
        await withCheckedContinuation { continuation in
            OwnThread.run { continuation.resume(returning: self.readLines(copy)) }
        }
    }

    /// Reads the program's standard error to its end.
    ///
    /// - Parameter copy: Given what comes, as it comes, on a thread that may block.
    /// - Returns: The end of all.
    func readErrors(_ copy: @escaping @Sendable ([UInt8]) -> Void) async -> OutputTail {
        await withCheckedContinuation { continuation in
            OwnThread.run {
                var tail = OutputTail()
                self.read(self.errors) { bytes in
                    tail.add(bytes)
                    copy(Array(bytes))
                }
                continuation.resume(returning: tail)
            }
        }
    }

    /// Reads standard output and standard error to their ends, on a thread that may block.
    ///
    /// What was written to standard error before something to the output is told before it.
    ///
    /// - Parameters:
    ///   - output: Given what comes from the output, as it comes.
    ///   - errors: Given what comes from standard error.
    func readBoth(
        output: @escaping @Sendable (ArraySlice<UInt8>) -> Void,
        errors: @escaping @Sendable (ArraySlice<UInt8>) -> Void
    ) async {
        await withCheckedContinuation { continuation in
            OwnThread.run {
                self.readByTurns(output, errors)
                continuation.resume()
            }
        }
    }

    private func readByTurns(
        _ output: (ArraySlice<UInt8>) -> Void,
        _ errors: (ArraySlice<UInt8>) -> Void
    ) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while self.output.number >= 0 || self.errors.number >= 0 {
            var waits = [self.output, self.errors, exited].map {
                pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
            }
            while poll(&waits, 3, -1) < 0, errno == EINTR {}
            // What the program left running may hold the pipes open.
            let isOver = waits[0].revents == 0 && waits[1].revents == 0
            let read = waits[0].revents != 0 ? readSome(self.output, &buffer) : nil
            // A pipe holds no more than this.
            for _ in 0..<32 {
                var more = [UInt8](repeating: 0, count: 1 << 15)
                guard let read = readSome(self.errors, &more), !read.isEmpty else { break }
                errors(read)
            }
            if let read, !read.isEmpty { output(read) }
            if isOver {
                self.output.close()
                self.errors.close()
            }
        }
    }

    /// Reads what a pipe has now, and closes it at its end; `nil` where it has ended.
    private func readSome(_ pipe: OpenFile, _ buffer: inout [UInt8]) -> ArraySlice<UInt8>? {
        while pipe.number >= 0 {
            let count = Glibc.read(pipe.number, &buffer, buffer.count)
            if count > 0 { return buffer[..<count] }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return [] }
            pipe.close()
        }
        return nil
    }

    /// Writes as much as the program takes.
    ///
    /// - Parameters:
    ///   - bytes: What to write.
    ///   - waits: Whether to wait until it has taken all.
    /// - Returns: Whether it may read more, and how many bytes were written.
    /// - Throws: ``SystemError`` where it cannot be written to.
    private func write(
        _ bytes: ArraySlice<UInt8>,
        waits: Bool
    ) throws(SystemError) -> (isOpen: Bool, count: Int) {
        var written = 0
        defer {
            state.withLock { state in
                state.isFed = state.isFed || !bytes.isEmpty
                state.written += written
            }
        }
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    input.number,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if count > 0 {
                written += count
            } else if errno == EPIPE {
                return (false, written)
            } else if errno == EAGAIN {
                guard waits else { break }
                // What the program left running may hold the pipe open, and never read it.
                guard isReady(input, for: POLLOUT) else { return (false, written) }
            } else if errno != EINTR {
                throw SystemError("cannot write to the program")
            }
        }
        return (true, written)
    }

    private func readLines(
        _ copy: ([UInt8]) -> Void
    ) -> (lines: LineCollector, tail: OutputTail) {
        var lines = LineCollector()
        var tail = OutputTail()
        read(output) { bytes in
            tail.add(bytes)
            let whole = lines.add(bytes)
            if !whole.isEmpty { copy(whole) }
        }
        let rest = lines.finish()
        if !rest.isEmpty { copy(rest) }
        return (lines, tail)
    }

    /// Reads a pipe to its end, and closes it.
    private func read(_ pipe: OpenFile, _ body: (ArraySlice<UInt8>) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(pipe.number, &buffer, buffer.count)
            if count > 0 {
                body(buffer[..<count])
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN, isReady(pipe, for: POLLIN) {
                continue
            } else {
                break
            }
        }
        pipe.close()
    }

    /// Waits until a pipe is ready; `false` when the program has ended before it was.
    private func isReady(_ file: OpenFile, for event: Int32) -> Bool {
        var waits = [
            pollfd(fd: file.number, events: Int16(event), revents: 0),
            pollfd(fd: exited.number, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&waits, 2, -1) < 0, errno == EINTR {}
        return waits[0].revents != 0
    }

    // MARK: - Ending

    /// Whether ``terminate(patience:)`` came before the program's own end.
    var wasTerminated: Bool { state.withLock { $0.isTerminated } }

    /// Ends the program's group: SIGTERM, and SIGKILL some time later.
    ///
    /// - Parameter patience: How much later.
    func terminate(patience: Duration) {
        guard send(SIGTERM) else { return }
        DispatchQueue.global().asyncAfter(deadline: .now() + patience.seconds) {
            _ = self.send(SIGKILL)
        }
    }

    /// Waits for the program's end, and ends what it left running in its group.
    func waitForExit() async -> Exit {
        await withCheckedContinuation { continuation in
            OwnThread.run { continuation.resume(returning: self.reap()) }
        }
    }

    private func send(_ number: Int32) -> Bool {
        state.withLock { state in
            // A number that was reaped may be another process's by now.
            if state.isReaped { return false }
            state.isTerminated = true
            return kill(-self.number, number) == 0
        }
    }

    private func reap() -> Exit {
        var information = siginfo_t()
        // The zombie keeps its number until the rest of its group has been told.
        while waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let status = state.withLock { state in
            kill(-number, SIGKILL)
            let status = OwnChildren.end(number)
            state.isReaped = true
            return status
        }
        exited.raise()
        OwnChildren.reapOthers()
        return status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
    }
}
