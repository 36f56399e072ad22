import Foundation
import Testing

@testable import TrancheCLI

@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var status: ProgramStatus
        var message: String

        init(_ line: String, _ status: ProgramStatus, _ message: String) {
            self.line = line
            self.status = status
            self.message = message
        }

        var testDescription: String { line }

        /// The words of the line; `_` in a word stands for a space.
        var arguments: [String] {
            line.split(separator: " ").map {
                String($0).replacing("_", with: " ").replacing("''", with: "")
            }
        }
    }

    static let usage: [Case] = [
        Case("acquire --job j", .usage, "--meta is missing: the job 'j' has not begun yet"),
        Case(
            "backfill --job j --meta files --run - --from 1 -- true",
            .usage,
            "a run cannot be named '-', which is what"
        ),
        Case("acquire --job j --meta files --run -", .usage, "a run cannot be named '-'"),
        Case("load x.csv --to none --run -", .usage, "a run cannot be named '-'"),
        Case("load x.csv --to none --again -", .usage, "a run cannot be named '-'"),
        Case("load x.csv --to none --timeout 0s", .usage, "a bound of time is above 0"),
        Case("load x.csv --to none --idle 0s", .usage, "a bound of time is above 0"),
        Case("work --job j --meta files --timeout 0 -- true", .usage, "a bound of time is above 0"),
        Case("work --job j --meta files --idle 0 -- true", .usage, "a bound of time is above 0"),
        Case("acquire --job .. --meta files", .usage, "neither a job nor a run can be named '..'"),
        Case(
            "acquire --job j --meta files --weight 5 --min-weight 6",
            .usage,
            "--min-weight 6 is above --weight 5"
        ),
        Case("acquire", .usage, "--job JOB is missing"),
        Case(
            "acquire --job j --meta files --wieght 5",
            .usage,
            "unknown option '--wieght'; did you mean --weight?"
        ),
        Case(
            "acquire --job j --meta files --zzzzzz",
            .usage,
            "unknown option '--zzzzzz'; see 'tranche acquire --help'"
        ),
        Case("acquire --job j --meta files -x", .usage, "unknown option '-x'"),
        Case("acquire --job j --meta files --weight", .usage, "--weight needs a value"),
        Case("acquire --job j --meta files --json=1", .usage, "--json takes no value"),
        Case("acquire --job j --job k --meta files", .usage, "--job is given twice"),
        Case("acquire --job j --meta files --m 5", .usage, "--m may be"),
        Case("acquire --job j --meta files extra", .usage, "unexpected argument 'extra'"),
        Case("acquire --job j --meta files -- true", .usage, "unexpected argument 'true'"),
        Case(
            "acquire --job j --meta files --weight 0",
            .usage,
            "--weight '0': a weight is above 0"
        ),
        Case(
            "acquire --job j --meta files --weight -5",
            .usage,
            "--weight '-5': a weight is above 0"
        ),
        Case(
            "acquire --job j --meta files --weight nan",
            .usage,
            "--weight 'nan': this is not a weight"
        ),
        Case("acquire --job j --meta files --weight 5zz", .usage, "'zz' is not a unit of weight"),
        Case(
            "acquire --job j --meta files --count 0",
            .usage,
            "--count '0': give a whole number, 1 or more"
        ),
        Case("acquire --job j --meta files --count 1.5", .usage, "--count '1.5'"),
        Case(
            "acquire --job j --meta files --lease 0s",
            .usage,
            "--lease '0s': a lease lasts from 1 s"
        ),
        Case("acquire --job j --meta files --lease 5y", .usage, "'y' is not a unit of time"),
        Case("acquire --job j --meta files --max-attempts 0", .usage, "--max-attempts '0'"),
        Case("acquire --job j --meta files --from 5", .usage, "--from and --to need --run"),
        Case(
            "acquire --job j --meta files --run r --from 5 --to 4",
            .usage,
            "--from 5 is above --to 4"
        ),
        Case(
            "acquire --job j --meta files --run r --from x",
            .usage,
            "--from 'x': this is not a whole number"
        ),
        Case(
            "acquire --job j --meta files --linger 5s",
            .usage,
            "a linger time needs a least weight"
        ),
        Case("acquire --job '' --meta files", .usage, "a job's name has 1 to 128 bytes"),
        Case(
            "acquire --job \(String(repeating: "j", count: 129)) --meta files",
            .usage,
            "this one has 129"
        ),
        Case(
            "acquire --job j --meta files --on-exhausted explode",
            .usage,
            "--on-exhausted 'explode': this is none of fail, split"
        ),
        Case("acquire --job j --meta files --settle-wait soon", .usage, "--settle-wait 'soon'"),
        Case(
            "acquire --job j --meta files --settle-lag 1y",
            .usage,
            "'y' is not a unit of time"
        ),
        Case(
            "work --job j --meta files --watch 400d -- true",
            .usage,
            "--watch '400d': this lasts from 0 to 365 days"
        ),
        Case("acquire --job j --meta inventory:", .usage, "'inventory:' names no job"),
        Case("acquire --job j --meta inventory:k --uid n", .usage, "--uid goes with a table"),
        Case("acquire --job j --meta inventory:k --item n", .usage, "--item goes with a table"),
        Case(
            "work --job j --meta inventory:k --weight-column n -- true",
            .usage,
            "--weight-column goes with a table"
        ),
        Case(
            "acquire --job j --meta inventory:k --settle-column n",
            .usage,
            "--settle-column goes with a table"
        ),
        Case("plan --job j --meta inventory:k --where x>5", .usage, "--where goes with a table"),
        Case(
            "acquire --job j --meta inventory:k --schema s",
            .usage,
            "--schema goes with a table, not with inventory:JOB"
        ),
        Case(
            "acquire --job j --meta table:inventory:k",
            .usage,
            "means the batches of a job; give the table's schema"
        ),
        Case(
            "acquire --job j --meta files --upstream-run r",
            .usage,
            "--upstream-run goes with inventory:JOB, not with a table"
        ),
        Case(
            "acquire --job j --run r --meta files --root-ids 1..5",
            .usage,
            "--root-ids goes with inventory:JOB, not with a table"
        ),
        Case(
            "acquire --job j --meta inventory:k --root-ids 1..5",
            .usage,
            "--root-ids needs --run"
        ),
        Case(
            "backfill --job j --meta inventory:k --run r --root-ids 9..1 -- true",
            .usage,
            "--root-ids '9..1': the lower end is above the upper"
        ),
        Case(
            "acquire --job j --meta inventory:k --upstream-meta odd:x",
            .usage,
            "--upstream-meta: 'odd:x' is not a table's name"
        ),
        Case("acquire --job j --meta odd:x.csv", .usage, "is not a table's name"),
        Case("acquire --job j --meta csv:", .usage, "'csv:' names no file"),
        Case("acquire --job j --meta csv:nowhere.csv", .failed, "there is no file 'nowhere.csv'"),
        Case("acquire --job j --meta csv:x --uid id", .usage, "not with a file of CSV"),
        Case("load", .usage, "FILE"),
        Case("load x", .usage, "'x' does not say how it is written"),
        Case("load x.csv", .usage, "--to is missing"),
        Case("load x.csv --to nowhere", .usage, "this is not a place to write to"),
        Case("load x.csv --to sqlite:x.db", .usage, "name the table with --table"),
        Case("load x.csv --to csv:y --key id", .usage, "--key goes with sqlite:PATH, "),
        Case(
            "load x.csv --to none --strict-types",
            .usage,
            "--strict-types goes with --schema"
        ),
        Case("load x.csv --to none --max-rejects 200%", .usage, "--max-rejects"),
        Case("load x.csv --to none --delimiter abcde", .usage, "one to four bytes"),
        Case("load x.csv --to none --quote ab", .usage, "give one character"),
        Case("load x.csv --to none --from 5", .usage, "need --run"),
        Case(
            "load x.csv --to none --run r --from 5 --to-offset 4",
            .usage,
            "--from 5 is above --to-offset 4"
        ),
        Case("load x.csv --to none", .failed, "there is no file 'x.csv'"),
        Case(
            "load x.csv --to postgresql://u:secret@h/d --table t",
            .usage,
            "put the URL into TRANCHE_SINK"
        ),
        Case("acquire --job j --meta a.b.c", .usage, "'a.b.c' is not a table's name"),
        Case(
            "acquire --job j --meta files --schema s",
            .usage,
            "--schema goes with 'table:files'"
        ),
        Case("succeed 1 --attempt 1 --result {n}", .usage, "--result is not JSON"),
        Case("succeed 1 --attempt 1 --result text", .usage, "--result is not JSON"),
        Case("succeed 1", .usage, "--attempt N is missing"),
        Case("succeed --attempt 1", .usage, "BATCH is missing"),
        Case("succeed x --attempt 1", .usage, "BATCH 'x': this is not a whole number"),
        Case("fail 1 --attempt 1", .usage, "--error TEXT is missing"),
        Case(
            "fail 1 --attempt 1 --error e --bad-ids 5,a..",
            .usage,
            "--bad-ids '5,a..': this is not a whole number"
        ),
        Case("fail 1 --attempt 1 --error e --bad-ids 1,,2", .usage, "ids look like 5,9..12"),
        Case(
            "fail 1 --attempt 1 --error e --bad-ids 1..9999999",
            .usage,
            "these are more than 1,000,000 ids"
        ),
        Case(
            "fail 1 --attempt 1 --error e --bad-ids 1 --transient",
            .usage,
            "--bad-ids and --transient exclude each other"
        ),
        Case(
            "work --job j --meta files",
            .usage,
            "the program to run is missing: give it after '--'"
        ),
        Case(
            "work --job j --meta files -- cp {} /backup/{}.bak",
            .usage,
            "'/backup/{}.bak' has {} within an argument"
        ),
        Case("work --job j --meta files sh", .usage, "the program to run goes after '--'"),
        Case("work --job j --meta files --drain --follow -- true", .usage, "exclude each other"),
        Case("work --job j --meta files --workers 0 -- true", .usage, "--workers '0'"),
        Case(
            "work --job j --meta files -- nosuchprogram",
            .usage,
            "there is no program 'nosuchprogram' in PATH"
        ),
        Case("work --job j --meta files -- /etc/passwd", .usage, "'/etc/passwd' is not a program"),
        Case("backfill --job j --meta files --from 1 -- true", .usage, "--run RUN is missing"),
        Case("backfill --job j --meta files --run r -- true", .usage, "a backfill has bounds"),
        Case(
            "batches --status done",
            .usage,
            "--status 'done': this is none of running, succeeded"
        ),
        Case("history --meta files", .usage, "--id ID is missing"),
        Case("logs", .usage, "--batch N is missing"),
        Case("retry", .usage, "name the job with --job, or batches with --batch"),
        Case("redefine --job j", .usage, "nothing to change"),
        Case("redefine --job j --on-exhausted ''", .usage, "this is none of fail, split"),
        Case("audit", .usage, "--job JOB is missing"),
        Case(
            "audit --job j --budget nonsense",
            .usage,
            "--budget 'nonsense': this is not a duration"
        ),
        Case("audit --job j --budget 0", .usage, "--budget '0': give a time above 0"),
        Case("audit --job j --from 5 --to 4", .usage, "--from 5 is above --to 4"),
        Case("audit --job j --redo-range", .usage, "--redo-range goes with --repair"),
        Case("gaps extra", .usage, "unexpected argument 'extra'"),
        Case("redrive", .usage, "--job JOB is missing"),
        Case("redrive --job j --ids 5..", .usage, "--ids '5..': '5..' has one end"),
        Case("redrive --job j --ids 9..5", .usage, "the lower end is above the upper; write 5..9"),
        Case(
            "redrive --job j --ids -9223372036854775808..9223372036854775807",
            .usage,
            "are too many ids"
        ),
        Case("split", .usage, "BATCH is missing"),
        Case("split x", .usage, "BATCH 'x': this is not a whole number"),
        Case("compact --keep 5y", .usage, "--keep '5y': 'y' is not a unit of time"),
        Case("compact --keep -1d", .usage, "--keep '-1d': a duration is 0 or more"),
        Case("migrate", .usage, "give one of up, down, status"),
        Case("migrate sideways", .usage, "'sideways' is not one of up, down, status"),
        Case("migrate down --zone UTC", .usage, "--zone goes with 'migrate up'"),
        Case("migrate up --bounded j", .usage, "give JOB=FROM..TO"),
        Case("migrate up --bounded j=9..1", .usage, "the lower end is above the upper"),
        Case("migrate up --to 99", .usage, "there is no migration 99"),
        Case("completions csh", .usage, "'csh' is not one of bash, zsh, fish"),
        Case("man", .usage, "DIR is missing"),
        Case("migrate status --yes", .usage, "--yes goes with up and down"),
        Case("acqire", .usage, "unknown command 'acqire'; did you mean 'acquire'?"),
        Case("jobs", .usage, "unknown command 'jobs'; did you mean 'status'?"),
        Case(
            "work --job j --table files -- true",
            .usage,
            "unknown option '--table'; did you mean --meta?"
        ),
        Case("--inventory sqlite:x.db", .usage, "name a command"),
        Case("status --inventory mysql://u:pw@h/d", .usage, "--inventory holds a password"),
        Case(
            "status --inventory postgresql://u:pw@h/d",
            .usage,
            "put the URL into TRANCHE_INVENTORY"
        ),
        Case(
            "status --meta-db postgresql://h/d?password=pw",
            .usage,
            "put the URL into TRANCHE_META_DB"
        ),
        Case(
            "status --inventory mysql://h/d",
            .usage,
            "names no database; give sqlite:PATH or postgresql://user@host/database"
        ),
        Case(
            "status --inventory csv:files.csv",
            .usage,
            "names a file of CSV, which can hold neither an inventory nor tables; give sqlite:PATH"
        ),
        Case("status --inventory mongodb://h/d.c", .usage, "can hold neither an inventory nor"),
        Case("status --inventory inv.db", .usage, "is sqlite:inv.db; give sqlite:PATH or"),
        Case("status --meta-db jdbc:postgresql://h/d", .usage, "leave out 'jdbc:'"),
        Case("status --inventory dbname=x", .usage, "what libpq takes as words is given as a URL"),
        Case("status --inventory postgres:foo", .usage, "'postgres:foo' is not a URL; give post"),
        Case("status --inventory sqlite:", .usage, "names no file"),
        Case("status --inventory sqlite://host/x", .usage, "has a host"),
    ]

    static let failures: [Case] = [
        Case("acquire --job j --meta nosuch", .failed, "there is no table or view 'nosuch'"),
        Case(
            "acquire --job j --meta files --item nosuch",
            .failed,
            "has no column 'nosuch' for the item"
        ),
        Case(
            "acquire --job j --meta files --weight-column nosuch",
            .failed,
            "has no column 'nosuch'"
        ),
        Case(
            "acquire --job j --meta files --settle-column nosuch",
            .failed,
            "has no column 'nosuch' for the settle column"
        ),
        Case(
            "acquire --job j --meta files --uid item",
            .failed,
            "the uid must be an integer, or unique"
        ),
        Case(
            "acquire --job j --meta files --weight-column item",
            .failed,
            "a weight must be a number"
        ),
        Case(
            "acquire --job j --meta bare --weight 5",
            .usage,
            "a weight limit needs a weight column"
        ),
        Case("acquire --job j --meta files --where weight_>", .failed, "is not valid"),
        Case("acquire --job j --meta files --where 1;_DROP_TABLE_files", .failed, "is not valid"),
        Case("acquire --job j --meta files --where random()>0", .failed, "--volatile-filter"),
        Case("acquire --job j --meta nulls", .failed, "holds NULL"),
        Case("acquire --job j --meta twice", .failed, "id 1 stands more than once"),
        Case("acquire --job j --meta negative", .failed, "id 2 has the weight -1.0"),
        Case("succeed 99 --attempt 1", .failed, "no batch 99"),
        Case("heartbeat 99 --attempt 1", .failed, "no batch 99"),
        Case(
            "fail 99 --attempt 1 --error e --bad-ids 1",
            .failed,
            "there is no batch 99"
        ),
        Case("split 99", .failed, "there is no batch 99"),
        Case("audit --job nosuch", .failed, "there is no job 'nosuch'"),
        Case("audit --job j --run r", .failed, "there is no job 'j'"),
        Case("redrive --job nosuch", .failed, "there is no job 'nosuch'"),
        Case("compact --job nosuch", .failed, "there is no such run of job 'nosuch'"),
        Case(
            "acquire --job j --meta inventory:nosuch",
            .failed,
            "there is no job 'nosuch'"
        ),
        Case(
            "backfill --job j --meta inventory:j --run r --root-ids 1..5 -- true",
            .failed,
            "there is no job 'j'"
        ),
        Case("pause --job nosuch", .failed, "there is no job 'nosuch'"),
        Case("migrate up --bounded j=1..2", .failed, "no table of pybatchintory's"),
    ]

    @Test("A wrong command line is one line that says what to do, and exit 64", arguments: usage)
    func refuse(badUsage bad: Case) async throws {
        let bench = try await CommandLineBench()
        try await expect(bad, in: bench)
    }

    @Test("What the databases refuse is one line, and nothing is written", arguments: failures)
    func refuse(badWork bad: Case) async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE bare (uid INTEGER PRIMARY KEY); INSERT INTO bare VALUES (1);
            CREATE TABLE nulls (uid INTEGER); INSERT INTO nulls VALUES (1), (NULL);
            CREATE TABLE twice (uid INTEGER NOT NULL); INSERT INTO twice VALUES (1), (1);
            CREATE TABLE negative (uid INTEGER NOT NULL, weight REAL); 
            INSERT INTO negative VALUES (2, -1);
            """
        )
        try await expect(bad, in: bench)
    }

    private func expect(_ bad: Case, in bench: CommandLineBench) async throws {
        let outcome = await bench.run(bad.arguments)
        #expect(outcome.status == bad.status)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("tranche: "))
        #expect(outcome.errors.contains(bad.message), "\(outcome.errors)")
        #expect(outcome.errors.split(separator: "\n").count == 1)
        #expect(!outcome.errors.contains("pw"))
        #expect(try await bench.batches().isEmpty)
        #expect(await bench.run("status", "--json").output.hasSuffix(#","runs":[]}"# + "\n"))
    }

    @Test("Without an inventory, the way to name one is told")
    func noInventory() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let outcome = await bench.run(["status"], environment: ["TRANCHE_INVENTORY": ""])
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains("set TRANCHE_INVENTORY or give --inventory"))
    }

    @Test("A missing schema, and a file that is no database, are told")
    func badFiles() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let missing = await bench.run("acquire", "--job", "j", "--meta", "files")
        #expect(missing.status == .failed)
        #expect(missing.errors.contains("run 'tranche migrate up'"))
        let none = await bench.run("status", "--inventory", "sqlite:\(bench.path("none.db"))")
        #expect(none.status == .failed)
        #expect(none.errors.contains("'tranche migrate up' makes the inventory"))
        #expect(!FileManager.default.fileExists(atPath: bench.path("none.db")))
        let text = String(repeating: "no database\n", count: 100)
        try text.write(toFile: bench.path("text.db"), atomically: true, encoding: .utf8)
        let noDatabase = await bench.run("status", "--inventory", "sqlite:\(bench.path("text.db"))")
        #expect(noDatabase.status == .failed)
        #expect(noDatabase.errors.contains("the file is not a SQLite database; it is a text"))
        #expect(try String(contentsOfFile: bench.path("text.db"), encoding: .utf8) == text)
    }

    @Test("An unreachable server is worth another try, and its password stays secret")
    func unreachable() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let outcome = await bench.run(
            ["status"],
            environment: [
                "TRANCHE_INVENTORY": "postgresql://me:geheim@127.0.0.1:1/nosuch",
                "TRANCHE_RETRY_LIMIT": "0",
            ]
        )
        #expect(outcome.status == .tryAgain)
        #expect(!outcome.errors.contains("geheim"))
        #expect(outcome.errors.split(separator: "\n").count == 1)
    }

    @Test(
        "What only looks says at once that a server is away",
        arguments: ["workflow list", "workflow show --job j", "load x.csv --to none --dry-run"]
    )
    func lookingAtNothing(_ words: String) async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        let outcome = await bench.run(
            words.split(separator: " ").map(String.init),
            environment: [
                "TRANCHE_INVENTORY": "postgresql://127.0.0.1:1/nosuch",
                "TRANCHE_RETRY_LIMIT": "600s",
            ]
        )
        #expect(outcome.status == .tryAgain)
        #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    }

    @Test("A source that was rewound holds the run")
    func rewound() async throws {
        let bench = try await CommandLineBench()
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
        #expect(await bench.run("succeed", "1", "--attempt", "1").status == .done)
        try bench.execute("DELETE FROM files WHERE uid > 5")
        let outcome = await bench.run("acquire", "--job", "j", "--meta", "files")
        #expect(outcome.status == .nothingNow)
        #expect(outcome.errors.hasPrefix("tranche: held: "))
        let work = await bench.run("work", "--job", "j", "--meta", "files", "--", "true")
        #expect(work.status == .tryAgain)
        #expect(work.errors.contains("held: "))
        let words = "'files' was rewound: its highest id is 5"
        for command in [["plan", "--job", "j"], ["status", "--check"], ["status", "--json"]] {
            let told = await bench.run(command)
            #expect((told.output + told.errors).contains(words), "\(told.output)\(told.errors)")
            #expect((told.status == .done) == (command.last == "--json"))
        }
        try bench.execute("INSERT INTO files (uid) VALUES (1000)")
        #expect(await bench.run("status", "--check").status == .done)
        #expect(await bench.run("acquire", "--job", "j", "--meta", "files").status == .done)
    }

    @Test("An empty file in the place of the inventory stays empty, whatever looks at it or works")
    func emptyFile() async throws {
        let bench = try await CommandLineBench(isMigrated: false)
        try bench.write("", to: "empty.db")
        let place = ["--inventory", "sqlite:" + bench.path("empty.db")]
        for words in [["status"], ["plan", "--job", "j"], ["acquire", "--job", "j"]] {
            let outcome = await bench.run(words + place)
            #expect(outcome.status == .failed, "\(words): \(outcome)")
            #expect(outcome.errors.contains("an empty file; run 'tranche migrate up'"))
        }
        #expect(FileManager.default.contents(atPath: bench.path("empty.db")) == Data())
        #expect(await bench.run(["migrate", "up"] + place).status == .done)
        #expect(await bench.run(["status"] + place).status == .done)
    }
}
