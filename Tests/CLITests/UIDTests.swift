import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL

@testable import TrancheCLI

/// Where items with uids that are not integers stand: a SQLite file, or a server's schema.
private struct UIDBench: Sendable {
    enum Place: String, CaseIterable, CustomTestStringConvertible {
        case sqlite, postgresql

        static var available: [Place] {
            TestPostgreSQL.server == nil ? [.sqlite] : allCases
        }

        var testDescription: String { rawValue }
    }

    let bench: CommandLineBench
    let settings: [String: String]
    /// What stands before a table's name in SQL, and in `--meta`.
    let prefix: String
    private let database: PostgreSQLDatabase?

    static func with(_ place: Place, _ body: (UIDBench) async throws -> Void) async throws {
        let bench = try await CommandLineBench()
        guard place == .postgresql else {
            return try await body(
                UIDBench(bench: bench, settings: [:], prefix: "", database: nil)
            )
        }
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            let database = try server.database(maxConnections: 1)
            let own = UIDBench(
                bench: bench,
                settings: ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema],
                prefix: "\(schema).",
                database: database
            )
            try #require(await own.run("migrate", "up").status == .done)
            try await body(own)
            await database.close()
        }
    }

    var isPostgreSQL: Bool { database != nil }

    /// Runs SQL; `@` stands for what is before a table's name.
    func execute(_ sql: String) async throws {
        let sql = sql.replacing("@", with: prefix)
        guard let database else { return try bench.execute(sql) }
        try await database.run(sql)
    }

    func run(_ arguments: String...) async -> CommandLineBench.Outcome { await run(arguments) }

    func run(_ arguments: [String]) async -> CommandLineBench.Outcome {
        await bench.run(arguments, environment: settings)
    }

    /// Works until all is done; each line that the program reads is appended to a file.
    func work(
        _ job: [String],
        _ more: String...,
        endingAs status: ProgramStatus = .done
    ) async throws -> [String] {
        let file = bench.path("lines-\(UUID())")
        let worked = await run(["work"] + job + more + ["--", "sh", "-c", "cat >> \(file)"])
        try #require(worked.status == status, "\(worked.errors)")
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        return text.split(separator: "\n").map(String.init)
    }
}

@Suite("Uids that are not integers", .serialized, .timeLimit(.minutes(10)))
struct UIDTests {
    private func uuid(_ number: Int, version: Character = "4") -> String {
        let digits = String(number * 7919 % 65536, radix: 16)
        let head = String(repeating: "0", count: 4 - digits.count) + digits
        return "\(head)\(head)-\(head)-\(version)abc-8abc-0000000000\(head.suffix(2))"
    }

    private func job(_ own: UIDBench, _ more: String...) -> [String] {
        ["--job", "j", "--meta", "\(own.prefix)docs", "--uid", "key"] + more
    }

