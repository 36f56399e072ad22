import Foundation

/// Programs of PostgreSQL that measurements are made with.
enum BenchProgram {
    /// The folders where distributions keep those that are not on the path.
    private static var path: String {
        let own = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let folder = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return versions.sorted().reversed().map { "\(folder)/\($0)/bin:" }.joined() + own
    }

    static func start(_ name: String, _ arguments: [String], output: Pipe? = nil) throws -> Process
    {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(["PATH": path]) { $1 }
        process.standardInput = FileHandle.nullDevice
        if let output {
            process.standardOutput = output
            process.standardError = output
        } else {
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
        }
        try process.run()
        return process
    }

    /// Runs a program to its end.
    ///
    /// - Returns: All that it said.
    /// - Throws: ``BenchError`` where it fails.
    static func run(_ name: String, _ arguments: [String]) throws -> String {
        let output = Pipe()
        let process = try start(name, arguments, output: output)
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let text = String(decoding: data, as: UTF8.self)
        guard process.terminationStatus == 0 else { throw BenchError("\(name): \(text)") }
        return text
    }

    /// Runs a script of the shell, with arguments.
    static func shell(_ script: String, _ arguments: [String]) throws -> String {
        try run("bash", ["-o", "pipefail", "-c", script, "bash"] + arguments)
    }
}
