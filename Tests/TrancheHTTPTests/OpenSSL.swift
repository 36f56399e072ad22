import Foundation
import TestSupport
import Testing

/// OpenSSL's own program, as a second opinion.
enum OpenSSL {
    struct Failed: Error {
        var arguments: [String]
    }

    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(arguments: arguments) }
        return String(decoding: data, as: UTF8.self)
    }
}

/// OpenSSL's own server.
final class TLSServer: Sendable {
    let url: String
    private let process: Process

    init(certificate: String, key: String) async throws {
        let port = try LocalListener.freePort()
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificate, "-key",
            key,
            "-www", "-quiet",
        ]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        url = "https://127.0.0.1:\(port)"
        do {
            try await LocalListener.waitForSomebody(on: port)
        } catch {
            stop()
            throw error
        }
    }

    func stop() {
        // It does not hear a gentle signal while it waits for a connection.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}
