import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Acting on what was found", .timeLimit(.minutes(10))) struct FilterTests {
    private static let job = ["--job", "j", "--meta", "files"]

    /// A bench with batches of one item: 1 to 3 failed for good with two errors, 4 waits, 5 is
    /// done, 6 is held.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        for (batch, error) in [(1, "disk is full"), (2, "no route"), (3, "disk is full")] {
            try await acquire(bench, "--max-attempts", "1")
            #expect(await fail(bench, batch, error).status == .done)
        }
        #expect(await bench.run("redefine", "--job", "j", "--max-attempts", "5").status == .done)
        #expect(await bench.run("redefine", "--job", "j", "--backoff", "1h").status == .done)
        try await acquire(bench)
        #expect(await fail(bench, 4, "later").status == .done)
        try await acquire(bench)
        #expect(await bench.run("succeed", "5", "--attempt", "1").status == .done)
        try await acquire(bench)
        return bench
    }

    private func acquire(_ bench: CommandLineBench, _ more: String...) async throws {
        let outcome = await bench.run(["acquire", "--count", "1"] + Self.job + more)
        try #require(outcome.status == .done, "\(outcome.errors)")
    }

    private func fail(
        _ bench: CommandLineBench,
        _ batch: Int,
        _ error: String
    ) async -> CommandLineBench.Outcome {
        await bench.run("fail", "\(batch)", "--attempt", "1", "--error", error)
    }

    // MARK: - retry

    @Test("A filter is shown first, and without a terminal needs --yes")
    func retryByError() async throws {
        let bench = try await bench()
        let filter = ["retry", "--job", "j", "--error", "disk"]
        let dry = await bench.run(filter + ["--dry-run"])
        #expect(dry.status == .done)
        #expect(dry.output.hasPrefix("2 batches would be offered again:\n  batch 1 of job 'j' on"))
        #expect(dry.output.contains("disk is full"))
        let json = await bench.run(filter + ["--dry-run", "--json"])
        #expect(json.output == #"{"batches":[1,3],"dry_run":true}"# + "\n")
        let refused = await bench.run(filter)
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("say so with --yes, or look with --dry-run"))
        let no = await bench.run(filter) { _ in "n" }
        #expect(no.status == .failed)
        #expect(no.errors.contains("nothing was changed"))
        #expect(try await bench.states().prefix(3) == ["failed", "failed", "failed"])
        let done = await bench.run(filter + ["--yes", "--json"])
        #expect(done.output == #"{"batches":[1,3],"dry_run":false}"# + "\n", "\(done.errors)")
        #expect(await bench.run(filter + ["--yes"]).status == .nothingNow)
        #expect(await bench.run("retry", "--job", "j").output == "batch 2 is offered again\n")
    }

    @Test("More than ten batches are shown first, too")
    func retryMany() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("INSERT INTO files (item, weight) VALUES ('k', 1), ('l', 1)")
        let options = ["--count", "1", "--max-attempts", "1", "--on-exhausted", "fail"]
        // Each fails in its own way: alike, they would be an outage.
        let script = "cat > /dev/null; echo $TRANCHE_BATCH | tr 0-9 a-j >&2; exit 1"
        let work = ["work"] + Self.job + options + ["--", "sh", "-c", script]
        #expect(await bench.run(work).status == .failed)
        let refused = await bench.run("retry", "--job", "j")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("12 batches would be offered again:"))
        #expect(refused.errors.contains("  … and 2 more\n"), "\(refused.errors)")
        #expect(try await bench.states().allSatisfy { $0 == "failed" })
        #expect(await bench.run("retry", "--job", "j", "--yes").status == .done)
    }

    @Test("Just what was shown is changed, whatever comes meanwhile")
    func frozen() async throws {
        let bench = try await bench()
        let done = await bench.run(["retry", "--job", "j", "--since", "1h"]) { question in
            #expect(question.contains("3 batches would be offered again"))
            // Somebody else is faster with one of them, and another one fails.
            _ = await bench.run("retry", "--batch", "2")
            _ = await bench.run("acquire", "--job", "j", "--meta", "files")
            _ = await bench.run("fail", "6", "--attempt", "1", "--error", "disk")
            return "y"
        }
        #expect(done.status == .done, "\(done.errors)")
        #expect(done.output == "batch 1 is offered again\nbatch 3 is offered again\n")
        #expect(done.errors.contains("1 batch changed meanwhile: left alone"))
    }

    @Test("On a terminal it is shown, and then asked", arguments: [("y", true), ("n", false)])
    func terminal(answer: String, isDone: Bool) async throws {
        let bench = try await bench()
        let line = "'\(Executable.tranche.path)' retry --job j --error disk"
        // Both what is typed and what is shown go through a terminal of its own.
        let outcome = try await Executable("/bin/sh").run(
            ["-c", "printf '\(answer)\\n' | script -qec \"\(line)\" /dev/null"],
            environment: bench.environment
        )
        #expect(outcome.output.contains("2 batches would be offered again. Go on? [y/N]"))
        #expect(outcome.output.contains("batch 3 of job 'j' on 'files': ids 3...3"))
        #expect(outcome.output.contains("batch 3 is offered again") == isDone, "\(outcome.output)")
        #expect(outcome.output.contains("nothing was changed") != isDone)
    }

    @Test(
        "Each part of a filter counts",
        arguments: [
            ("--ids 2..3", [2, 3]), ("--until 1h", []), ("--since 2000-01-01", [1, 2, 3]),
            ("--of-worker worker-1 --ids 1", [1]), ("--of-worker nobody", []),
            ("--status waiting", [4]), ("--status succeeded", [5]), ("--status cancelled", []),
            ("--batch 2 --error route", [2]),
        ]
    )
    func parts(options: String, found: [Int]) async throws {
        let bench = try await bench()
        let words = options.split(separator: " ").map(String.init)
        let dry = await bench.run(["retry", "--job", "j", "--dry-run", "--json"] + words)
        let list = found.map(String.init).joined(separator: ",")
        #expect(dry.output == #"{"batches":[\#(list)],"dry_run":true}"# + "\n", "\(dry.errors)")
    }

    @Test("--now offers a batch that waits, and one that is done once it is wanted")
    func now() async throws {
        let bench = try await bench()
        let waiting = await bench.run("retry", "--batch", "4", "--now")
        #expect(waiting.output == "batch 4 is offered again\n", "\(waiting.errors)")
        let again = await bench.run(["acquire"] + Self.job)
        #expect(again.output.hasPrefix("batch 4, attempt 2"))
        let refused = await bench.run("retry", "--batch", "5", "--now")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("--yes"))
        let done = await bench.run("retry", "--batch", "5", "--now", "--yes")
        #expect(done.output == "batch 7 is offered again\n", "\(done.errors)")
        let twice = await bench.run("retry", "--batch", "5", "--now", "--yes")
        #expect(twice.output == "batch 7 is offered again\n", "\(twice.errors)")
        let redone = await bench.run(["acquire", "--json"] + Self.job)
        #expect(redone.output.contains(#""kind":"redrive","exact":true,"id_start":5"#))
        let running = await bench.run("retry", "--batch", "6", "--now")
        #expect(running.status == .failed)
        #expect(running.errors.contains("'tranche release' or 'tranche cancel'"))
        let plain = await bench.run("retry", "--batch", "5")
        #expect(plain.errors.contains("--now offers it at once"))
    }

    @Test(
        "Wrong input is refused, and nothing is changed",
        arguments: [
            ("retry --job j --now", "--now goes with --batch"),
            ("retry --job j --cancelled --status failed", "goes with neither --status nor --now"),
            ("retry --job j --status strange", "this is none of failed"),
            ("retry --job j --since soon", "--since 'soon'"),
            ("retry --job j --since 2026-13-01", "times look like"),
            ("retry --job j --yes --dry-run", "exclude each other"),
            ("retry --batch 1 --now --error x", "no filter"),
            ("retry --batch 9 --now", "there is no batch 9"),
            ("release", "BATCH is missing; or give --job"),
            ("release 6", "--attempt N is missing"),
            ("release 6 --attempt 1 --job j", "BATCH names one batch"),
            ("release --job j --for 5s", "--attempt and --for go with BATCH"),
            ("release --job none --yes", "there is no"),
            ("redrive --job j --grow 2", "go with --start"),
            ("redrive --job j --start 0", "--start '0'"),
            ("resume --job j --batches 0", "--batches '0'"),
            ("forget", "--job JOB is missing"),
            ("forget --job none --yes", "there is no job 'none'"),
        ]
    )
    func wrong(line: String, words: String) async throws {
        let bench = try await bench()
        let before = try bench.rows("SELECT id, status, retry_at FROM inventory")
        let outcome = await bench.run(line.split(separator: " ").map(String.init))
        #expect(outcome.status != .done)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try bench.rows("SELECT id, status, retry_at FROM inventory") == before)
    }

    // MARK: - What matches nothing

    @Test(
        "Times that end before they begin are wrong usage, whichever command they are given to",
        arguments: ["retry", "redrive", "release"],
        [
            ["--since", "1h", "--until", "2h"],
            ["--since", "2026-02-01", "--until", "2026-01-01T08:00"],
            ["--since", "1h", "--until", "2001-01-01"],
        ]
    )
    func turnedTimes(_ command: String, _ times: [String]) async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench)
        for more in [["--yes"], ["--dry-run"]] {
            let refused = await bench.run([command, "--job", "j"] + times + more)
            #expect(refused.status == .usage, "\(refused.errors)")
            let (first, last) = (times[1], times[3])
            for part in [
                "--since \(first) is after --until \(last), and nothing is between them",
                "--since \(last) --until \(first)",
            ] {
                #expect(refused.errors.contains(part), "\(refused.errors)")
            }
            let turned = ["--since", last, "--until", first]
            let right = await bench.run([command, "--job", "j"] + turned + more)
            #expect(right.status != .usage, "\(right.errors)")
        }
    }

    @Test(
        "A range with a hyphen is told how it is written, from its lower end",
        arguments: [("1-3", "1..3"), ("20-3", "3..20"), ("5,20-3", "3..20")]
    )
    func hyphens(_ ids: String, _ range: String) async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench)
        let named = ["retry", "redrive", "release"].map { command in
            [command, "--job", "j", "--ids", ids, "--dry-run"]
        }
        let bad = ["1", "--attempt", "1", "--bad-ids", ids]
        for command in named + [["fail", "--error", "no"] + bad, ["succeed"] + bad] {
            let refused = await bench.run(command)
            #expect(refused.status == .usage, "\(command): \(refused.errors)")
            #expect(
                refused.errors.contains("is no id; a range is written \(range)"),
                "\(command): \(refused.errors)"
            )
        }
        let right = await bench.run("release", "--job", "j", "--ids", "1..3", "--dry-run")
        #expect(right.status == .done, "\(right.errors)")
    }

    // MARK: - release

    @Test("What is held of a job is given back, only under the attempt that was shown")
    func release() async throws {
        let bench = try await bench()
        try await acquire(bench)
        let dry = await bench.run("release", "--job", "j", "--dry-run")
        #expect(dry.output.hasPrefix("2 batches would be given back:\n  batch 6 of job 'j' on"))
        #expect(dry.output.contains("to worker-1"))
        let refused = await bench.run("release", "--job", "j")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("say so with --yes"))
        let others = await bench.run("release", "--job", "j", "--of-worker", "nobody", "--yes")
        #expect(others.status == .nothingNow)
        let none = await bench.run(
            "release",
            "--job",
            "j",
            "--of-worker",
            "nobody",
            "--yes",
            "--json"
        )
        #expect(none.output == #"{"batches":[],"dry_run":false}"# + "\n")
        let empty = await bench.run("release", "--job", "j", "--of-worker", "", "--yes")
        #expect(empty.status == .usage)
        #expect(empty.errors.contains("--of-worker is empty"), "\(empty.errors)")
        let released = await bench.run(["release", "--job", "j"]) { _ in
            _ = await bench.run("succeed", "7", "--attempt", "1")
            return "yes"
        }
        #expect(released.output == "batch 6 is offered again\n", "\(released.errors)")
        #expect(released.errors.contains("1 batch ended meanwhile"))
        let lost = await bench.run("heartbeat", "6", "--attempt", "1")
        #expect(lost.status == .batchLost)
    }

    @Test("The time of a batch that runs is when its attempt began, and the help says so")
    func begun() async throws {
        let bench = try await CommandLineBench()
        for _ in 1...3 { try await acquire(bench) }
        try bench.execute(
            """
            UPDATE inventory
            SET processing_start = strftime('%Y-%m-%d %H:%M:%f', processing_start, '-3 hours')
            WHERE id IN (1, 3)
            """
        )
        // A second attempt begins anew.
        #expect(await bench.run("release", "3", "--attempt", "1").status == .done)
        try await acquire(bench)
        let release = ["release", "--job", "j", "--dry-run", "--json"]
        let late = await bench.run(release + ["--since", "1h"])
        #expect(late.output == #"{"batches":[2,3],"dry_run":true}"# + "\n", "\(late.errors)")
        let early = await bench.run(release + ["--until", "1h"])
        #expect(early.output == #"{"batches":[1],"dry_run":true}"# + "\n", "\(early.errors)")
        let help = await bench.run("help", "release").output
        #expect(help.contains("only batches whose attempt began since"), "\(help)")
        let other = await bench.run("help", "retry").output
        #expect(other.contains("only batches whose last attempt ended since"), "\(other)")
    }
}
