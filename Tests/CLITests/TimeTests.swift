import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("Times on the command line", .timeLimit(.minutes(10))) struct TimeTests {
    private static let events = ["--job", "j", "--meta", "event", "--uid", "id"]
    private static let times = ["--time-column", "created_at"]

    /// A bench with a table `event` of a row each half hour, from 2026-01-01 00:10 on, for three
    /// days.
    private func makeBench(index: Bool = true) async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE event (id INTEGER PRIMARY KEY, item TEXT, created_at TEXT);
            WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 143)
            INSERT INTO event
            SELECT i + 1, 'e' || i, datetime('2026-01-01 00:10:00', (i * 30) || ' minutes') FROM n;
            """
        )
        if index { try bench.execute("CREATE INDEX event_at ON event (created_at)") }
        return bench
    }

    /// What a program that echoes its times was given, batch by batch.
    private func seen(
        _ bench: CommandLineBench,
        _ command: [String],
        _ file: String = "seen"
    ) async throws -> (outcome: CommandLineBench.Outcome, lines: [String]) {
        let path = bench.path(file)
        let script = "echo $TRANCHE_FROM $TRANCHE_TO $TRANCHE_ID_START $(wc -l) >> \(path)"
        let outcome = await bench.run(command + ["--", "sh", "-c", script])
        let text =
            FileManager.default.fileExists(atPath: path)
            ? try String(contentsOfFile: path, encoding: .utf8) : ""
        return (outcome, text.split(separator: "\n").map(String.init))
    }

    @Test("A backfill from one time to another cuts by the hour, says its ids, and goes on by name")
    func backfill() async throws {
        let bench = try await makeBench()
        let run = ["--run", "second", "--from", "2026-01-02", "--to", "2026-01-02T03:00"]
        let by = ["--by", "hour"]
        let command = ["backfill"] + Self.events + run + Self.times + by
        let (outcome, lines) = try await seen(bench, command)
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(
            lines == [
                "2026-01-02T00:00:00+00:00 2026-01-02T01:00:00+00:00 49 2",
                "2026-01-02T01:00:00+00:00 2026-01-02T02:00:00+00:00 51 2",
                "2026-01-02T02:00:00+00:00 2026-01-02T03:00:00+00:00 53 2",
            ]
        )
        let words =
            "run 'second' of job 'j' on 'event' has the ids 49...54, from 2026-01-02T00:00:00+00:00 "
            + "to 2026-01-02T03:00:00+00:00"
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!outcome.errors.contains("no index"), "\(outcome.errors)")
        // By its name alone.
        let again = try await seen(bench, ["backfill", "--job", "j", "--run", "second"])
        #expect(again.outcome.status == .done, "\(again.outcome.errors)")
        #expect(again.lines == lines)
        let ids = ["backfill", "--job", "j", "--run", "second", "--from", "5", "--", "true"]
        #expect(await bench.run(ids).errors.contains("has times: give no ids"))
        let status = await bench.run("status")
        #expect(
            status.output.contains("second (2026-01-02 to 2026-01-02T03:00)  complete"),
            "\(status.output)"
        )
        let json = await bench.run("batches", "--json")
        #expect(
            json.output.contains(
                #""from":"2026-01-02T02:00:00.000Z","to":"2026-01-02T03:00:00.000Z"}"#
            ),
            "\(json.output)"
        )
    }

    @Test("Another run of the job takes the column from it, and has its own times")
    func side() async throws {
        let bench = try await makeBench()
        let first = try await seen(
            bench,
            ["work"] + Self.events + Self.times + ["--by", "day", "--zone", "Asia/Kolkata"]
                + ["--time-as", "utc"],
            "all"
        )
        #expect(
            first.lines.first == "2026-01-01T00:00:00+05:30 2026-01-02T00:00:00+05:30 1 37",
            "\(first.lines) \(first.outcome.errors)"
        )
        let bounds = ["--run", "b", "--from", "2026-01-03", "--to", "2026-01-04"]
        let second = try await seen(bench, ["backfill", "--job", "j"] + bounds, "b")
        #expect(
            second.lines == ["2026-01-03T00:00:00+05:30 2026-01-04T00:00:00+05:30 86 48"],
            "\(second.outcome.errors)"
        )
        let other = await bench.run(
            ["backfill", "--job", "j", "--run", "b", "--from", "2026-01-02", "--", "true"]
        )
        #expect(other.status == .failed)
        #expect(other.errors.contains("goes by another time"), "\(other.errors)")
        // A run of ids, as ever.
        let ids = await bench.run(
            ["backfill", "--job", "j", "--run", "c", "--from", "3", "--to", "4", "--", "true"]
        )
        #expect(ids.status == .done, "\(ids.errors)")
        #expect(try await bench.batches("--job", "j", "--run", "c").count == 1)
    }

    @Test(
        "Ends the wrong way round are a usage error of a known job as well, in the words given",
        arguments: ["work", "plan", "acquire", "backfill"]
    )
    func reversed(_ command: String) async throws {
        let bench = try await makeBench()
        let program = ["work", "backfill"].contains(command) ? ["--", "true"] : []
        let zone = ["--by", "day", "--zone", "Europe/Berlin", "--time-as", "utc"]
        let known = await bench.run(["work"] + Self.events + Self.times + zone + ["--", "true"])
        #expect(known.status == .done, "\(known.errors)")
        let job = [command, "--job", "j", "--run", "r"]
        func refusal(_ options: String...) async -> String {
            let outcome = await bench.run(job + options + program)
            #expect(outcome.status == .usage, "\(options) \(outcome.errors)")
            return outcome.errors
        }
        let times = await refusal(
            "--from",
            "2026-01-03",
            "--to",
            "2026-01-01T08:00",
            "--by",
            "day"
        )
        #expect(
            times.contains(
                "--from '2026-01-03' is not before the other end, '2026-01-01T08:00', by the "
                    + "clocks of Europe/Berlin"
            ),
            "\(times)"
        )
        let zoned = await refusal(
            "--time-column",
            "created_at",
            "--zone",
            "Europe/Berlin",
            "--from",
            "2026-01-02",
            "--to",
            "2026-01-01T23:00Z"
        )
        #expect(
            zoned.contains(
                "--from '2026-01-02' is not before the other end, '2026-01-01T23:00Z', by the "
                    + "clocks of Europe/Berlin"
            ),
            "\(zoned)"
        )
        #expect(await refusal("--from", "9", "--to", "3").contains("--from 9 is above --to 3"))
        // A job that goes by no time of its own.
        let ids = await bench.run(
            "work",
            "--job",
            "ids",
            "--meta",
            "event",
            "--uid",
            "id",
            "--",
            "true"
        )
        #expect(ids.status == .done, "\(ids.errors)")
        let missing = await bench.run(
            [command, "--job", "ids", "--run", "r", "--from", "2026-01-01"] + program
        )
        #expect(missing.status == .usage)
        #expect(missing.errors.contains("name it with --time-column"), "\(missing.errors)")
        #expect(try bench.rows("SELECT count(*) FROM inventory WHERE run = 'r'") == ["0"])
    }

    @Test("A run is not given ends the wrong way round either")
    func redefinedReversed() async throws {
        let bench = try await makeBench()
        let run = ["--job", "j", "--run", "r"]
        let ends = ["--from", "2026-01-01", "--to", "2026-01-03", "--zone", "Europe/Berlin"]
        let begun = await bench.run(
            ["backfill", "--meta", "event", "--uid", "id"] + run + Self.times + ends
                + ["--time-as", "utc", "--", "true"]
        )
        #expect(begun.status == .done, "\(begun.errors)")
        let lower = await bench.run(["redefine"] + run + ["--from", "2026-01-09"])
        #expect(lower.status == .usage)
        #expect(
            lower.errors.contains(
                "--from '2026-01-09' is not before the other end, '2026-01-03T00:00:00+01:00'"
            ),
            "\(lower.errors)"
        )
        let both = await bench.run(
            ["redefine"] + run + ["--from", "2026-01-09", "--to", "2026-01-08"]
        )
        #expect(both.status == .usage)
        #expect(both.errors.contains("'2026-01-08'"), "\(both.errors)")
    }

    @Test("A failed batch has the same times with its next attempt, its parts and as JSON")
    func retry() async throws {
        let bench = try await makeBench()
        let run = ["--run", "r", "--from", "2026-01-01", "--to", "2026-01-01T01:00"]
        let acquire = ["acquire"] + Self.events + run + Self.times + ["--by", "hour", "--json"]
        let first = await bench.run(acquire)
        let interval =
            #""from":"2026-01-01T00:00:00+00:00","to":"2026-01-01T01:00:00+00:00","lease_s":60,"#
        #expect(first.output.contains(interval), "\(first.output) \(first.errors)")
        let fail = ["fail", "1", "--attempt", "1", "--error", "no", "--bad-ids", "1"]
        #expect(await bench.run(fail).status == .done)
        try bench.execute("UPDATE event SET created_at = '2030-01-01 00:00:00' WHERE id = 2")
        let part = await bench.run(acquire)
        #expect(part.output.contains(#""kind":"split""#), "\(part.output) \(part.errors)")
        #expect(part.output.contains(interval), "\(part.output)")
    }

    @Test("A workflow names a time and its step, and keys cut beside them")
    func workflow() async throws {
        let bench = try await makeBench()
        try bench.execute("ALTER TABLE event ADD COLUMN half TEXT; UPDATE event SET half = id % 2")
        try bench.write(
            """
            {"job": "w", "run": "r", "count": 9, "program": ["true"], "source": {
              "at": "event", "uid": "id", "time_column": "created_at", "by": "hour", "key": "half",
              "time_from": "2026-01-01", "time_to": "2026-01-01T02:00"}}
            """,
            to: "w.json"
        )
        let started = await bench.run("workflow", "start", bench.path("w.json"))
        #expect(started.status == .done, "\(started.errors)")
        let worked = await bench.run("workflow", "work", "--job", "w", "--run", "r")
        #expect(worked.status == .done, "\(worked.errors)")
        let rows = "SELECT batch_id_start, item_key, interval_to - interval_from FROM inventory"
        #expect(
            try bench.rows(rows + " ORDER BY id")
                == ["1|1|3600000", "2|0|3600000", "3|1|3600000", "4|0|3600000"]
        )
    }

    /// A pipeline with one job over hours of the table.
    private func pipeline(_ bench: CommandLineBench, from: String, to: String) -> String {
        """
        jobs:
          hours:
            run: first
            source: {at: event, uid: id, time_column: created_at, by: hour,
                     time_from: \(from), time_to: \(to)}
            count: 100
            program: [sh, -c, 'echo $TRANCHE_FROM $TRANCHE_TO $(wc -l) >> "\(bench.path("seen"))"']
        """
    }

    @Test("A job of a pipeline is cut by the hour, and its dates need no quotes")
    func pipelineJob() async throws {
        let bench = try await makeBench()
        try bench.write(pipeline(bench, from: "2026-01-01", to: "2026-01-01T02:00"), to: "p.yaml")
        let check = await bench.run("check", bench.path("p.yaml"))
        #expect(check.status == .done, "\(check.output)\(check.errors)")
        for _ in 1...2 {
            let run = await bench.run("run", bench.path("p.yaml"), "--drain")
            #expect(run.status == .done, "\(run.errors)")
        }
        let seen = try String(contentsOfFile: bench.path("seen"), encoding: .utf8)
        #expect(
            seen == """
                2026-01-01T00:00:00+00:00 2026-01-01T01:00:00+00:00 2
                2026-01-01T01:00:00+00:00 2026-01-01T02:00:00+00:00 2

                """
        )
    }

    @Test(
        "A day that there is not is told of a pipeline's file with its place",
        arguments: [("2026-02-31", "2026-03-05"), ("2026-01-01", "2026-04-31")]
    )
    func pipelineFault(_ from: String, _ to: String) async throws {
        let bench = try await makeBench()
        try bench.write(pipeline(bench, from: from, to: to), to: "p.yaml")
        let check = await bench.run("check", bench.path("p.yaml"))
        #expect(check.status == .failed)
        let day = from == "2026-01-01" ? to : from
        #expect(check.output.contains("'\(day)' is not a time"), "\(check.output)")
        #expect(check.output.contains("p.yaml:5:"), "\(check.output)")
        #expect(await bench.run("run", bench.path("p.yaml"), "--drain").status != .done)
    }

    @Test("A packed batch, and one that was exported, keep their intervals")
    func packed() async throws {
        let bench = try await makeBench()
        let run = ["--run", "r", "--from", "2026-01-01", "--to", "2026-01-01T02:00"]
        let by = Self.times + ["--by", "hour"]
        _ = try await seen(bench, ["backfill"] + Self.events + run + by)
        let history = ["history", "--meta", "event", "--id", "3", "--json"]
        let before = await bench.run(history)
        #expect(before.output.contains(#""from":"2026-01-01T01:00"#), "\(before.output)")
        #expect(await bench.run("compact", "--keep", "0", "--yes").status == .done)
        let packed = await bench.run(history)
        #expect(packed.output.contains(#""from":"2026-01-01T01:00"#), "\(packed.output)")
        #expect(packed.output.contains(#""to":"2026-01-01T02:00"#), "\(packed.output)")
        let file = bench.path("backup.jsonl")
        #expect(await bench.run("export", file, "--job", "j").status == .done)
        #expect(await bench.run("forget", "--job", "j", "--yes").status == .done)
        #expect(await bench.run("import", file).status == .done)
        #expect(await bench.run(history).output == packed.output)
    }

    @Test("A limit of items cuts an hour, and without one an hour is a batch, however large")
    func size() async throws {
        let bench = try await makeBench()
        try bench.execute(
            """
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
            INSERT INTO event SELECT 1000 + i, 'x', '2026-02-01 00:00:00' FROM n;
            """
        )
        let run = ["--run", "r", "--from", "2026-02", "--to", "2026-03"]
        let options = Self.events + run + Self.times + ["--by", "hour"]
        let whole = await bench.run(["plan", "--json"] + options)
        #expect(whole.output.contains(#""count":1500,"#), "\(whole.output) \(whole.errors)")
        let cut = await bench.run(["plan", "--json", "--count", "800"] + options)
        #expect(cut.output.contains(#""count":800,"#) && cut.output.contains(#""count":700,"#))
    }

    @Test("What comes late in an hour that is done is a late batch of that hour")
    func late() async throws {
        let bench = try await makeBench()
        try bench.execute("DELETE FROM event WHERE id IN (3, 4)")
        let work = ["work"] + Self.events + Self.times + ["--by", "hour", "--watch", "0s"]
        let first = try await seen(bench, work + ["--drain"])
        #expect(first.lines.count == 71, "\(first.outcome.errors)")
        try bench.execute(
            """
            INSERT INTO event VALUES (3, 'late', '2026-01-01 00:40:00');
            """
        )
        let audit = await bench.run("audit", "--job", "j", "--repair")
        #expect(audit.status == .done, "\(audit.errors)")
        let second = try await seen(bench, ["work", "--job", "j"])
        #expect(
            second.lines.last == "2026-01-01T00:00:00+00:00 2026-01-01T01:00:00+00:00 3 1",
            "\(second.outcome.errors)"
        )
    }

    @Test("A plan shows the intervals, and records nothing; a missing index is told")
    func plan() async throws {
        let bench = try await makeBench(index: false)
        let run = ["--run", "r", "--from", "2026-01", "--to", "2026-01-02"]
        let options = Self.events + run + Self.times + ["--by", "day"]
        let plan = await bench.run(["plan"] + options)
        #expect(plan.status == .done, "\(plan.errors)")
        #expect(
            plan.output.contains("2026-01-01T00:00:00+00:00  2026-01-02T00:00:00+00:00"),
            "\(plan.output)"
        )
        #expect(plan.errors.contains("no index begins with 'created_at'"), "\(plan.errors)")
        let index = #"CREATE INDEX "event_created_at_idx" ON "event" ("created_at") avoids that"#
        #expect(plan.errors.contains(index), "\(plan.errors)")
        let none = await bench.run(
            ["plan"] + Self.events + Self.times + ["--run", "r", "--from", "2031-01-01"]
        )
        #expect(none.status == .nothingNow)
        let words = "'event' has no item from 2031-01-01T00:00:00+00:00 to the end"
        #expect(none.errors.contains(words), "\(none.errors)")
        #expect(none.output == "")
        #expect(await bench.run("status", "--json").output.contains(#""runs":[]"#))
    }

    @Test("Times without an item are nothing to do: exit statuses and documents say so")
    func nothing() async throws {
        let bench = try await makeBench()
        let job = Self.events + Self.times + ["--run", "r", "--from", "2031-01-01"]
        let plan = await bench.run(["plan"] + job + ["--json"])
        #expect(plan.status == .nothingNow)
        let document =
            #"{"open":[],"ranges":[],"reached_end":true,"batches":0,"items":0,"weight":0,"#
            + #""seconds":null,"drains_in":null,"risks":["#
        #expect(plan.output.hasPrefix(document), "\(plan.output)")
        #expect(plan.output.hasSuffix("]}\n"), "\(plan.output)")
        let shown = await bench.run(["backfill", "--dry-run"] + job + ["--json", "--", "true"])
        #expect(shown.status == .nothingNow)
        #expect(shown.output == "null\n")
        let idle = await bench.run(["backfill"] + job + ["--", "true"])
        #expect(idle.status == .done, "\(idle.errors)")
        let skipped = await bench.run(
            ["backfill", "--exit-when-idle", "99"] + job + ["--", "true"]
        )
        #expect(skipped.status == ProgramStatus(rawValue: 99), "\(skipped.errors)")
    }

    @Test("Rows without a time, which a run bounded by times leaves out, are told")
    func withoutTime() async throws {
        let bench = try await makeBench()
        try bench.execute("INSERT INTO event VALUES (0, 'first', NULL), (999, 'last', NULL)")
        let words =
            "id 0 of 'event' has NULL in the time column 'created_at': a run that is bounded by "
            + "times leaves it and others like it out"
        let remedy = "--where 'created_at IS NOT NULL'"
        let run = ["backfill"] + Self.events + Self.times
        let first = ["--run", "r", "--from", "2026-01-01", "--to", "2026-01-01T02:00"]
        let (told, lines) = try await seen(bench, run + first)
        #expect(told.errors.contains(words) && told.errors.contains(remedy), "\(told.errors)")
        #expect(lines.count == 1)
        let again = try await seen(bench, run + first).outcome
        #expect(!again.errors.contains("has NULL"), "\(again.errors)")
        let none = try await seen(bench, run + ["--run", "n", "--from", "2031-01-01"]).outcome
        #expect(none.errors.contains(words), "\(none.errors)")
        let meant = ["backfill", "--job", "k", "--meta", "event", "--uid", "id"] + Self.times
        let condition = ["--where", "created_at IS NOT NULL"]
        let left = try await seen(bench, meant + first + condition).outcome
        #expect(left.status == .done && !left.errors.contains("has NULL"), "\(left.errors)")
    }

    @Test("A run's times are redefined, and its ids found again")
    func redefine() async throws {
        let bench = try await makeBench()
        let run = ["--run", "r", "--from", "2026-01-01", "--to", "2026-01-01T02:00"]
        _ = try await seen(bench, ["backfill"] + Self.events + run + Self.times + ["--by", "hour"])
        let redefine = ["redefine", "--job", "j", "--run", "r", "--to"]
        let changed = await bench.run(redefine + ["2026-01-01T03:00"])
        #expect(changed.status == .done, "\(changed.errors)")
        #expect(changed.output.contains("bounds: 1...4 -> 1...6"), "\(changed.output)")
        #expect(
            changed.output.contains("to 2026-01-01T02:00:00+00:00 -> 2026-01-01T00:00:00+00:00 to"),
            "\(changed.output)"
        )
        let (outcome, lines) = try await seen(bench, ["backfill", "--job", "j", "--run", "r"])
        #expect(
            lines.last == "2026-01-01T02:00:00+00:00 2026-01-01T03:00:00+00:00 5 2",
            "\(outcome.errors)"
        )
        #expect(lines.count == 3)
        let ids = await bench.run(redefine + ["9"])
        #expect(ids.status == .usage)
        #expect(ids.errors.contains("has times, such as 2026-01-31"), "\(ids.errors)")
    }

    @Test(
        "Bad times are refused with what to write",
        arguments: [
            ("--run r --from 2026-01-01", "name it with --time-column"),
            ("--run r --from 2026-13-01 --time-column created_at", "'2026-13-01' is not a time"),
            ("--run r --from 2026-02-31 --time-column created_at", "'2026-02-31' is not a time"),
            ("--run r --to 2027-02-29T10:00 --time-column created_at", "is not a time"),
            (
                "--run r --from 2026-01-02 --to 2026-01-01 --time-column created_at",
                "is not before the other end, '2026-01-01'"
            ),
            ("--run r --from 1 --to 2026-01-01 --time-column created_at", "two ids, or two times"),
            ("--from 2026-01-01 --time-column created_at", "--from and --to need --run"),
            ("--by week --time-column created_at", "--by 'week' is none of hour, day, month"),
            ("--by hour --time-column nosuch", "has no column 'nosuch' for the time"),
            ("--by hour --zone Europe/Berln --time-column created_at", "did you mean"),
            ("--time-column created_at", "is of no use"),
            ("--zone Europe/Berlin", "name it with --time-column"),
            ("--zone Nowhere/City", "Nowhere/City"),
            ("--time-as utc", "name it with --time-column"),
            ("--by hour --zone Europe/Berlin --time-column created_at", "--time-as"),
            ("--by hour --time-column id", "--time-as"),
            (
                "--run r --zone Europe/Berlin --time-as utc --from 2026-10-25T02:30 "
                    + "--time-column created_at",
                "twice; write 2026-10-25T02:30:00+02:00 or"
            ),
        ]
    )
    func refused(_ options: String, _ words: String) async throws {
        let bench = try await makeBench()
        let arguments = options.split(separator: " ").map(String.init)
        let outcome = await bench.run(["acquire"] + Self.events + arguments)
        #expect(outcome.status == .failed || outcome.status == .usage, "\(outcome)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
        #expect(await bench.run("status", "--json").output.contains(#""runs":[]"#))
    }
}
