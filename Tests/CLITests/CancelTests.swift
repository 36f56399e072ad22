import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Cancelling on the command line", .timeLimit(.minutes(10))) struct CancelTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func acquire(_ bench: CommandLineBench) async -> CommandLineBench.Outcome {
        await bench.run(["acquire"] + Self.job + ["--count", "1"])
    }

    @Test("A cancelled run is shown, hands out nothing, and is taken back")
    func run() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        _ = await acquire(bench)
        let cancelled = await bench.run("cancel", "--job", "j", "--reason", "wrong file")
        #expect(cancelled.status == .done, "\(cancelled.errors)")
        #expect(cancelled.output == "job 'j' on 'files' is cancelled, with 2 open batches\n")
        let none = await acquire(bench)
        #expect(none.status == .nothingNow)
        #expect(none.errors.contains("cancelled by worker-1: wrong file; 'tranche resume'"))
        let status = await bench.run("status")
        #expect(status.output.contains("cancelled by worker-1: wrong file"), "\(status.output)")
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""cancelled":{"batches":2,"items":2,"weight":30}"#), "\(json)")
        #expect(json.contains(#""by":"worker-1","reason":"wrong file"}"#), "\(json)")
        let lost = await bench.run("heartbeat", "1", "--attempt", "1")
        #expect(lost.status == .cancelled)
        #expect(lost.errors.contains("wrong file"))
        let listed = try await bench.batches("--status", "cancelled")
        #expect(listed.count == 2)
        #expect(listed.first?["cause"] as? String == "cancelled")
        let history = await bench.run("history", "--meta", "files", "--id", "1").output
        #expect(history.contains("cancelled"), "\(history)")
        let table = await bench.run("batches").output
        #expect(table.contains("'tranche retry --cancelled' offers it again"), "\(table)")

        #expect(await bench.run("retry", "--job", "j").status == .nothingNow)
        let one = await bench.run("retry", "--batch", "1")
        #expect(one.errors.contains("--cancelled offers it again"), "\(one.errors)")
        let wrong = await bench.run("retry", "--job", "j", "--batch", "9", "--cancelled")
        #expect(wrong.status == .failed)
        #expect(await bench.run("resume", "--job", "j", "--reason", "it was right").status == .done)
        #expect(await bench.run("retry", "--job", "j", "--cancelled").output.contains("batch 2"))
        #expect(await acquire(bench).output.hasPrefix("batch 1, attempt 2"))
        let changes = await bench.run("changes", "--job", "j").output.split(separator: "\n")
        #expect(changes.count == 4 && changes[1].contains("retry"), "\(changes)")
        #expect(changes.last?.contains("cancelled") == true, "\(changes)")
        #expect(changes.last?.hasSuffix("wrong file") == true, "\(changes)")
    }

    @Test("A worker whose run is cancelled ends its program and says so", arguments: [true, false])
    func work(follows: Bool) async throws {
        let bench = try await CommandLineBench()
        async let work = bench.run(
            ["work"] + Self.job
                + [
                    "--lease", "1s", "--count", "1", follows ? "--follow" : "--drain", "--json",
                    "--", "sh", "-c", "trap 'exit 0' TERM; \(bench.waiting)",
                ]
        )
        while try bench.rows("SELECT 1 FROM inventory WHERE status = 'running'").isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(await bench.run("cancel", "--job", "j").status == .done)
        let ended = await work
        #expect(ended.status == .cancelled)
        #expect(ended.output.contains(#""status":"cancelled""#), "\(ended.output)")
        #expect(ended.errors.contains("cancelled by worker-1"), "\(ended.errors)")
        #expect(
            try bench.rows("SELECT status, cause, failures FROM inventory") == [
                "failed|cancelled|0"
            ]
        )
    }

    @Test("One batch is cancelled, and a complete run says so, and has not failed")
    func batch() async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let cancelled = await bench.run("cancel", "--job", "j", "--batch", "1", "--json")
        #expect(
            cancelled.output == #"{"job":"j","meta":"files","run":"","batches":[1]}"# + "\n",
            "\(cancelled.errors)"
        )
        let work = await bench.run(["work"] + Self.job + ["--", "true"])
        #expect(work.status == .done)
        #expect(
            work.errors.contains(
                "1 batch has been cancelled; 'tranche retry --cancelled' offers them again"
            ),
            "\(work.errors)"
        )
        let check = await bench.run("status", "--check")
        #expect(check.status == .done, "\(check.errors)")
        #expect(await bench.run(["work"] + Self.job + ["--", "true"]).status == .done)
        let done = await bench.run("cancel", "--job", "j", "--batch", "2")
        #expect(done.status == .usage)
        #expect(done.errors.contains("is succeeded: there is nothing to cancel"))
    }

    @Test("A drain of a pipeline says that a batch was cancelled, and has not failed")
    func drain() async throws {
        let bench = try await CommandLineBench()
        try bench.write(
            """
            inputs: {files: {type: directory, folder: "\(bench.path("in"))", quiet: 0s}}
            processes: {p: {type: program, command: ["false"]}}
            links: [{from: files, to: p, max_attempts: 1}]
            """,
            to: "p.yaml"
        )
        try bench.write("x", to: "in/a")
        #expect(await bench.run("run", bench.path("p.yaml"), "--drain").status == .failed)
        #expect(await bench.run("status", "--check").status == .failed)
        let cancelled = await bench.run("cancel", "--job", "files/p", "--batch", "1")
        #expect(cancelled.status == .done, "\(cancelled.errors)")
        let again = await bench.run("run", bench.path("p.yaml"), "--drain")
        #expect(again.status == .done, "\(again.errors)")
        #expect(again.errors.contains("files/p: 1 batch has been cancelled"), "\(again.errors)")
        #expect(await bench.run("status", "--check").status == .done)
    }

    @Test(
        "Wrong input is refused",
        arguments: [
            ("cancel", "--job JOB is missing"), ("cancel --job none", "there is no"),
            ("cancel --job j --batch x", "--batch"), ("cancel --job j --batch 9", "no batch 9"),
        ]
    )
    func wrong(line: String, words: String) async throws {
        let bench = try await CommandLineBench()
        _ = await acquire(bench)
        let outcome = await bench.run(line.split(separator: " ").map(String.init))
        #expect(outcome.status != .done)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
}
