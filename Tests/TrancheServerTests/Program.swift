import Foundation

/// Another program, as a second opinion.
enum Program {
    struct Failed: Error {
        var arguments: [String]
        var status: Int32
    }

    /// Runs a program to its end, on a thread that may wait.
    ///
    /// - Returns: What it wrote.
    @discardableResult
    static func run(
        _ name: String,
        _ arguments: [String],
        input: [UInt8] = []
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try runHere(name, arguments, input) })
            }
        }
    }

    private static func runHere(
        _ name: String,
        _ arguments: [String],
        _ bytes: [UInt8]
    ) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try input.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(arguments: arguments, status: process.terminationStatus)
        }
        return String(decoding: data, as: UTF8.self)
    }
}
