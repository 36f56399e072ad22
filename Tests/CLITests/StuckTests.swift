import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Stuck batches on the command line", .timeLimit(.minutes(10))) struct StuckTests {
    private static let job = ["--job", "j", "--meta", "files"]

    @Test("A drain ends with 1 where only stuck batches are left, and tells what they failed with")
    func drain() async throws {
        let bench = try await CommandLineBench()
        let script = "[ \"$TRANCHE_ID_START\" = 3 ] && { echo 'no three' >&2; exit 1; }; exit 0"
        let work = await bench.run(
            ["work"] + Self.job
                + [
                    "--count", "1", "--max-attempts", "1", "--extended-retries", "5m", "--", "sh",
                    "-c", script,
                ]
        )
        #expect(work.status == .failed)
        #expect(work.errors.contains("1 batch has got stuck; 'tranche retry'"), "\(work.errors)")
        let acquired = await bench.run(["acquire"] + Self.job)
        #expect(acquired.status == .nothingNow)
        #expect(acquired.errors.contains("stuck: the batches left have used up their attempts"))
        let listed = await bench.run("batches", "--status", "stuck").output
        #expect(listed.contains("stuck, tried once more in 5 min"), "\(listed)")
        #expect(listed.contains("no three"), "\(listed)")
        let status = await bench.run("status").output
        #expect(status.contains("has 1 stuck batch, such as 3: exit code 1: no three"), "\(status)")
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""state":"stuck""#), "\(json)")
        #expect(json.contains(#""stuck":{"batches":1,"items":1,"weight":30}"#), "\(json)")
        #expect(json.contains(#""extended_retries_s":300"#), "\(json)")

        #expect(await bench.run("retry", "--batch", "3").output == "batch 3 is offered again\n")
        let off = await bench.run("redefine", "--job", "j", "--extended-retries", "none")
        #expect(off.status == .done, "\(off.errors)")
        let again = await bench.run(["work"] + Self.job + ["--", "sh", "-c", script])
        #expect(again.errors.contains("1 batch has failed"), "\(again.errors)")
    }

    @Test("What contradicts extended retries is refused")
    func wrong() async throws {
        let bench = try await CommandLineBench()
        let both = await bench.run(
            ["acquire"] + Self.job + ["--extended-retries", "5m", "--on-exhausted", "split"]
        )
        #expect(both.status == .usage)
        #expect(both.errors.contains("leave one of the two out"), "\(both.errors)")
        let short = await bench.run(["acquire"] + Self.job + ["--extended-retries", "10ms"])
        #expect(short.errors.contains("give none, or 1 s to 365 days"), "\(short.errors)")
    }
}
