import CPosix
import Foundation
import Synchronization

/// A running `tranche-crash-worker`, whose lines are read as they come.
///
/// Foundation's `Process` is of no use here: it misses a child's end when more than 1023 files are
/// open.
final class WorkerProcess: Sendable {
    /// The process, which is its group's number too.
    let number: pid_t
    private let lines: AsyncStream<String>
    private let input: Int32
    private let state = Mutex(State())

    private struct State {
        var isReaped = false
        var isClosed = false
        var said: [String] = []
        /// How many lines were taken by ``nextLine()``.
        var taken = 0
        var exit: Exit?
        var waiters: [CheckedContinuation<Exit, Never>] = []
    }

    /// How a process ended.
    enum Exit: Sendable, Hashable {
        case code(Int32)
        case signal(Int32)
    }

    /// Where a worker stands: what it said last, and of which batch.
    struct Place: Sendable, Hashable {
        var batch: Int64
        var attempt: Int
    }

    /// Starts a worker.
    ///
    /// - Parameter options: Its arguments, without the dashes.
    /// - Throws: ``WorkerFailure`` when it cannot be started.
    init(_ options: [String: String]) throws {
        let path = Self.executable
        let arguments =
            [path] + options.sorted { $0.key < $1.key }.flatMap { ["--" + $0.key, $0.value] }
        var (inputs, outputs): ([Int32], [Int32]) = ([0, 0], [0, 0])
        // A socket, not a pipe: writing to one whose reader was killed is an error, and no signal.
        guard
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &inputs)
                == 0,
            pipe2(&outputs, O_CLOEXEC) == 0
        else { throw WorkerFailure("no pipe: errno \(errno)") }
        let texts = arguments.map { strdup($0) } + [nil]
        // Coverage of a process that is killed would be cut off, and spoil that of all.
        let environment =
            ProcessInfo.processInfo.environment.merging(["LLVM_PROFILE_FILE": "/dev/null"]) { $1 }
            .map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in texts + environment { free(text) } }
        let number = tranche_spawn(path, texts, environment, inputs[1], outputs[1], 1, 0, -1)
        let error = errno
        close(inputs[1])
        close(outputs[1])
        guard number > 0 else { throw WorkerFailure("cannot start '\(path)': errno \(error)") }
        self.number = number
        input = inputs[0]
        let (lines, continuation) = AsyncStream<String>.makeStream()
        self.lines = lines
        let output = outputs[0]
        Thread.detachNewThread { [self] in read(output, continuation) }
    }

    /// Beside the bundle of the tests.
    private static var executable: String {
        let name = "tranche-crash-worker"
        let bundle = URL(filePath: CommandLine.arguments[0])
        let beside = bundle.deletingLastPathComponent().appending(path: name).path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Bundle.main.bundleURL.appending(path: name).path
    }

    // MARK: Lines

    /// Everything that it has said so far.
    var said: [String] { state.withLock { $0.said } }

    /// Takes the next line that it says; `nil` when it has ended.
    func nextLine() async throws -> String? {
        for await line in lines {
            state.withLock { $0.taken += 1 }
            return line
        }
        // The stream ends for who is cancelled, too.
        try Task.checkCancellation()
        return nil
    }

    /// How many lines it has said.
    var lineCount: Int { state.withLock { $0.said.count } }

    /// Waits until it has said so many lines in all.
    ///
    /// - Parameter count: How many.
    /// - Throws: When it ends before.
    func work(upToLine count: Int) async throws {
        while state.withLock({ $0.taken }) < count {
            if try await nextLine() == nil { throw await failure("it ended while it should work") }
        }
    }

    /// Reads lines up to one that begins with a word.
    ///
    /// - Returns: The batch of which it speaks, or zeroes.
    /// - Throws: When the process ends without saying it.
    @discardableResult
    func reach(_ point: String) async throws -> Place {
        while let line = try await nextLine() {
            let words = line.split(separator: " ")
            guard words.first.map({ $0 == point }) == true else { continue }
            let numbers = words.dropFirst().compactMap { Int64($0) }
            return numbers.count == 2
                ? Place(batch: numbers[0], attempt: Int(numbers[1])) : Place(batch: 0, attempt: 0)
        }
        throw await failure("it never came to '\(point)'")
    }

    private func failure(_ text: String) async -> WorkerFailure {
        let exit = await exit()
        return WorkerFailure("\(text): \(exit) after \(said.suffix(9))")
    }

    /// Lets it go on from the point at which it waits.
    ///
    /// - Parameter times: At how many points in all; those to come count.
    func goOn(times: Int = 1) {
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: times)
        state.withLock { state in
            guard !state.isClosed else { return }
            _ = Glibc.send(input, lines, lines.count, Int32(MSG_NOSIGNAL))
        }
    }

    // MARK: Signals

    /// Kills it as nothing can be killed more suddenly, and waits for its end.
    ///
    /// - Returns: Whether it lived until then.
    @discardableResult
    func kill() async -> Bool {
        send(SIGKILL)
        return await exit() == .signal(SIGKILL)
    }

    func send(_ signal: Int32) {
        state.withLock { state in
            // A number that was reaped may be another process's by now.
            if !state.isReaped { Glibc.kill(number, signal) }
        }
    }

    /// Stops it where it is, and waits until it has stopped.
    func stop() async throws {
        send(SIGSTOP)
        let number = number
        let isStopped = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var information = siginfo_t()
                while waitid(P_PID, id_t(number), &information, WSTOPPED | WEXITED | WNOWAIT) != 0,
                    errno == EINTR
                {}
                continuation.resume(returning: information.si_code == CLD_STOPPED)
            }
        }
        guard isStopped else { throw WorkerFailure("it ended instead of stopping") }
    }

    /// Waits for its end, and makes one when the test is cancelled.
    func exit() async -> Exit {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let exit = state.withLock { state in
                    if state.exit == nil { state.waiters.append(continuation) }
                    return state.exit
                }
                if let exit { continuation.resume(returning: exit) }
            }
        } onCancel: {
            send(SIGKILL)
        }
    }

    // MARK: Reading

    private func read(_ output: Int32, _ continuation: AsyncStream<String>.Continuation) {
        var (rest, buffer): ([UInt8], [UInt8]) = ([], Array(repeating: 0, count: 4096))
        while true {
            let count = Glibc.read(output, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest += buffer[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeFirst(end + 1)
                state.withLock { $0.said.append(line) }
                continuation.yield(line)
            }
        }
        close(output)
        continuation.finish()
        reap()
    }

    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (exit, waiters) = state.withLock { state in
            var status: Int32 = 0
            while waitpid(number, &status, 0) < 0, errno == EINTR {}
            let exit: Exit =
                status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
            state.isReaped = true
            state.exit = exit
            state.isClosed = true
            close(input)
            defer { state.waiters = [] }
            return (exit, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }
}

/// Runs `body` with a worker, and sees to it that the worker is gone after that.
func withWorker<R>(
    _ options: [String: String],
    _ body: (WorkerProcess) async throws -> R
) async throws -> R {
    let worker = try WorkerProcess(options)
    do {
        let result = try await body(worker)
        await worker.kill()
        return result
    } catch {
        await worker.kill()
        throw error
    }
}

/// A worker that does something else than it should.
struct WorkerFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
