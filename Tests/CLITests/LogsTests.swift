import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What programs write is kept", .timeLimit(.minutes(10))) struct LogsTests {
    private static let job = ["--job", "j", "--meta", "files"]

    private func work(
        _ bench: CommandLineBench,
        _ options: [String] = [],
        _ script: String
    ) async -> CommandLineBench.Outcome {
        await bench.run(["work"] + Self.job + options + ["--", "sh", "-c", script])
    }

    @Test("A traceback on standard error is kept, shown, and its last line is the error")
    func traceback() async throws {
        let bench = try await CommandLineBench()
        let script =
            "echo loading; echo Traceback: >&2; echo 'ValueError: no é' >&2; echo >&2; exit 3"
        let outcome = await work(bench, ["--max-attempts", "1", "--on-exhausted", "fail"], script)
        #expect(outcome.status == .failed)
        // Two pipes are read side by side: the lines of one may come between those of the other.
        let errors = outcome.errors.replacing("[1] loading\n", with: "")
        #expect(errors.contains("] Traceback:\n[1] ValueError: no é\n"))
        #expect(outcome.errors.contains(": exit code 3: ValueError: no é\n"))
        #expect(
            try await bench.batches()[0]["logging"] as? String == "exit code 3: ValueError: no é"
        )
        let logs = await bench.run("logs", "--batch", "1")
        #expect(logs.status == .done)
        #expect(
            logs.output == """
                == standard error
                Traceback:
                ValueError: no é

                == standard output
                loading

                """
        )
        let json = await bench.run("logs", "--batch", "1", "--attempt", "1", "--json")
        #expect(
            json.output
                == #"{"batch":1,"attempt":1,"standard_error":"Traceback:\nValueError: no é\n\n","#
                + #""standard_output":"loading\n","note":null}"# + "\n"
        )
    }

    @Test("A result that names an error goes before standard error")
    func namedError() async throws {
        let bench = try await CommandLineBench()
        let script = #"echo noise >&2; echo '{"error":"no disk"}'; exit 1"#
        _ = await work(bench, ["--max-attempts", "1", "--on-exhausted", "fail"], script)
        let logging = try await bench.batches()[0]["logging"] as? String
        #expect(logging == "exit code 1: no disk")
    }

    @Test("The output of a success is kept as well, and a silent program leaves nothing")
    func success() async throws {
        let bench = try await CommandLineBench()
        let script = "cat > /dev/null; [ $TRANCHE_BATCH = 2 ] || echo ok"
        #expect(await work(bench, ["--count", "5", "--prefetch", "1"], script).status == .done)
        #expect(await bench.run("logs", "--batch", "1").output == "== standard output\nok\n")
        let silent = await bench.run("logs", "--batch", "2")
        #expect(silent.status == .nothingNow)
        #expect(silent.errors == "tranche: batch 2, attempt 1: nothing is kept\n")
        #expect(try bench.rows("SELECT batch_id, attempt FROM inventory_output") == ["1|1"])
        #expect(await bench.run("logs", "--batch", "9").status == .failed)
        #expect(await bench.run("logs").status == .usage)
    }

    @Test("What moves a terminal is escaped in live lines and logs, and passwords are masked")
    func controls() async throws {
        let bench = try await CommandLineBench()
        let script = #"""
            printf 'a\tb \033[31mred\r\n'; printf 'over\rwritten\n' >&2
            echo 'postgresql://etl:secret@db/x' >&2; exit 3
            """#
        let outcome = await work(bench, ["--max-attempts", "1", "--on-exhausted", "fail"], script)
        let logs = await bench.run("logs", "--batch", "1")
        let followed = await bench.run("logs", "--batch", "1", "--follow")
        for text in [outcome.errors, logs.output, followed.output] {
            #expect(text.contains("a\tb \\u{1B}[31mred\n"), "\(text)")
            #expect(text.contains("over\\rwritten\n"), "\(text)")
            #expect(text.contains("postgresql://etl:***@db/x"), "\(text)")
            #expect(!text.contains("secret"))
        }
    }

    @Test("Passwords are kept nowhere")
    func passwords() async throws {
        let bench = try await CommandLineBench()
        let script = "echo cannot reach postgresql://me:geheim@host/db >&2; exit 1"
        _ = await work(bench, ["--max-attempts", "1", "--on-exhausted", "fail"], script)
        let logs = await bench.run("logs", "--batch", "1")
        #expect(logs.output.contains("postgresql://me:***@host/db"))
        let rows = try bench.rows(
            "SELECT standard_error FROM inventory_output UNION ALL SELECT logging FROM inventory"
                + " UNION ALL SELECT error FROM inventory_attempt"
        )
        #expect(rows.count == 3 && !rows.contains { $0.contains("geheim") })
    }

    @Test("A note is given to the next attempt: of a last line, and by hand")
    func notes() async throws {
        let bench = try await CommandLineBench()
        let script = """
            case $TRANCHE_ATTEMPT in
            1) echo "first: ${TRANCHE_NOTE-none}"; echo '{"note": {"page": 7}}'; exit 1;;
            2) echo "second: $TRANCHE_NOTE"; echo '{"note": "line \\"8\\""}'; exit 75;;
            3) echo "third: $TRANCHE_NOTE"; echo '{"retry_after": 1, "note": "9"}'; exit 75;;
            4) echo "fourth: $TRANCHE_NOTE";;
            esac
            """
        let outcome = await work(bench, ["--backoff", "0"], script)
        #expect(outcome.status == .done, "\(outcome.errors)")
        for line in ["first: none", #"second: {"page":7}"#, #"third: line "8""#, "fourth: 9"] {
            #expect(outcome.errors.contains(line + "\n"), "\(outcome.errors)")
        }
        let logs = await bench.run("logs", "--batch", "1", "--attempt", "2")
        #expect(logs.output.hasSuffix("== note for the next attempt\nline \"8\"\n"))
        let long = String(repeating: "x", count: 9000)
        let much = #"[ $TRANCHE_ATTEMPT = 2 ] || { echo '{"note": "\#(long)"}'; exit 1; }"#
        let other = try await CommandLineBench()
        let refused = await work(other, ["--backoff", "0"], much)
        #expect(refused.status == .done)
        #expect(refused.errors.contains("(the note has 9000 bytes; give at most 8192)"))
        let hand = try await CommandLineBench()
        let acquire = ["acquire", "--json"] + Self.job
        #expect(await hand.run(acquire).status == .done)
        let heartbeat = ["heartbeat", "1", "--attempt", "1", "--note"]
        #expect(await hand.run(heartbeat + ["half"]).status == .done)
        let usage = await hand.run(heartbeat + [long])
        #expect(usage.status == .usage)
        #expect(usage.errors.contains("the note has 9000 bytes"))
        #expect(await hand.run("release", "1", "--attempt", "1").status == .done)
        let done = await work(hand, [], "[ \"$TRANCHE_NOTE\" = half ]")
        #expect(done.status == .done, "\(done.errors)")
    }

    @Test("A program that is ended with a signal leaves its note with what it gives back")
    func noteOfReleased() async throws {
        let bench = try await CommandLineBench()
        let script = """
            [ "$TRANCHE_NOTE" = 5 ] && exit 0
            trap 'echo "{\\"note\\": 5}"; exit 1' TERM
            touch \(bench.path("begun")); while :; do sleep 0.05; done
            """
        let (signals, sender) = AsyncStream<Int32>.makeStream()
        let command = ["work"] + Self.job + ["--grace", "100ms", "--", "sh", "-c", script]
        async let outcome = bench.run(command, signals: signals)
        while !FileManager.default.fileExists(atPath: bench.path("begun")) {
            try await Task.sleep(for: .milliseconds(20))
        }
        sender.yield(15)
        #expect(await outcome.status == .interrupted)
        #expect(try await bench.states() == ["released"])
        #expect(await work(bench, [], script).status == .done)
    }

    @Test("What a program writes is shown while it runs, until the batch has ended")
    func follow() async throws {
        let bench = try await CommandLineBench()
        let script = """
            echo "attempt $TRANCHE_ATTEMPT begins"
            [ $TRANCHE_ATTEMPT = 2 ] && { echo last; exit 0; }
            \(bench.waiting); echo more; echo oops >&2; exit 1
            """
        let options = ["--lease", "1s", "--backoff", "1s"]
        async let worked = work(bench, options, script)
        while try bench.rows("SELECT 1 FROM inventory_output").isEmpty {
            try await Task.sleep(for: .milliseconds(50))
        }
        // Nothing has ended yet.
        let early = await bench.run("logs", "--batch", "1", "--attempt", "1")
        #expect(early.output == "== standard output\nattempt 1 begins\n")
        let output = TextWriter()
        async let followed = bench.run(["logs", "--batch", "1", "--follow"], output: output)
        while !output.text.contains("begins") { try await Task.sleep(for: .milliseconds(20)) }
        try bench.letPrograms()
        #expect(await worked.status == .done)
        #expect(await followed.status == .done)
        #expect(
            output.text == """
                == attempt 1, standard output
                attempt 1 begins
                == attempt 1, standard error
                oops
                == attempt 1, standard output
                more
                == attempt 2, standard output
                attempt 2 begins
                last

                """
        )
        let lines = await bench.run("logs", "--batch", "1", "--follow", "--json", "--attempt", "1")
        #expect(lines.output.split(separator: "\n").count == 1)
        let silent = await bench.run("logs", "--batch", "1", "--follow", "--attempt", "9")
        #expect(silent.status == .nothingNow)
    }

    @Test("What is new is found where the beginning has been left out since")
    func news() {
        #expect(LogFollower.news(of: "a\nb\n", after: "a\n") == "b\n")
        let old = "a\n" + String(repeating: "line\n", count: 300) + "mark\n"
        let new = "[2 bytes left out]\n" + old.dropFirst(2) + "new\n"
        #expect(LogFollower.news(of: new, after: old) == "new\n")
        #expect(LogFollower.news(of: "other\n", after: old) == "[some is left out]\nother\n")
        // A line's end may come in two parts.
        #expect(LogFollower.news(of: "a\r\nb", after: "a\r") == "\nb")
    }

    @Test("What is new of a program that repeats a line is found by what was left out")
    func repeatedNews() {
        func kept(_ count: Int) -> String {
            var tail = OutputTail()
            for _ in 0..<count { tail.add(Array("same\n".utf8)) }
            return tail.text
        }
        for (before, after) in [(13_000, 13_020), (14_000, 14_500), (14_000, 25_000)] {
            let news = LogFollower.news(of: kept(after), after: kept(before))
            #expect(news == String(repeating: "same\n", count: after - before), "\(after)")
        }
        let lost = LogFollower.news(of: kept(60_000), after: kept(14_000))
        #expect(lost.hasPrefix("[some is left out]\n["))
        // What was left out is counted as it was written, and kept with its passwords masked.
        let pad = String(repeating: "x", count: 60)
        var (tail, old) = (OutputTail(), "")
        for number in 0..<12_000 {
            let words = number % 20 == 0 ? "postgresql://me:geheimnis@host/db \(pad)" : pad + pad
            tail.add(Array("\(number) \(words)\n".utf8))
            guard number % 400 == 399 else { continue }
            let lines = LogFollower.news(of: tail.text, after: old).split(separator: "\n")
            #expect(lines.count == 400)
            #expect(lines.first == "\(number - 399) postgresql://me:***@host/db \(pad)")
            old = tail.text
        }
        // A program may write what looks like the mark.
        let mark = "[999999999999999 bytes left out]\n"
        #expect(LogFollower.news(of: "b\n", after: mark) == "[some is left out]\nb\n")
    }

    @Test("The end of a long output is kept, from a line on, with what was left out")
    func long() {
        var tail = OutputTail()
        for number in 0..<100_000 { tail.add(Array("line \(number)\n".utf8)) }
        let lines = tail.text.split(separator: "\n")
        #expect(lines.last == "line 99999")
        #expect(tail.text.utf8.count <= AttemptOutput.mostBytes)
        #expect(tail.text.utf8.count > AttemptOutput.mostBytes - 200)
        let kept = lines.dropFirst().reduce(0) { $0 + $1.utf8.count + 1 }
        let all = (0..<100_000).reduce(0) { $0 + "line \($1)\n".utf8.count }
        #expect(lines.first == "[\(all - kept) bytes left out]")
        #expect(tail.lastLine == "line 99999")
    }

    @Test("What no database keeps is repaired: bytes that are not UTF-8, and NUL")
    func repaired() {
        var tail = OutputTail()
        tail.add([0x61, 0xFF, 0x00, 0x62, 0x0A])
        #expect(tail.text == "a\u{FFFD}b\n")
        var long = OutputTail()
        long.add([UInt8](repeating: 0xC3, count: 1 << 17))
        #expect(long.text.utf8.count <= AttemptOutput.mostBytes)
        #expect(OutputTail().text == "")
        #expect(OutputTail().lastLine == nil)
    }

    @Test("A password at the edge of what is kept is masked as a whole")
    func maskedEdge() {
        for shift in 0..<80 {
            var tail = OutputTail()
            tail.add(Array("see postgresql://me:geheimgeheimgeheim@host/db now ".utf8))
            let rest = AttemptOutput.mostBytes - 64 - shift
            tail.add([UInt8](repeating: 0x78, count: rest))
            #expect(!tail.text.contains("heim"), "shift \(shift)")
        }
    }

    @Test(
        "A program that takes too long, or writes nothing for too long, is ended and has failed",
        arguments: [
            (["--timeout", "300ms"], "while :; do echo on >&2; sleep 0.05; done", "0.3 s"),
            (["--idle", "400ms"], "echo begun; exec sleep 1000", "0.4 s without progress"),
        ]
    )
    func bounds(options: [String], script: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let once = ["--max-attempts", "1", "--on-exhausted", "fail", "--grace", "100ms"]
        let outcome = await work(bench, options + once, script)
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("batch 1 failed for good"))
        #expect(try await bench.batches()[0]["logging"] as? String == "timed out after \(words)")
        #expect(await bench.run("logs", "--batch", "1").status == .done)
    }
}
