import Testing

@testable import TrancheCLI

@Suite("Waiting items whose weight is no number from 0 up", .timeLimit(.minutes(5)))
struct WrongWeightTests {
    @Test("Their weight is not known, and a check finds them", arguments: ["9e999", "-5"])
    func unknown(_ weight: String) async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "4"]
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await bench.run("status", "--check").status == .done)
        try bench.execute("UPDATE files SET weight = \(weight) WHERE uid = 6")
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""backlog":{"items":6,"weight":null,"#), "\(json)")
        #expect(!json.contains("e308"), "\(json)")
        let wide = await bench.run("status", "--wide").output
        #expect(wide.contains("  ?  "), "\(wide)")
        let check = await bench.run("status", "--check")
        #expect(check.status == .failed)
        let words = "has a weight that is not a number from 0 up; the run stops there"
        #expect(check.output.contains("job 'j' on 'files': \(words)"), "\(check.output)")
        let metrics = await bench.run("metrics").output
        #expect(!metrics.contains("\ntranche_backlog_weight{"), "\(metrics)")
        let worked = await bench.run("work", "--job", "j", "--count", "9", "--", "true")
        #expect(worked.errors.contains("id 6 has the weight"), "\(worked.errors)")
    }
}
