import Foundation
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct SplittingTests {
    static let job = ["--job", "j", "--meta", "files"]
    static let splitting = ["--on-exhausted", "split", "--max-attempts", "2", "--backoff", "0"]

    private func work(_ bench: CommandLineBench, _ options: [String] = [], _ script: String) async
        -> CommandLineBench.Outcome
    {
        await bench.run(["work"] + Self.job + options + ["--", "sh", "-c", script])
    }

    private func acquire(_ bench: CommandLineBench, _ options: String...) async throws {
        let outcome = await bench.run(["acquire"] + Self.job + options)
        try #require(outcome.status == .done, "\(outcome.errors)")
    }

    /// The batches as `kind status first...last`, the oldest first.
    private func rows(_ bench: CommandLineBench) async throws -> [String] {
        try await bench.batches().reversed().map { batch in
            let ids = ["id_start", "id_end"].map { Int(batch[$0] as? Double ?? 0) }
            return "\(batch["kind"] ?? "") \(batch["status"] ?? "") \(ids[0])...\(ids[1])"
        }
    }

    // MARK: - Splitting by itself

    @Test("A poisonous item ends quarantined, all others succeed, and redrive gives it another try")
    func poison() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(bench, Self.splitting, "! grep -q data/7")
        #expect(outcome.status == .failed)
        #expect(
            outcome.errors.contains(
                "is complete, but 1 item is quarantined; 'tranche redrive' makes"
            )
        )
        #expect(outcome.errors.contains(" quarantined: ids 7...7, 1 item, 70, "))
        let status = await bench.run("status", "--json").output
        #expect(status.contains(#""quarantined":{"batches":1,"items":1,"weight":70}"#))
        #expect(status.contains(#""succeeded":{"batches":3,"items":9,"weight":480}"#))
        let table = await bench.run("status").output
        #expect(table.contains("files  failed        0       -          -         9       1"))
        let listed = await bench.run("batches", "--status", "quarantined").output
        #expect(listed.contains("'tranche redrive' makes it a batch again"))
        #expect(await bench.run("redrive", "--job", "j").status == .done)
        #expect(await work(bench, [], "true").status == .done)
        #expect(try await rows(bench).last == "redrive succeeded 7...7")
        let all = await bench.run("status", "--json").output
        #expect(all.contains(#""succeeded":{"batches":4,"items":10,"weight":550}"#))
        #expect(all.contains(#""quarantined":{"batches":0,"items":0,"weight":0}"#))
    }

    @Test("A split batch is not offered again: its parts are")
    func retry() async throws {
        let bench = try await CommandLineBench()
        #expect(await work(bench, Self.splitting, "! grep -q data/7").status == .failed)
        for options in [[], ["--now"]] {
            let refused = await bench.run(["retry", "--batch", "1"] + options)
            #expect(refused.status == .failed)
            let words =
                "is split: its parts stand for it; 'tranche batches --job j --meta files' lists "
                + "them, and 'tranche retry --batch N' offers one again that has failed"
            #expect(refused.errors.contains(words), "\(refused.errors)")
            #expect(!refused.errors.contains("--now offers"), "\(refused.errors)")
        }
    }

    @Test("Exit status 75 of a program says nothing about the items")
    func transient() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("tries")
        let options = ["--on-exhausted", "split", "--max-attempts", "1", "--backoff", "0"]
        let script = "echo >> \(file); [ $(wc -l < \(file)) -gt 3 ] || exit 75"
        let outcome = await work(bench, options, script)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.errors.contains(": exit code 75; tried again now\n"))
        #expect(try await rows(bench) == ["incremental succeeded 1...10"])
        #expect(try await bench.batches()[0]["attempt"] as? Double == 4)
        #expect(try await bench.batches()[0]["failures"] as? Double == 0)
    }

    @Test("A program that names bad items saves the splitting")
    func badItems() async throws {
        let bench = try await CommandLineBench()
        let script =
            #"[ $TRANCHE_KIND = split ] || { echo '{"bad_ids": [3, 5], "n": 1}'; exit 1; }"#
        let outcome = await work(bench, ["--json"], script)
        #expect(outcome.status == .failed)
        let reports = outcome.output.split(separator: "\n")
        #expect(reports.count == 2)
        #expect(reports[0].contains(#""status":"split","id_start":1,"id_end":10"#))
        #expect(reports[1].contains(#""status":"succeeded","id_start":1,"id_end":10,"count":8"#))
        #expect(outcome.errors.contains("2 items are quarantined"))
        #expect(
            try await rows(bench).sorted() == [
                "incremental split 1...10", "split quarantined 3...3", "split quarantined 5...5",
                "split succeeded 1...10",
            ]
        )
        let first = await bench.run("batches", "--status", "split", "--json").output
        #expect(first.contains(#""result":{"bad_ids": [3, 5], "n": 1}"#))
        #expect(first.contains(#""logging":"exit code 1: 2 items are bad""#))
    }

    @Test(
        "A program that blames what is no item of its batch has failed all the same",
        arguments: [
            ("[99]", "(the batch has no id 99; bad items must be its own)"),
            (#""all""#, #"(its "bad_ids" are not a list of ids)"#),
        ]
    )
    func badBlame(ids: String, message: String) async throws {
        let bench = try await CommandLineBench()
        let script = #"echo '{"bad_ids": \#(ids)}'; exit 1"#
        let outcome = await work(bench, ["--max-attempts", "1"], script)
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("batch 1 failed for good: "))
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
        #expect(try await rows(bench) == ["incremental failed 1...10"])
    }

    @Test("Many batches that fail alike hold the run, which says why and until when")
    func outage() async throws {
        let bench = try await CommandLineBench()
        let options = ["--on-exhausted", "split", "--max-attempts", "9", "--count", "1"]
        let script = "echo no disk left on $TRANCHE_BATCH; exit 1"
        let outcome = await work(bench, options, script)
        #expect(outcome.status == .tryAgain)
        #expect(outcome.errors.contains("done: 0 batches, 0 items, 0 in "))
        #expect(outcome.errors.contains("5 failed"))
        #expect(outcome.errors.contains("held: many batches fail with 'exit code #: no disk left"))
        let status = await bench.run("status")
        #expect(status.output.contains("held, tried in "))
        #expect(status.output.contains("job 'j' on 'files' is held: many batches fail with"))
        let document = await bench.run("status", "--json").output
        #expect(document.contains(#""state":"held""#))
        #expect(document.contains(#""held":{"reason":"many batches fail with "#))
        let acquired = await bench.run(["acquire"] + Self.job)
        #expect(acquired.status == .nothingNow)
        #expect(acquired.errors.hasPrefix("tranche: held: many batches fail with"))
        let again = await work(bench, options, "true")
        #expect(again.status == .tryAgain)
        #expect(!again.errors.contains("done:"))
    }

    // MARK: - Naming bad items

    @Test("Bad items are quarantined, and the rest is a batch again at once")
    func failBadItems() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--count", "5")
        let fail = ["fail", "1", "--attempt", "1", "--error", "no luck", "--bad-ids", "2,4..5"]
        let failed = await bench.run(fail)
        #expect(failed.errors == "")
        #expect(
            failed.output
                == "batch 1, attempt 1: split; its other items are offered again\n"
        )
        let rows = try await rows(bench).sorted()
        #expect(
            rows == [
                "incremental split 1...5", "split quarantined 2...2", "split quarantined 4...4",
                "split quarantined 5...5", "split released 1...3",
            ]
        )
        #expect(await bench.run(fail).output == failed.output)
        #expect(try await self.rows(bench).sorted() == rows)
        let rest = await bench.run(["acquire", "--json"] + Self.job)
        #expect(rest.output.contains(#""kind":"split","exact":false,"id_start":1,"id_end":3"#))
        #expect(rest.output.contains(#""count":2,"weight":40"#))
    }

    @Test("Of a batch that is bad as a whole nothing is said to be offered again")
    func failAllItems() async throws {
        for (count, bad) in [("1", "1"), ("2", "1..2")] {
            let bench = try await CommandLineBench()
            try await acquire(bench, "--count", count)
            let fail = ["fail", "1", "--attempt", "1", "--error", "no", "--bad-ids", bad]
            let failed = await bench.run(fail)
            #expect(
                failed.output == "batch 1, attempt 1: split; none of its items is offered again\n",
                "\(failed.errors)"
            )
        }
    }

    @Test("Ids that are not the batch's are refused, and a lost batch is")
    func failOthersItems() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--count", "5")
        let others = await bench.run(
            "fail",
            "1",
            "--attempt",
            "1",
            "--error",
            "no",
            "--bad-ids",
            "5,6"
        )
        #expect(others.status == .usage)
        #expect(others.errors.contains("has no id 6"))
        #expect(try await bench.states() == ["running"])
        let lost = await bench.run(
            "fail",
            "1",
            "--attempt",
            "2",
            "--error",
            "no",
            "--bad-ids",
            "5"
        )
        #expect(lost.status == .batchLost)
        #expect(try await bench.states() == ["running"])
    }

    @Test("Bad items whose table is elsewhere now are refused, and the way to name it is told")
    func failElsewhere() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--count", "5")
        let elsewhere = ["TRANCHE_META_DB": "sqlite:\(bench.path("other.db"))"]
        #expect(FileManager.default.createFile(atPath: bench.path("other.db"), contents: nil))
        let fail = ["fail", "1", "--attempt", "1", "--error", "no", "--bad-ids", "5"]
        let missing = await bench.run(fail, environment: elsewhere)
        #expect(missing.status == .failed)
        #expect(missing.errors.contains("there is no table or view 'files'"))
        try bench.execute(
            """
            ATTACH '\(bench.path("other.db"))' AS other;
            CREATE TABLE other.files AS SELECT * FROM main.files;
            """
        )
        let other = await bench.run(fail, environment: elsewhere)
        #expect(other.status == .failed)
        #expect(other.errors.contains("job 'j' on 'files' has its items elsewhere"))
        #expect(other.errors.contains("set TRANCHE_META_DB or --meta-db"))
        #expect(try await bench.states() == ["running"])
    }

    @Test("A transient failure does not count")
    func failTransient() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--on-exhausted", "split", "--max-attempts", "1")
        let fail = ["fail", "1", "--attempt", "1", "--error", "busy", "--transient"]
        let failed = await bench.run(fail)
        #expect(failed.output.hasPrefix("batch 1, attempt 1: failed, tried again in "))
        #expect(try await bench.batches()[0]["failures"] as? Double == 0)
    }

    // MARK: - Splitting by hand

    @Test("A batch that stays failed is split by weight, when asked")
    func split() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--count", "4", "--max-attempts", "1")
        let early = await bench.run("split", "1")
        #expect(early.status == .usage)
        #expect(early.errors.contains("batch 1 is running and has 4 items; only failed batches"))
        let failed = await bench.run("fail", "1", "--attempt", "1", "--error", "no")
        #expect(failed.output.contains("for good; 'tranche retry' offers it again"))
        let dry = await bench.run("split", "1", "--dry-run")
        #expect(
            dry.output == """
                batch 1 would be split in two:
                  a batch: ids 1...3, 3 items, weight 60
                  a batch: ids 4...4, 1 item, weight 40

                """
        )
        #expect(try await bench.states() == ["failed"])
        let split = await bench.run("split", "1", "--json")
        #expect(split.errors == "")
        try expectSnapshot(split.output, named: "split.json")
        #expect(
            try await rows(bench).sorted() == [
                "incremental split 1...4", "split released 1...3", "split released 4...4",
            ]
        )
        let twice = await bench.run("split", "1")
        #expect(twice.status == .usage)
        #expect(twice.errors.contains("batch 1 is split"))
    }

    @Test("A single item is not split")
    func splitOne() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench, "--count", "1", "--max-attempts", "1")
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        let split = await bench.run("split", "1", "--dry-run")
        #expect(split.status == .usage)
        #expect(split.errors.contains("has 1 item;"))
    }

    @Test("A table whose name holds dots and colons is found again")
    func splitOddName() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE "a.b.c:d" (n INTEGER PRIMARY KEY AUTOINCREMENT, size REAL);
            INSERT INTO "a.b.c:d" VALUES (1, 1), (2, 1), (3, 1), (4, 1);
            """
        )
        let odd = [
            "--job", "j", "--meta", "table:a.b.c:d", "--uid", "n", "--weight-column", "size",
        ]
        let filter = ["--where", "size > random() * 0"]
        let acquire = ["acquire", "--max-attempts", "1", "--volatile-filter"] + odd + filter
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        let split = await bench.run("split", "1")
        #expect(split.errors == "")
        #expect(split.output.contains("ids 1...2, 2 items, weight 2"))
    }

    // MARK: - Redriving

    @Test("redrive takes what is quarantined, all or by id, and shows it before")
    func redrive() async throws {
        let bench = try await CommandLineBench()
        try await acquire(bench)
        #expect(await bench.run("redrive", "--job", "j").status == .nothingNow)
        let fail = ["fail", "1", "--attempt", "1", "--error", "bad\nlines", "--bad-ids", "3,5,9"]
        #expect(await bench.run(fail).status == .done)
        let dry = await bench.run("redrive", "--job", "j", "--ids", "4..9", "--dry-run")
        let lines = dry.output.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0].hasPrefix("item 5 of batch "))
        #expect(lines[0].hasSuffix(" would be a batch again: bad …"))
        let none = await bench.run("redrive", "--job", "j", "--ids", "1,2", "--json")
        #expect(none.status == .nothingNow)
        #expect(none.output == #"{"dry_run":false,"batches":[]}"# + "\n")
        #expect(none.errors.contains("none of these items of job 'j' on 'files' is quarantined"))
        let one = await bench.run("redrive", "--job", "j", "--ids", "5", "--json")
        #expect(one.errors == "")
        try expectSnapshot(normalized(one.output, folder: bench.folder), named: "redrive.json")
        let rest = await bench.run("redrive", "--job", "j")
        #expect(rest.output.split(separator: "\n").count == 2)
        #expect(rest.output.hasPrefix("item 3 of batch "))
        #expect(await bench.run("redrive", "--job", "j").status == .nothingNow)
        #expect(await work(bench, [], "true").status == .done)
        let status = await bench.run("status", "--json").output
        #expect(status.contains(#""succeeded":{"batches":4,"items":10,"weight":550}"#))
    }
}
