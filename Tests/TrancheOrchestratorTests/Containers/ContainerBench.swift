import Foundation
import Testing
import Tranche

@testable import TrancheOrchestrator

/// Asked for by a variable, since it wants the machine for itself.
private let isAsked = ProcessInfo.processInfo.environment["TRANCHE_BENCH_CONTAINERS"] != nil

@Suite("Rates of containers", .enabled(if: isAsked), .serialized)
struct ContainerBench {
    @Test("100 batches, 8 at a time, against as many runs of podman", arguments: [1, 2, 3])
    func rates(round: Int) async throws {
        let variables = ProcessInfo.processInfo.environment
        let folder = try #require(variables["TRANCHE_TEST_CONTAINERS_FOLDER"])
        let peer = try await duration { try await self.runPeer(folder) }
        let nothing = try await duration { try await self.runContainers(.nothing) }
        let lines = try await duration {
            try await self.runContainers(.lines { _ = try await $0(Array("{}\n".utf8)) })
        }
        for (name, time) in [("podman run --rm", peer), ("no input", nothing), ("lines", lines)] {
            let words =
                "\(round) \(name): \(100 / time.seconds) a second, \(peer / time) of podman's"
            print("RATE \(words)")
        }
    }

    private func duration(_ body: () async throws -> Void) async throws -> Duration {
        let start = ContinuousClock.now
        try await body()
        return .now - start
    }

    private func runPeer(_ folder: String) async throws {
        let options = "--root \(folder)/store --runroot \(folder)/run --tmpdir \(folder)/tmp"
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let run = "podman \(options) run --rm \(TestEngine.image) sh -c 'cat >/dev/null; echo done'"
        process.arguments = ["-c", "seq 100 | xargs -P 8 -I N \(run.replacing("'", with: "\""))"]
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["CONTAINERS_CONF": "\(folder)/containers.conf"]
        ) { _, own in own }
        process.standardOutput = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        let ends = AsyncStream<Int32>.makeStream()
        process.terminationHandler = { ends.continuation.yield($0.terminationStatus) }
        try process.run()
        var status = ends.stream.makeAsyncIterator()
        #expect(await status.next() == 0)
    }

    private func runContainers(_ input: ContainerInput) async throws {
        try await withEngine { engine in
            let program = try engine.shell("cat >/dev/null; echo done")
            try await withThrowingTaskGroup(of: ContainerEnd.self) { group in
                for batch in 1...100 {
                    if batch > 8, let end = try await group.next() { #expect(end.exitCode == 0) }
                    group.addTask { try await program.run(engine.work(batch: Int64(batch), input)) }
                }
                for try await end in group { #expect(end.exitCode == 0) }
            }
        }
    }
}
