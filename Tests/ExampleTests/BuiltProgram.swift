import Foundation
import TestSupport

/// A program that was built beside the tests, run as a process of its own.
struct BuiltProgram: Sendable {
    let path: String

    struct Outcome: Sendable {
        var status: Int32
        /// Standard output and standard error.
        var text: String
    }

    init(path: String) {
        self.path = path
    }

    init(_ name: String) {
        let folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        path = folder.appending(path: name).path
    }

    /// Runs the program to its end, with some variables besides `PATH`.
    func run(
        _ environment: [String: String] = [:],
        arguments: [String] = []
    ) async throws -> Outcome {
        try await withTemporaryFolder { folder in
            // To a file, which cannot fill up as a pipe does.
            let log = URL(filePath: folder.path("output"))
            try Data().write(to: log)
            let output = try FileHandle(forWritingTo: log)
            let process = Process()
            process.executableURL = URL(filePath: path)
            process.arguments = arguments
            process.environment = ["PATH": "/usr/bin:/bin", "TMPDIR": folder.url.path]
                .merging(environment) { $1 }
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = output
            let status = try await withCheckedThrowingContinuation { continuation in
                process.terminationHandler = {
                    continuation.resume(returning: $0.terminationStatus)
                }
                do { try process.run() } catch { continuation.resume(throwing: error) }
            }
            return Outcome(status: status, text: try String(contentsOf: log, encoding: .utf8))
        }
    }
}
