import Foundation
import Testing

@testable import TrancheCLI

@Suite("Programs that name bad items", .timeLimit(.minutes(10))) struct BadItemTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func work(_ bench: CommandLineBench, _ options: [String] = [], _ script: String) async
        -> CommandLineBench.Outcome
    {
        await bench.run(["work"] + Self.job + options + ["--", "sh", "-c", script])
    }

    /// The batches as `kind status ids: what is said of it`, ordered.
    private func rows(_ bench: CommandLineBench) throws -> [String] {
        try bench.rows(
            """
            SELECT kind || ' ' || status || ' ' || coalesce(item_ids, batch_id_start || '-'
                || batch_id_end) || ': ' || coalesce(logging, '')
            FROM inventory ORDER BY batch_id_start, status
            """
        )
    }

    @Test("A program that exits with 0 has done all items but those that it names")
    func partialSuccess() async throws {
        let bench = try await CommandLineBench()
        let line =
            #"{"bad": [{"id": 3, "error": "qty is not a number"}, {"id": 5, "error": "no day"}], "n": 8}"#
        let script = "echo $TRANCHE_BATCH >> \(bench.path("starts")); echo '\(line)'"
        let outcome = await work(bench, ["--json"], script)
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("2 items are quarantined; 'tranche redrive' makes"))
        #expect(
            outcome.errors.contains(
                "batch 1 succeeded in part: ids 1...10, 10 items, 550, "
            )
        )
        #expect(
            outcome.errors.contains(
                ": 2 of 10 items are bad: qty is not a number (and 1 other reason)\n"
            )
        )
        #expect(outcome.errors.contains("done: 1 batch, 8 items, 470 in "))
        #expect(outcome.errors.contains(", 2 items quarantined"))
        #expect(outcome.output.contains(#""status":"split""#))
        #expect(
            outcome.output.contains(
                #""bad":[{"id":3,"error":"qty is not a number"},{"id":5,"error":"no day"}]"#
            )
        )
        #expect(try String(contentsOfFile: bench.path("starts"), encoding: .utf8) == "1\n")
        let said = "2 of 10 items are bad: qty is not a number (and 1 other reason)"
        #expect(
            try rows(bench) == [
                "incremental split 1-10: \(said)", "split succeeded 1-2,4,6-10: ",
                "split quarantined 3-3: qty is not a number", "split quarantined 5-5: no day",
            ]
        )
        let listed = await bench.run("batches", "--status", "quarantined")
        #expect(listed.output.contains(", part of batch 1, qty is not a number\n"))
        let history = await bench.run("history", "--meta", "files", "--id", "3")
        #expect(history.output.contains("qty is not a number"))
        let dry = await bench.run("redrive", "--job", "j", "--dry-run")
        #expect(dry.output.contains("would be a batch again: no day\n"))
        let logs = await bench.run("logs", "--batch", "1")
        #expect(logs.output.contains(line))
        // What is left is done by a program that can.
        #expect(await bench.run("redrive", "--job", "j").status == .done)
        #expect(await work(bench, [], "true").status == .done)
    }

    @Test("Bad ids alone have the line's error, and a program that fails gets the rest again")
    func badIDs() async throws {
        let bench = try await CommandLineBench()
        let script = """
            [ $TRANCHE_KIND = split ] && exit 0
            echo '{"bad_ids": [3], "bad": [{"id": 5}], "error": "no such day"}'; exit 1
            """
        let outcome = await work(bench, [], script)
        #expect(outcome.errors.contains("batch 1 split: "))
        #expect(outcome.errors.contains(": exit code 1: no such day\n"))
        #expect(
            try rows(bench) == [
                "incremental split 1-10: exit code 1: no such day",
                "split succeeded 1-2,4,6-10: ", "split quarantined 3-3: no such day",
                "split quarantined 5-5: no such day",
            ]
        )
    }

    @Test("Items that a line before the last one names as bad are not taken for done")
    func namedBefore() async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
        let script = #"echo '{"bad": [{"id": 3, "error": "no day"}]}'; echo finished"#
        let outcome = await work(bench, once, script)
        #expect(outcome.status == .failed)
        let words = "it names item 3 as bad in a line that is not its last"
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed"])
    }

    @Test("An item without a reason of its own does not get another's")
    func withoutReason() async throws {
        let bench = try await CommandLineBench()
        let line = #"{"bad": [{"id": 3, "error": "no day"}, {"id": 5}]}"#
        #expect(await work(bench, [], "echo '\(line)'").status == .failed)
        #expect(
            try rows(bench).suffix(2) == [
                "split quarantined 3-3: no day",
                "split quarantined 5-5: named bad without a reason",
            ]
        )
    }

    @Test(
        "A report that cannot be followed is no success: nothing that it means is lost",
        arguments: [
            (#"{"bad_ids": [99]}"#, "exit code 0, but the batch has no id 99"),
            (#"{"bad_ids": "all"}"#, #"exit code 0, but its "bad_ids" are not a list of ids"#),
            (#"{"bad": [5]}"#, #"exit code 0, but its "bad" is not a list of {"id", "error"}"#),
            (
                #"{"bad": {"id": 5, "error": "x"}}"#,
                #"exit code 0, but its "bad" is not a list of {"id", "error"}"#
            ),
            (#"{"bad": [{"id": 1}], "x": NaN}"#, "seems to blame items, and cannot be read"),
        ]
    )
    func unusable(line: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
        let outcome = await work(bench, once, "echo '\(line)'")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed"])
    }

    @Test("Items that are named behind what is kept of a long result are not done")
    func longResult() async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
        let script = #"""
            printf '{"x":"'; head -c 1200000 /dev/zero | tr '\0' x; echo '","bad":[{"id":1}]}'
            """#
        let outcome = await work(bench, once, script)
        #expect(outcome.status == .failed)
        let words = "seems to blame items, and cannot be read"
        #expect(outcome.errors.contains(words), "\(outcome.errors.suffix(1000))")
        #expect(try await bench.states() == ["failed"])
        let harmless = try await CommandLineBench()
        #expect(await work(harmless, [], script.replacing("bad", with: "good")).status == .done)
        let luck = try await CommandLineBench()
        let unlucky = script.replacing(#""bad":[{"id":1}]"#, with: #""y":"bad luck","badge":1"#)
        #expect(await work(luck, [], unlucky).status == .done)
    }

    @Test("Items that a long line blames which is not the last are not lost without a word")
    func longNotLast() async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
        let script = #"""
            printf '{"bad":[{"id":5}],"x":"'; head -c 1200000 /dev/zero | tr '\0' x; echo '"}'
            echo done
            """#
        let outcome = await work(bench, once, script)
        #expect(outcome.status == .failed)
        let words = "it seems to blame items in a long line that is not its last"
        #expect(outcome.errors.contains(words), "\(outcome.errors.suffix(1000))")
        #expect(try await bench.states() == ["failed"])
    }

    @Test("A number of bad items, or an empty list, is a result as any other")
    func counts() async throws {
        for line in [#"{"bad": 3}"#, #"{"bad": [], "bad_ids": []}"#, #"{"bad": null}"#] {
            let bench = try await CommandLineBench()
            #expect(await work(bench, [], "echo '\(line)'").status == .done)
            #expect(try await bench.states() == ["succeeded"])
        }
    }

    @Test("By hand, it is said whether any item is done, also where the batch had failed before")
    func byHandAgain() async throws {
        for (bad, words) in [
            ("1", "its other items are done"), ("1,2", "none of its items is done"),
        ] {
            let bench = try await CommandLineBench()
            #expect(await bench.run(["acquire", "--count", "2"] + Self.job).status == .done)
            let fail = ["fail", "1", "--attempt", "1", "--error", "no"]
            #expect(await bench.run(fail).status == .done)
            #expect(await bench.run("retry", "--batch", "1", "--now").status == .done)
            #expect(await bench.run(["acquire", "--count", "2"] + Self.job).status == .done)
            let items = bad.split(separator: ",").map { #"{"id": \#($0)}"# }
            let list = "[\(items.joined(separator: ", "))]"
            let end = await bench.run("succeed", "1", "--attempt", "2", "--bad", list)
            #expect(end.output.contains(words), "\(end.output) \(end.errors)")
        }
    }

    @Test("A failed batch whose time has come is tried again now, and not a while ago")
    func due() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run(["acquire", "--count", "2"] + Self.job).status == .done)
        let fail = ["fail", "1", "--attempt", "1", "--error", "no"]
        #expect(await bench.run(fail).status == .done)
        try bench.execute("UPDATE inventory SET retry_at = retry_at - 7200000;")
        let batches = await bench.run("batches", "--job", "j")
        #expect(batches.output.contains("tried again now"), "\(batches.output)")
    }

    @Test("By hand, bad items and what is wrong with each are named as JSON")
    func byHand() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run(["acquire", "--count", "4"] + Self.job).status == .done)
        let bad = #"[{"id": 2, "error": "no day"}]"#
        let succeed = ["succeed", "1", "--attempt", "1", "--result", #"{"n":3}"#, "--bad", bad]
        let outcome = await bench.run(succeed)
        #expect(
            outcome.output
                == "batch 1, attempt 1: split; its other items are done\n"
        )
        #expect(await bench.run(succeed).output == outcome.output)
        #expect(
            try rows(bench) == [
                "incremental split 1-4: 1 of 4 items is bad: no day",
                "split succeeded 1,3-4: ", "split quarantined 2-2: no day",
            ]
        )
        #expect(await bench.run(["acquire", "--count", "2"] + Self.job).status == .done)
        let fail = ["fail", "4", "--attempt", "1", "--error", "no", "--bad-ids", "5", "--bad"]
        #expect(await bench.run(fail + [#"[{"id":6,"error":"x"}]"#]).status == .done)
        #expect(
            try rows(bench).suffix(3) == [
                "split quarantined 5-5: no", "incremental split 5-6: no",
                "split quarantined 6-6: x",
            ]
        )
        for text in ["5", "[]", "[5]", #"[{"error":"x"}]"#, "[1],\"bad_ids\":[2]", "no"] {
            let words = ["fail", "1", "--attempt", "1", "--error", "e", "--bad", text]
            let refused = await bench.run(words)
            #expect(refused.status == .usage, "\(text)")
            #expect(refused.errors.contains("--bad '\(text)': give a list, such as"))
        }
    }

    @Test("A program that always fails quarantines no table", arguments: [1, 3])
    func alwaysFailing(attempts: Int) async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT);
            INSERT INTO many (item)
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
            SELECT 'file ' || i FROM n;
            """
        )
        let script = """
            echo >> \(bench.path("starts"))
            echo "cannot read $(head -1 | cut -d'"' -f6): /data/$RANDOM" >&2; exit 1
            """
        let outcome = await bench.run(
            [
                "work", "--job", "m", "--meta", "many", "--on-exhausted", "split", "--backoff", "0",
                "--max-attempts", "\(attempts)", "--count", "1500", "--", "sh", "-c", script,
            ]
        )
        #expect(outcome.status == .tryAgain, "\(outcome.errors)")
        #expect(outcome.errors.contains("held: all items of a batch that were tried fail with"))
        let starts = try String(contentsOfFile: bench.path("starts"), encoding: .utf8)
        #expect(starts.count < 20)
        let bad = try bench.rows("SELECT count(*) FROM inventory WHERE status = 'quarantined'")
        #expect(try #require(Int(bad[0])) < 5)
    }

    @Test("With --json, an error that ends the command is one object on standard error")
    func failure() async throws {
        let bench = try await CommandLineBench()
        let wrong = await bench.run("acquire", "--json", "--wieght", "3")
        #expect(wrong.status == .usage)
        #expect(
            wrong.errors.hasPrefix(
                #"{"code":"usage","message":"unknown option '--wieght'","field":"--wieght","remedy":"#
            ),
            "\(wrong.errors)"
        )
        #expect(wrong.errors.hasSuffix(#","exit":64}"# + "\n"))
        #expect(wrong.output.isEmpty)
        let lost = await bench.run("succeed", "9", "--attempt", "1", "--json")
        #expect(lost.errors.hasPrefix(#"{"code":"unknownBatch","message":"there is no batch 9"#))
        #expect(lost.errors.hasSuffix(#""exit":1}"# + "\n"))
        let value = await bench.run("logs", "--json", "--batch", "x")
        #expect(value.errors.contains(#""field":"--batch""#))
        let none = await bench.run("--json")
        let words = #""message":"name a command","field":null,"remedy":"see 'tranche --help'""#
        #expect(none.errors.contains(words))
        // Behind '--' it is the program's.
        let other = await bench.run("logs", "--batch", "x", "--", "--json")
        #expect(other.errors.hasPrefix("tranche: "))
    }

    @Test(
        "Bad items that a line before the last one names are not taken for done",
        arguments: [
            (#"{"bad":[{"id":3,"error":"x"}]}"#, "finished", false),
            (#"{"bad_ids":[3]}"#, #"{"bad_ids":[5]}"#, false),
            (#"{"bad_ids":[3]}"#, #"{"bad_ids":[5, 3]}"#, true),
            (#"{"bad":3}"#, "finished", true),
        ]
    )
    func notLast(line: String, last: String, isTaken: Bool) async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
        let outcome = await work(bench, once, "echo '\(line)'; echo '\(last)'")
        let words = "exit code 0, but it names item 3 as bad in a line that is not its last"
        #expect(outcome.errors.contains(words) == !isTaken, "\(outcome.errors)")
        #expect(try await bench.states().contains("failed") == !isTaken)
    }

    @Test("A bad item without a reason has no other's, and words are of the bad items alone")
    func noReason() async throws {
        let bench = try await CommandLineBench()
        let line = #"{"bad": [{"id": 3, "error": "qty"}, {"id": 5}]}"#
        let script = "[ $TRANCHE_KIND = split ] && exit 0; echo '\(line)'; exit 1"
        let outcome = await work(bench, [], script)
        #expect(outcome.errors.contains(": exit code 1: 2 items are bad: qty\n"))
        #expect(
            try rows(bench).filter { $0.contains("quarantined") } == [
                "split quarantined 3-3: qty", "split quarantined 5-5: named bad without a reason",
            ]
        )
    }

    @Test("What a last line tells tranche is not told as what went wrong")
    func protocolLine() async throws {
        for (line, words) in [(#"{"note":"did 10"}"#, "hello"), ("bye", "bye")] {
            let bench = try await CommandLineBench()
            let once = ["--max-attempts", "1", "--on-exhausted", "fail"]
            let outcome = await work(bench, once, "echo hello; echo '\(line)'; exit 1")
            #expect(outcome.errors.contains(": exit code 1: \(words)\n"), "\(outcome.errors)")
        }
    }
}
