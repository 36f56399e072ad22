import Testing

@testable import TrancheCLI

@Suite("Which run of a known job a command line means", .timeLimit(.minutes(5)))
struct MeantRunTests {
    private static let job = ["--job", "j", "--meta", "files"]

    /// A job with a run of two items, which is done.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        let run = ["--run", "january", "--from", "1", "--to", "2", "--", "true"]
        let done = await bench.run(["backfill"] + Self.job + run)
        #expect(done.status == .done, "\(done.errors)")
        return bench
    }

    @Test(
        "A mistyped run of a known job is refused with the nearest, and nothing is made",
        arguments: ["work", "work --dry-run", "acquire", "plan"]
    )
    func mistyped(_ command: String) async throws {
        let bench = try await bench()
        let words = command.split(separator: " ").map(String.init)
        let program = command.hasPrefix("work") ? ["--", "true"] : []
        for job in [["--job", "j"], Self.job] {
            let refused = await bench.run(words + job + ["--run", "janary"] + program)
            #expect(refused.status == .usage, "\(refused.errors)")
            for part in [
                "there is no run 'janary' of job 'j' on 'files'; did you mean --run january?",
                "For a new run give --from, --to or both",
            ] {
                #expect(refused.errors.contains(part), "\(refused.errors)")
            }
        }
        let far = await bench.run(words + ["--job", "j", "--run", "x"] + program)
        #expect(far.errors.contains("'tranche status --job j' lists"), "\(far.errors)")
        #expect(try bench.rows("SELECT DISTINCT run FROM inventory_run") == ["january"])
    }

    @Test(
        "A mistyped run of a file that was loaded is refused, and --again makes a new one",
        arguments: [[], ["--dry-run"]]
    )
    func mistypedLoad(_ more: [String]) async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\n2\n", to: "in/a.csv")
        try bench.write("id\n3\n", to: "in/b.csv")
        let load = ["load", bench.path("in/a.csv"), "--to", "none"]
        let first = await bench.run(load + ["--run", "january"])
        #expect(first.status == .done, "\(first.errors)")
        #expect(await bench.run(load + ["--run", "january"]).status == .done)
        let folder = ["load", bench.path("in"), "--to", "none"]
        for words in [load, folder] {
            let refused = await bench.run(words + ["--run", "janary"] + more)
            #expect(refused.status == .usage, "\(refused.errors)")
            for part in [
                "there is no run 'janary' of job 'load' on ", "did you mean --run january?",
                "For a new run give --from, --to-offset or both; --again janary loads all records",
            ] {
                #expect(refused.errors.contains(part), "\(refused.errors)")
            }
        }
        #expect(try bench.rows("SELECT DISTINCT run FROM inventory_run") == ["january"])
        let other = ["load", bench.path("in/b.csv"), "--to", "none", "--run", "b"] + more
        let new = await bench.run(other)
        #expect(new.status == .done, "\(new.errors)")
        let again = await bench.run(load + ["--again", "janary"] + more)
        #expect(again.status == .done, "\(again.errors)")
        let bounded = await bench.run(load + ["--run", "part", "--from", "0"] + more)
        #expect(bounded.status == .done, "\(bounded.errors)")
    }

    @Test("A new run with bounds, a known one without, and a new job with a named run go on")
    func meant() async throws {
        let bench = try await bench()
        let known = await bench.run("work", "--job", "j", "--run", "january", "--", "true")
        #expect(known.status == .done, "\(known.errors)")
        let bounded = await bench.run("acquire", "--job", "j", "--run", "february", "--from", "3")
        #expect(bounded.status == .done, "\(bounded.errors)")
        let new = ["work", "--job", "k", "--meta", "files", "--run", "all", "--", "true"]
        #expect(await bench.run(new).status == .done)
        #expect(await bench.run(new).status == .done)
    }

    @Test(
        "Years and days without hyphens are no ids where a job goes by times",
        arguments: ["work", "acquire", "plan", "backfill"]
    )
    func years(_ command: String) async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE event (uid INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT);
            INSERT INTO event (at) VALUES ('2026-01-01 05:00:00'), ('2026-06-02 05:00:00');
            """
        )
        let first = await bench.run(
            ["work", "--job", "j", "--meta", "event", "--time-column", "at", "--by", "day"]
                + ["--", "true"]
        )
        #expect(first.status == .done, "\(first.errors)")
        let program = ["work", "backfill"].contains(command) ? ["--", "true"] : []
        let dates = [("2026", "2027", "2026-01-01"), ("20260131", "20260201", "2026-01-31")]
        for (from, to, date) in dates {
            let ends = ["--run", "r", "--from", from, "--to", to]
            let refused = await bench.run([command, "--job", "j"] + ends + program)
            #expect(refused.status == .usage, "\(refused.errors)")
            let words = "job 'j' goes by times; write a time such as \(date), or an id with"
            #expect(refused.errors.contains(words), "\(refused.errors)")
        }
        #expect(try bench.rows("SELECT count(*) FROM inventory_run WHERE run = 'r'") == ["0"])
        for (from, to) in [("1", "2027"), ("02026", "02027")] {
            let ids = ["--job", "j", "--run", "r\(from)", "--from", from, "--to", to]
            #expect(await bench.run([command] + ids + program).status != .usage)
        }
    }

    @Test("A job that goes by no times takes such ids")
    func ids() async throws {
        let bench = try await bench()
        let ids = await bench.run(
            ["acquire", "--job", "j", "--run", "r", "--from", "2026", "--to", "2027"]
        )
        #expect(ids.status == .nothingNow, "\(ids.errors)")
    }
}
