import Foundation
import TestSupport
import Testing

@testable import TrancheCLI

@Suite(.timeLimit(.minutes(10)))
struct LoadTests {
    /// A bench with a file of customers, a schema, and a table for them.
    private func bench(rows: Int = 200, badEvery: Int = .max) async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        var text = "id,name,amount\n"
        for row in 1...rows {
            text += "\(row),\"Zoé \(row)\",\(row % badEvery == 0 ? "n/a" : "\(row).5")\n"
        }
        try text.write(toFile: bench.path("c.csv"), atomically: true, encoding: .utf8)
        let schema = """
            {"properties": {"id": {"type": "integer"}, "amount": {"type": "number"}}, "required": ["id"]}
            """
        try schema.write(toFile: bench.path("c.json"), atomically: true, encoding: .utf8)
        try bench.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, amount REAL)")
        return bench
    }

    private func load(_ bench: CommandLineBench, _ more: String...) async
        -> CommandLineBench.Outcome
    {
        let words = ["load", bench.path("c.csv"), "--weight", "1KiB", "--backoff", "0s"]
        return await bench.run(words + more)
    }

    @Test("A file is loaded once, and what arrives under another name again")
    func loads() async throws {
        let bench = try await bench()
        let first = await load(bench, "--to", "table:customer", "--key", "id", "--workers", "3")
        #expect(first.status == .done, "\(first.errors)")
        #expect(first.output.contains(#/records_written +200/#))
        #expect(first.errors.contains("--workers 1 keeps the file's order"), "\(first.errors)")
        #expect(try bench.rows("SELECT count(*), sum(amount) FROM customer") == ["200|20200.0"])
        let again = await load(bench, "--to", "table:customer", "--key", "id")
        #expect(again.status == .done)
        let words = again.errors
        #expect(!words.contains("--workers 1 keeps"), "\(words)")
        #expect(words.contains("nothing to do: all 200 records"), "\(words)")
        #expect(words.contains("were loaded into table 'customer' (key id) on "), "\(words)")
        #expect(words.contains("--again NAME loads them anew"), "\(words)")
        let other = await load(bench, "--to", "table:customer", "--key", "id", "--job", "again")
        #expect(other.output.contains(#/records_written +200/#))
    }

    @Test(
        "A batch that takes too long, or stands still, fails with that",
        arguments: [
            ("--timeout", "timed out after 0.3 s"),
            ("--idle", "timed out after 0.3 s without progress"),
        ]
    )
    func bounded(option: String, words: String) async throws {
        try await withHTTPServer { _, _ in
            .silence
        } _: { server in
            let bench = try await self.bench(rows: 2)
            let to = ["--to", "webhook:\(server.url)/hook", "--max-attempts", "1"]
            let outcome = await bench.run(["load", bench.path("c.csv"), option, "300ms"] + to)
            #expect(outcome.status == .failed, "\(outcome)")
            #expect(outcome.errors.contains("the last failure: \(words)"), "\(outcome.errors)")
            #expect(
                try bench.rows("SELECT status || ' ' || logging FROM inventory")
                    == ["failed \(words)"]
            )
        }
    }

    @Test("Rejects are beside the file, and the exit status is that of a complete load")
    func rejects() async throws {
        let bench = try await bench(badEvery: 50)
        let outcome = await load(
            bench,
            "--to",
            "jsonl:\(bench.path("out.jsonl"))",
            "--schema",
            bench.path("c.json")
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(
            outcome.errors.contains("4 records were refused; see \(bench.path("c.error.jsonl"))")
        )
        let rejects = try String(contentsOfFile: bench.path("c.error.jsonl"), encoding: .utf8)
        #expect(rejects.split(separator: "\n").count == 4)
        let written = try String(contentsOfFile: bench.path("out.jsonl"), encoding: .utf8)
        #expect(written.split(separator: "\n").count == 196)
        #expect(written.hasPrefix("{\"id\":1,\"name\":\"Zoé 1\",\"amount\":1.5}\n"))
    }

    @Test("Without a file of rejects the reasons are said, and all others are loaded")
    func quarantines() async throws {
        let bench = try await bench()
        try bench.execute("CREATE UNIQUE INDEX one ON customer (amount)")
        try bench.execute("INSERT INTO customer VALUES (1000, 'x', 77.5)")
        let outcome = await load(bench, "--to", "table:customer")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("1 record is quarantined, such as"), "\(outcome.errors)")
        let reason = #/record \d+: line \d+: UNIQUE constraint failed: customer.amount/#
        #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        #expect(try bench.rows("SELECT count(*) FROM customer") == ["200"])
    }

    @Test(
        "A file of rejects takes what the table refuses, and a load of which all is refused fails"
    )
    func refusesAll() async throws {
        let bench = try await bench(rows: 20)
        try bench.execute("CREATE TABLE few (id INTEGER CHECK (id < 0), name TEXT, amount REAL)")
        let path = bench.path("bad.jsonl")
        let outcome = await load(bench, "--to", "table:few", "--rejects", path)
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("no record was loaded: all were refused"))
        let rejects = try String(contentsOfFile: path, encoding: .utf8)
        #expect(rejects.split(separator: "\n").count == 20)
        #expect(rejects.contains("CHECK constraint failed: id < 0"))
    }

    @Test("Fields that a table lacks are refused, left out or given columns, as asked")
    func unknownFields() async throws {
        let bench = try await bench(rows: 20)
        try bench.execute("CREATE TABLE narrow (id INTEGER PRIMARY KEY)")
        let refused = await load(bench, "--to", "table:narrow")
        #expect(
            refused.errors.contains("--drop-unknown") && refused.errors.contains("--add-columns")
        )
        let both = await load(bench, "--to", "table:narrow", "--drop-unknown", "--add-columns")
        #expect(both.status == .usage)
        let elsewhere = await load(bench, "--to", "none", "--add-columns")
        #expect(elsewhere.status == .usage)
        let planned = await load(bench, "--to", "table:narrow", "--add-columns", "--dry-run")
        #expect(
            planned.errors.contains("no column 'name', 'amount': added with"),
            "\(planned.errors)"
        )
        let dropped = await load(bench, "--to", "table:narrow", "--drop-unknown", "--job", "d")
        #expect(dropped.status == .done, "\(dropped.errors)")
        #expect(dropped.errors.contains("no column for 'name', 'amount': left out"))
        #expect(dropped.output.contains(#/fields_dropped +40/#))
        try bench.execute("DELETE FROM narrow")
        let added = await load(bench, "--to", "table:narrow", "--add-columns", "--job", "a")
        #expect(added.status == .done, "\(added.errors)")
        #expect(added.errors.contains("added the column 'amount', TEXT"))
        #expect(try bench.rows("SELECT count(amount) FROM narrow") == ["20"])
    }

    @Test("Fields beyond the header are counted, and a record with others names the option")
    func ragged() async throws {
        let bench = try await bench(rows: 2)
        let text = "id,name,amount\n1,a,1,x,y\n2,b\n3,c,3\n"
        try text.write(toFile: bench.path("c.csv"), atomically: true, encoding: .utf8)
        let refused = await load(bench, "--to", "none")
        #expect(refused.errors.contains("2 records could not be read"), "\(refused.errors)")
        #expect(refused.errors.contains("--fit-ragged"))
        let fitted = await load(bench, "--to", "none", "--fit-ragged", "--job", "fit")
        #expect(fitted.status == .done, "\(fitted.errors)")
        #expect(fitted.output.contains(#/fields_surplus +2/#), "\(fitted.output)")
    }

    @Test("Records that were quarantined are loaded by another reading, as the advice says")
    func relaxed() async throws {
        let bench = try await bench(rows: 2)
        try bench.write("id,name,amount\n1,a,1\n2,b\n3,\u{E9},3\n", to: "c.csv")
        let refused = await load(bench, "--to", "table:customer", "--key", "id", "--job", "rg")
        #expect(refused.status == .failed)
        let names = "--job rg --meta csv:\(bench.path("c.csv"))"
        #expect(
            refused.errors.contains(
                "'tranche redefine \(names) --fit-ragged', then 'tranche redrive \(names)', then "
                    + "this command with --fit-ragged"
            ),
            "\(refused.errors)"
        )
        let options = ["--to", "table:customer", "--key", "id", "--job", "rg", "--fit-ragged"]
        let words = ["load", bench.path("c.csv"), "--weight", "1KiB", "--backoff", "0s"] + options
        let unknown = await bench.run(words)
        #expect(unknown.status == .failed)
        #expect(unknown.errors.contains("'tranche redefine \(names) --fit-ragged'"))
        let redefine = ["redefine"] + names.split(separator: " ").map(String.init)
        let dry = await bench.run(redefine + ["--fit-ragged", "--dry-run"])
        #expect(dry.output.contains("ragged records fit"), "\(dry.errors)")
        #expect(await bench.run(redefine + ["--fit-ragged"]).status == .done)
        #expect(await bench.run("redrive", "--job", "rg").status == .done)
        let done = await bench.run(words)
        #expect(done.status == .done, "\(done.errors)")
        #expect(
            try bench.rows("SELECT id, name, amount FROM customer ORDER BY id")
                == ["1|a|1.0", "2|b|NULL", "3|\u{E9}|3.0"]
        )
        let other = await bench.run("redefine", "--job", "rg", "--fit-ragged")
        #expect(other.output.contains("as asked for already"), "\(other.output)\(other.errors)")
    }

    @Test("A mapping that cannot be used is a fault of the command line, and says why")
    func mapping() async throws {
        let bench = try await bench(rows: 2)
        let absent = await load(bench, "--to", "none", "--map", "v=a")
        #expect(absent.status == .usage)
        #expect(absent.errors.contains("No such file or directory"), "\(absent.errors)")
        #expect(absent.errors.contains("give a JSON file with \"rename\""), "\(absent.errors)")
        for text in [
            #"{"rename":null}"#, #"{"rename":{"x":"y"}}"#, #"{"group":{"g":[]}}"#,
            #"{"rename":{"id":"name"}}"#,
        ] {
            try bench.write(text, to: "m.json")
            let refused = await load(bench, "--to", "none", "--map", bench.path("m.json"))
            #expect(refused.status == .usage, "\(text): \(refused.errors)")
        }
    }

    @Test("A dry run shows the first records with the fields that they are written with")
    func mappedRecords() async throws {
        let bench = try await bench(rows: 2)
        try bench.write(#"{"rename":{"name":"who"},"constant":{"land":"DE"}}"#, to: "m.json")
        let map = bench.path("m.json")
        let dry = await load(bench, "--to", "none", "--map", map, "--dry-run")
        #expect(dry.status == .done, "\(dry.errors)")
        #expect(dry.output.contains("fields: id, who, amount, land"), "\(dry.output)")
        let first = #""who":"Zoé 1","amount":"1.5","land":"DE""#
        #expect(dry.output.contains(first), "\(dry.output)")
        #expect(!dry.output.contains(#""name":"#), "\(dry.output)")
    }

    @Test("A load with too many rejects is complete with failed batches")
    func tooManyRejects() async throws {
        let bench = try await bench(badEvery: 2)
        let outcome = await load(
            bench,
            "--to",
            "none",
            "--schema",
            bench.path("c.json"),
            "--max-rejects",
            "10%",
            "--max-attempts",
            "1"
        )
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("at most 10.0 % are let through"))
    }

    @Test("A dry run changes nothing")
    func dryRun() async throws {
        let bench = try await bench()
        let outcome = await load(
            bench,
            "--to",
            "table:customer",
            "--key",
            "id",
            "--dry-run",
            "--json"
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        #expect(outcome.output.contains("\"records\":200"))
        #expect(outcome.output.contains("\"promise\":\"transactional\""))
        #expect(try bench.rows("SELECT count(*) FROM customer") == ["0"])
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }

    @Test("What does not promise enough is refused before anything is handed out")
    func promise() async throws {
        let bench = try await bench()
        let outcome = await load(bench, "--to", "none", "--promise", "transactional")
        #expect(outcome.status == .failed)
        #expect(outcome.errors.contains("promises idempotent, not transactional"))
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }

    @Test("With --json each batch is a line")
    func json() async throws {
        let bench = try await bench()
        let outcome = await load(bench, "--to", "none", "--json")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count > 3)
        #expect(lines.allSatisfy { $0.contains("\"status\":\"succeeded\"") })
        #expect(lines[0].contains("\"counters\":{\"records_read\":"))
    }

    @Test("A load that was killed goes on with the batches that were in hand")
    func killed() async throws {
        let bench = try await bench(rows: 200_000)
        let words = [
            "load", bench.path("c.csv"), "--to", "table:customer", "--weight", "100KiB",
            "--workers", "2",
            // A third of it bounds a write, which takes long where others are at work.
            "--lease", "5s", "--promise", "transactional", "--json",
        ]
        let running = try Executable.tranche.start(words, environment: bench.environment)
        // Without a key each record is a new row: one that was loaded twice would show.
        #expect(
            try await eventually {
                try bench.rows("SELECT count(*) > 5 FROM inventory WHERE status = 'succeeded'") == [
                    "1"
                ]
            }
        )
        running.send(SIGKILL)
        _ = await running.outcome()
        let outcome = try await Executable.tranche.run(words, environment: bench.environment)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(
            try bench.rows("SELECT count(*), count(DISTINCT id) FROM customer") == ["200000|200000"]
        )
        let tried = try bench.rows("SELECT count(*) <= 2 FROM inventory WHERE attempt > 1")
        #expect(tried == ["1"])
    }
}
