import Foundation
import Testing
import Tranche

@testable import TrancheOrchestrator

/// A service of its own over the tests' engine, which can be killed.
private struct OwnService {
    let process: Process
    let socket: URL

    init(in folder: String, on socket: URL) async throws {
        self.socket = socket
        process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "podman", "--root", "\(folder)/store", "--runroot", "\(folder)/run", "--tmpdir",
            "\(folder)/tmp", "system", "service", "--time=0", "unix://\(socket.path)",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["CONTAINERS_CONF": "\(folder)/containers.conf"]
        ) { _, own in own }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It is asked until it answers.
        let engine = ContainerEngine(try ContainerAddress(socket.path), patience: .seconds(60))
        _ = try await engine.inspect("none")
    }

    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

@Suite(
    "Engines that go away",
    .enabled(if: TestEngine.isThere),
    .timeLimit(.minutes(5)),
    .serialized
)
struct ContainerLossTests {
    private func withService(
        _ body: (TestEngine, () async throws -> Void) async throws -> Void
    ) async throws {
        let variables = ProcessInfo.processInfo.environment
        let folder = try #require(variables["TRANCHE_TEST_CONTAINERS_FOLDER"])
        let socket = URL(filePath: folder).appending(
            path: "own-\(UUID().uuidString.prefix(8)).sock"
        )
        var service = try await OwnService(in: folder, on: socket)
        let engine = try TestEngine(try ContainerAddress(socket.path))
        try await body(engine) {
            service.kill()
            try? FileManager.default.removeItem(at: socket)
            service = try await OwnService(in: folder, on: socket)
        }
        service.kill()
        try await TestEngine(inventory: engine.inventory).clear()
    }

    @Test("A run outlives its engine's service, and loses nothing of the output")
    func restarted() async throws {
        try await withService { engine, restart in
            let begun = Sighting("before")
            let script = "echo before; sleep 3; echo after; exit 6"
            let program = try engine.shell(script, copy: Copy { begun.add($0) })
            let run = Task { try await program.run(engine.work()) }
            await begun.wait()
            try await restart()
            let end = try await run.value
            #expect(end.exitCode == 6)
            #expect(!end.isAdopted)
            #expect(end.output.standardOutput == "before\nafter\n")
        }
    }

    @Test("Input that may have been cut with its engine's service is no success")
    func cutInput() async throws {
        try await withService { engine, restart in
            let begun = Sighting("begun")
            // The program takes what came for all there is, and ends well.
            let program = try engine.shell(
                "echo begun; cat >/dev/null; exit 0",
                copy: Copy { begun.add($0) }
            ) {
                $0.stopTimeout = .seconds(1)
            }
            let input = ContainerInput.lines { write in
                while try await write([UInt8](repeating: 0x0A, count: 1 << 16)) {}
            }
            let run = Task { try await program.run(engine.work(input)) }
            await begun.wait()
            try await restart()
            await #expect {
                try await run.value
            } throws: { error in
                (error as? ContainerError)?.code == .inputCut
                    && (error as? ContainerError)?.category == .transient
            }
            #expect(try await engine.container() == nil)
        }
    }
}
