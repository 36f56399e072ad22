import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("At most once on the command line", .timeLimit(.minutes(10))) struct AtMostOnceTests {
    private static let job = ["--job", "j", "--meta", "files", "--execution", "at-most-once"]

    @Test("A program that fails is started once, and again only where that may be")
    func work() async throws {
        let bench = try await CommandLineBench()
        let script =
            "echo \"$TRANCHE_ID_START\" >> '\(bench.path("starts"))'; [ $TRANCHE_ID_START != 2 ]"
        let command = ["work"] + Self.job + ["--count", "1", "--", "sh", "-c", script]
        let work = await bench.run(command)
        #expect(work.status == .failed)
        #expect(
            work.errors.contains(
                "1 batch has failed, and may have been executed; 'tranche retry --may-repeat'"
            ),
            "\(work.errors)"
        )
        let retry = await bench.run("retry", "--job", "j")
        #expect(retry.status == .nothingNow)
        #expect(retry.errors.contains("--may-repeat offers them again"), "\(retry.errors)")
        let one = await bench.run("retry", "--batch", "2")
        #expect(one.status == .usage)
        #expect(one.errors.contains("batch 2 of job 'j' on 'files' may have been executed"))
        #expect(await bench.run("split", "2").errors.contains("--may-repeat"))
        let listed = await bench.run("batches", "--status", "begun").output
        #expect(
            listed.contains("may have been executed; 'tranche retry --may-repeat'"),
            "\(listed)"
        )
        let status = await bench.run("status").output
        #expect(status.contains("has 1 failed batch that may have been executed"), "\(status)")
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""execution":"atMostOnce""#), "\(json)")
        #expect(json.contains(#""begun":{"batches":1,"items":1,"weight":20}"#), "\(json)")

        let again = await bench.run("retry", "--job", "j", "--may-repeat")
        #expect(again.output == "batch 2 is offered again\n", "\(again.errors)")
        _ = await bench.run(command)
        let starts = try String(contentsOfFile: bench.path("starts"), encoding: .utf8)
        #expect(starts.split(separator: "\n").sorted().filter { $0 == "2" }.count == 2)
        #expect(Set(starts.split(separator: "\n")).count == starts.split(separator: "\n").count - 1)
    }

    @Test("A batch that is printed has begun: it is not printed again, and not given back")
    func acquire() async throws {
        let bench = try await CommandLineBench()
        let command = ["acquire"] + Self.job + ["--count", "1", "--request", "t1", "--json"]
        let first = await bench.run(command)
        #expect(first.status == .done, "\(first.errors)")
        let second = await bench.run(command)
        #expect(second.status == .batchLost)
        #expect(second.output.isEmpty)
        #expect(second.errors.contains("has begun already"), "\(second.errors)")
        #expect(try bench.rows("SELECT status FROM inventory") == ["running"])
        let released = await bench.run("release", "1", "--attempt", "1")
        #expect(released.output.contains("failed for good, and may have been executed"))
        #expect(try bench.rows("SELECT status, cause FROM inventory") == ["failed|begun"])
    }

    @Test(
        "A batch that has begun and failed has nothing to give back, and that is said",
        arguments: [[], ["--for", "5s"]]
    )
    func releaseOfFailed(_ more: [String]) async throws {
        let bench = try await CommandLineBench()
        let acquired = await bench.run(["acquire"] + Self.job + ["--count", "1"])
        #expect(acquired.status == .done, "\(acquired.errors)")
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        let released = await bench.run(["release", "1", "--attempt", "1"] + more)
        #expect(released.status == .batchLost, "\(released.errors)")
        #expect(released.output.isEmpty, "\(released.output)")
        #expect(released.errors.contains("it is failed, attempt 1"), "\(released.errors)")
        let batches = try bench.rows("SELECT status, cause, logging FROM inventory")
        #expect(batches == ["failed|begun|no"])
    }

    @Test("What contradicts at most once is refused, and so is a change while a batch is held")
    func wrong() async throws {
        let bench = try await CommandLineBench()
        for more in [["--on-exhausted", "split"], ["--extended-retries", "5m"]] {
            let both = await bench.run(["acquire"] + Self.job + more)
            #expect(both.status == .usage)
            #expect(both.errors.contains("at most once"), "\(both.errors)")
        }
        let held = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(held).status == .done)
        let change = ["redefine", "--job", "j", "--execution", "at-most-once"]
        let refused = await bench.run(change)
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("it becomes at most once when they have ended"))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let changed = await bench.run(change)
        #expect(changed.output.contains("execution: at-least-once -> at-most-once"))
    }
}
