import Foundation
import Testing

@testable import TrancheCLI

@Suite("Containers that are left behind, on the command line", .timeLimit(.minutes(5)))
struct ReapTests {
    static var engine: String? {
        ProcessInfo.processInfo.environment["TRANCHE_TEST_CONTAINERS"].flatMap {
            $0.isEmpty ? nil : $0
        }
    }

    @Test("An address that is none, and a pipeline without containers, are refused")
    func refused() async throws {
        let bench = try await CommandLineBench()
        let address = await bench.run("reap", "--engine", "ssh://somewhere", "--dry-run")
        #expect(address.status == .usage)
        #expect(address.errors.contains("--engine 'ssh://somewhere'"), "\(address.errors)")
        try bench.write(
            """
            inputs: {nightly: {type: schedule, cron: '0 2 * * *'}}
            processes: {p: {type: program, command: [cat]}}
            links: [nightly -> p]
            """,
            to: "p.yaml"
        )
        let file = await bench.run("reap", "--pipeline", bench.path("p.yaml"))
        #expect(file.status == .usage)
        #expect(file.errors.contains("has no process of type container"), "\(file.errors)")
    }

    @Test("Where nothing is left behind, that is said", .enabled(if: ReapTests.engine != nil))
    func nothing() async throws {
        let bench = try await CommandLineBench()
        let engine = try #require(Self.engine)
        let found = await bench.run("reap", "--engine", engine)
        #expect(found.status == .done, "\(found.errors)")
        #expect(found.output == "")
        #expect(found.errors.contains("no container is left behind"), "\(found.errors)")
        let json = await bench.run("reap", "--engine", engine, "--json", "--yes")
        #expect(json.output == #"{"dry_run":false,"containers":[]}"# + "\n")
    }
}
