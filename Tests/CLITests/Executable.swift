import Foundation

/// A program run as a process of its own.
struct Executable: Sendable {
    let path: String

    struct Outcome: Sendable {
        /// The exit code, or minus the signal.
        var code: Int32
        var output: String
        var errors: String
    }

    init(_ path: String) {
        self.path = path
    }

    /// `tranche`, beside the bundle of the tests.
    static var tranche: Executable {
        let bundle = URL(filePath: CommandLine.arguments[0])
        let beside = bundle.deletingLastPathComponent().appending(path: "tranche").path
        if FileManager.default.isExecutableFile(atPath: beside) { return Executable(beside) }
        return Executable(Bundle.main.bundleURL.appending(path: "tranche").path)
    }

    /// Runs the program to its end.
    func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let running = try start(arguments, environment: environment)
        return await running.outcome()
    }

    func start(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProgram
    {
        try RunningProgram(path, arguments, environment)
    }
}

/// A process that was started; its output goes to files, so that no pipe can fill up.
// Foundation's Process is only asked for its number, and waited for on one queue.
final class RunningProgram: @unchecked Sendable {
    private let process = Process()
    private let folder: URL
    private let queue = DispatchQueue(label: "tests.running-program")

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - path: Its file.
    ///   - arguments: Its arguments.
    ///   - environment: Its environment.
    ///   - output: Its standard output; a file that ``output`` reads by default.
    ///   - errors: Its standard error; a file that ``errors`` reads by default.
    /// - Throws: Why it cannot be started.
    init(
        _ path: String,
        _ arguments: [String],
        _ environment: [String: String],
        output: FileHandle? = nil,
        errors: FileHandle? = nil
    ) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "tranche-run-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try output ?? Self.file(folder.appending(path: "output"))
        process.standardError = try errors ?? Self.file(folder.appending(path: "errors"))
        try process.run()
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    private static func file(_ url: URL) throws -> FileHandle {
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    /// The process's number.
    var number: pid_t { process.processIdentifier }

    func send(_ signal: Int32) {
        kill(process.processIdentifier, signal)
    }

    var errors: String { text("errors") }

    func outcome() async -> Executable.Outcome {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                process.waitUntilExit()
                let isSignal = process.terminationReason == .uncaughtSignal
                continuation.resume(
                    returning: Executable.Outcome(
                        code: isSignal ? -process.terminationStatus : process.terminationStatus,
                        output: text("output"),
                        errors: text("errors")
                    )
                )
            }
        }
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8)) ?? ""
    }
}

/// Waits until a condition holds, looking every 20 ms.
///
/// - Returns: Whether it did within a minute.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    for _ in 0..<3000 {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return false
}
