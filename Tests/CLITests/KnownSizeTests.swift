import Foundation
import Testing

@testable import TrancheCLI

@Suite("The size of batches that a known job has", .timeLimit(.minutes(10)))
struct KnownSizeTests {
    private static let job = ["--job", "wgt"]

    /// A bench with a table `many` of 2,500 items that weigh 1, and a batch of it.
    private func bench(_ options: [String]) async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY AUTOINCREMENT, item TEXT, weight REAL);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO many SELECT i, 'a' || i, 1 FROM n;
            """
        )
        let first = await bench.run(["acquire", "--meta", "many"] + Self.job + options)
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.errors == "")
        return bench
    }

    @Test(
        "A limit that is left out is that of the newest batch, and a note says so",
        arguments: [
            (["--weight", "300"], "batches weigh at most 300, as in the newest batch of "),
            (["--count", "300"], "batches have at most 300 items, as in the newest batch of "),
            (
                ["--weight", "300", "--count", "400"],
                "batches weigh at most 300, and have at most 400 items, as in the newest batch of "
            ),
        ]
    )
    func limit(options: [String], words: String) async throws {
        let bench = try await bench(options)
        let note = words + "job 'wgt' on 'many': neither --weight nor --count is given"
        let plan = await bench.run(["plan", "--json"] + Self.job)
        #expect(
            plan.output.contains(#"{"id_start":301,"id_end":600,"count":300"#),
            "\(plan.output)"
        )
        #expect(plan.errors.contains(note), "\(plan.errors)")
        let next = await bench.run(["acquire", "--json"] + Self.job)
        #expect(next.output.contains(#""id_start":301,"id_end":600,"count":300"#))
        #expect(next.errors.contains(note), "\(next.errors)")
        for batch in ["1", "2"] {
            #expect(await bench.run("succeed", batch, "--attempt", "1").status == .done)
        }
        let work = await bench.run(["work"] + Self.job + ["--", "sh", "-c", "cat > /dev/null"])
        #expect(work.status == .done, "\(work.errors)")
        #expect(work.errors.contains("done: 7 batches, 1,900 items"), "\(work.errors)")
        #expect(work.errors.components(separatedBy: note).count == 2, "\(work.errors)")
    }

    @Test("What is given holds, and is what the job continues with")
    func given() async throws {
        let bench = try await bench(["--weight", "300"])
        let other = await bench.run(["acquire", "--json", "--count", "10"] + Self.job)
        #expect(other.output.contains(#""count":10,"#), "\(other.errors)")
        #expect(other.errors == "")
        let next = await bench.run(["acquire", "--json"] + Self.job)
        #expect(next.output.contains(#""count":10,"#), "\(next.errors)")
        let all = await bench.run(["acquire", "--json", "--count", "none"] + Self.job)
        #expect(all.output.contains(#""count":2180,"#), "\(all.errors)")
    }

    @Test("A run of the job begins with its limit, and batches without any have none again")
    func runs() async throws {
        let bench = try await bench(["--count", "none"])
        let backfill = ["--run", "r", "--from", "1", "--to", "1900", "--json"]
        let first = await bench.run(["acquire"] + Self.job + backfill)
        #expect(first.output.contains(#""count":1900,"#), "\(first.errors)")
        #expect(first.errors.contains("batches have no limit, as in the newest batch of job"))
    }

    @Test("A target time is taken as it was given")
    func target() async throws {
        let bench = try await CommandLineBench()
        let job = ["--job", "j", "--meta", "files"]
        let target = ["--target-time", "30s", "--least-weight", "60"]
        let first = await bench.run(["acquire"] + job + target + ["--json"])
        #expect(first.output.contains(#""count":3,"weight":60"#), "\(first.errors)")
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        let second = await bench.run("acquire", "--job", "j", "--json")
        #expect(second.output.contains(#""count":1,"weight":40"#), "\(second.errors)")
        let note = "batches take about 30 s (--target-time), as in the newest batch of job 'j'"
        #expect(second.errors.contains(note), "\(second.errors)")
        #expect(try bench.rows("SELECT target_weight FROM inventory_run") == ["72.0"])
        let ahead = await bench.run("work", "--job", "j", "--prefetch", "1", "--", "true")
        #expect(ahead.status == .usage)
        #expect(ahead.errors.contains("--prefetch does not go with --target-time"))
    }

    @Test("Where nothing is known of the size, it is as it was: the usual count")
    func usual() async throws {
        let bench = try await bench(["--weight", "300"])
        try bench.execute("UPDATE inventory SET config = '{}'")
        let next = await bench.run(["acquire", "--json"] + Self.job)
        #expect(next.output.contains(#""count":1000,"#), "\(next.errors)")
        let words = "batches have at most 1,000 items, as neither --weight nor --count is given"
        #expect(next.errors.contains(words), "\(next.errors)")
    }
}
