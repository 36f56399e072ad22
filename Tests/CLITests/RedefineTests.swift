import Foundation
import Testing

@testable import TrancheCLI

@Suite struct RedefineTests {
    @Test("A known run keeps its policy, and says so")
    func policy() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1", "--lease"]
        #expect(await bench.run(acquire + ["90s"]).errors == "")
        #expect(await bench.run(acquire + ["90s"]).errors == "")
        #expect(
            await bench.run(acquire + ["2m"]).errors
                == "tranche: job 'j' on 'files' keeps lease 1 min 30 s, not 2 min; 'tranche redefine' changes it\n"
        )
        let redefined = await bench.run(
            "redefine",
            "--job",
            "j",
            "--lease",
            "2m",
            "--max-attempts",
            "5"
        )
        #expect(
            redefined.output
                == "job 'j' on 'files' changed:\n  lease: 1 min 30 s -> 2 min\n  max-attempts: 3 -> 5\n"
        )
        #expect(await bench.run(acquire + ["2m"]).errors == "")
    }

    @Test("What becomes of exhausted batches, and for whom a run waits, is its policy")
    func settling() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(acquire).status == .done)
        let options = [
            "--on-exhausted", "split", "--settle-wait", "2m", "--settle-lag", "30s", "--watch",
            "2d",
        ]
        #expect(
            await bench.run(acquire + options).errors
                == "tranche: job 'j' on 'files' keeps on-exhausted fail, not split, settle-wait 1 min, "
                + "not 2 min, settle-lag 0 ms, not 30 s, watch 1 d, not 2 d; 'tranche redefine' "
                + "changes it\n"
        )
        #expect(
            await bench.run(["redefine", "--job", "j"] + options).output == """
                job 'j' on 'files' changed:
                  on-exhausted: fail -> split
                  settle-wait: 1 min -> 2 min
                  settle-lag: 0 ms -> 30 s
                  watch: 1 d -> 2 d

                """
        )
        #expect(
            await bench.run("status", "--json").output.contains(
                #""on_exhausted":"split","settle_wait_s":120,"settle_lag_s":30,"watch_s":172800"#
            )
        )
        for batch in ["1", "2"] {
            #expect(await bench.run("succeed", batch, "--attempt", "1").status == .done)
        }
        #expect(await bench.run(acquire + options).errors.hasPrefix("tranche: unsettled: "))
        // A known job needs no name of its table for that.
        let short = await bench.run("acquire", "--job", "j", "--json")
        #expect(short.status == .nothingNow)
        #expect(short.output == "null\n")
        #expect(short.errors.hasPrefix("tranche: unsettled: "), "\(short.errors)")
    }

    @Test("With a column that says when an item was made, only what is older than the lag comes")
    func settleColumn() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE aged (uid INTEGER PRIMARY KEY AUTOINCREMENT, made INTEGER);
            INSERT INTO aged (made) VALUES (unixepoch() - 7200), (unixepoch() - 7200), (unixepoch());
            """
        )
        let aged = ["--job", "j", "--meta", "aged"]
        let lag = ["--settle-column", "made", "--settle-lag", "1h", "--max-attempts", "1"]
        let batch = await bench.run(["acquire", "--json"] + aged + lag)
        #expect(batch.output.contains(#""id_start":1,"id_end":2,"count":2"#), "\(batch.errors)")
        #expect(await bench.run("fail", "1", "--attempt", "1", "--error", "no").status == .done)
        #expect(await bench.run(["acquire"] + aged + lag).status == .nothingNow)
        #expect(await bench.run("split", "1", "--dry-run").status == .done)
        #expect(
            await bench.run(["acquire"] + aged + ["--where", "uid < 9"]).errors
                .contains("known with another definition")
        )
        let redefine = ["redefine", "--job", "j", "--settle-column", "", "--settle-lag", "0"]
        let redefined = await bench.run(redefine)
        #expect(redefined.output.contains("  settle-column: made -> none\n"), "\(redefined.errors)")
        let rest = await bench.run(["acquire", "--json"] + aged)
        #expect(rest.output.contains(#""id_start":3,"id_end":3,"count":1"#), "\(rest.errors)")
    }

    @Test("Another filter is refused until the job is redefined; the rest stays as it is")
    func redefine() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "1"]
        #expect(await bench.run(acquire).status == .done)
        let other = await bench.run(acquire + ["--where", "weight > 50"])
        #expect(other.status == .failed)
        #expect(other.errors.contains("redefine"))
        let dry = await bench.run("redefine", "--job", "j", "--where", "weight > 50", "--dry-run")
        #expect(dry.output == "job 'j' on 'files' would change:\n  where: none -> weight > 50\n")
        #expect(await bench.run(acquire + ["--where", "weight > 50"]).status == .failed)
        #expect(await bench.run("redefine", "--job", "j", "--where", "weight > 50").status == .done)
        #expect(
            await bench.run(acquire + ["--where", "weight > 50", "--json"]).output.contains(
                #""id_start":6"#
            )
        )
        #expect(
            await bench.run("redefine", "--job", "j", "--where", "").output.contains(
                "weight > 50 -> none"
            )
        )
        #expect(
            await bench.run("redefine", "--job", "j", "--where", "").output.contains(
                "as asked for already"
            )
        )
    }

    @Test("Bounds of a named run can be changed, one end at a time")
    func redefineBounds() async throws {
        let bench = try await CommandLineBench()
        let run = ["--job", "j", "--meta", "files", "--run", "r"]
        #expect(await bench.run(["acquire", "--from", "2", "--to", "3"] + run).status == .done)
        #expect(
            await bench.run(["redefine", "--to", "4"] + run).output.contains(
                "bounds: 2...3 -> 2...4"
            )
        )
        #expect(
            await bench.run(["redefine", "--to", ""] + run).output.contains(
                "bounds: 2...4 -> 2..."
            )
        )
        #expect(await bench.run(["redefine", "--to", "4"] + run).status == .done)
        #expect(await bench.run(["redefine", "--from", "9"] + run).status == .usage)
        #expect(await bench.run("acquire", "--job", "k", "--meta", "files").status == .done)
        #expect(await bench.run("redefine", "--job", "k", "--from", "9").status == .usage)
    }

    @Test("A lower end below what a run has passed is refused with the run that hands it out")
    func lowerEnd() async throws {
        let bench = try await CommandLineBench()
        let run = ["--job", "j", "--meta", "files", "--run", "r"]
        let bounds = ["--from", "4", "--to", "6"]
        #expect(await bench.run(["acquire", "--count", "2"] + bounds + run).status == .done)
        let lower = [("2", "2...3", "--from 2 --to 3"), ("", "...3", "--to 3")]
        for dry in [["--dry-run"], []] {
            for (from, ids, options) in lower {
                let refused = await bench.run(["redefine", "--from", from] + run + dry)
                #expect(refused.status == .usage)
                #expect(refused.errors.contains("would hand out nothing of \(ids)."))
                let command = "'tranche backfill --job j --meta files --run r-2 \(options) -- CMD'"
                #expect(refused.errors.contains(command), "\(refused.errors)")
            }
        }
        // A name that a run has is not offered again.
        let other = ["--job", "j", "--meta", "files", "--run", "r-2", "--to", "1"]
        #expect(await bench.run(["acquire"] + other).status == .done)
        let json = await bench.run(["redefine", "--from", "2", "--json"] + run)
        #expect(json.errors.contains(#""field":"--from""#), "\(json.errors)")
        let remedy =
            #""remedy":"begin a run of its own for these, such as 'tranche backfill --job j "#
            + #"--meta files --run r-3 --from 2 --to 3 -- CMD'""#
        #expect(json.errors.contains(remedy), "\(json.errors)")
        // The refusal of a request offers nothing that would be refused.
        let asked = await bench.run(["acquire", "--from", "2", "--to", "6"] + run)
        #expect(asked.status == .failed)
        #expect(!asked.errors.contains("redefine"), "\(asked.errors)")
        let restarted = await bench.run(["redefine", "--from", "2", "--restart"] + run)
        #expect(restarted.output.contains("bounds: 4...6 -> 2...6"), "\(restarted.errors)")
        let batch = await bench.run(["acquire", "--json"] + run)
        #expect(batch.output.contains(#""id_start":2,"id_end":6"#), "\(batch.errors)")
    }

    @Test("A lower end of a run with a workflow is refused with another workflow")
    func lowerEndOfWorkflow() async throws {
        let bench = try await CommandLineBench()
        try bench.write(
            #"""
            {"job": "w", "run": "r", "ids": {"lower": 4, "upper": 6}, "source": "files", "count": 3,
             "program": ["sh", "-c", "cat > /dev/null"]}
            """#,
            to: "w.json"
        )
        let worked = await bench.run("workflow", "start", bench.path("w.json"), "--work")
        #expect(worked.status == .done, "\(worked.errors)")
        let run = ["--job", "w", "--meta", "files", "--run", "r"]
        let refused = await bench.run(["redefine", "--from", "2"] + run)
        #expect(refused.status == .usage)
        let words =
            "a workflow like the one that 'tranche workflow list --job w --meta files --run r "
            + "--json' has, with the run 'r-2' and the ids 2...3"
        #expect(refused.errors.contains(words), "\(refused.errors)")
    }

    @Test("Bounds that leave out what a run has passed say that it stays")
    func narrowed() async throws {
        let bench = try await CommandLineBench()
        let run = ["--job", "j", "--meta", "files", "--run", "r"]
        let bounds = ["--from", "2", "--to", "8"]
        #expect(await bench.run(["acquire", "--count", "4"] + bounds + run).status == .done)
        let stays = "the run has passed the ids up to 5: what was handed out of them stays"
        let within = await bench.run(["redefine", "--to", "7"] + run)
        #expect(!within.output.contains("has passed"), "\(within.errors)")
        let upper = await bench.run(["redefine", "--to", "4"] + run)
        #expect(upper.output.contains(stays), "\(upper.errors)")
        let lower = await bench.run(["redefine", "--to", "7", "--from", "3"] + run)
        #expect(lower.output.contains(stays), "\(lower.errors)")
    }

    @Test("An earlier first time that needs lower ids is refused with the run for these times")
    func earlierTime() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE ev (uid INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
            INSERT INTO ev (at) VALUES ('2026-01-01 05:00:00'), ('2026-01-02 05:00:00'),
                ('2026-01-03 05:00:00');
            """
        )
        let run = ["--job", "j", "--meta", "ev", "--run", "jan"]
        let times = ["--time-column", "at", "--from", "2026-01-02", "--to", "2026-01-03"]
        let first = await bench.run(["acquire"] + run + times)
        #expect(first.status == .done, "\(first.errors)")
        let refused = await bench.run(["redefine", "--from", "2026-01-01"] + run)
        #expect(refused.status == .usage)
        let command =
            "--run jan-2 --from 2026-01-01T00:00:00+00:00 --to 2026-01-02T00:00:00+00:00 "
            + "--time-column at"
        #expect(refused.errors.contains(command), "\(refused.errors)")
        #expect(refused.errors.contains(" -- CMD'"), "\(refused.errors)")
        let later = await bench.run(["redefine", "--to", "2026-01-04"] + run)
        #expect(later.output.contains("bounds: 2...2 -> 2...3"), "\(later.errors)")
    }

    /// Acquires all of the table, and ends it well.
    private func drain(_ bench: CommandLineBench, _ batch: Int) async throws {
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        #expect(await bench.run("succeed", "\(batch)", "--attempt", "1").status == .done)
    }

    private let refill = """
        DROP TABLE files;
        CREATE TABLE files (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, weight REAL);
        INSERT INTO files (uid, item, weight)
        SELECT value, '/new/' || value, 1 FROM json_each('[1,2,3,4,5,6,7,8,9,10,11,12]');
        """

    @Test("A run whose table is another is held until it begins anew; what it did is kept")
    func restart() async throws {
        let bench = try await CommandLineBench()
        try await drain(bench, 1)
        try bench.execute(refill)
        let held = await bench.run("work", "--job", "j", "--meta", "files", "--", "true")
        #expect(held.status == .tryAgain)
        #expect(held.errors.contains("'tranche redefine --job j --meta files --restart'"))
        let status = await bench.run("status")
        #expect(status.output.contains("held"), "\(status.output)")
        #expect(await bench.run("status", "--json").output.contains(#""state":"held""#))
        let audit = await bench.run("audit", "--job", "j")
        #expect(audit.status == .failed)
        #expect(audit.errors.contains("has other rows under the same ids"), "\(audit.errors)")
        let dry = await bench.run("redefine", "--job", "j", "--restart", "--dry-run")
        #expect(dry.output == "job 'j' on 'files' would change:\n  cursor: 10 -> none\n")
        let restarted = await bench.run("redefine", "--job", "j", "--meta", "files", "--restart")
        #expect(
            restarted.output == """
                job 'j' on 'files' changed:
                  cursor: 10 -> none
                what was handed out is kept as run '~1'

                """,
            "\(restarted.errors)"
        )
        let batch = await bench.run("acquire", "--job", "j", "--meta", "files", "--json")
        #expect(batch.output.contains(#""id_start":1,"id_end":12,"count":12"#), "\(batch.errors)")
        #expect(
            await bench.run("batches", "--job", "j", "--run", "~1", "--json").output.contains(
                #""id_start":1,"id_end":10,"count":10"#
            )
        )
    }

    @Test("Nothing waits for a run that is kept as history")
    func history() async throws {
        let bench = try await CommandLineBench()
        try await drain(bench, 1)
        #expect(await bench.run("redefine", "--job", "j", "--restart").status == .done)
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        #expect(await bench.run("succeed", "2", "--attempt", "1").status == .done)
        try bench.execute("INSERT INTO files (uid, item, weight) VALUES (90, '/x', 1)")
        let status = await bench.run("status")
        #expect(status.output.hasPrefix("1 item waiting"), "\(status.output)")
        let former = ["--job", "j", "--run", "~1"]
        let checked = await bench.run(["status", "--check", "--max-backlog", "0"] + former)
        #expect(checked.status == .done, "\(checked.output)\(checked.errors)")
        let json = await bench.run(["status", "--json"] + former)
        #expect(json.output.contains(#""backlog":null"#), "\(json.output)")
        #expect(json.output.contains(#""waiting_items":0"#), "\(json.output)")
        let metrics = await bench.run("metrics").output.split(separator: "\n")
        let backlogs = metrics.filter { $0.hasPrefix("tranche_backlog_items{") }
        #expect(backlogs.count == 1, "\(backlogs)")
        #expect(backlogs.first?.hasSuffix(" 1") == true, "\(backlogs)")
        // One that goes on takes what waits.
        #expect(await bench.run(["resume"] + former).status == .done)
        #expect(await bench.run("status").output.hasPrefix("2 items waiting"))
    }

    @Test("A run whose table is said to be the same goes on behind its cursor")
    func same() async throws {
        let bench = try await CommandLineBench()
        try await drain(bench, 1)
        try bench.execute(refill)
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--json"]
        #expect(await bench.run(acquire).status == .nothingNow)
        let both = await bench.run("redefine", "--job", "j", "--same", "--restart")
        #expect(both.status == .usage)
        // What is about something else ends no hold.
        #expect(await bench.run("redefine", "--job", "j", "--where", "uid > 0").status == .done)
        #expect(await bench.run("redefine", "--job", "j", "--where", "").status == .done)
        #expect(await bench.run(acquire).status == .nothingNow)
        let same = await bench.run("redefine", "--job", "j", "--meta", "files", "--same")
        #expect(same.output.contains("  content: "), "\(same.errors)")
        let batch = await bench.run(acquire)
        #expect(batch.output.contains(#""id_start":11,"id_end":12,"count":2"#), "\(batch.errors)")
    }

    @Test(
        "A file that was changed on purpose goes on, or begins anew",
        arguments: ["csv", "jsonl"]
    )
    func files(format: String) async throws {
        let bench = try await CommandLineBench()
        let path = bench.path("in.\(format)")
        func write(_ names: String...) throws {
            let lines =
                format == "csv"
                ? ["id,name"] + names.map { "1,\($0)" } : names.map { #"{"id":1,"name":"\#($0)"}"# }
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
        }
        let load = ["load", path, "--job", "j", "--to", "none", "--json"]
        try write("a", "b")
        #expect(await bench.run(load).output.contains(#""count":2"#))
        try write("a", "c", "d")
        let changed = await bench.run(load)
        #expect(changed.status == .failed)
        #expect(changed.errors.contains("asked for: file "), "\(changed.errors)")
        #expect(!changed.errors.contains("database"), "\(changed.errors)")
        let redefine = ["redefine", "--job", "j", "--meta", "\(format):\(path)"]
        for option in ["--same", "--restart"] {
            let command = "tranche \((redefine + [option]).joined(separator: " "))"
            #expect(changed.errors.contains("'\(command)'"), "\(changed.errors)")
        }
        let same = await bench.run(redefine + ["--same"])
        #expect(same.output.contains("  file: "), "\(same.output) \(same.errors)")
        #expect(!same.output.contains("database"), "\(same.output)")
        #expect(await bench.run(load).output.contains(#""count":1"#))
        try write("e", "f", "g", "h")
        #expect(await bench.run(load).status == .failed)
        let restart = await bench.run(redefine + ["--restart"])
        #expect(restart.output.contains("kept as run '~1'"), "\(restart.errors)")
        #expect(await bench.run(load).output.contains(#""count":4"#))
        for option in ["--database", "--uid=x"] {
            let refused = await bench.run(redefine + [option])
            #expect(refused.status == .usage)
            #expect(refused.errors.contains("not with a file of"), "\(refused.errors)")
        }
    }

    @Test("All jobs of a database that has moved are redefined at once, or none")
    func move() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE more AS SELECT * FROM files;")
        for (job, table) in [("a", "files"), ("b", "files"), ("c", "more")] {
            let acquire = ["acquire", "--job", job, "--meta", table, "--count", "4"]
            #expect(await bench.run(acquire).status == .done)
        }
        let old = "sqlite:\(bench.path("tranche.db"))"
        let elsewhere = ["TRANCHE_META_DB": "sqlite:\(bench.path("moved.db"))"]
        try bench.execute("VACUUM INTO '\(bench.path("moved.db"))'")
        let acquire = ["acquire", "--job", "a", "--meta", "files", "--count", "4", "--json"]
        let refused = await bench.run(acquire, environment: elsewhere)
        #expect(refused.errors.contains("'tranche redefine --job a --meta files --database'"))

        let move = ["redefine", "--from-database", old]
        let unknown = await bench.run(
            ["redefine", "--from-database", "sqlite:none.db"],
            environment: elsewhere
        )
        #expect(unknown.status == .nothingNow)
        #expect(unknown.errors.contains("known are: "), "\(unknown.errors)")
        let dry = await bench.run(move + ["--dry-run"], environment: elsewhere)
        #expect(dry.output.components(separatedBy: "would change").count == 4, "\(dry.errors)")
        let moved = await bench.run(move + ["--json"], environment: elsewhere)
        #expect(moved.output.components(separatedBy: #""part":"database""#).count == 4)
        let batch = await bench.run(acquire, environment: elsewhere)
        #expect(batch.output.contains(#""id_start":5,"id_end":8"#), "\(batch.errors)")
        let again = await bench.run(
            ["redefine", "--all", "--database"],
            environment: elsewhere
        )
        #expect(again.status == .nothingNow)
        #expect(await bench.run("redefine", "--all").status == .usage)
        #expect(await bench.run("redefine", "--all", "--database", "--job", "a").status == .usage)

        // One that is not there keeps all where they are.
        try bench.execute("DROP TABLE more;")
        let back = await bench.run("redefine", "--all", "--database")
        #expect(back.status == .failed)
        #expect(back.errors.contains("so no job was"), "\(back.errors)")
        #expect(await bench.run(acquire, environment: elsewhere).status == .done)
    }

    @Test("Jobs over the batches of others move with the inventory")
    func moveDownstream() async throws {
        let bench = try await CommandLineBench()
        let acquire = ["acquire", "--job", "a", "--meta", "files", "--count", "4", "--json"]
        let down = ["acquire", "--job", "b", "--meta", "inventory:a", "--count", "1", "--json"]
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        #expect(await bench.run(down).status == .done)
        #expect(await bench.run("succeed", "2", "--attempt", "1").status == .done)
        #expect(await bench.run(acquire).status == .done)
        #expect(await bench.run("succeed", "3", "--attempt", "1").status == .done)
        try bench.execute("VACUUM INTO '\(bench.path("moved.db"))'")
        let elsewhere = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("moved.db"))"]
        let refused = await bench.run(down, environment: elsewhere)
        #expect(refused.status == .failed)
        #expect(
            refused.errors.contains("'tranche redefine --job b --meta inventory:a --database'"),
            "\(refused.errors)"
        )
        let moved = await bench.run(["redefine", "--all", "--database"], environment: elsewhere)
        #expect(moved.status == .done, "\(moved.errors)")
        let batch = await bench.run(down, environment: elsewhere)
        #expect(batch.status == .done, "\(batch.errors)")
    }
}
