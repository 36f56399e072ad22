import Foundation
import TestSupport
import Testing
import TranchePostgreSQL
import TrancheSQL

@testable import TrancheCLI

@Suite("Tables that a load makes", .timeLimit(.minutes(10)))
struct CreateTableTests {
    private static let text = """
        id,zip,price,born,seen,note,none
        1,01234,1.50,2000-02-29,2026-01-31T08:00:00Z,"5, or so",
        2,99999,20,2001-01-01,2026-01-31T09:00:00.5+01:00,7,
        30,12345,-3.25,1999-12-31,2026-01-31T10:00:00Z,x,

        """

    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.write(Self.text, to: "c.csv")
        return bench
    }

    /// A server's schema with an inventory, and what a command line says of it.
    private func withServer(
        _ body: (CommandLineBench, _ settings: [String: String], _ schema: String) async throws ->
            Void
    ) async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            let bench = try await bench()
            let settings = ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema]
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            try await body(bench, settings, schema)
        }
    }

    @Test("A table is made of what the records hold, and nothing of them is lost")
    func sampled() async throws {
        let bench = try await bench()
        let words = [
            "load", bench.path("c.csv"), "--to", "table:person", "--key", "id", "--create-table",
        ]
        let statement = """
            CREATE TABLE "person" (
                "id" INTEGER NOT NULL,
                "zip" TEXT,
                "price" REAL,
                "born" TEXT,
                "seen" TEXT,
                "note" TEXT,
                "none" TEXT,
                PRIMARY KEY ("id")
            ) STRICT
            """
        let trial = await bench.run(words + ["--dry-run"])
        #expect(trial.status == .done, "\(trial.errors)")
        #expect(trial.output.contains("would make the table:\n\(statement)\n"), "\(trial.output)")
        #expect(trial.output.contains("checked: 3 records, of which 0 would be refused"))
        #expect(try bench.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'person'") == ["0"])
        let load = await bench.run(words)
        #expect(load.status == .done, "\(load.errors)")
        #expect(load.errors.contains("made table 'person': CREATE TABLE \"person\" ("))
        let rows = try bench.rows("SELECT id, zip, price, seen, none FROM person ORDER BY id")
        #expect(rows[0] == "1|01234|1.5|2026-01-31T08:00:00Z|NULL")
        #expect(rows.count == 3)
        #expect(
            try bench.rows("SELECT sql FROM sqlite_schema WHERE name = 'person'") == [statement]
        )
    }

    @Test("A table is made of a schema's types, whatever its records hold")
    func fromSchema() async throws {
        let bench = try await CommandLineBench()
        let schema = """
            {"properties": {"id": {"type": "integer"}, "zip": {"type": "string"},
             "at": {"type": ["string", "null"], "format": "date-time"},
             "ok": {"type": "boolean"}}}
            """
        try bench.write(schema, to: "c.json")
        try bench.write("id,zip,at,ok\n1,12345,,yes\n", to: "c.csv")
        let load = await bench.run(
            "load",
            bench.path("c.csv"),
            "--to",
            "table:person",
            "--create-table",
            "--schema",
            bench.path("c.json")
        )
        #expect(load.status == .done, "\(load.errors)")
        let types = try bench.rows("SELECT name, type FROM pragma_table_info('person')")
        #expect(types == ["id|INTEGER", "zip|TEXT", "at|TEXT", "ok|INTEGER"])
        #expect(try bench.rows("SELECT * FROM person") == ["1|12345|NULL|1"])
    }

    @Test(
        "What a schema does not say of a field's type is what the records hold",
        arguments: [
            "", #", "additionalProperties": true"#, #", "patternProperties": {"^q": {}}"#,
            #", "additionalProperties": {"minimum": 0}"#,
        ]
    )
    func openSchema(rest: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(#"{"properties": {"id": {"type": "integer"}}\#(rest)}"#, to: "c.json")
        try bench.write("{\"id\":1,\"qty\":5}\n{\"id\":2,\"qty\":7}\n", to: "c.jsonl")
        let load = await bench.run(
            "load",
            bench.path("c.jsonl"),
            "--to",
            "table:stock",
            "--create-table",
            "--schema",
            bench.path("c.json")
        )
        #expect(load.status == .done, "\(load.errors)")
        let types = try bench.rows("SELECT name, type FROM pragma_table_info('stock')")
        #expect(types == ["id|INTEGER", "qty|INTEGER"])
        #expect(try bench.rows("SELECT * FROM stock ORDER BY 1") == ["1|5", "2|7"])
    }

    @Test(
        "PostgreSQL gets types of its own",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func onServer() async throws {
        try await withServer { bench, settings, schema in
            let words = [
                "load", bench.path("c.csv"), "--to", "table:\(schema).person", "--key", "id,zip",
                "--create-table",
            ]
            let load = await bench.run(words, environment: settings)
            #expect(load.status == .done, "\(load.errors)")
            let server = try #require(TestPostgreSQL.server)
            let database = try server.database(maxConnections: 1)
            let columns = try await database.read(
                """
                SELECT string_agg(column_name || ' ' || data_type, ', ' ORDER BY ordinal_position)
                FROM information_schema.columns
                WHERE table_schema = \(schema) AND table_name = 'person'
                """
            )[0].map { $0.optionalText() ?? "" }
            #expect(
                columns == [
                    "id bigint, zip text, price numeric, born date, "
                        + "seen timestamp with time zone, note text, none text"
                ]
            )
            await database.close()
            // Again with another job: the table is the same.
            let again = await bench.run(words + ["--job", "again"], environment: settings)
            #expect(again.status == .done, "\(again.errors)")
            #expect(!again.errors.contains("made table"))
        }
    }

    @Test("A table that is there is taken where it is the same, or holds as much, and else refused")
    func existing() async throws {
        let bench = try await bench()
        let words = [
            "load", bench.path("c.csv"), "--to", "table:person", "--key", "id", "--create-table",
        ]
        #expect(await bench.run(words).status == .done)
        #expect(await bench.run(words + ["--job", "again"]).status == .done)
        try bench.execute("DROP TABLE person")
        try bench.execute("CREATE TABLE person (id TEXT, zip INTEGER, extra TEXT)")
        let refused = await bench.run(words + ["--job", "other"])
        #expect(refused.status == .usage)
        for reason in [
            "column 'zip' is INTEGER, and would be TEXT", "its key is not id",
            "Leave out --create-table",
        ] {
            #expect(refused.errors.contains(reason), "\(reason): \(refused.errors)")
        }
        #expect(try bench.rows("SELECT count(*) FROM person") == ["0"])
    }

    @Test("Where the table is there the same command loads files of more and of fewer columns")
    func otherFields() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,n\n1,5.5\n", to: "f1.csv")
        try bench.write("id,n,more\n2,,x\n", to: "f2.csv")
        try bench.write("id,more\n3,y\n", to: "f3.csv")
        try bench.write("id,n,more\n4,7,z\n", to: "f4.csv")
        let words = ["--to", "table:t", "--key", "id", "--create-table"]
        func load(_ files: [String], _ options: [String] = []) async -> CommandLineBench.Outcome {
            await bench.run(["load"] + files.map { bench.path($0) } + words + options)
        }
        #expect(await load(["f1.csv"]).status == .done)
        let refused = await load(["f2.csv"])
        #expect(refused.errors.contains("has no column 'more'"), "\(refused.errors)")
        #expect(refused.errors.contains("--add-columns"), "\(refused.errors)")
        let added = await load(["f2.csv"], ["--add-columns"])
        #expect(added.status == .done, "\(added.errors)")
        #expect(!added.errors.contains("made table"))
        let all = await load(["f1.csv", "f2.csv", "f3.csv", "f4.csv"], ["--add-columns"])
        #expect(all.status == .done, "\(all.errors)")
        #expect(
            try bench.rows("SELECT id, n, more FROM t ORDER BY id")
                == ["1|5.5|NULL", "2|NULL|x", "3|NULL|y", "4|7.0|z"]
        )
    }

    @Test("Where no table can be made that is said before anything is acquired")
    func refusals() async throws {
        let bench = try await bench()
        let file = await bench.run("load", bench.path("c.csv"), "--to", "none", "--create-table")
        #expect(file.status == .usage)
        #expect(file.errors.contains("--create-table goes with a table"))
        let words = ["load", bench.path("c.csv"), "--to", "table:t", "--create-table"]
        let key = await bench.run(words + ["--key", "nope"])
        #expect(key.errors.contains("no field 'nope', which is to be the key; they have id, zip"))
        try bench.write("id,ID,s\n1,2,x\n", to: "same.csv")
        let same = await bench.run(["load", bench.path("same.csv")] + words.dropFirst(2))
        #expect(same.errors.contains("fields 'id' and 'ID' would be one column"), "\(same.errors)")
        let nowhere = ["load", bench.path("c.csv"), "--to", "sqlite:", "--table", "t"]
        for (place, fault) in [
            ("no.db", "there is no database"), ("no/no.db", "there is no folder"),
            ("", "is a folder, and no database"),
        ] {
            let path = "sqlite:" + bench.path(place)
            let words = nowhere.map { $0 == "sqlite:" ? path : $0 }
            for options in [[], ["--create-table"], ["--create-table", "--dry-run"]] {
                let load = await bench.run(words + options)
                #expect(load.errors.contains(fault), "\(place), \(options): \(load.errors)")
            }
        }
        let follow = await bench.run(words + ["--follow"])
        #expect(follow.status == .usage)
        let without = await bench.run(words.dropLast())
        #expect(without.errors.contains("make it first, or have it made (--create-table)"))
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }

    @Test(
        "Where no record can be read, what is wrong with the first is said",
        arguments: [
            (#"{"a":1,"a":2}"#, "has the name 'a' twice"), ("[1]\n[2]", "line 1, offset 0: "),
            ("{}", "the records have no fields to make columns of"),
        ]
    )
    func unreadable(text: String, reason: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(text + "\n", to: "f.jsonl")
        let load = await bench.run(
            ["load", bench.path("f.jsonl"), "--json-layout", "lines", "--to", "table:q"]
                + ["--create-table"]
        )
        #expect(load.status == .usage)
        #expect(load.errors.contains("no table is made for table 'q'"), "\(load.errors)")
        #expect(load.errors.contains(reason), "\(load.errors)")
    }

    @Test("A file without records makes no table, and there is nothing to load")
    func noRecords() async throws {
        let bench = try await CommandLineBench()
        for (name, text) in [("a.jsonl", "[]"), ("b.jsonl", ""), ("c.csv", "")] {
            try bench.write(text, to: name)
            for options in [[], ["--dry-run"]] {
                let load = await bench.run(
                    ["load", bench.path(name), "--to", "table:q", "--create-table"] + options
                )
                #expect(load.status == .done, "\(name): \(load.errors)")
                #expect(load.errors.contains("nothing to load"), "\(load.errors)")
            }
        }
        #expect(try bench.rows("SELECT count(*) FROM sqlite_schema WHERE name = 'q'") == ["0"])
    }

    @Test("What refuses the load does so before a table is made")
    func refusedBefore() async throws {
        let bench = try await bench()
        try bench.write("mine\n", to: "there.jsonl")
        let words = ["load", bench.path("c.csv"), "--to", "table:q", "--create-table"]
        let load = await bench.run(words + ["--rejects", bench.path("there.jsonl")])
        #expect(load.status == .usage)
        #expect(load.errors.contains("is there already"), "\(load.errors)")
        #expect(!load.errors.contains("made table"), "\(load.errors)")
        let other = try await CommandLineBench(isMigrated: false)
        let elsewhere = "sqlite:" + other.path("tranche.db")
        let promise = await bench.run(
            ["load", bench.path("c.csv"), "--to", elsewhere, "--table", "q", "--create-table"]
                + ["--promise", "transactional"]
        )
        #expect(promise.errors.contains("not transactional"), "\(promise.errors)")
        for place in [bench, other] {
            let count = "SELECT count(*) FROM sqlite_schema WHERE name = 'q'"
            #expect(try place.rows(count) == ["0"])
        }
    }

    /// The head of a file with so many fields.
    private func head(_ count: Int) -> String {
        (1...count).map { "f\($0)" }.joined(separator: ",") + "\n"
    }

    @Test("More fields than a table has columns are refused")
    func tooManyColumns() async throws {
        let bench = try await CommandLineBench()
        try bench.write(head(2001), to: "w.csv")
        let words = ["--to", "table:q", "--create-table"]
        let load = await bench.run(["load", bench.path("w.csv")] + words)
        #expect(load.status == .usage)
        #expect(load.errors.contains("2001 fields, and a table has"), "\(load.errors)")
    }

    @Test(
        "More fields than a server's table has columns are refused, and one without a name",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func columnsThatCannotBe() async throws {
        try await withServer { bench, settings, schema in
            let words = ["--to", "table:\(schema).q", "--create-table"]
            try bench.write(head(1601), to: "w.csv")
            let wide = await bench.run(
                ["load", bench.path("w.csv")] + words,
                environment: settings
            )
            #expect(wide.status == .usage)
            #expect(wide.errors.contains("at most 1600 columns"), "\(wide.errors)")
            try bench.write(#"{"a":1,"":2}"#, to: "e.jsonl")
            let nameless = await bench.run(
                ["load", bench.path("e.jsonl")] + words,
                environment: settings
            )
            #expect(nameless.status == .usage)
            #expect(nameless.errors.contains("cannot have a column ''"), "\(nameless.errors)")
        }
    }

    @Test(
        "A delimiter that leaves a single column makes no table",
        arguments: [
            // Guessed, or said while another one parts all lines alike.
            ("id:name\n1:a\n", [], "',', as guessed", "try --delimiter ':'"),
            ("id;name\n1;a\n2;b;c\n", [], "',', as guessed", "try --delimiter ';'"),
            ("id,name\n1,a\n", ["--delimiter", ";"], "';', as asked for", "try --delimiter ','"),
            ("id\tname\n1\ta\n", ["--format", "csv", "--delimiter", ","], "','", "'\\t'"),
            ("1;a\n2;b\n", ["--delimiter", ",", "--header-lines", "0"], "','", "';'"),
        ] as [(String, [String], String, String)]
    )
    func wrongDelimiter(text: String, options: [String], own: String, remedy: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(text, to: "x.csv")
        let words = ["load", bench.path("x.csv"), "--to", "table:t", "--create-table"] + options
        for command in [words + ["--dry-run"], words] {
            let load = await bench.run(command)
            #expect(load.status == .usage)
            #expect(load.errors.contains("with the delimiter \(own)"), "\(load.errors)")
            #expect(load.errors.contains(remedy), "\(load.errors)")
            // Said once, and not as a note before.
            #expect(load.errors.matches(of: /try --delimiter/).count == 1, "\(load.errors)")
        }
        #expect(try bench.rows("SELECT count(*) FROM sqlite_schema WHERE name = 't'") == ["0"])
        #expect(try bench.rows("SELECT count(*) FROM inventory") == ["0"])
    }

    @Test(
        "A single column is made where the file has one, or where whoever loads it insists",
        arguments: [
            ("name\na;b\nc\n", [], "name"), ("name\n08:00\n09:00\n", [], "name"),
            ("id;name\n1;a\n2;b;c\n", ["--delimiter", ","], "id;name"),
            (
                "id;name\n1;a\n",
                ["--delimiter", ",", "--header", "line", "--skip-lines", "1"], "line"
            ),
            ("08:00\n09:00\n", ["--delimiter", ",", "--header-lines", "0"], "column_1"),
        ] as [(String, [String], String)]
    )
    func singleColumn(text: String, options: [String], column: String) async throws {
        let bench = try await CommandLineBench()
        try bench.write(text, to: "x.csv")
        let words = ["load", bench.path("x.csv"), "--to", "table:t", "--create-table"] + options
        let load = await bench.run(words)
        #expect(load.status == .done, "\(load.errors)")
        #expect(try bench.rows("SELECT name FROM pragma_table_info('t')") == [column])
    }

    @Test("One of several files with another delimiter makes no table for all of them")
    func wrongDelimiterOfOne() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,n\n1,5\n", to: "in/a.csv")
        try bench.write("id:n\n2:6\n", to: "in/b.csv")
        let load = await bench.run("load", bench.path("in"), "--to", "table:t", "--create-table")
        #expect(load.status == .usage)
        #expect(load.errors.contains("in/b.csv' its only field is 'id:n'"), "\(load.errors)")
        #expect(try bench.rows("SELECT count(*) FROM sqlite_schema WHERE name = 't'") == ["0"])
    }

    @Test("A table in a schema is refused in a SQLite file, which has none")
    func missingSchema() async throws {
        let bench = try await bench()
        let words = ["load", bench.path("c.csv"), "--to", "table:nowhere.t"]
        for options in [[], ["--create-table"], ["--create-table", "--dry-run"]] {
            let load = await bench.run(words + options)
            let reason = "there is no schema 'nowhere' for the table 'nowhere.t'; a SQLite file"
            #expect(load.errors.contains(reason), "\(load.errors)")
        }
    }

    @Test(
        "A table in a schema that is not there is refused with what to do",
        .enabled(if: TestPostgreSQL.server != nil)
    )
    func missingSchemaOfServer() async throws {
        try await withServer { bench, settings, _ in
            let words = ["load", bench.path("c.csv"), "--to", "table:nowhere.t", "--create-table"]
            let load = await bench.run(words, environment: settings)
            let reason = "make it first (CREATE SCHEMA \"nowhere\")"
            #expect(load.errors.contains(reason), "\(load.errors)")
        }
    }

    @Test("A table for several files holds what each of them has")
    func severalFiles() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,n\n1,5\n", to: "in/a.csv")
        try bench.write("id,n,more\n2,5.5,x\n", to: "in/b.csv")
        let load = await bench.run(
            "load",
            bench.path("in"),
            "--to",
            "table:t",
            "--key",
            "id",
            "--create-table"
        )
        #expect(load.status == .done, "\(load.errors)")
        let types = try bench.rows("SELECT name, type FROM pragma_table_info('t')")
        #expect(types == ["id|INTEGER", "n|REAL", "more|TEXT"])
        #expect(try bench.rows("SELECT id, n, more FROM t") == ["1|5.0|NULL", "2|5.5|x"])
    }

    @Test("The server of a table that is made is waited for, and exits with 75 where it stays away")
    func away() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id\n1\n", to: "c.csv")
        var environment = bench.environment
        environment["TRANCHE_RETRY_LIMIT"] = "1s"
        let load = await bench.run(
            [
                "load", bench.path("c.csv"), "--to", "postgresql://127.0.0.1:1/nosuch", "--table",
                "t", "--create-table",
            ],
            environment: environment
        )
        #expect(load.status == .tryAgain, "\(load.errors)")
        #expect(load.errors.contains("table 't' in "), "\(load.errors)")
    }
}
