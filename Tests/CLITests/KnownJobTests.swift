import Foundation
import Testing
import Tranche

@testable import TrancheCLI

@Suite("What a known job knows need not be said again") struct KnownJobTests {
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE doc (id INTEGER PRIMARY KEY, path TEXT, size REAL, kind TEXT);
            INSERT INTO doc
            SELECT value, '/' || value, 5, CASE WHEN value % 2 = 0 THEN 'a' ELSE 'b' END
            FROM json_each('[1,2,3,4,5,6,7,8]');
            """
        )
        let first = await bench.run(
            [
                "acquire", "--job", "j", "--meta", "doc", "--uid", "id", "--item", "path",
                "--weight-column", "size", "--where", "kind = 'a'", "--count", "1",
            ]
        )
        #expect(first.status == .done, "\(first.errors)")
        return bench
    }

    @Test("Source, columns and filter are taken from the job")
    func columns() async throws {
        let bench = try await bench()
        for options in [[], ["--meta", "doc"], ["--meta", "doc", "--uid", "id"]] {
            let plan = await bench.run(["plan", "--job", "j", "--count", "9", "--json"] + options)
            #expect(plan.status == .done, "\(plan.errors)")
            #expect(plan.output.contains(#""count":3,"weight":15"#), "\(plan.output)")
        }
        let next = await bench.run("acquire", "--job", "j", "--count", "1", "--json")
        #expect(next.output.contains(#"{"id":4,"item":"/4","weight":5}"#), "\(next.output)")
        for batch in ["1", "2"] {
            #expect(await bench.run("succeed", batch, "--attempt", "1").status == .done)
        }
        let work = await bench.run("work", "--job", "j", "--count", "1", "--", "true")
        #expect(work.errors.contains("2 batches"), "\(work.errors)")
    }

    @Test("A table by another name is refused, where the job would hand out all of it again")
    func otherName() async throws {
        let bench = try await bench()
        for name in ["main.doc", "DOC", "Main.Doc"] {
            let words = ["--meta", name, "--uid", "id", "--item", "path", "--count", "1"]
            let again = await bench.run(["acquire", "--job", "j"] + words)
            #expect(again.status == .failed)
            #expect(
                again.errors.contains(
                    "'j' is known on 'doc', which is the table that '\(name)' names"
                ),
                "\(again.errors)"
            )
            let other = await bench.run(["acquire", "--job", "j \(name)"] + words)
            #expect(other.status == .done, "\(other.errors)")
        }
        try bench.execute("CREATE VIEW part AS SELECT * FROM doc WHERE id < 3")
        let view = ["--meta", "part", "--uid", "id", "--item", "path", "--count", "1"]
        #expect(await bench.run(["acquire", "--job", "j"] + view).status == .done)
    }

    @Test("A table that was renamed is refused under its new name, until a view has the old one")
    func renamed() async throws {
        let bench = try await bench()
        try bench.execute("ALTER TABLE doc RENAME TO docs")
        let words = ["--meta", "docs", "--uid", "id", "--item", "path", "--count", "1"]
        let refused = await bench.run(["acquire", "--job", "j"] + words)
        #expect(refused.status == .failed)
        #expect(
            refused.errors.contains("'docs' is what job 'j' knows as 'doc', which is gone"),
            "\(refused.errors)"
        )
        #expect(await bench.run(["acquire", "--job", "other"] + words).status == .done)
        try bench.execute("CREATE VIEW doc AS SELECT * FROM docs")
        let next = await bench.run("acquire", "--job", "j", "--count", "1", "--json")
        #expect(next.output.contains(#"{"id":4,"item":"/4","weight":5}"#), "\(next.output)")
        // Another table may come for one that was dropped.
        try bench.execute("DROP VIEW doc; DROP TABLE docs")
        try bench.execute("CREATE TABLE new (id integer, path text)")
        try bench.execute("INSERT INTO new VALUES (1, 'a'), (2, 'b')")
        let new = ["--meta", "new", "--uid", "id", "--item", "path", "--count", "1"]
        let other = await bench.run(["acquire", "--job", "j"] + new)
        #expect(other.status == .done, "\(other.errors)")
    }

    @Test("What is said otherwise is refused as ever")
    func otherwise() async throws {
        let bench = try await bench()
        let filter = await bench.run("acquire", "--job", "j", "--where", "kind = 'b'")
        #expect(filter.status == .failed)
        #expect(
            filter.errors.contains("filter kind = 'b' instead of kind = 'a'"),
            "\(filter.errors)"
        )
        let uid = await bench.run("acquire", "--job", "j", "--uid", "size")
        #expect(uid.status != .done)
    }

    @Test(
        "How a known file is written is refused for what it is, and then compared",
        arguments: [
            (["--delimiter", ";;;;;"], .usage, "--delimiter ';;;;;' cannot part fields"),
            (["--delimiter", "\""], .usage, "cannot be both delimiter and quote"),
            (["--quote", "ab"], .usage, "--quote 'ab' is too long"),
            (["--comment", ","], .usage, "which holds a delimiter"),
            (["--format", "jsonl"], .usage, "--format 'jsonl' does not go with"),
            (["--encoding", "nope"], .usage, "the encoding \"nope\" is not known"),
            (["--json-layout", "lines"], .usage, "--json-layout goes with a file of JSON"),
            (
                ["--delimiter", ";;"], .failed,
                "the delimiter ';;' is not the file's: its only field is 'id,name'; "
                    + "try --delimiter ','"
            ),
            (["--header", "a,b"], .failed, "is known with another definition"),
            (["--null", "NA"], .failed, "is known with another definition"),
        ] as [([String], ProgramStatus, String)]
    )
    func reading(options: [String], status: ProgramStatus, reason: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,name\n1,a\n2,b\n", to: "x.csv")
        let meta = ["--meta", "csv:\(bench.path("x.csv"))"]
        let job = ["acquire", "--job", "f", "--count", "1"]
        #expect(await bench.run(job + meta).status == .done)
        let load = ["load", bench.path("x.csv"), "--to", "jsonl:\(bench.path("o.jsonl"))"]
        #expect(await bench.run(load).status == .done)
        let work = ["work", "--job", "f", "--count", "1"]
        // A load says with --format what file it means.
        for command in [
            job + options, job + meta + options, ["plan", "--job", "f"] + options,
            work + options + ["--", "true"],
        ] + (options.contains("--format") ? [] : [load + options]) {
            let done = await bench.run(command)
            #expect(done.status == status, "\(command): \(done.errors)")
            #expect(done.errors.contains(reason), "\(command): \(done.errors)")
        }
        // What is the same may be said.
        let same = await bench.run(job + ["--delimiter", ",", "--header-lines", "1"])
        #expect(same.status == .done, "\(same.errors)")
    }

    @Test("A job that is not known, or has several sources, is asked for one")
    func unknown() async throws {
        let bench = try await bench()
        let none = await bench.run("plan", "--job", "k")
        #expect(none.status == .usage)
        #expect(none.errors.contains("--meta is missing: the job 'k' has not begun yet"))
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        let several = await bench.run("plan", "--job", "j")
        #expect(several.status == .failed)
        #expect(
            several.errors.contains("has several sources ('doc', 'files'); name one with --meta")
        )
    }

    @Test("A backfill that has begun knows its bounds")
    func bounds() async throws {
        let bench = try await bench()
        let backfill = ["backfill", "--job", "j", "--run", "r", "--count", "1", "--", "true"]
        #expect(await bench.run(backfill).errors.contains("a backfill has bounds"))
        let first = await bench.run(
            ["acquire", "--job", "j", "--run", "r", "--from", "1", "--to", "4", "--count", "1"]
        )
        #expect(first.status == .done, "\(first.errors)")
        #expect(await bench.run("succeed", "2", "--attempt", "1").status == .done)
        let rest = await bench.run(backfill)
        #expect(rest.status == .done, "\(rest.errors)")
        let batches = try await bench.batches("--job", "j", "--run", "r")
        #expect(batches.map { $0["id_end"] as? Double } == [4, 2])
    }

    @Test("A file of items that is not the inventory's is found again")
    func database() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let own = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("other.db"))"]
        let both = own.merging(["TRANCHE_META_DB": "sqlite:\(bench.path("tranche.db"))"]) { $1 }
        #expect(await bench.run(["migrate", "up"], environment: own).status == .done)
        let acquire = ["acquire", "--job", "j", "--meta", "files", "--count", "4"]
        #expect(await bench.run(acquire, environment: both).status == .done)
        let next = await bench.run(
            ["acquire", "--job", "j", "--count", "4", "--json"],
            environment: own
        )
        #expect(next.output.contains(#""id_start":5,"id_end":8,"#), "\(next.errors)")
        let status = await bench.run(["status"], environment: own)
        #expect(status.output.hasPrefix("2 items waiting, "), "\(status.errors)")
    }
}
