import Testing

@testable import TrancheCLI

/// Jobs of a pipeline's file that are held while it is drained.
@Suite(.timeLimit(.minutes(10))) struct HeldJobTests {
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(
            """
            jobs:
              one: {source: files, count: 5, command: [cat]}
            """,
            to: "p.yaml"
        )
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        try #require(run.status == .done, "\(run.errors)")
        return bench
    }

    @Test("A paused job is told, and the status is that of a paused link")
    func paused() async throws {
        let bench = try await bench()
        #expect(await bench.run("pause", "--job", "one", "--reason", "night").status == .done)
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == .tryAgain)
        #expect(run.errors.contains("one: paused (night); 'tranche resume'"), "\(run.errors)")
        #expect(await bench.run("resume", "--job", "one").status == .done)
        let again = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(again.status == .done, "\(again.errors)")
    }

    @Test("A cancelled job is told, and the status is that of a cancelled link")
    func cancelled() async throws {
        let bench = try await bench()
        #expect(await bench.run("cancel", "--job", "one", "--reason", "over").status == .done)
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == .cancelled)
        #expect(run.errors.contains("one: cancelled"), "\(run.errors)")
        #expect(run.errors.contains(": over; 'tranche resume'"), "\(run.errors)")
        #expect(await bench.run("resume", "--job", "one").status == .done)
        let again = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(again.status == .done, "\(again.errors)")
    }
}
