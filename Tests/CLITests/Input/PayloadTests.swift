import Foundation
import Testing
import Tranche

@testable import TrancheCLI

/// Payloads as plain lines and as arguments.
@Suite(.timeLimit(.minutes(10))) struct PayloadTests {
    private func work(
        _ bench: CommandLineBench,
        _ options: [String],
        _ program: [String],
        meta: String = "files"
    ) async -> CommandLineBench.Outcome {
        await bench.run(["work", "--job", "j", "--meta", meta] + options + ["--"] + program)
    }

    private func text(_ bench: CommandLineBench, _ file: String) throws -> String {
        try String(contentsOfFile: bench.path(file), encoding: .utf8)
    }

    @Test("With --lines, a line is the payload alone")
    func lines() async throws {
        let bench = try await CommandLineBench()
        let script = "cat >> \(bench.path("seen")); echo . >> \(bench.path("seen"))"
        let outcome = await work(bench, ["--lines", "--count", "6"], ["sh", "-c", script])
        #expect(outcome.status == .done)
        #expect(
            try text(bench, "seen")
                == (1...6).map { "/data/\($0)\n" }.joined() + ".\n"
                + (7...10).map { "/data/\($0)\n" }.joined() + ".\n"
        )
    }

    @Test(
        "{} and --args put the payloads among the arguments, in order, with an empty input",
        arguments: [
            ([], ["a", "{}", "b"], "a 1 2 3 4 5 6 b,a 7 8 9 10 b"),
            (["--args"], ["a", "{}", "b"], "a 1 2 3 4 5 6 b,a 7 8 9 10 b"),
            (["--args"], ["a", "b"], "a b 1 2 3 4 5 6,a b 7 8 9 10"),
            (
                ["--args", "--placeholder", "%"], ["{}", "%", "b"], "{} 1 2 3 4 5 6 b,{} 7 8 9 10 b"
            ),
            (["--placeholder", "%"], ["{}", "%"], "{} 1 2 3 4 5 6,{} 7 8 9 10"),
            (["--args", "--placeholder", ""], ["{}"], "{} 1 2 3 4 5 6,{} 7 8 9 10"),
        ]
    )
    func arguments(options: [String], words: [String], expected: String) async throws {
        let bench = try await CommandLineBench()
        try bench.execute("UPDATE files SET item = uid")
        let script = "cat; echo \"$*\" >> \(bench.path("seen"))"
        let program = ["sh", "-c", script, "sh"] + words
        let outcome = await work(bench, ["--count", "6"] + options, program)
        #expect(outcome.status == .done, "\(outcome.errors)")
        let calls = try text(bench, "seen").split(separator: "\n").joined(separator: ",")
        #expect(calls == expected)
    }

    @Test(
        "Elsewhere {} is what it is",
        arguments: [["--placeholder", ""], ["--columns", "*"], ["--lines"]]
    )
    func literal(options: [String]) async throws {
        let bench = try await CommandLineBench()
        let script = "cat > /dev/null; echo \"$*\" > \(bench.path("seen"))"
        let outcome = await work(bench, options, ["sh", "-c", script, "sh", "{}", "x{}"])
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try text(bench, "seen") == "{} x{}\n")
    }

    @Test("Payloads are arguments as they are: spaces, quotes, line breaks, a leading dash")
    func verbatim() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            DELETE FROM files WHERE uid > 4;
            UPDATE files SET item = 'a "b" ''c'' $x *' WHERE uid = 1;
            UPDATE files SET item = 'two' || char(10) || 'lines' WHERE uid = 2;
            UPDATE files SET item = '-n' WHERE uid = 3;
            UPDATE files SET item = '' WHERE uid = 4;
            """
        )
        let script = "for a; do printf '[%s]' \"$a\" >> \(bench.path("seen")); done"
        let outcome = await work(bench, [], ["sh", "-c", script, "sh", "{}"])
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try text(bench, "seen") == "[a \"b\" 'c' $x *][two\nlines][-n][]")
    }

    @Test("More than the system takes goes in several calls; the first failure ends the attempt")
    func split() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY, item TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
            INSERT INTO many SELECT i, printf('%d%.*c', i, 131071 - length(i), 'x') FROM n;
            """
        )
        let script = """
            for a; do echo ${a%%x*} ${#a} >> \(bench.path("seen")); done
            echo $# $TRANCHE_ATTEMPT >> \(bench.path("calls")); echo "{\\"last\\":$#}"
            """
        let outcome = await work(bench, [], ["sh", "-c", script, "sh", "{}"], meta: "many")
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try text(bench, "seen") == (1...100).map { "\($0) 131071\n" }.joined())
        let calls = try text(bench, "calls").split(separator: "\n").map { $0.split(separator: " ") }
        #expect(calls.count > 1)
        #expect(calls.compactMap { Int($0[0]) }.reduce(0, +) == 100)
        #expect(calls.allSatisfy { $0[1] == "1" })
        #expect(try await bench.batches().count == 1)
        // A call that fails is the last, and all of them are one failure.
        try FileManager.default.removeItem(atPath: bench.path("calls"))
        let failing = "echo $# >> \(bench.path("calls")); exit 3"
        let failed = await bench.run(
            [
                "work", "--job", "k", "--meta", "many", "--max-attempts", "1", "--", "sh", "-c",
                failing, "sh", "{}",
            ]
        )
        #expect(failed.status == .failed)
        #expect(try text(bench, "calls").split(separator: "\n").count == 1)
        #expect(failed.errors.contains("exit code 3"))
    }

    /// A table `many` of a hundred payloads, of which some fill a call; each begins with its id.
    private func benchOfSeveralCalls() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY, item TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
            INSERT INTO many SELECT i, printf('%d%.*c', i, 131071 - length(i), 'x') FROM n;
            """
        )
        return bench
    }

    @Test("Each call may blame items of its own, and all of them are taken together")
    func blameOfCalls() async throws {
        let bench = try await benchOfSeveralCalls()
        let script = """
            id="${1%%x*}"; echo "$id" >> \(bench.path("firsts")); echo "{\\"bad_ids\\":[$id]}"
            """
        let outcome = await work(bench, [], ["sh", "-c", script, "sh", "{}"], meta: "many")
        #expect(outcome.status == .failed)
        let firsts = try text(bench, "firsts").split(separator: "\n").compactMap { Double($0) }
        #expect(firsts.count > 1)
        let bad = try await bench.batches("--status", "quarantined")
        #expect(Set(bad.map { $0["id_start"] as? Double }) == Set(firsts))
        #expect(outcome.errors.contains("\(firsts.count) items quarantined"), "\(outcome.errors)")
    }

    @Test("Where a call fails, the items that an earlier one blamed are to blame, and no others")
    func blameBeforeFailure() async throws {
        let bench = try await benchOfSeveralCalls()
        let script = """
            [ "${1%%x*}" = 1 ] || exit 3
            echo '{"bad": [{"id": 1, "error": "no such day"}]}'
            """
        let outcome = await work(
            bench,
            ["--max-attempts", "1", "--on-exhausted", "fail"],
            ["sh", "-c", script, "sh", "{}"],
            meta: "many"
        )
        #expect(outcome.status == .failed)
        let bad = try await bench.batches("--status", "quarantined")
        #expect(bad.map { $0["id_start"] as? Double } == [1])
        #expect(bad.first?["logging"] as? String == "no such day")
        let failed = try await bench.batches("--status", "failed")
        #expect(failed.map { $0["count"] as? Double } == [99], "\(outcome.errors)")
    }

    @Test("Calls are as long as the limits let them be, and no longer")
    func packing() throws {
        let words = try #require(
            try ItemArguments(["p", "{}", "e"], mark: "{}", isAppended: false)
        )
        let limits = ArgumentLimits(total: 100, longest: 20)
        // p, e and the variable take 10 + 10 + 12; 68 are left, and each payload takes 13.
        let calls = try words.calls(
            (0..<11).map { "abc\($0 % 10)" },
            environment: ["A": "1"],
            limits: limits
        )
        #expect(calls.map(\.count) == [7, 7, 3])
        #expect(calls.flatMap { $0.dropFirst().dropLast() } == (0..<11).map { "abc\($0 % 10)" })
        #expect(throws: UsageError.self) {
            let limits = ArgumentLimits(total: 40, longest: 9)
            return try words.calls(["a"], environment: ["A": "123"], limits: limits)
        }
    }

    @Test("A note of the attempt before takes its room among the arguments")
    func noteBesideArguments() async throws {
        let bench = try await CommandLineBench()
        // More than any system takes at once: the first call is full but for less than an item.
        try bench.execute(
            """
            DELETE FROM files;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 7000)
            INSERT INTO files (uid, item, weight) SELECT i, printf('%01000d', i), 1 FROM n;
            """
        )
        let script = """
            if [ $TRANCHE_ATTEMPT = 1 ]; then printf '{"note": "%08000d"}\\n' 7; exit 1; fi
            echo "${#TRANCHE_NOTE} $#" >> \(bench.path("seen"))
            """
        let options = ["--count", "7000", "--max-attempts", "2", "--backoff", "0", "--args"]
        let outcome = await work(bench, options, ["sh", "-c", script, "sh"])
        #expect(outcome.status == .done, "\(outcome.errors.suffix(500))")
        let calls = try text(bench, "seen").split(separator: "\n").map { $0.split(separator: " ") }
        #expect(calls.count > 1 && calls.allSatisfy { $0.first == "8000" })
        #expect(calls.reduce(0) { $0 + (Int($1[1]) ?? 0) } == 7000)
    }

    @Test("An item that can be no argument, or no line, is quarantined; all others go on")
    func unfit() async throws {
        let words = "item 3 has no payload: it is null, and 1 more are unfit"
        for (options, program, item) in [
            (["--args"], ["echo"], "printf('%.*c', 131072, 'x')"),
            (["--lines"], ["cat"], "'a' || char(10) || 'b'"),
        ] {
            let bench = try await CommandLineBench()
            try bench.execute(
                """
                UPDATE files SET item = NULL WHERE uid = 3;
                UPDATE files SET item = \(item) WHERE uid = 5;
                """
            )
            let outcome = await work(bench, options, program)
            #expect(outcome.status == .failed)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            let batches = try await bench.batches()
            let bad = batches.filter { $0["status"] as? String == "quarantined" }
            #expect(Set(bad.map { $0["id_start"] as? Double }) == [3, 5])
            #expect(batches.filter { $0["status"] as? String == "succeeded" }.count == 1)
        }
    }

    @Test("Where no item has a payload, none of them is to blame")
    func noneFit() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("UPDATE files SET item = NULL")
        let outcome = await work(bench, ["--max-attempts", "1"], ["echo", "{}"])
        #expect(outcome.status == .failed)
        #expect(try await bench.states() == ["failed"])
    }

    @Test("A table without a payload is told at once")
    func noPayload() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE bare (uid INTEGER PRIMARY KEY, path TEXT)")
        for options in [["--args"], ["--lines"]] {
            let outcome = await work(bench, options, ["true"], meta: "bare")
            #expect(outcome.status == .usage)
            #expect(outcome.errors.contains("name its column with --item; it has 'uid', 'path'"))
        }
    }

    @Test(
        "Ways that exclude each other are wrong usage",
        arguments: [
            (["--lines", "--columns", "*"], ["a"], "--lines and --columns exclude each other"),
            (["--lines", "--persistent"], ["a"], "--lines and --persistent exclude each other"),
            (["--args", "--columns", "*"], ["a"], "--columns and --args exclude each other"),
            (["--args", "--persistent"], ["{}"], "--persistent and --args exclude each other"),
            ([], ["{}", "{}"], "'{}' stands 2 times among CMD's arguments"),
            ([], ["pre-{}-post"], "'pre-{}-post' has {} within an argument"),
            (["--args"], ["{}", "/backup/{}.bak"], "'/backup/{}.bak' has {} within an argument"),
            (["--placeholder", "%"], ["a"], "--placeholder '%': no argument of CMD is that"),
        ]
    )
    func usage(options: [String], words: [String], message: String) async throws {
        let outcome = await work(try await CommandLineBench(), options, ["echo"] + words)
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(message), "\(outcome.errors)")
    }

    @Test("A {} within an argument is passed on where --placeholder says so")
    func passedOn() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(bench, ["--placeholder", ""], ["echo", "pre-{}-post"])
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.errors.contains("] pre-{}-post\n"), "\(outcome.errors)")
    }
}
