import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite struct StatusTests {
    @Test("Four numbers come first, and new items are waiting")
    func head() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "4"]
        #expect(await bench.run(acquire).status == .done)
        let running = await bench.run("status").output.split(separator: "\n")
        #expect(running[0].hasPrefix("6 items waiting, oldest "))
        #expect(running[0].hasSuffix(" s, 1 batch in flight, 0 failed in the last hour"))
        #expect(running[1].split(separator: " ").first == "JOB")
        #expect(running[2].contains("running"))
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        // Nobody works, and there is work.
        #expect(await bench.run("status").output.contains("ready"))
        while await bench.run(acquire).status == .done {
            let batch = try await bench.batches()[0]["batch"] as? Double ?? 0
            let number = String(Int(batch))
            #expect(await bench.run("succeed", number, "--attempt", "1").status == .done)
        }
        #expect(await bench.run("status").output.contains("idle"))
        try bench.execute(
            "INSERT INTO files (uid, item, weight) VALUES (11, 'x', 3), (12, 'y', 4);"
        )
        let json = await bench.run("status", "--json").output
        #expect(json.hasPrefix(#"{"waiting_items":2,"is_exact":true,"oldest_at":"2"#), "\(json)")
        #expect(json.contains(#""backlog":{"items":2,"weight":7,"is_exact":true,"oldest_at":"2"#))
        #expect(json.contains(#""last_hour":{"batches":3,"items":10,"weight":550,"#))
        #expect(json.contains(#""drains_in":{"shortest_s":"#))
    }

    @Test("A batch whose lease is over waits, and nobody holds it")
    func lapsed() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "10"]
        #expect(await bench.run(acquire + ["--lease", "60s"]).status == .done)
        #expect(await bench.run("status", "--check", "--max-age", "1h").status == .done)
        try bench.execute("UPDATE inventory SET lease_expires_at = lease_expires_at - 7260000;")
        let status = await bench.run("status").output
        #expect(
            status.hasPrefix("10 items waiting, oldest 2 h, 0 batches in flight, "),
            "\(status)"
        )
        #expect(status.contains("ready"), "\(status)")
        let words = "has 1 batch whose lease has ended, such as 1 of "
        #expect(status.contains(words) && status.contains(", 2 h ago; who asks"), "\(status)")
        #expect(await bench.run("status", "--wide").output.contains(words))
        let check = await bench.run("status", "--check", "--max-age", "1h")
        #expect(check.status == .failed)
        #expect(check.output.contains("has waited for 2 h"), "\(check.output)")
        let metrics = await bench.run("metrics").output
        #expect(metrics.contains("tranche_in_flight_batches{"))
        #expect(metrics.contains(#"state="ready"} 1"#), "\(metrics)")
        #expect(await bench.run("batches").output.contains("lease ended 2 h ago"))
    }

    private static let now = Date(timeIntervalSince1970: 1_000_000)

    /// A batch whose lease has ended, after some failures.
    private func lapsedBatch(failures: Int = 0) -> OpenBatch {
        let batch = BatchRecord(
            id: 7,
            key: RunKey(metaTable: "t", job: "j"),
            kind: .incremental,
            status: .running,
            attempt: failures + 1,
            failures: failures,
            idStart: 1,
            idEnd: 9,
            coverStart: nil,
            itemIDs: nil,
            count: 9,
            weight: 9,
            worker: "crawler",
            startedAt: Self.now,
            leaseExpiresAt: Self.now - 180
        )
        return OpenBatch(batch, token: nil)
    }

    private func record(_ policy: RunPolicy = RunPolicy()) -> RunRecord {
        RunRecord(
            key: RunKey(metaTable: "t", job: "j"),
            definition: nil,
            bounds: IDBounds(),
            policy: policy,
            createdAt: Self.now
        )
    }

    private func words(_ open: OpenBatch, of run: RunRecord) -> String {
        WaitText.words(open, amongLapsed: 2, of: run, at: Self.now)
    }

    private static let start =
        "has 2 batches whose lease has ended, such as 7 of crawler, 3 min ago"

    @Test("A process of this host that let a lease end, and lives, is named")
    func deaf() {
        var open = lapsedBatch()
        #expect(words(open, of: record()) == Self.start + "; who asks next takes it over")
        open.process = ProcessMark.own
        let alive = words(open, of: record())
        #expect(alive.hasPrefix(Self.start + "; its process runs on this host"), "\(alive)")
    }

    @Test("A batch whose lease has ended is taken over only where it is handed out again")
    func lapsedForGood() {
        var begun = lapsedBatch()
        begun.batch.begunAt = Self.now - 240
        #expect(
            words(begun, of: record())
                == Self.start
                + "; who asks next records it as failed, as it may have been executed"
        )
        let last = words(lapsedBatch(failures: 2), of: record())
        #expect(
            last == Self.start
                + "; who asks next records it as failed, as this was its last attempt"
        )
        let split = words(lapsedBatch(failures: 2), of: record(RunPolicy(onExhausted: .split)))
        #expect(split == Self.start + "; who asks next splits it")
    }

    @Test("Of a run that hands out nothing nobody takes a batch over")
    func lapsedWhileStopped() {
        var cancelled = record()
        cancelled.cancellation = RunCancellation(at: Self.now, note: ChangeNote())
        #expect(words(lapsedBatch(), of: cancelled) == Self.start)
        var paused = record()
        paused.pauseReason = "night"
        #expect(words(lapsedBatch(), of: paused) == Self.start)
        paused.letThrough = 1
        #expect(words(lapsedBatch(), of: paused).hasSuffix("takes it over"))
    }

    @Test("Items of the last hour are counted, not made up from a pace")
    func perHour() async throws {
        let bench = try await CommandLineBench()
        let work = ["work", "--job", "j", "--meta", "files", "--count", "2", "--", "cat"]
        #expect(await bench.run(work).status == .done)
        let row = try #require(
            await bench.run("status").output.split(separator: "\n").first { $0.hasPrefix("j ") }
        )
        // WAITING, OLDEST, DRAINS IN, PER HOUR, FAILED.
        #expect(row.split(separator: " ").suffix(2) == ["10", "0"], "\(row)")
    }

    @Test("A source that cannot be looked at is not one in which nothing waits")
    func unseen() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "10"]
        #expect(await bench.run(acquire).status == .done)
        try bench.execute("ALTER TABLE files RENAME TO gone;")
        let status = await bench.run("status").output
        #expect(status.hasPrefix("? items waiting (1 run could not be looked at)"), "\(status)")
    }

    @Test("batches says when there are more than it shows")
    func cut() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        for _ in 1...10 { #expect(await bench.run(acquire).status == .done) }
        let all = await bench.run("batches")
        #expect(all.errors == "")
        try bench.execute(
            """
            WITH RECURSIVE s (g) AS (SELECT 11 UNION ALL SELECT g + 1 FROM s WHERE g < 60)
            INSERT INTO files (uid, item, weight) SELECT g, 'x', 1 FROM s;
            """
        )
        for _ in 1...50 { #expect(await bench.run(acquire).status == .done) }
        let cut = await bench.run("batches")
        #expect(cut.output.split(separator: "\n").count == 51)
        #expect(cut.errors.contains("there are more: these are the newest 50; --limit N"))
        // Who asks for so many gets them.
        #expect(await bench.run("batches", "--limit", "5").errors == "")
    }

    @Test("What is seen to wait waits since then, until the cursor has passed it")
    func firstSight() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "3"]
        #expect(await bench.run(acquire).status == .done)
        func oldest() async throws -> String {
            let json = await bench.run("status", "--json").output
            return String(json.split(separator: #""oldest_at":"#)[1].prefix(26))
        }
        let first = try await oldest()
        #expect(try await oldest() == first)
        try bench.execute("UPDATE inventory_tally SET seen_at = seen_at - 7200000;")
        #expect(await bench.run("status").output.contains("oldest 2 h, "))
        let late = await bench.run("status", "--check", "--max-age", "1h")
        #expect(late.status == .failed)
        #expect(late.output.contains("job 'j' on 'files'"))
        #expect(late.output.contains("has waited for 2 h"))
        #expect(await bench.run("status", "--check", "--max-age", "3h").status == .done)
        // The mark is at 10: whatever waits behind the cursor was there then, until all was handed
        // out.
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("status").output.contains("oldest 2 h, "))
        #expect(await bench.run(acquire + ["--json"]).status == .done)
        #expect(await bench.run(acquire).status == .done)
        try bench.execute("INSERT INTO files (uid, item, weight) VALUES (11, 'x', 3);")
        #expect(await bench.run("status").output.contains(#/oldest [0-9] s, /#))
    }

    @Test("A settle column tells how old the oldest is")
    func settleColumn() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE event (uid INTEGER PRIMARY KEY, at INTEGER);
            INSERT INTO event
            SELECT value, unixepoch() - 10800 + value FROM json_each('[1,2,3,4,5,6]');
            """
        )
        let acquire = [
            "acquire", "--job", "j", "--meta", "event", "--settle-column", "at", "--count", "2",
        ]
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("status").output.hasPrefix("4 items waiting, oldest 3 h, "))
    }

    @Test("More than ten thousand are estimated, and said to be")
    func estimate() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE big (uid INTEGER PRIMARY KEY, weight REAL);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
            INSERT INTO big SELECT i, 2 FROM n;
            """
        )
        let acquire = ["acquire", "--job", "j", "--meta", "big", "--count", "10"]
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("status").output.hasPrefix("~49,990 items waiting, "))
        let json = await bench.run("status", "--json").output
        #expect(json.contains(#""backlog":{"items":49990,"weight":99980,"is_exact":false,"#))
    }

    @Test("What failed comes first and stays failed; what is tried again is retrying")
    func failures() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE few AS SELECT * FROM files WHERE uid <= 2;")
        for job in ["job10", "job9", "job1"] {
            let acquire = ["acquire", "--job", job, "--meta", "few", "--count", "2"]
            let again = job == "job9" ? "1" : "3"
            #expect(await bench.run(acquire + ["--max-attempts", again]).status == .done)
        }
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        #expect(await bench.run("fail", "2", "--attempt", "1", "--error", "no").status == .done)
        let status = await bench.run("status").output
        let rows = status.split(separator: "\n").dropFirst(2)
        let words = rows.map { $0.split(separator: " ").map(String.init) }.prefix(3)
        #expect(words.map { $0[0] } == ["job9", "job10", "job1"], "\(status)")
        #expect(words[0].contains("failed"))
        #expect(status.contains("retrying"))
        #expect(status.hasPrefix("2 items waiting, oldest -, 1 batch in flight, 2 failed in the"))
        let check = await bench.run("status", "--check")
        #expect(check.status == .failed)
        #expect(check.output.contains("job 'job9' on 'few': has 1 batch that failed"))
        #expect(!check.output.contains("job10"))
        #expect(await bench.run("status", "--check", "--max-failed", "1").status == .done)
        let json = await bench.run("status", "--check", "--json").output
        #expect(json.contains(#""findings":[{"job":"job9","meta":"few","run":"","kind":"failed","#))
        let backlog = await bench.run(
            "status",
            "--check",
            "--max-backlog",
            "1",
            "--max-failed",
            "9"
        )
        #expect(backlog.status == .failed)
        #expect(backlog.output.contains("has 2 items waiting, more than 1"))
    }

    @Test("A source that is gone is a finding")
    func source() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "3"]
        #expect(await bench.run(acquire).status == .done)
        try bench.execute("DROP TABLE files;")
        let check = await bench.run("status", "--check")
        #expect(check.status == .failed)
        #expect(check.output.contains("cannot look at 'files'"))
        #expect(await bench.run("status").output.contains("?"))
    }

    @Test("Jobs, sources, runs and items that there are not are errors")
    func unknown() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "orders", "--meta", "files", "--count", "3"]
        #expect(await bench.run(acquire).status == .done)
        for command in ["status", "gaps", "batches", "metrics"] {
            let job = await bench.run(command, "--job", "order")
            #expect(job.status == .failed)
            #expect(job.errors.contains("there is no job 'order'"), "\(job.errors)")
            #expect(job.errors.contains("did you mean --job orders?"))
            let meta = await bench.run(command, "--job", "orders", "--meta", "file")
            #expect(meta.errors.contains("there is no source 'file' of job 'orders'"))
            let run = await bench.run(command, "--job", "orders", "--run", "r")
            #expect(run.errors.contains("there is no run 'r' of job 'orders'"))
        }
        let item = await bench.run("history", "--meta", "files", "--id", "9")
        #expect(item.status == .failed)
        #expect(item.errors.contains("no batch holds id 9 of 'files'"))
        let table = await bench.run("history", "--meta", "file", "--id", "1")
        #expect(table.status == .failed)
        #expect(table.errors.contains("there is no source 'file' in "), "\(table.errors)")
        #expect(table.errors.contains("did you mean --meta files?"))
    }

    @Test("A line has at most 80 characters, unless all columns are asked for")
    func width() async throws {
        let bench = try await CommandLineBench()
        for job in ["a-rather-long-name-of-a-job-that-somebody-gave", "b"] {
            let acquire = [
                "acquire", "--job", job, "--meta", "files", "--run", "a-long-name-of-a-run",
                "--from", "1", "--to", "1000000", "--count", "3", "--max-attempts", "1",
            ]
            #expect(await bench.run(acquire).status == .done)
        }
        let pause = await bench.run(
            "pause",
            "--job",
            "b",
            "--run",
            "a-long-name-of-a-run",
            "--reason",
            "x"
        )
        #expect(pause.status == .done)
        let narrow = await bench.run("status").output
        #expect(narrow.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(narrow)")
        #expect(narrow.contains("…"))
        #expect(narrow.contains("WAITING"))
        #expect(narrow.contains("no room for "), "\(narrow)")
        #expect(narrow.contains("(--wide)"))
        let wide = await bench.run("status", "--wide").output
        #expect(!wide.contains("no room for"))
        #expect(wide.contains("a-rather-long-name-of-a-job-that-somebody-gave"))
        for column in ["RELEASED", "CURSOR", "LAST SUCCESS", "WAITING WEIGHT", "PER HOUR"] {
            #expect(wide.contains(column))
        }
    }

    @Test("Long names are cut in their midst, and leave the columns their room")
    func longNames() async throws {
        let bench = try await CommandLineBench()
        let folder = "a-folder-with-a-rather-long-name-in-which-the-parts-are"
        for part in 1...2 {
            let name = "\(folder)-\(part).csv"
            try bench.write("id,v\n1,a\n", to: name)
            let file = "csv:\(bench.path(name))"
            #expect(await bench.run("acquire", "--job", "j", "--meta", file).status == .done)
        }
        let status = await bench.run("status").output
        for part in ["-1.csv  ", "-2.csv  ", "OLDEST", "DRAINS IN", "PER HOUR"] {
            #expect(status.contains(part), "\(status)")
        }
        #expect(!status.contains("no room"), "\(status)")
    }

    @Test("Watching shows it again until a signal, which is no failure")
    func watch() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "3"]
        #expect(await bench.run(acquire).status == .done)
        let (signals, sender) = AsyncStream.makeStream(of: Int32.self)
        let output = TextWriter()
        async let outcome = bench.run(
            ["status", "--watch", "--every", "20ms"],
            output: output,
            signals: signals
        )
        let isAgain = await eventually {
            output.text.components(separatedBy: " waiting, ").count > 3
        }
        #expect(isAgain)
        sender.yield(SIGINT)
        #expect(await outcome.status == .done)
        #expect(await bench.run("status", "--every", "1s").status == .usage)
        #expect(await bench.run("status", "--max-age", "1s").status == .usage)
    }

    @Test(
        "Names come in the order in which people count",
        arguments: [
            ("job2", "job10"), ("a", "B"), ("a1b2", "a1b10"), ("job", "job1"), ("x09", "x10"),
            ("2", "10"), ("A", "b"), ("a01", "a1"),
        ]
    )
    func order(first: String, second: String) {
        #expect(NaturalOrder.isBefore(first, second))
        #expect(!NaturalOrder.isBefore(second, first))
    }
}
