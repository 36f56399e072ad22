import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Workflows on the command line", .timeLimit(.minutes(10))) struct WorkflowTests {
    /// Writes a workflow over the table of ten items, with a program, into a file.
    private func write(
        _ bench: CommandLineBench,
        _ script: String,
        _ more: String = ""
    ) throws -> String {
        let words = try String(decoding: JSONEncoder().encode(["sh", "-c", script]), as: UTF8.self)
        let start = #"{"job":"j","source":"files","count":3,"workers":2,"program":"#
        try bench.write("\(start)\(words)\(more)}", to: "w.json")
        return bench.path("w.json")
    }

    @Test("A workflow is begun, joined, watched and ends, its program given its parameters")
    func whole() async throws {
        let bench = try await CommandLineBench()
        let script =
            "cat >/dev/null; echo \"$TRANCHE_PARAM_DAY $TRANCHE_JOB\" >> \(bench.path("log"))"
        let file = try write(bench, script, #","parameters":{"day":"monday"}"#)
        let begun = await bench.run("workflow", "start", file, "--param", "day=tuesday")
        #expect(begun.status == .done, "\(begun.errors)")
        #expect(begun.output.hasPrefix("job 'j' on 'files': generation 1, digest "))
        #expect(await bench.run("workflow", "list").output.split(separator: "\n").count == 2)
        let shown = await bench.run("workflow", "show", "--job", "j")
        #expect(shown.output.contains("left: about "), "\(shown.output)")
        let worked = await bench.run("workflow", "work", "--job", "j")
        #expect(worked.status == .done, "\(worked.errors)")
        #expect(worked.output.contains("done: 100.0 %, 4 batches, 10 items, weight 550"))
        let log = try String(contentsOfFile: bench.path("log"), encoding: .utf8)
        #expect(log == String(repeating: "tuesday j\n", count: 4))
        let result = await bench.run("workflow", "result", "--job", "j", "--json")
        #expect(result.status == .done)
        #expect(
            result.output.hasPrefix(#"{"ending":"complete","reason":null,"progress":{"job":"j""#)
        )
        let workers = try bench.rows("SELECT worker FROM inventory ORDER BY id")
        #expect(workers.allSatisfy { $0.hasPrefix("worker-1@") }, "\(workers)")
    }

    @Test("Failures are shown with their errors, and decide the exit status")
    func failures() async throws {
        let bench = try await CommandLineBench()
        let script = "cat >/dev/null; [ $TRANCHE_BATCH != 2 ] || { echo no luck >&2; exit 1; }"
        let file = try write(bench, script, #","policy":{"max_attempts":1}"#)
        let worked = await bench.run("workflow", "start", file, "--work")
        #expect(worked.status == .failed)
        #expect(worked.output.contains("failed: 1 batch, 3 items"), "\(worked.output)")
        #expect(worked.output.contains("  batch 2, ids 4...6: exit code 1: no luck"))
        let result = await bench.run("workflow", "result", "--job", "j")
        #expect(result.status == .failed)
    }

    @Test("A paused workflow is told as such, and goes on when it is resumed")
    func paused() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "cat >/dev/null")
        #expect(await bench.run("workflow", "start", file).status == .done)
        let pause = await bench.run("workflow", "pause", "--job", "j", "--reason", "the night")
        #expect(pause.output == "job 'j' on 'files' is paused\n")
        let held = await bench.run("workflow", "work", "--job", "j")
        #expect(held.status == .tryAgain)
        #expect(held.errors.contains("paused (the night)"), "\(held.errors)")
        #expect(await bench.run("workflow", "resume", "--job", "j").status == .done)
        #expect(await bench.run("workflow", "work", "--job", "j").status == .done)
    }

    @Test("A cancelled workflow is told as such, and exits with 5")
    func cancelled() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "cat >/dev/null")
        #expect(await bench.run("workflow", "start", file).status == .done)
        let cancel = await bench.run("workflow", "cancel", "--job", "j", "--reason", "not today")
        #expect(cancel.output == "job 'j' on 'files' is cancelled\n")
        #expect(await bench.run("workflow", "work", "--job", "j").status == .cancelled)
        let result = await bench.run("workflow", "result", "--job", "j")
        #expect(result.status == .cancelled)
        #expect(result.output.contains("cancelled (not today)"), "\(result.output)")
    }

    @Test("A signal ends the wait for a result")
    func signalled() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "cat >/dev/null")
        #expect(await bench.run("workflow", "start", file).status == .done)
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        sender.yield(SIGTERM)
        let result = await bench.run(["workflow", "result", "--job", "j"], signals: signals)
        #expect(result.status == .interrupted)
    }

    @Test("A wrong file is refused with its field, and begins nothing")
    func refused() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "true", #","policy":{"leese":"1s"}"#)
        let refused = await bench.run("workflow", "start", file)
        #expect(refused.status == .usage)
        let words = "w.json: policy.leese is not a field of a policy; did you mean lease?"
        #expect(refused.errors.contains(words), "\(refused.errors)")
        let good = try write(bench, "true")
        let dry = await bench.run("workflow", "start", good, "--dry-run")
        #expect(dry.status == .done, "\(dry.errors)")
        #expect(dry.output.contains("it can be begun"))
        #expect(await bench.run("workflow", "list").errors.contains("there is no workflow yet"))
        #expect(await bench.run("workflow", "show", "--job", "j").status == .failed)
    }

    @Test("A dry run refuses what start would refuse, and makes nothing")
    func dryRun() async throws {
        let bench = try await CommandLineBench()
        func attempts(_ more: String) async throws -> [CommandLineBench.Outcome] {
            let file = try write(bench, "true", more)
            let dry = await bench.run("workflow", "start", file, "--dry-run")
            return [dry, await bench.run("workflow", "start", file)]
        }
        var both = try await attempts(#","budgets":["api"]"#)
        #expect(both[0].errors.contains("there is no budget 'api'"), "\(both[0].errors)")
        #expect(both[0].errors == both[1].errors)
        #expect(both[0].status == both[1].status)
        _ = await bench.run("budget", "set", "api", "--batches", "3")
        both = try await attempts(#","budgets":["api"]"#)
        #expect(both.map(\.status) == [.done, .done], "\(both[0].errors)")
        // A run that has begun keeps what it is of.
        both = try await attempts(#","budgets":["api","none"]"#)
        #expect(both[0].errors.contains("there is no budget 'none'"), "\(both[0].errors)")
        both = try await attempts(#","budgets":["api"],"ids":{"from":1,"to":5}"#)
        #expect(both[0].status != .done)
        #expect(both[0].errors == both[1].errors)
        // Policies of at most once need that nothing is open.
        let acquired = await bench.run("acquire", "--job", "j", "--meta", "files", "--count", "1")
        #expect(acquired.status == .done, "\(acquired.errors)")
        both = try await attempts(#","budgets":["api"],"execution":"atMostOnce""#)
        #expect(both[0].status != .done)
        #expect(both[0].errors == both[1].errors)
        #expect(await bench.run("budget", "list", "--json").output.contains(#""name":"api""#))
    }

    @Test("The budget by which a workflow would rest need not be there for a dry run")
    func dryRest() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "true", #","rest":{"after":1000,"for":"1s"}"#)
        let dry = await bench.run("workflow", "start", file, "--dry-run")
        #expect(dry.status == .done, "\(dry.errors)")
        #expect(await bench.run("budget", "list").errors.contains("there is no budget yet"))
        let started = await bench.run("workflow", "start", file)
        #expect(started.status == .done, "\(started.errors)")
    }

    @Test(
        "Options that mean nothing are refused",
        arguments: [
            ["workflow", "start"], ["workflow", "show"], ["workflow", "shoe", "--job", "j"],
            ["workflow", "show", "--job", "j", "--param", "a=b"],
            ["workflow", "show", "x.json", "--job", "j"],
            ["workflow", "start", "x.json", "--job", "j"],
            ["workflow", "start", "x.json", "--work", "--dry-run"],
            ["workflow", "start", "x.json", "--param", "a"],
            ["workflow", "result", "--job", "j", "--follow"],
            ["workflow", "start", "missing.json"],
        ]
    )
    func usage(_ arguments: [String]) async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(arguments)
        #expect(outcome.status == .usage, "\(outcome.errors)")
        #expect(!outcome.errors.isEmpty)
    }

    @Test("A snapshot is printed, or kept in a folder")
    func snapshot() async throws {
        let bench = try await CommandLineBench()
        let file = try write(bench, "cat >/dev/null")
        #expect(await bench.run("workflow", "start", file, "--work").status == .done)
        let printed = await bench.run("workflow", "snapshot", "--job", "j")
        #expect(printed.output.contains(#""done":true,"offset":10,"batches":[{"id":1,"#))
        let folder = bench.path("kept")
        let kept = await bench.run("workflow", "snapshot", "--job", "j", "--to", folder)
        #expect(kept.output.hasPrefix(folder))
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.count == 1)
    }

    @Test("Parameters of a backfill reach its program")
    func backfill() async throws {
        let bench = try await CommandLineBench()
        let log = bench.path("log")
        let words = ["--job", "b", "--meta", "files", "--run", "r", "--from", "1", "--to", "3"]
        let outcome = await bench.run(
            ["backfill"] + words
                + ["--param", "day=monday", "--", "sh", "-c", "echo $TRANCHE_PARAM_DAY > \(log)"]
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "monday\n")
        let wrong = await bench.run(["backfill"] + words + ["--param", "a-b=1", "--", "true"])
        #expect(wrong.status == .usage)
        #expect(wrong.errors.contains("--param a-b is not a parameter's name"), "\(wrong.errors)")
    }
}
