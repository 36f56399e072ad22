import Foundation
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TrancheCLI

/// Programs that go on from batch to batch.
@Suite(.timeLimit(.minutes(10))) struct PersistentTests {
    /// A worker in shell, which answers each batch with `answer`, and notes its process.
    private func worker(_ bench: CommandLineBench, answer: String, item: String = ":") -> [String] {
        [
            "sh", "-c",
            """
            echo $$ >> \(bench.path("pids"))
            while read -r line; do
                echo "$line" >> \(bench.path("seen"))
                case $line in
                '{"batch":'*) batch=${line#'{"batch":'}; batch=${batch%%,*}; n=0
                    attempt=${line#*'"attempt":'}; attempt=${attempt%%,*} ;;
                '{"end":'*) \(answer) ;;
                *) n=$((n + 1)); \(item) ;;
                esac
            done
            """,
        ]
    }

    private func work(
        _ bench: CommandLineBench,
        _ options: [String] = [],
        _ program: [String],
        errors: TextWriter = TextWriter(),
        signals: AsyncStream<Int32> = AsyncStream { _ in }
    ) async -> CommandLineBench.Outcome {
        let command = ["work", "--job", "j", "--meta", "files", "--persistent"] + options
        return await bench.run(command + ["--"] + program, errors: errors, signals: signals)
    }

    private func lines(_ bench: CommandLineBench, _ file: String) throws -> [String] {
        try String(contentsOfFile: bench.path(file), encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    private static let done = #"echo "{\"done\":$batch,\"result\":{\"n\":$n}}""#

    @Test("One process gets batch after batch, and answers each with a line")
    func one() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(bench, ["--count", "4"], worker(bench, answer: Self.done))
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try lines(bench, "pids").count == 1)
        let seen = try lines(bench, "seen")
        #expect(
            seen[0] == #"{"batch":1,"attempt":1,"job":"j","run":"","kind":"incremental","#
                + #""exact":true,"id_start":1,"id_end":4,"count":4,"weight":100,"key":null,"#
                + #""from":null,"to":null,"lease_s":60,"env":{"#
                + #""TRANCHE_ATTEMPT":"1","TRANCHE_BATCH":"1","TRANCHE_EXACT":"1","#
                + #""TRANCHE_ID_END":"4","TRANCHE_ID_START":"1","TRANCHE_JOB":"j","#
                + #""TRANCHE_KIND":"incremental","TRANCHE_RUN":""}}"#
        )
        #expect(seen[1] == #"{"id":1,"item":"/data/1","weight":10}"#)
        #expect(seen[5] == #"{"end":1}"#)
        #expect(seen.count == 10 + 3 * 2)
        let results = await bench.run("batches", "--json").output
            .matches(of: #/"result":({[^}]*})/#).map { String($0.output.1) }
        #expect(results == [#"{"n":2}"#, #"{"n":4}"#, #"{"n":4}"#])
        #expect(!outcome.errors.contains("\"done\""))
    }

    @Test("Each worker has a process of its own")
    func several() async throws {
        let bench = try await CommandLineBench()
        // The second waits until there are two.
        let pids = bench.path("pids")
        let answer = "until [ $(wc -l < \(pids)) = 2 ]; do sleep 0.02; done; \(Self.done)"
        let outcome = await work(
            bench,
            ["--count", "1", "--workers", "2"],
            worker(bench, answer: answer)
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try lines(bench, "pids").count == 2)
        #expect(try lines(bench, "seen").filter { $0.hasPrefix("{\"id\"") }.count == 10)
    }

    @Test("Rows stand beside the items")
    func rows() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(bench, ["--columns", "weight"], worker(bench, answer: Self.done))
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(
            try lines(bench, "seen")[10]
                == #"{"id":10,"item":"/data/10","weight":100,"row":{"weight":100.0}}"#
        )
    }

    @Test("An answer with an exit other than 0 fails the batch, with what was written meanwhile")
    func failure() async throws {
        let bench = try await CommandLineBench()
        let answer = """
            echo "about $batch" >&2
            if [ $batch = 1 ]; then echo "{\\"done\\":1,\\"exit\\":3}"; else \(Self.done); fi
            """
        let options = ["--count", "5", "--max-attempts", "1"]
        let outcome = await work(bench, options, worker(bench, answer: answer))
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("status 3: about 1"), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed", "succeeded"])
        #expect(try lines(bench, "pids").count == 1)
        let logs = await bench.run("logs", "--batch", "1", "--json").output
        #expect(logs.contains(#""about 1\n""#), "\(logs)")
        #expect(!logs.contains("about 2"))
    }

    @Test("Bad items, and another time, are said in the result as a last line says them")
    func verdicts() async throws {
        let bench = try await CommandLineBench()
        let answer = """
            case $batch.$attempt in
            1.1) echo '{"done":1,"exit":75,"result":{"retry_after":0.01}}' ;;
            1.2) echo '{"done":1,"exit":1,"result":{"bad_ids":[3],"error":"no"}}' ;;
            *) \(Self.done) ;;
            esac
            """
        let outcome = await work(bench, [], worker(bench, answer: answer))
        #expect(outcome.status == .failed)
        #expect(Set(try await bench.states()) == ["split", "succeeded", "quarantined"])
    }

    @Test(
        "What ends before it answers has failed, and is started again for the next",
        arguments: [
            ("exit 0", "ended before it answered"), ("exit 7", "exit code 7"),
            ("kill -KILL $$", "killed by signal 9"),
        ]
    )
    func dies(script: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let answer = "if [ $attempt = 1 ]; then echo last words >&2; \(script); fi; \(Self.done)"
        let options = ["--count", "5", "--max-attempts", "2", "--backoff", "10ms"]
        let outcome = await work(bench, options, worker(bench, answer: answer))
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.errors.contains("\(words): last words"), "\(outcome.errors)")
        #expect(try await bench.states() == ["succeeded", "succeeded"])
        #expect(try lines(bench, "pids").count >= 3)
    }

    @Test("A process may end after an answer: another goes on, and no batch fails of it")
    func leaves() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(
            bench,
            ["--count", "1", "--max-attempts", "1"],
            worker(bench, answer: "\(Self.done); exit 0")
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try await bench.states() == Array(repeating: "succeeded", count: 10))
        #expect(try lines(bench, "pids").count >= 10)
    }

    @Test(
        "An answer that is none fails the batch, and ends the process",
        arguments: [
            (#"{\"done\":99}"#, "it answered batch 99 while it worked on batch"),
            (#"{\"done\":$batch,\"error\":\"no\"}"#, "its answer has a member \"error\""),
            (#"{\"done\":$batch,\"result\":5}"#, "the result of its answer is not a JSON object"),
            (#"{\"done\":$batch,\"result\":{\"x\":NaN}}"#, "its answer is not JSON: a value is"),
            (#"{\"done\":$batch,\"result\":{\"x\":\"\ud800\"}}"#, "half of a surrogate pair"),
            (#"{\"result\":{\"x\":1e999},\"done\":$batch}"#, "beyond those that a double holds"),
            (#"{\"result\":{\"x\":NaN},\"done\":$batch,\"exit\":0}"#, "its answer is not JSON"),
        ]
    )
    func wrong(answer: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let options = ["--count", "5", "--max-attempts", "1"]
        let outcome = await work(bench, options, worker(bench, answer: "echo \"\(answer)\""))
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed", "failed"])
        #expect(try lines(bench, "pids").count == 2)
    }

    @Test("All other lines are the program's own, whatever they hold")
    func noise() async throws {
        let bench = try await CommandLineBench()
        let noise = #"echo noise; echo '{"done":"x"}'; echo '{"a":{"done":1}}'; echo '{"done":1'"#
        let outcome = await work(
            bench,
            ["--count", "5"],
            worker(bench, answer: "\(noise); \(Self.done)")
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(
            outcome.errors.contains(
                "[1] noise\n[1] {\"done\":\"x\"}\n[1] {\"a\":{\"done\":1}}\n[1] {\"done\":1\n"
            )
        )
    }

    @Test("A batch that is answered before it is read ends the process that does not read on")
    func unread() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY, item TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            INSERT INTO many SELECT i, 'something that is a little longer ' || i FROM n;
            """
        )
        let script = """
            read -r line; line=${line#'{"batch":'}; echo "{\\"done\\":${line%%,*}}"; sleep 1000
            """
        let command = [
            "work", "--job", "j", "--meta", "many", "--count", "10000", "--grace", "1s",
            "--persistent", "--", "sh", "-c", script,
        ]
        let outcome = await bench.run(command)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try await bench.states() == ["succeeded", "succeeded"])
    }

    @Test(
        "A batch that takes too long fails, and its process ends; the others go on",
        arguments: [
            ("--timeout", "timed out after 0.5 s"),
            ("--idle", "timed out after 0.5 s without progress"),
        ]
    )
    func timeout(bound: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let answer = "[ $batch = 1 ] && exec sleep 1000; \(Self.done)"
        let options = ["--count", "5", "--max-attempts", "1", bound, "500ms"]
        let outcome = await work(bench, options, worker(bench, answer: answer))
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(try await bench.states() == ["failed", "succeeded"])
        #expect(try lines(bench, "pids").count == 2)
    }

    @Test("A stop lets what runs finish; the next gives it back, and no process is left")
    func stop() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let errors = TextWriter()
        let program = worker(bench, answer: "\(bench.waiting); \(Self.done)")
        async let working = work(
            bench,
            ["--count", "5"],
            program,
            errors: errors,
            signals: signals
        )
        let seen = bench.path("seen")
        let isAsked = await eventually {
            let text = (try? String(contentsOfFile: seen, encoding: .utf8)) ?? ""
            return text.contains("{\"end\":1}")
        }
        #expect(isAsked)
        sender.yield(SIGTERM)
        #expect(await eventually { errors.text.contains(": finishing what runs") })
        try bench.letPrograms()
        let outcome = await working
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(try await bench.states() == ["succeeded"])
        let number = try #require(pid_t(lines(bench, "pids")[0]))
        #expect(kill(number, 0) != 0)
    }

    @Test("What has not answered when the grace is over is ended, and its batch released")
    func grace() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let program = worker(bench, answer: "exec sleep 1000")
        let options = ["--count", "5", "--grace", "100ms"]
        async let working = work(bench, options, program, signals: signals)
        let seen = bench.path("seen")
        _ = await eventually {
            ((try? String(contentsOfFile: seen, encoding: .utf8)) ?? "").contains("{\"end\":1}")
        }
        sender.yield(SIGTERM)
        let outcome = await working
        #expect(outcome.status == .interrupted, "\(outcome.errors)")
        #expect(try await bench.states() == ["released"])
    }

    @Test("A process that does not end with its input is ended after the grace")
    func lingers() async throws {
        let bench = try await CommandLineBench()
        let lingering = worker(bench, answer: Self.done)
        let program = [lingering[0], lingering[1], lingering[2] + "\nexec sleep 1000"]
        let outcome = await work(bench, ["--grace", "100ms"], program)
        #expect(outcome.status == .done, "\(outcome.errors)")
        let number = try #require(pid_t(lines(bench, "pids")[0]))
        #expect(kill(number, 0) != 0)
    }

    @Test("Pages are refused")
    func pages() async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(
            "work",
            "--job",
            "j",
            "--meta",
            "pages:p",
            "--first",
            "1",
            "--persistent",
            "--",
            "true"
        )
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("--persistent does not go with pages"))
    }

    // MARK: - Answers

    @Test("The output is cut into answers and other lines, wherever the pieces end")
    func cutting() throws {
        let text =
            "a\n{\"done\":1}\nb\n {\"exit\":1,\"done\":2,\"result\":{\"x\":[1, \"}\\\"\"]}}\r\nc"
        for size in [1, 2, 3, 7, 1000] {
            var lines = AnswerLines()
            var parts: [AnswerLines.Part] = []
            let bytes = Array(text.utf8)
            for start in stride(from: 0, to: bytes.count, by: size) {
                parts += lines.add(bytes[start..<min(start + size, bytes.count)])
            }
            parts += lines.finish()
            #expect(parts.count == 5)
            #expect(parts[0] == .other(Array("a\n".utf8)))
            guard case .answer(let first) = parts[1], case .answer(let second) = parts[3] else {
                Issue.record("no answers: \(parts)")
                continue
            }
            #expect((first.batch, first.exit, first.result?.text) == (1, 0, nil))
            #expect(second.exit == 1)
            #expect(second.result?.text == #"{"x":[1, "}\""]}"#)
            #expect(second.fault == nil)
            #expect(parts[4] == .other(Array("c\n".utf8)))
        }
    }

    @Test(
        "An answer with a value of another kind is one that is wrong, and no line of the program's",
        arguments: [
            (#"{"done":11,"exit":"1"}"#, "exit"), (#"{"done":11,"exit":true}"#, "exit"),
            (#"{"done":11,"exit":1.5}"#, "exit"), (#"{"done":11,"exit":4294967296}"#, "exit"),
            (#"{"done":"11"}"#, "done"), (#"{"done":"-11","exit":0}"#, "done"),
            (#"{"done":11,"result":5}"#, "result"), (#"{"done":11,"rows":5}"#, "rows"),
            (#"{"done":11,"result":{"x":NaN}}"#, "not JSON"),
            (#"{"done":11}{"done":12}"#, "not JSON"),
            ("{\"done\":11,\"result\":{\"x\":\"\t\"}}\r\n", "not JSON"),
            (#"{"result":{"x":Infinity}, "done": 11 }"#, "not JSON"),
            (#"{"done":11,"exit":null}"#, nil), (#"{"done":11.0,"exit":1e0,"result":{}}"#, nil),
        ]
    )
    func otherKinds(_ line: String, _ fault: String?) throws {
        let answer = try #require(ProgramAnswer(Array(line.utf8)))
        #expect(answer.fault?.contains(fault ?? "") ?? (fault == nil), "\(answer)")
        #expect((answer.fault == nil) == (fault == nil))
        for own in [
            #"{"log":{"done":1}}"#, #"{"done":true}"#, #"{"done":null}"#, #"{"done":0.5}"#,
            #"{"done":"x"}"#, #"{"done":[1]}"#, #"{"done":1"#, #"{"done":1,"x":NaN"#,
            #"{"x":NaN,"log":{"done":1}}"#, #"{"x":NaN,"done":"x"}"#, #"[NaN,{"done":1}"#,
        ] {
            #expect(ProgramAnswer(Array(own.utf8)) == nil, "\(own)")
        }
    }

    @Test("A line that is too long to be an answer is passed on in pieces")
    func longLine() {
        var lines = AnswerLines()
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: AnswerLines.longest + 1)
        #expect(lines.add(piece) == [.other(piece)])
        #expect(lines.add(Array("{\"done\":1}\n".utf8)) == [.other(Array("{\"done\":1}\n".utf8))])
        guard case .answer = lines.add(Array("{\"done\":1}\n".utf8)).first else {
            Issue.record("no answer behind a long line")
            return
        }
    }

    @Test("An answer that is too long is one that is wrong, and its bytes are passed on")
    func longAnswer() {
        var lines = AnswerLines()
        let start = Array(#"{"done":1,"result":{"x":""#.utf8)
        let piece = start + [UInt8](repeating: UInt8(ascii: "x"), count: AnswerLines.longest)
        let parts = lines.add(piece)
        #expect(parts.first == .other(piece))
        guard case .answer(let answer) = parts.last else {
            Issue.record("no answer")
            return
        }
        #expect(answer.batch == 1)
        #expect(answer.fault == "its answer has more than 8388608 bytes")
        let rest = Array("\"}}\n".utf8)
        #expect(lines.add(rest) == [.other(rest)])
    }

    @Test("An answer that is too long and ends with its batch is one that is wrong, too")
    func longAnswerDoneLast() throws {
        let start = Array(#" {"result":{"x":""#.utf8)
        let piece = start + [UInt8](repeating: UInt8(ascii: "x"), count: AnswerLines.longest)
        for (end, isAnswer) in [
            (#""}, "done": 5 }"#, true), (#""},"done":5,"exit":0}"#, true),
            (#""},"done":6}"#, false), (#""},"done":5"#, false), (#"","log":["done"]}"#, false),
            (#"","done":5}}"#, false), (#""},"log":{"done":5,"of":7},"x":1}"#, false),
        ] {
            var lines = AnswerLines()
            #expect(lines.add(piece, inHand: 5) == [.other(piece)])
            let rest = Array("\(end)\n".utf8)
            let parts = lines.add(rest, inHand: 5)
            #expect(parts.first == .other(rest))
            #expect(parts.count == (isAnswer ? 2 : 1), "\(end)")
            guard isAnswer, case .answer(let answer) = parts.last else { continue }
            #expect(answer.batch == 5)
            #expect(answer.fault == "its answer has more than 8388608 bytes")
        }
    }

    @Test("A line that is not JSON is the batch's answer where its outermost object has its number")
    func brokenInTheMiddle() {
        let line = Array(#"{"result":{"x":NaN}, "done" : 5 ,"exit":0}"#.utf8)
        #expect(ProgramAnswer(line, inHand: 5)?.batch == 5)
        #expect(ProgramAnswer(line, inHand: 5)?.fault?.contains("not JSON") == true)
        #expect(ProgramAnswer(line, inHand: 6) == nil)
        #expect(ProgramAnswer(line.dropLast(), inHand: 5) == nil)
        for own in [
            #"{"progress":{"done":5},"x":NaN}"#, #"{"x":NaN,"p":{"done":5,"of":[{"a":9}]}}"#,
            #"{"x":NaN,"p":[{"of":"} \" {","done":5,"m":"}"} ],"y":1}"#,
        ] {
            #expect(ProgramAnswer(Array(own.utf8), inHand: 5) == nil, "\(own)")
        }
        for answer in [
            #"{"x":NaN,"done":5,"result":{"a":[{}],"m":"}, \"}"}}"#,
            #"{"x":NaN,"done":5,"m":"5" x"}"#, #"{"x":NaN,"done":5}{"y":1}"#,
            #"{"x":NaN,"p":{"done":5},"done":5,"exit":0}"#,
        ] {
            #expect(ProgramAnswer(Array(answer.utf8), inHand: 5)?.batch == 5, "\(answer)")
        }
    }

    @Test("A result that is not UTF-8 is kept as that of a last line is")
    func notUTF8() throws {
        let line = Array(#"{"done":1,"result":{"x":""#.utf8) + [0xE9] + Array("\"}}\n".utf8)
        let answer = try #require(ProgramAnswer(line))
        #expect(answer.fault == nil)
        #expect(answer.result?.fault == "it is not UTF-8")
    }

    @Test(
        "Of a program that has its whole batch and does not answer it is said, once",
        arguments: [false, true]
    )
    func silent(hasAnsweredBefore: Bool) async throws {
        let bench = try await CommandLineBench()
        let inventory = try await Inventory.open(try bench.inventoryLocation)
        func acquire() async throws -> Batch {
            try #require(
                try await inventory.acquireBatch(
                    from: SQLSource("files"),
                    job: "j",
                    limit: .count(1)
                )
            )
        }
        let first: Batch? = try await hasAnsweredBefore ? acquire() : nil
        let batch = try await acquire()
        let (clock, stop, said) = (ManualClock(), StopSource(), TextWriter())
        let (pool, answered) = (ProgramPool(.json(nil)), TextWriter())
        let answer = first.map { batch in
            #"[ "$line" = '{"end":\#(batch.id)}' ] && echo '{"done":\#(batch.id)}'"#
        }
        let script = "while read -r line; do \(answer ?? ":"); done"
        let program = BatchProgram(
            path: "/bin/sh",
            arguments: ["sh", "-c", script],
            environment: ["PATH": "/usr/bin:/bin"],
            guardian: try ProcessGuard(),
            stop: stop,
            grace: .default,
            clock: clock,
            copy: { bytes, _, _ in
                let text = String(decoding: bytes, as: UTF8.self)
                // What is kept in memory is written.
                if text.contains("tranche: ") { try? said.write(bytes) }
            },
            way: .persistent(pool)
        )
        let work = Task {
            try await program.whileWorking {
                if let first {
                    _ = try await program.run(first, BatchProgress())
                    try answered.write(Array("yes".utf8))
                }
                return try await program.run(batch, BatchProgress())
            }
        }
        if first != nil { #expect(await eventually { answered.text == "yes" }) }
        try await clock.waitForSleepers(1)
        // The help promises half a minute.
        clock.advance(by: .seconds(29))
        try await clock.waitForSleepers(1)
        #expect(said.text.isEmpty)
        clock.advance(by: .seconds(1))
        #expect(await eventually { said.text.components(separatedBy: "tranche: ").count == 2 })
        #expect(said.text.contains("a line {\"done\": \(batch.id)}"))
        work.cancel()
        _ = await work.result
        #expect(said.text.components(separatedBy: "tranche: ").count == 2)
        try await first?.release()
        try await batch.release()
        await inventory.close()
    }
}
