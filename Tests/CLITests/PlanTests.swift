import Foundation
import Testing

@testable import TrancheCLI

@Suite("The plan on the command line", .timeLimit(.minutes(10))) struct PlanTests {
    /// The ends of the range in which a document says that its batches end.
    private func drain(_ document: String) throws -> (shortest: Double, longest: Double) {
        let pattern = #/"drains_in":\{"shortest_s":([0-9.e+-]+),"longest_s":([0-9.e+-]+)\}/#
        let found = try #require(document.firstMatch(of: pattern), "\(document)")
        return (try #require(Double(found.output.1)), try #require(Double(found.output.2)))
    }

    @Test("How long a plan takes is told as a range, as status tells it")
    func range() async throws {
        let bench = try await CommandLineBench()
        let plan = ["plan", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(plan + ["--json"]).output.contains(#""drains_in":null"#))
        _ = await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "2")
        _ = await bench.run("succeed", "1", "--attempt", "1")
        let planned = try drain(await bench.run(plan + ["--json"]).output)
        let shown = try drain(await bench.run("status", "--json").output)
        for time in [planned, shown] { #expect(0 < time.shortest && time.shortest <= time.longest) }
        let text = await bench.run(plan).output
        #expect(text.contains(" at the pace so far"), "\(text)")
        #expect(!text.contains("about"), "\(text)")
    }
}
