import Foundation

/// Other programs.
enum Tool {
    /// Runs a program and returns what it prints.
    static func run(_ name: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [name] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError("\(name) ended with \(process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Starts this program again as a child; its output is read when it has ended.
    static func startChild(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> (process: Process, output: Pipe) {
        let process = Process()
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["child"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    static func finish(_ child: (process: Process, output: Pipe)) throws -> String {
        let data = child.output.fileHandleForReading.readDataToEndOfFile()
        child.process.waitUntilExit()
        guard child.process.terminationStatus == 0 else {
            throw BenchError("a child ended with \(child.process.terminationStatus)")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// A yardstick's file, beside the program's sources or where TRANCHE_BENCH_YARDSTICKS says.
    static func yardstick(_ name: String) -> String {
        let folder = ProcessInfo.processInfo.environment["TRANCHE_BENCH_YARDSTICKS"]
        return (folder ?? "Benchmarks/yardsticks") + "/" + name
    }
}
