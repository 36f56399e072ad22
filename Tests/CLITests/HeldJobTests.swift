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

    @Test(
        "A paused or cancelled job is told, and the status is that of such a link",
        arguments: [
            ("pause", ProgramStatus.tryAgain, ["one: paused (why); 'tranche resume'"]),
            ("cancel", .cancelled, ["one: cancelled", ": why; 'tranche resume'"]),
        ]
    )
    func held(by command: String, status: ProgramStatus, words: [String]) async throws {
        let bench = try await bench()
        #expect(await bench.run(command, "--job", "one", "--reason", "why").status == .done)
        let run = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(run.status == status)
        for word in words { #expect(run.errors.contains(word), "\(run.errors)") }
        #expect(await bench.run("resume", "--job", "one").status == .done)
        let again = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(again.status == .done, "\(again.errors)")
    }
}
