import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheMongo

@Suite("MongoDB that wants to know who asks", .timeLimit(.minutes(10)))
struct MongoSecurityTests {
    private struct Missing: Error {}

    private func run(_ path: String, _ arguments: [String]) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return process
    }

    @Test("Over TLS, by SCRAM: the right password is let in, a wrong one is told and not shown")
    func secures() async throws {
        let program = ProcessInfo.processInfo.environment["TRANCHE_TEST_MONGOD"]
        guard let program, !program.isEmpty else { throw Missing() }
        try await withTemporaryFolder { folder in
            let (key, certificate) = (folder.path("key.pem"), folder.path("certificate.pem"))
            let making = try run(
                "/usr/bin/env",
                [
                    "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    key, "-out", certificate,
                ]
            )
            making.waitUntilExit()
            let both = folder.path("both.pem")
            let texts = try [key, certificate].map {
                try String(contentsOfFile: $0, encoding: .utf8)
            }
            try texts.joined().write(toFile: both, atomically: true, encoding: .utf8)
            let data = folder.path("data")
            try FileManager.default.createDirectory(
                atPath: data,
                withIntermediateDirectories: true
            )
            let port = try LocalListener.freePort()
            let server = try run(
                program,
                [
                    "--dbpath", data, "--port", "\(port)", "--bind_ip", "127.0.0.1",
                    "--nounixsocket", "--auth", "--tlsMode", "requireTLS",
                    "--tlsCertificateKeyFile", both, "--wiredTigerCacheSizeGB", "0.25",
                    "--wiredTigerEngineConfigString", "log=(prealloc=false,file_max=10MB)",
                    "--setParameter", "diagnosticDataCollectionEnabled=false",
                ]
            )
            defer {
                kill(server.processIdentifier, SIGKILL)
                server.waitUntilExit()
            }
            try await LocalListener.waitForSomebody(on: port)
            let place = "127.0.0.1:\(port)/admin.c?tls=true&tlsCAFile=\(certificate)"
            // The first user may be made without one.
            let first = try MongoConnection(try MongoLocation("mongodb://\(place)"))
            _ = try await first.run(
                "{\"createUser\": \"loader\", \"pwd\": \"right\", \"roles\": [\"root\"]}"
            )
            let options = "&authMechanism=SCRAM-SHA-256"
            for (password, isRight) in [("right", true), ("hidden", false)] {
                let location = try MongoLocation(
                    "mongodb://\(place)\(options)",
                    environment: ["MONGO_USERNAME": "loader", "MONGO_PASSWORD": password]
                )
                let connection = try MongoConnection(location)
                if isRight {
                    _ = try await connection.run("{\"insert\": \"c\", \"documents\": [{\"a\": 1}]}")
                    continue
                }
                let error = try await #require(throws: MongoError.self) {
                    _ = try await connection.run("{\"count\": \"c\"}")
                }
                #expect(error.category == .permanent)
                #expect(!error.message.contains("hidden"))
            }
            // Without the certificate that it is signed with, the server is not trusted.
            let stranger = try MongoConnection(
                try MongoLocation(
                    "mongodb://127.0.0.1:\(port)/admin.c?tls=true&serverSelectionTimeoutMS=500"
                )
            )
            await #expect(throws: MongoError.self) { _ = try await stranger.run("{\"ping\": 1}") }
        }
    }
}
