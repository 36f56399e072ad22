import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10))) struct WorkTests {
    static let job = ["--job", "j", "--meta", "files"]

    func work(_ bench: CommandLineBench, _ options: [String] = [], _ script: String) async
        -> CommandLineBench.Outcome
    {
        await bench.run(["work"] + Self.job + options + ["--", "sh", "-c", script])
    }

    @Test("Each batch's items arrive on standard input, its identity in the environment")
    func input() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("seen")
        let outcome = await work(
            bench,
            ["--count", "4"],
            """
            { echo "$TRANCHE_JOB,$TRANCHE_RUN,$TRANCHE_KIND,$TRANCHE_EXACT,$TRANCHE_BATCH,\
            $TRANCHE_ATTEMPT,$TRANCHE_ID_START,$TRANCHE_ID_END"; cat; } >> \(file)
            """
        )
        #expect(outcome.status == .done)
        #expect(outcome.output == "")
        #expect(
            try String(contentsOfFile: file, encoding: .utf8) == """
                j,,incremental,1,1,1,1,4
                {"id":1,"item":"/data/1","weight":10}
                {"id":2,"item":"/data/2","weight":20}
                {"id":3,"item":"/data/3","weight":30}
                {"id":4,"item":"/data/4","weight":40}
                j,,incremental,1,2,1,5,8
                {"id":5,"item":"/data/5","weight":50}
                {"id":6,"item":"/data/6","weight":60}
                {"id":7,"item":"/data/7","weight":70}
                {"id":8,"item":"/data/8","weight":80}
                j,,incremental,1,3,1,9,10
                {"id":9,"item":"/data/9","weight":90}
                {"id":10,"item":"/data/10","weight":100}

                """
        )
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 4)
        #expect(lines[0].hasPrefix("batch 1 succeeded: ids 1...4, 4 items, 100, "))
        #expect(lines[3].hasPrefix("done: 3 batches, 10 items, 550 in "))
    }

    @Test(
        "What this process was told of a batch of its own is not told of another",
        arguments: [[], ["--persistent"]]
    )
    func nested(options: [String]) async throws {
        let bench = try await CommandLineBench()
        var outer = ["KEPT": "yes"]
        for name in [
            "JOB", "RUN", "KIND", "EXACT", "BATCH", "ATTEMPT", "ID_START", "ID_END", "FROM", "TO",
            "NOTE", "PAGE", "PERSISTENT", "LINK", "FENCE",
        ] {
            outer["TRANCHE_\(name)"] = "outer"
        }
        outer["PIPELINE_EVENT"] = "outer"
        let script = """
            env > \(bench.path("seen"))
            while read -r line; do
                case $line in '{"end":'*) echo '{"done":1}' ;; esac
            done
            """
        let command = ["work"] + Self.job + ["--count", "10"] + options
        let outcome = await bench.run(command + ["--", "sh", "-c", script], environment: outer)
        #expect(outcome.status == .done, "\(outcome.errors)")
        let seen = try String(contentsOfFile: bench.path("seen"), encoding: .utf8)
        #expect(seen.contains("KEPT=yes\n"))
        #expect(seen.contains("TRANCHE_JOB=j\n"))
        #expect(!seen.contains("=outer"), "\(seen)")
    }

    @Test("The last line of the output is the result, when it is a JSON object")
    func result() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(
            bench,
            ["--count", "5"],
            #"cat > /dev/null; echo {\"no\":1}; if [ $TRANCHE_BATCH = 1 ]; then echo '{"b": 1}'; else echo ok; fi"#
        )
        #expect(outcome.status == .done)
        #expect(outcome.errors.contains("[1] {\"no\":1}\n[1] {\"b\": 1}\n"))
        let listed = await bench.run("batches", "--json")
        #expect(listed.output.contains(#""result":{"b": 1}"#))
        #expect(listed.output.contains(#""result":null"#))
    }

    @Test("A failing program fails its batch; when none is left to try, the exit status is 1")
    func failure() async throws {
        let bench = try await CommandLineBench()
        let options = ["--count", "5", "--max-attempts", "2", "--backoff", "10ms"]
        let outcome = await work(
            bench,
            options,
            "cat > /dev/null; echo oops; [ $TRANCHE_BATCH = 2 ] || exit 3"
        )
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("batch 1 failed: ids 1...5"))
        #expect(outcome.errors.contains("batch 1 failed for good"))
        #expect(outcome.errors.contains(": exit code 3: oops\n"))
        #expect(
            outcome.errors.contains("is complete, but 1 batch has failed; 'tranche retry' offers")
        )
        #expect(try await bench.states() == ["failed", "succeeded"])
        #expect(await work(bench, [], "true").status == .failed)
        #expect(await bench.run("retry", "--job", "j").status == .done)
        #expect(await work(bench, [], "true").status == .done)
        let history = await bench.run("history", "--meta", "files", "--id", "1", "--json")
        #expect(history.output.contains(#""outcome":"failed","worker":"worker-1""#))
        #expect(history.output.contains(#""error":"exit code 3: oops""#))
    }

    @Test("A program that dies of a signal fails its batch")
    func killed() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(bench, ["--max-attempts", "1"], "kill -SEGV $$")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("killed by signal 11"))
    }

    @Test("A program need not read its input, and may leave others behind")
    func unread() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
            INSERT INTO many SELECT i, 'something that is a little longer ' || i FROM n;
            """
        )
        let many = ["--job", "j", "--meta", "many", "--count", "none"]
        #expect(await bench.run(["work"] + many + ["--", "true"]).status == .done)
        let behind = [
            "work", "--job", "k", "--meta", "many", "--count", "none", "--", "sh", "-c",
            "sleep 1000 & exit 0",
        ]
        #expect(await bench.run(behind).status == .done)
        let slow = [
            "work", "--job", "l", "--meta", "many", "--count", "none", "--", "sh", "-c", "wc -l",
        ]
        let counted = await bench.run(slow)
        #expect(counted.errors.hasPrefix("[3] 20000\n"))
    }

    @Test("Several workers share a run; every item is seen once")
    func workers() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("seen")
        let outcome = await work(bench, ["--count", "1", "--workers", "4"], "cat >> \(file)")
        #expect(outcome.status == .done)
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        #expect(Set(lines).count == 10)
        #expect(lines.count == 10)
        let names = Set(try await bench.batches().compactMap { $0["worker"] as? String })
        #expect(names.isSubset(of: ["worker-1/1", "worker-1/2", "worker-1/3", "worker-1/4"]))
    }

    @Test("With --json each end is a line on standard output")
    func json() async throws {
        let bench = try await CommandLineBench()
        let script = #"[ $TRANCHE_BATCH = 1 ] && echo '{"n":1}' || exit 7"#
        let outcome = await work(bench, ["--count", "5", "--max-attempts", "1", "--json"], script)
        #expect(outcome.status == .failed)
        try expectSnapshot(normalized(outcome.output, folder: bench.folder), named: "work.jsonl")
    }

    @Test("Heartbeats keep a batch that takes longer than its lease")
    func heartbeats() async throws {
        let bench = try await CommandLineBench()
        async let working = work(bench, ["--lease", "4s"], bench.waiting)
        #expect(try await eventually { try await bench.states() == ["running"] })
        let first = try await bench.leaseEnds()[0]
        #expect(await eventually { Date().utcText > first })
        #expect(await bench.run(["acquire"] + Self.job).status == .nothingNow)
        try bench.letPrograms()
        #expect(await working.status == .done)
        #expect(try await bench.batches()[0]["attempt"] as? Double == 1)
    }

    @Test("A program whose batch was lost is ended, and changes nothing")
    func lost() async throws {
        let bench = try await CommandLineBench()
        async let working = work(bench, ["--lease", "1s"], "sleep 1000")
        #expect(try await eventually { try await bench.states() == ["running"] })
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let outcome = await working
        #expect(outcome.status == .done)
        #expect(outcome.errors.contains("batch 1 lost: "))
        #expect(try await bench.states() == ["succeeded"])
    }

    @Test("A backfill works on its bounds, and goes on by its name")
    func backfill() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("seen")
        let backfill = [
            "backfill", "--job", "j", "--meta", "files", "--run", "fix", "--from", "3", "--to", "6",
            "--weight", "70", "--", "sh", "-c",
            "echo $TRANCHE_RUN $TRANCHE_KIND $TRANCHE_ID_START $TRANCHE_ID_END >> \(file)",
        ]
        #expect(await bench.run(backfill).status == .done)
        #expect(await bench.run(backfill).status == .done)
        #expect(
            try String(contentsOfFile: file, encoding: .utf8)
                == "fix backfill 3 4\nfix backfill 5 5\nfix backfill 6 6\n"
        )
        #expect(await bench.run("status").output.contains("fix (3...6)  complete"))
    }

    @Test("A first signal lets programs finish, and exits with 0")
    func gracefulEnd() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let errors = TextWriter()
        let begun = bench.path("begun")
        let program = ["sh", "-c", "touch \(begun); \(bench.waiting)"]
        let command = ["work"] + Self.job + ["--count", "5", "--"] + program
        async let working = bench.run(command, errors: errors, signals: signals)
        // A batch whose program has not begun is given back at once.
        #expect(await eventually { FileManager.default.fileExists(atPath: begun) })
        sender.yield(SIGTERM)
        #expect(await eventually { errors.text.contains("SIGTERM: finishing") })
        try bench.letPrograms()
        let outcome = await working
        #expect(outcome.status == .done)
        #expect(outcome.errors.contains("SIGTERM: finishing what runs"))
        #expect(try await bench.states() == ["succeeded"], "\(outcome.errors)")
    }

    @Test("Batches are held ahead while a program runs, and given back at the first signal")
    func prefetch() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let options = ["--prefetch", "3", "--count", "2", "--", "sh", "-c"]
        let command = ["work"] + Self.job + options + [bench.waiting]
        async let working = bench.run(command, signals: signals)
        let held = [String](repeating: "running", count: 4)
        #expect(try await eventually { try await bench.states() == held })
        sender.yield(SIGTERM)
        let left = ["running"] + [String](repeating: "released", count: 3)
        #expect(try await eventually { try await bench.states() == left })
        try bench.letPrograms()
        let outcome = await working
        #expect(outcome.status == .interrupted)
        #expect(outcome.errors.contains("gave back 3 batches before work began"))
        #expect(outcome.errors.contains("done: 1 batch, 2 items, 30 in "), "\(outcome.errors)")
        #expect(outcome.errors.contains("3 not begun"), "\(outcome.errors)")
        #expect(try await bench.states() == ["succeeded"] + left.dropFirst())
        #expect(try await bench.batches().allSatisfy { $0["failures"] as? Double == 0 })
    }

    @Test("What is held ahead is worked on in order, and its leases are kept")
    func prefetchedLeases() async throws {
        let bench = try await CommandLineBench()
        let file = bench.path("seen")
        async let working = work(
            bench,
            ["--prefetch", "2", "--count", "4", "--lease", "4s"],
            "\(bench.waiting); echo $TRANCHE_BATCH $TRANCHE_ATTEMPT >> \(file)"
        )
        let held = [String](repeating: "running", count: 3)
        #expect(try await eventually { try await bench.states() == held })
        let last = try await bench.leaseEnds().max() ?? ""
        #expect(await eventually { Date().utcText > last })
        #expect(await bench.run(["acquire"] + Self.job).status == .nothingNow)
        try bench.letPrograms()
        let outcome = await working
        #expect(outcome.status == .done)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "1 1\n2 1\n3 1\n")
        #expect(outcome.errors.contains("done: 3 batches, 10 items"))
    }

    @Test("A batch that fails, or was lost, keeps none from the next")
    func prefetchedFailure() async throws {
        let bench = try await CommandLineBench()
        let outcome = await work(
            bench,
            ["--prefetch", "1", "--count", "2", "--max-attempts", "1"],
            "test $TRANCHE_BATCH != 2"
        )
        #expect(outcome.status == .failed)
        let ends = ["succeeded", "failed", "succeeded", "succeeded", "succeeded"]
        #expect(try await bench.states() == ends)
    }

    @Test("After the grace period programs are ended, and a follower stops")
    func graceEnds() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let options = ["--follow", "--grace", "100ms", "--count", "5"]
        let script = "[ $TRANCHE_BATCH = 1 ] || exec sleep 1000"
        let command = ["work"] + Self.job + options + ["--", "sh", "-c", script]
        async let working = bench.run(command, signals: signals)
        #expect(try await eventually { try await bench.states() == ["succeeded", "running"] })
        sender.yield(SIGTERM)
        #expect(await working.status == .interrupted)
        #expect(try await bench.states() == ["succeeded", "released"])
    }

    @Test("A follower waits for new items, and ends at a signal")
    func follow() async throws {
        let bench = try await CommandLineBench()
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let command = ["work"] + Self.job + ["--follow", "--", "true"]
        async let working = bench.run(command, signals: signals)
        #expect(try await eventually { try await bench.states() == ["succeeded"] })
        try bench.execute("INSERT INTO files (item, weight) VALUES ('/data/11', 1)")
        #expect(try await eventually { try await bench.states() == ["succeeded", "succeeded"] })
        sender.yield(SIGTERM)
        #expect(await working.status == .done)
    }

    @Test("Who names a job where a source belongs is told how to say that")
    func jobAsSource() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run(["work"] + Self.job + ["--", "true"]).status == .done)
        let outcome = await bench.run("work", "--job", "next", "--meta", "j", "--", "true")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("did you mean --meta inventory:j?"), "\(outcome.errors)")
    }

    @Test("Who names a file where a table belongs is told how to say that")
    func fileAsSource() async throws {
        let bench = try await CommandLineBench()
        let path = bench.path("in")
        try "id\n1\n".write(toFile: path, atomically: true, encoding: .utf8)
        let outcome = await bench.run("work", "--job", "next", "--meta", path, "--", "true")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("there is no table or view"), "\(outcome.errors)")
        #expect(outcome.errors.contains("did you mean --meta csv:\(path)?"), "\(outcome.errors)")
        let dotted = await bench.run("work", "--job", "next", "--meta", "a.b.c", "--", "true")
        #expect(dotted.errors.contains("a file as 'csv:FILE'"), "\(dotted.errors)")
    }

    @Test("Weights are shown as bytes where the limit is given in bytes")
    func bytes() async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(["work"] + Self.job + ["--weight", "2KiB", "--", "true"])
        #expect(outcome.errors.contains("10 items, 550 B"), "\(outcome.errors)")
    }

    @Test("A terminal gets a live line, and no line per batch")
    func liveLine() async throws {
        let bench = try await CommandLineBench()
        let command = ["work"] + Self.job + ["--count", "5", "--", "sleep", "0.7"]
        let outcome = await bench.run(command, errors: TextWriter(isTerminal: true))
        #expect(outcome.status == .done)
        #expect(outcome.errors.contains(" % 1 batch, 5 items, 150"))
        #expect(outcome.errors.contains("ETA"))
        #expect(!outcome.errors.contains("batch 1 succeeded"))
        #expect(outcome.errors.contains("\r\u{1B}[Kdone: 2 batches, 10 items, 550 in "))
    }

    @Test("A paused run is worth another try later")
    func paused() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run(["acquire"] + Self.job + ["--count", "1"]).status == .done)
        #expect(await bench.run("pause", "--job", "j", "--reason", "lunch").status == .done)
        let outcome = await work(bench, [], "true")
        #expect(outcome.status == .tryAgain)
        #expect(outcome.errors.contains("paused (lunch)"))
    }
}