    @Test("Rows with a uuid are handed out once, by it", arguments: UIDBench.Place.available)
    fileprivate func uuids(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            let type = own.isPostgreSQL ? "uuid" : "TEXT"
            try await own.execute(
                "CREATE TABLE @docs (key \(type) PRIMARY KEY, item text, weight int)"
            )
            let first = (1...40).map { uuid($0) }
            for key in first {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 'a''b', 2)")
            }
            let lines = try await own.work(job(own, "--weight", "14", "--workers", "2"))
            #expect(lines.count == 40)
            #expect(
                Set(lines) == Set(first.map { #"{"id":"\#($0)","item":"a'b","weight":2}"# })
            )
            // What comes between the others is found, and what is there is not again.
            let later = (41...60).map { uuid($0) }
            for key in later {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 'c', 1)")
            }
            let more = try await own.work(job(own, "--count", "7"))
            #expect(Set(more) == Set(later.map { #"{"id":"\#($0)","item":"c","weight":1}"# }))
            #expect(more.count == 20)
            #expect(try await own.work(job(own)).isEmpty)
            let gaps = await own.run("gaps", "--job", "j", "--json")
            #expect(gaps.output.contains(#""gaps":[]"#), "\(gaps.output)")
            #expect(await own.run("audit", "--job", "j").status == .done)
        }
    }

    @Test("Bounds of a run are numbers, which is said", arguments: UIDBench.Place.available)
    fileprivate func bounds(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY, item text)")
            for key in ["7", "2", "3", "a"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 'x')")
            }
            #expect(try await own.work(job(own)).count == 4)
            let run = ["--run", "r", "--from", "2", "--to", "3"]
            let words = "--from and --to are the numbers that they have beside the inventory"
            let told = await own.run(["acquire", "--json"] + job(own) + run)
            #expect(told.errors.contains(words), "\(told.errors)")
            #expect(told.output.contains(#""count":2"#), "\(told.output)")
            let again = await own.run(["acquire"] + job(own) + run)
            #expect(!again.errors.contains(words), "\(again.errors)")
        }
    }

    @Test("Programs, history and filters take and name uids", arguments: UIDBench.Place.available)
    fileprivate func names(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute(
                "CREATE TABLE @docs (key text PRIMARY KEY, item text, weight int)"
            )
            for key in ["a", "b", "B", "5", "é\"x"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 'of \(key)', 1)")
            }
            let script = """
                echo "$TRANCHE_ID_START $TRANCHE_ID_END $TRANCHE_EXACT" >&2
                cat > /dev/null
                echo '{"bad": [{"id": "B", "error": "no such day"}], "bad_ids": ["5"]}'
                """
            let work = ["work"] + job(own, "--columns", "key") + ["--", "sh", "-c", script]
            let worked = await own.run(work)
            #expect(worked.status == .failed, "\(worked.errors)")
            #expect(worked.errors.contains(" 0\n"), "\(worked.errors)")
            let bad = await own.bench.run(
                ["batches", "--status", "quarantined"],
                environment: own.settings
            )
            #expect(bad.output.contains("no such day"), "\(bad.output)")
            #expect(bad.output.contains("uid B,"), "\(bad.output)")
            let history = await own.run("history", "--meta", "\(own.prefix)docs", "--id", "B")
            #expect(history.output.contains("no such day"), "\(history.errors)")
            let json = await own.run(
                "history",
                "--meta",
                "\(own.prefix)docs",
                "--id",
                "5",
                "--json"
            )
            #expect(json.output.contains(#""uid":"5""#), "\(json.output)")
            let none = await own.run("history", "--meta", "\(own.prefix)docs", "--id", "zz")
            #expect(none.errors.contains("has no item 'zz'"), "\(none.errors)")
            let redriven = await own.run("redrive", "--job", "j", "--ids", "B", "--json")
            #expect(redriven.status == .done, "\(redriven.errors)")
            let lines = try await own.work(job(own, "--columns", "key"), endingAs: .failed)
            #expect(lines == [#"{"id":"B","item":"of B","weight":1,"row":{"key":"B"}}"#])
            let again = await own.run("redrive", "--job", "j", "--ids", "B")
            #expect(again.status == .nothingNow, "\(again.output)")
        }
    }

    @Test(
        "Jobs of one table that go by integers and by uids are told apart",
        arguments: UIDBench.Place.available
    )
    fileprivate func bothKinds(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            let id =
                own.isPostgreSQL
                ? "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
                : "INTEGER PRIMARY KEY AUTOINCREMENT"
            try await own.execute("CREATE TABLE @docs (id \(id), key text NOT NULL UNIQUE)")
            // The last row has the lowest number, or another one than its id at least.
            for key in ["c", "b", "a"] {
                try await own.execute("INSERT INTO @docs (key) VALUES ('\(key)')")
            }
            let meta = "\(own.prefix)docs"
            let plain = ["--job", "plain", "--meta", meta, "--uid", "id", "--item", "key"]
            #expect(try await own.work(plain + ["--count", "1"]).count == 3)
            #expect(try await own.work(job(own, "--item", "key", "--count", "1")).count == 3)

            let byID = await own.run("history", "--meta", meta, "--id", "1", "--json")
            #expect(byID.output.contains(#""job":"plain""#), "\(byID.errors)")
            #expect(!byID.output.contains(#""job":"j""#), "\(byID.output)")
            let byUID = await own.run("history", "--meta", meta, "--id", "c", "--json")
            #expect(byUID.output.contains(#""job":"j""#), "\(byUID.errors)")
            #expect(!byUID.output.contains(#""job":"plain""#), "\(byUID.output)")

            let retry = ["retry", "--status", "succeeded", "--dry-run", "--json", "--ids"]
            let integer = await own.run(retry + ["1", "--job", "plain"])
            #expect(integer.output.contains(#""batches":[1]"#), "\(integer.output)")
            let name = await own.run(retry + ["c", "--job", "j"])
            #expect(name.output.contains(#/"batches":\[[456]\]/#), "\(name.output)")
            let unknown = await own.run("history", "--meta", meta, "--id", "zz")
            #expect(unknown.errors.contains("has no item 'zz'"), "\(unknown.errors)")
        }
    }

    @Test("fail and succeed blame items by their uids", arguments: UIDBench.Place.available)
    fileprivate func blame(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY)")
            for key in ["a", "b", "c"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)')")
            }
            let taken = await own.run(["acquire", "--json"] + job(own))
            #expect(taken.output.contains(#""items":[{"id":"a","item":null,"weight":0},"#))
            #expect(taken.output.contains(#""exact":false"#), "\(taken.output)")
            let strange = await own.run(
                "fail",
                "1",
                "--attempt",
                "1",
                "--error",
                "e",
                "--bad-ids",
                "x"
            )
            #expect(strange.errors.contains("the batch has no id x"), "\(strange.errors)")
            let failed = await own.run(
                "fail",
                "1",
                "--attempt",
                "1",
                "--error",
                "e",
                "--bad-ids",
                "a,c"
            )
            #expect(failed.status == .done, "\(failed.errors)")
            let lines = try await own.work(job(own), endingAs: .failed)
            #expect(lines == [#"{"id":"b","item":null,"weight":0}"#])
        }
    }

    @Test("What cannot be numbered is refused with what to do", arguments: UIDBench.Place.available)
    fileprivate func refusals(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text, n real, at text)")
            let twice = await own.run(["acquire"] + job(own))
            #expect(twice.errors.contains("the uid must be an integer, or unique"))
            let remedy = try #require(
                twice.errors.firstMatch(of: #/CREATE UNIQUE INDEX .*\(.*?\)/#),
                "\(twice.errors)"
            )
            try await own.execute(String(remedy.output))
            try await own.execute("INSERT INTO @docs (key) VALUES (NULL), ('a')")
            let null = await own.run(["acquire"] + job(own))
            #expect(null.errors.contains("holds NULL; every entry needs an id"), "\(null.errors)")
            try await own.execute("DELETE FROM @docs WHERE key IS NULL")
            let number = await own.run(
                "acquire",
                "--job",
                "j",
                "--meta",
                "\(own.prefix)docs",
                "--uid",
                "n"
            )
            #expect(number.errors.contains("must be an integer, or a uuid, text or time"))
            let lag = await own.run(["acquire", "--settle-lag", "5s"] + job(own))
            #expect(lag.errors.contains("leave it out"), "\(lag.errors)")
            let sound = await own.run(["acquire"] + job(own))
            #expect(sound.status == .done, "\(sound.errors)")
            guard !own.isPostgreSQL else { return }
            try await own.execute("INSERT INTO @docs (key) VALUES (x'00')")
            let bytes = await own.run(["acquire"] + job(own))
            #expect(bytes.errors.contains("is not a text in UTF-8; every row"), "\(bytes.errors)")
        }
    }

    @Test("Numbers stay while a job goes by them", arguments: UIDBench.Place.available)
    fileprivate func numbersStay(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY)")
            try await own.execute("INSERT INTO @docs VALUES ('m'), ('n')")
            #expect(try await own.work(job(own)).count == 2)
            for more in [["--yes"], ["--dry-run"]] {
                let down = await own.run(["migrate", "down", "--to", "27"] + more)
                #expect(down.status == .failed)
                #expect(down.errors.contains("and job 'j' goes by them"), "\(down.errors)")
            }
            let forgotten = await own.run("forget", "--job", "j", "--yes")
            #expect(forgotten.status == .done, "\(forgotten.errors)")
            let down = await own.run("migrate", "down", "--to", "27", "--yes")
            #expect(down.status == .done, "\(down.errors)")
            try #require(await own.run("migrate", "up").status == .done)
            #expect(try await own.work(job(own)).count == 2)
            #expect(await own.run("migrate", "down", "--to", "0", "--yes").status == .done)
        }
    }

    @Test("An inventory in another database is refused; the same by another name is not")
    func elsewhere() async throws {
        let bench = try await CommandLineBench()
        try bench.execute("CREATE TABLE docs (key TEXT PRIMARY KEY); INSERT INTO docs VALUES ('a')")
        let other = ["TRANCHE_INVENTORY": "sqlite:\(bench.path("other.db"))"]
        try #require(await bench.run(["migrate", "up"], environment: other).status == .done)
        let job = ["acquire", "--job", "j", "--meta", "docs", "--uid", "key"]
        let items = ["TRANCHE_META_DB": "sqlite:\(bench.path("tranche.db"))"]
        let refused = await bench.run(job, environment: other.merging(items) { $1 })
        #expect(refused.status == .failed)
        #expect(
            refused.errors.contains("which must be in the same database as the items"),
            "\(refused.errors)"
        )
        #expect(refused.errors.contains("INTEGER PRIMARY KEY AUTOINCREMENT"), "\(refused.errors)")
        let same = await bench.run(job, environment: items)
        #expect(same.status == .done, "\(same.errors)")
    }

    @Test("Where ids are integers, what is not one is refused")
    func integers() async throws {
        let bench = try await CommandLineBench()
        let acquired = await bench.run("acquire", "--job", "j", "--meta", "files")
        #expect(acquired.status == .done, "\(acquired.errors)")
        let words = "'a': this is not a whole number"
        for command in [
            ["fail", "1", "--attempt", "1", "--error", "e", "--bad-ids", "a"],
            ["release", "--job", "j", "--ids", "a"], ["history", "--meta", "files", "--id", "a"],
        ] {
            let refused = await bench.run(command)
            #expect(refused.status == .usage, "\(refused.errors)")
            #expect(refused.errors.contains(words), "\(refused.errors)")
        }
        let result = #"echo '{"bad_ids": ["a"]}'"#
        let blamed = await bench.run(
            ["work", "--job", "k", "--meta", "files", "--max-attempts", "1", "--", "sh", "-c"]
                + ["cat > /dev/null; " + result]
        )
        #expect(blamed.errors.contains(#"its "bad_ids" are not a list of ids"#), "\(blamed.errors)")
    }

    @Test("Filters, weights and keys work with numbered uids", arguments: UIDBench.Place.available)
    fileprivate func filters(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute(
                "CREATE TABLE @docs (key text PRIMARY KEY, item text, weight int, kind text)"
            )
            for number in 10..<40 {
                let kind = number % 3 == 0 ? "csv" : "pdf"
                try await own.execute(
                    "INSERT INTO @docs VALUES ('k\(number)', '\(number / 10)', 1, '\(kind)')"
                )
            }
            let asked = job(own, "--where", "docs.kind = 'csv'", "--key", "item")
            let first = await own.run(["acquire", "--json"] + asked)
            #expect(first.output.contains(#""count":3,"weight":3,"key":"1""#), "\(first.errors)")
            #expect(first.output.contains(#""id":"k12","#), "\(first.output)")
            let released = await own.run("release", "1", "--attempt", "1")
            #expect(released.status == .done)
            let lines = try await own.work(asked)
            #expect(lines.count == 10)
            // Rows that went are left out, and their numbers stay theirs.
            try await own.execute("DELETE FROM @docs WHERE key < 'k20'")
            try await own.execute("INSERT INTO @docs VALUES ('k0', '0', 1, 'csv')")
            #expect(try await own.work(asked).count == 1)
        }
    }

    @Test("Numbers are exported, imported and forgotten", arguments: UIDBench.Place.available)
    fileprivate func transfer(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY)")
            for key in ["a", "b", "c"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)')")
            }
            #expect(try await own.work(job(own)).count == 3)
            let file = own.bench.path("backup.jsonl")
            let exported = await own.run("export", file)
            #expect(exported.status == .done, "\(exported.errors)")
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains(#""uid":"b""#), "\(text)")
            let forgotten = await own.run("forget", "--job", "j", "--yes")
            #expect(forgotten.status == .done, "\(forgotten.errors)")
            #expect(try await own.work(job(own)).count == 3)
            #expect(await own.run("forget", "--job", "j", "--yes").status == .done)
            let imported = await own.run("import", file)
            #expect(imported.status == .done, "\(imported.errors)")
            try await own.execute("INSERT INTO @docs VALUES ('aa')")
            let lines = try await own.work(job(own))
            #expect(lines == [#"{"id":"aa","item":null,"weight":0}"#])
        }
    }

    @Test("The numbers of a job come with it", arguments: UIDBench.Place.available)
    fileprivate func transferOfJob(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY)")
            for key in ["a", "b", "c"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)')")
            }
            #expect(try await own.work(job(own)).count == 3)
            let file = own.bench.path("j.jsonl")
            #expect(await own.run("export", file, "--job", "j").status == .done)
            #expect(await own.run("forget", "--job", "j", "--yes").status == .done)
            #expect(await own.run("import", file).status == .done)
            try await own.execute("INSERT INTO @docs VALUES ('aa')")
            #expect(try await own.work(job(own)) == [#"{"id":"aa","item":null,"weight":0}"#])
            // Another job keeps the numbers, which are the same when the first comes back.
            let other = ["--job", "k"] + job(own).dropFirst(2)
            #expect(try await own.work(other).count == 4)
            #expect(await own.run("forget", "--job", "j", "--yes").status == .done)
            #expect(await own.run("import", file).status == .done)
            #expect(try await own.work(job(own)) == [#"{"id":"aa","item":null,"weight":0}"#])
            // Where they are others, nothing is imported.
            #expect(await own.run("forget", "--job", "j", "--yes").status == .done)
            #expect(await own.run("forget", "--job", "k", "--yes").status == .done)
            try await own.execute("DELETE FROM @docs WHERE key = 'a'")
            #expect(try await own.work(other).count == 3)
            let refused = await own.run("import", file)
            #expect(refused.status == .usage)
            #expect(
                refused.errors.contains("uid 'a' has the number 1 in the file, and another one"),
                "\(refused.errors)"
            )
            #expect(await own.run("status", "--job", "j").status == .failed)
        }
    }

    @Test("Rows that have no number yet wait, too", arguments: UIDBench.Place.available)
    fileprivate func backlog(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute(
                "CREATE TABLE @docs (key text PRIMARY KEY, weight int, kind text)"
            )
            for key in ["a", "b", "c"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 2, 'x')")
            }
            let asked = job(own, "--weight-column", "weight", "--where", "kind = 'x'")
            #expect(try await own.work(asked).count == 3)
            let idle = await own.run("status", "--json")
            #expect(idle.output.contains(#""backlog":{"items":0,"#), "\(idle.output)")
            for key in ["aa", "d", "e"] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)', 5, 'x')")
            }
            try await own.execute("INSERT INTO @docs VALUES ('f', 5, 'y')")
            let status = await own.run("status", "--json")
            #expect(
                status.output.contains(#""backlog":{"items":3,"weight":15"#),
                "\(status.output)"
            )
            let check = await own.run("status", "--check", "--max-backlog", "2")
            #expect(check.status == .failed, "\(check.output)\(check.errors)")
            let plan = await own.run(["plan", "--json"] + asked)
            #expect(plan.output.contains(#""items":3"#), "\(plan.output)")
            #expect(try await own.work(asked).count == 3)
            let done = await own.run("status", "--json")
            #expect(done.output.contains(#""backlog":{"items":0,"#), "\(done.output)")
        }
    }

    @Test("A row that breaks a rule is named by its uid", arguments: UIDBench.Place.available)
    fileprivate func faults(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute(
                """
                CREATE TABLE @docs (uid text PRIMARY KEY, item text, weight integer);
                INSERT INTO @docs VALUES ('alpha', '1', 1), ('beta', '2', -5);
                """
            )
            let work = ["work", "--job", "j", "--meta", "\(own.prefix)docs", "--", "true"]
            let outcome = await own.run(work)
            #expect(outcome.status == .failed, "\(outcome)")
            #expect(outcome.errors.contains("uid 'beta' has the weight -5.0"), "\(outcome.errors)")
        }
    }

    @Test("A uid that has a comma is named in quotes", arguments: UIDBench.Place.available)
    fileprivate func commas(_ place: UIDBench.Place) async throws {
        try await UIDBench.with(place) { own in
            try await own.execute("CREATE TABLE @docs (key text PRIMARY KEY)")
            for key in ["a,b", "c", "say \"x\""] {
                try await own.execute("INSERT INTO @docs VALUES ('\(key)')")
            }
            let result = #"echo '{"bad_ids": ["a,b", "c", "say \"x\""]}'"#
            _ = await own.run(
                ["work"] + job(own) + ["--", "sh", "-c", "cat > /dev/null; " + result]
            )
            let plain = await own.run("redrive", "--job", "j", "--ids", "a,b", "--dry-run")
            #expect(plain.errors.contains("has no item 'a' that was found yet"))
            #expect(plain.errors.contains("stands in double quotes"), "\(plain.errors)")
            let open = await own.run("redrive", "--job", "j", "--ids", "\"a,b", "--dry-run")
            #expect(open.status == .usage)
            #expect(open.errors.contains("ends with one"), "\(open.errors)")
            let quoted = #""a,b", "say ""x""""#
            let redriven = await own.run("redrive", "--job", "j", "--ids", quoted, "--yes")
            #expect(redriven.status == .done, "\(redriven.errors)")
            let others = await own.run("redrive", "--job", "j", "--ids", #"c,"a,b""#, "--dry-run")
            #expect(others.errors.contains("1 id is not quarantined: 'a,b'"), "\(others)")
            let lines = try await own.work(job(own), endingAs: .failed)
            #expect(lines.count == 2, "\(lines)")
            #expect(lines.contains(#"{"id":"a,b","item":null,"weight":0}"#), "\(lines)")
        }
    }

    @Test(
        "Times are uids to the microsecond, in UTC",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func times() async throws {
        try await UIDBench.with(.postgresql) { own in
            try await own.execute(
                """
                CREATE TABLE @docs (key timestamptz PRIMARY KEY, at timestamp UNIQUE NOT NULL);
                INSERT INTO @docs VALUES
                    ('2026-01-02 03:04:05.000006+02', '2026-01-02 03:04:05.000006'),
                    ('2026-01-02 03:04:05.000007+02', '-infinity'),
                    ('infinity', '0044-03-15 BC');
                """
            )
            let lines = try await own.work(job(own))
            let uids = [
                "2026-01-02T01:04:05.000006Z", "2026-01-02T01:04:05.000007Z", "infinity",
            ]
            #expect(lines == uids.map { #"{"id":"\#($0)","item":null,"weight":0}"# })
            let others = try await own.work([
                "--job", "k", "--meta", "\(own.prefix)docs", "--uid", "at",
            ])
            #expect(others.count == 3)
            #expect(others[0].hasPrefix(#"{"id":"-infinity""#), "\(others)")
            #expect(others[1].hasPrefix(#"{"id":"0044-03-15T00:00:00.000000 BC""#), "\(others)")
        }
    }

    @Test(
        "Times are registered once, and found however they are written",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func registeredTimes() async throws {
        try await UIDBench.with(.postgresql) { own in
            func line(_ uid: String, _ item: String) -> String {
                #"{"id":"\#(uid)","item":"\#(item)","weight":1}"#
            }
            try await own.execute(
                """
                CREATE TABLE @docs (key timestamptz PRIMARY KEY, item text, weight int);
                INSERT INTO @docs VALUES
                    ('2026-01-02 03:04:05+02', 'a', 1), ('2026-01-04 00:00:00.25Z', 'b', 1);
                """
            )
            let first = [
                line("2026-01-02T01:04:05.000000Z", "a"), line("2026-01-04T00:00:00.250000Z", "b"),
            ]
            #expect(try await own.work(job(own)) == first)
            // What comes between the others has the next number, and no other gets a new one.
            try await own.execute("INSERT INTO @docs VALUES ('2026-01-03 12:00:00+05:30', 'c', 1)")
            let later = line("2026-01-03T06:30:00.000000Z", "c")
            #expect(try await own.work(job(own)) == [later])
            #expect(try await own.work(job(own)).isEmpty)
            let ways = ["2026-01-03T06:30:00.000000Z", "2026-01-03 06:30Z", "2026-01-03 07:30+01"]
            for way in ways {
                let words = ["history", "--meta", "\(own.prefix)docs", "--id", way, "--json"]
                let history = await own.run(words)
                #expect(history.output.contains(#""id":3,"uid":"\#(way)""#), "\(history)")
            }
            let none = await own.run("history", "--meta", "\(own.prefix)docs", "--id", "2026-01-03")
            #expect(none.errors.contains("has no item '2026-01-03'"), "\(none)")
            // A program may blame one, and somebody offer it again, by other ways to write it.
            try await own.execute("INSERT INTO @docs VALUES ('2026-02-01 00:00Z', 'd', 1)")
            let result = #"echo '{"bad_ids": ["2026-02-01 01:00:00+01"]}'"#
            let script = "cat > /dev/null; " + result
            let blamed = await own.run(["work"] + job(own) + ["--", "sh", "-c", script])
            #expect(blamed.status == .failed, "\(blamed.errors)")
            let redrive = ["redrive", "--job", "j", "--ids", "2026-02-01 00:00Z", "--yes"]
            let redriven = await own.run(redrive)
            #expect(redriven.status == .done, "\(redriven.errors)")
            let again = line("2026-02-01T00:00:00.000000Z", "d")
            #expect(try await own.work(job(own)) == [again])
            #expect(await own.run("audit", "--job", "j").status == .done)
        }
    }
}
