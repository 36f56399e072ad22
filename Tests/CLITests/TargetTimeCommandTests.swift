import Foundation
import Testing

@testable import TrancheCLI

/// Batches of a target time, from the command line.
@Suite(.timeLimit(.minutes(5))) struct TargetTimeCommandTests {
    private static let job = ["--job", "j", "--meta", "files"]

    @Test("The first batch has the least weight, and a plan agrees with the run")
    func agreement() async throws {
        let bench = try await CommandLineBench()
        let target = ["--target-time", "30s", "--least-weight", "60"]
        let first = await bench.run(["acquire"] + Self.job + target + ["--json"])
        #expect(first.output.contains(#""count":3,"weight":60"#))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        // It took no time, so that the weight may grow by a fifth.
        let second = await bench.run(["acquire"] + Self.job + target + ["--json"])
        #expect(second.output.contains(#""count":1,"weight":40"#))
        #expect(try bench.rows("SELECT target_weight FROM inventory_run") == ["72.0"])
        let plan = await bench.run(["plan"] + Self.job + target + ["--json"])
        #expect(plan.output.contains(#""ranges":[{"id_start":5,"id_end":5,"count":1,"weight":50"#))
        let most = await bench.run(
            ["plan"] + Self.job + ["--target-time", "30s", "--most-weight", "50", "--json"]
        )
        #expect(most.output.contains(#""ranges":[{"id_start":5,"id_end":5,"count":1"#))
    }

    @Test("A run drains with batches of a target time")
    func work() async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(
            ["work"] + Self.job + ["--target-time", "30s", "--", "true"]
        )
        #expect(outcome.status == .done)
        let items = try bench.rows("SELECT sum(batch_count) FROM inventory")
        #expect(items == ["10"])
    }

    @Test(
        "What does not go together is refused",
        arguments: [
            ["--target-time", "30s", "--weight", "5"], ["--least-weight", "5"],
            ["--target-time", "30s", "--min-weight", "5"], ["--target-time", "0s"],
            ["--target-time", "30s", "--least-weight", "5", "--most-weight", "4"],
            ["--target-time", "30s", "--prefetch", "1"],
        ]
    )
    func usage(options: [String]) async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(["work"] + Self.job + options + ["--", "true"])
        #expect(outcome.status == .usage, "\(outcome.errors)")
    }
}
