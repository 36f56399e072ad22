import Foundation
import Testing

@testable import TrancheCLI

@Suite("Going carefully after a fix", .timeLimit(.minutes(10))) struct CarefulTests {
    private static let job = ["--job", "j", "--meta", "files"]

    /// A bench whose items 1 to 7 are quarantined, each with its own error.
    private func quarantined() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let policy = ["--on-exhausted", "split", "--max-attempts", "1", "--backoff", "0"]
        let acquired = await bench.run(["acquire", "--count", "7"] + Self.job + policy)
        #expect(acquired.status == .done)
        let fail = ["fail", "1", "--attempt", "1", "--error", "no", "--bad-ids", "1,2,3,4,5,6,7"]
        #expect(await bench.run(fail).status == .done)
        return bench
    }

    private func follow(
        _ bench: CommandLineBench,
        _ script: String,
        until signals: AsyncStream<Int32>
    ) async -> CommandLineBench.Outcome {
        await bench.run(
            ["work"] + Self.job
                + ["--count", "1", "--follow", "--grace", "1s", "--", "sh", "-c", script],
            signals: signals
        )
    }

    @Test("Items are redriven in growing steps, each once the one before ended")
    func grows() async throws {
        let bench = try await quarantined()
        let (signals, stop) = AsyncStream.makeStream(of: Int32.self)
        async let worker = follow(bench, "cat > /dev/null", until: signals)
        let redriven = await bench.run("redrive", "--job", "j", "--start", "1", "--grow", "2")
        stop.yield(SIGTERM)
        _ = await worker
        #expect(redriven.status == .done, "\(redriven.errors)")
        #expect(redriven.output.split(separator: "\n").count == 7)
        for words in ["1 batch: all succeeded; 6 are left", "2 batches: all succeeded; 4 are left"]
        {
            #expect(redriven.errors.contains(words), "\(redriven.errors)")
        }
        #expect(redriven.errors.contains("4 batches: all succeeded; 0 are left"))
    }

    @Test("A failure stops it, and what it has not come to stays in quarantine")
    func stops() async throws {
        let bench = try await quarantined()
        let (signals, stop) = AsyncStream.makeStream(of: Int32.self)
        async let worker = follow(bench, "! grep -q data/2", until: signals)
        let redriven = await bench.run(
            "redrive",
            "--job",
            "j",
            "--start",
            "1",
            "--stop-on-failure",
            "--json"
        )
        stop.yield(SIGTERM)
        _ = await worker
        #expect(redriven.status == .failed)
        #expect(redriven.errors.contains("stopped at a failure"), "\(redriven.errors)")
        #expect(redriven.output.hasPrefix(#"{"dry_run":false,"batches":[{"batch":"#))
        let left = try bench.rows(
            "SELECT batch_id_start FROM inventory WHERE status = 'quarantined' ORDER BY 1"
        )
        #expect(left.suffix(4) == ["4", "5", "6", "7"])
    }

    @Test("redrive with a filter shows what it found, and changes just that")
    func filtered() async throws {
        let bench = try await quarantined()
        let refused = await bench.run("redrive", "--job", "j", "--error", "no")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("7 batches would be made again: say so with --yes"))
        let none = await bench.run("redrive", "--job", "j", "--error", "other", "--yes")
        #expect(none.status == .nothingNow)
        let some = await bench.run("redrive", "--job", "j", "--error", "no", "--ids", "3", "--yes")
        #expect(some.output.hasPrefix("item 3 of batch "), "\(some.errors)")
        #expect(some.output.split(separator: "\n").count == 1)
    }

    @Test("resume --batches lets so many through, and the run is paused again")
    func letsThrough() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--count", "1"] + Self.job
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("pause", "--job", "j", "--reason", "disk").status == .done)
        let resumed = await bench.run("resume", "--job", "j", "--batches", "2")
        #expect(
            resumed.output == "2 batches are let through; then job 'j' on 'files' is paused\n",
            "\(resumed.errors)"
        )
        let status = await bench.run("status").output
        #expect(
            status.contains("is given 2 more batches before it is paused again: disk"),
            "\(status)"
        )
        let work = ["work"] + Self.job + ["--count", "1", "--", "sh", "-c", "cat > /dev/null"]
        let ended = await bench.run(work)
        #expect(ended.status == .tryAgain)
        #expect(ended.errors.contains("done: 2 batches, 2 items"), "\(ended.errors)")
        #expect(ended.errors.contains("paused (disk)"), "\(ended.errors)")
        let json = await bench.run("resume", "--job", "j", "--batches", "1", "--json").output
        #expect(
            json == #"{"job":"j","meta":"files","run":"","paused":"disk","let_through":1}"# + "\n"
        )
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run(acquire).status == .nothingNow)
        #expect(await bench.run("resume", "--job", "j").status == .done)
        #expect(await bench.run(acquire).status == .done)
    }

    @Test("redrive of more than ten shows the first ten and asks, and names ids that are not bad")
    func many() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            INSERT INTO files (uid, item) SELECT value + 10, 'x' FROM json_each('[1,2,3,4,5]')
            """
        )
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        let bad = ["--bad-ids", "1,2,3,4,5,6,7,8,9,10,11,12"]
        #expect(
            await bench.run(["fail", "1", "--attempt", "1", "--error", "no"] + bad).status == .done
        )
        let dry = await bench.run("redrive", "--job", "j", "--dry-run")
        #expect(dry.output.hasSuffix("\n… and 2 batches more\n"), "\(dry.output)")
        #expect(dry.output.split(separator: "\n").count == 11)
        let refused = await bench.run("redrive", "--job", "j")
        #expect(refused.status == .usage)
        #expect(refused.errors.contains("12 batches would be made again: say so with --yes"))
        let few = await bench.run("redrive", "--job", "j", "--ids", "3,15", "--dry-run")
        #expect(few.errors.contains("1 id is not quarantined: 15"), "\(few.errors)")
        #expect(await bench.run("redrive", "--job", "j", "--yes").status == .done)
    }
}
