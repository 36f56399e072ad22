import Foundation
import TestSupport
import Testing
import Tranche
import TranchePostgreSQL
import TrancheSQL

@testable import TrancheCLI

/// Rows beside the items that programs are given.
@Suite(.timeLimit(.minutes(10))) struct RowTests {
    static let orders = ["--job", "j", "--meta", "orders", "--item", "item"]

    /// A bench with rows of every kind of value.
    private func bench() async throws -> CommandLineBench {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE orders (
                uid INTEGER PRIMARY KEY, item TEXT, qty INTEGER, price REAL, "a name" TEXT, body BLOB,
                doc JSON
            );
            INSERT INTO orders VALUES
                (1, 'a', 9223372036854775807, 0.5, 'it''s "ä"', x'00ff', '{"n": [1,' || char(10) || '2]}'),
                (2, NULL, NULL, NULL, NULL, NULL, NULL),
                (3, 'c', -1, 2.0, '', x'', 'no JSON');
            """
        )
        return bench
    }

    /// What programs are given.
    private func seen(
        _ bench: CommandLineBench,
        _ options: [String],
        environment: [String: String] = [:]
    ) async throws -> [String] {
        let file = bench.path("seen")
        let outcome = await bench.run(
            ["work"] + options + ["--", "sh", "-c", "cat >> \(file)"],
            environment: environment
        )
        #expect(outcome.status == .done, "\(outcome.errors)")
        return try String(contentsOfFile: file, encoding: .utf8)
            .split(separator: "\n").map(String.init)
    }

    @Test("All columns of a row are JSON values: whole numbers exact, NULL null, JSON as it is")
    func all() async throws {
        let lines = try await seen(bench(), Self.orders + ["--columns", "*"])
        #expect(
            lines == [
                #"{"id":1,"item":"a","weight":0,"row":{"uid":1,"item":"a","qty":9223372036854775807,"#
                    + #""price":0.5,"a name":"it's \"ä\"","body":"00ff","doc":{"n": [1, 2]}}}"#,
                #"{"id":2,"item":null,"weight":0,"row":{"uid":2,"item":null,"qty":null,"price":null,"#
                    + #""a name":null,"body":null,"doc":null}}"#,
                #"{"id":3,"item":"c","weight":0,"row":{"uid":3,"item":"c","qty":-1,"price":2.0,"#
                    + #""a name":"","body":"","doc":"no JSON"}}"#,
            ]
        )
    }

    @Test("Columns that are named come in their order, and no others")
    func named() async throws {
        let lines = try await seen(
            bench(),
            Self.orders + ["--columns", "price,qty,a name", "--where", "uid <> 2"]
        )
        #expect(
            lines == [
                #"{"id":1,"item":"a","weight":0,"row":{"price":0.5,"qty":9223372036854775807,"#
                    + #""a name":"it's \"ä\""}}"#,
                #"{"id":3,"item":"c","weight":0,"row":{"price":2.0,"qty":-1,"a name":""}}"#,
            ]
        )
    }

    @Test("A column that is not there is named before anything is handed out")
    func unknown() async throws {
        let bench = try await bench()
        for command in [["work"], ["acquire"]] {
            let program = command == ["work"] ? ["--", "true"] : []
            let outcome = await bench.run(
                command + Self.orders + ["--columns", "qty,nope"] + program
            )
            #expect(outcome.status == (command == ["work"] ? .usage : .failed))
            let words = "'orders' has no column 'nope' for --columns; it has 'uid'"
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
        }
        #expect(try await bench.states() == [])
    }

    @Test(
        "Columns that cannot be meant are wrong usage",
        arguments: [
            ("", "names of columns"), ("a,,b", "names of columns"), ("a,a", "twice"),
            ("a,*", "alone"),
        ]
    )
    func usage(columns: String, words: String) async throws {
        let bench = try await CommandLineBench()
        let outcome = await bench.run(
            ["work"] + Self.orders + ["--columns", columns, "--", "true"]
        )
        #expect(outcome.status == .usage)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test("Each item of a large batch has its own row, also where ids are missing")
    func large() async throws {
        let bench = try await CommandLineBench()
        try bench.execute(
            """
            CREATE TABLE many (uid INTEGER PRIMARY KEY, item TEXT, twice INTEGER);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
            INSERT INTO many SELECT i, i, 2 * i FROM n WHERE i % 7 <> 0;
            """
        )
        let job = ["--job", "j", "--meta", "many", "--columns", "twice"]
        let worked = await bench.run(
            ["work"] + job + ["--count", "none", "--", "sh", "-c", "cat > \(bench.path("seen"))"]
        )
        #expect(worked.status == .done, "\(worked.errors)")
        let lines = try String(contentsOfFile: bench.path("seen"), encoding: .utf8)
            .split(separator: "\n")
        #expect(lines.count == 30000 - 30000 / 7)
        for (line, id) in zip(lines, (1...30000).filter { $0 % 7 != 0 }) {
            guard line == #"{"id":\#(id),"item":"\#(id)","weight":0,"row":{"twice":\#(2 * id)}}"#
            else {
                Issue.record("\(line) is not the line of \(id)")
                break
            }
        }
        // A row that vanishes between two attempts is left out of the second.
        let gone = """
            if [ $TRANCHE_ATTEMPT = 1 ]; then cat > /dev/null; touch \(bench.path("failed")); \
            \(bench.waiting); exit 1; fi; wc -l
            """
        let again =
            ["backfill", "--run", "again", "--from", "1", "--backoff", "10ms", "--count", "none"]
            + job
        async let second = bench.run(again + ["--", "sh", "-c", gone])
        let failed = bench.path("failed")
        #expect(await eventually { FileManager.default.fileExists(atPath: failed) })
        try bench.execute("DELETE FROM many WHERE uid = 8")
        try bench.letPrograms()
        #expect(await second.errors.contains("] \(lines.count - 1)\n"))
    }

    @Test("acquire prints rows, as JSON and as a table")
    func acquire() async throws {
        let bench = try await bench()
        let command = ["acquire"] + Self.orders + ["--columns", "qty,doc", "--count", "3"]
        let document = await bench.run(command + ["--json", "--request", "t"])
        #expect(
            document.output.contains(
                #""items":[{"id":1,"item":"a","weight":0,"row":{"qty":9223372036854775807,"#
                    + #""doc":{"n": [1, 2]}}},{"id":2,"#
            ),
            "\(document.output)"
        )
        let table = await bench.run(command + ["--request", "t"]).output.split(separator: "\n")
        #expect(table[1].hasSuffix("ITEM  qty                  doc"), "\(table)")
        #expect(table[4].contains("-1"))
    }

    @Test("Records of files have rows; what is no record says why")
    func files() async throws {
        let bench = try await CommandLineBench()
        try bench.write("id,name\n1,a\n2,b,c\n3,\n", to: "some.csv")
        try bench.write("{\"a\":1,\"b\":[1.50,{}]}\n{\"b\":null}\n", to: "some.jsonl")
        let csv = ["--job", "j", "--meta", "csv:\(bench.path("some.csv"))", "--columns", "name,id"]
        #expect(
            try await seen(bench, csv) == [
                #"{"id":8,"item":"1,a","weight":4,"row":{"name":"a","id":"1"}}"#,
                #"{"id":12,"item":"2,b,c","weight":6,"row":null,"#
                    + #""error":"has 3 fields instead of 2; --fit-ragged takes such records"}"#,
                #"{"id":18,"item":"3,","weight":3,"row":{"name":null,"id":"3"}}"#,
            ]
        )
        try FileManager.default.removeItem(atPath: bench.path("seen"))
        let json = [
            "--job", "j", "--meta", "jsonl:\(bench.path("some.jsonl"))", "--columns", "b,a",
        ]
        #expect(
            try await seen(bench, json).map { String($0.split(separator: "\"row")[1]) } == [
                #"":{"b":[1.50,{}],"a":1}}"#, #"":{"b":null,"a":null}}"#,
            ]
        )
    }

    @Test("The batches of a job upstream are JSON, not texts that hold JSON, and have no columns")
    func inventory() async throws {
        let bench = try await CommandLineBench()
        let upstream = ["work", "--job", "a", "--meta", "files", "--", "sh", "-c"]
        let script = "cat > /dev/null; echo '{\"file\": \"x\"}'"
        #expect(await bench.run(upstream + [script]).status == .done)
        let lines = try await seen(bench, ["--job", "b", "--meta", "inventory:a"])
        #expect(
            lines == [
                #"{"id":1,"item":{"attempt":1,"batch":1,"count":10,"id_end":10,"id_start":1,"#
                    + #""ids":"1-10","run":"","weight":550,"result":{"file": "x"}},"weight":550}"#
            ]
        )
        let columns = await bench.run(
            "work",
            "--job",
            "c",
            "--meta",
            "inventory:a",
            "--columns",
            "*",
            "--",
            "true"
        )
        #expect(columns.status == .usage)
        #expect(columns.errors.contains("have no columns: each is given whole"))
    }

    @Test("On PostgreSQL, rows are JSON too", .enabled(if: TestPostgreSQL.server != nil))
    func postgreSQL() async throws {
        let server = try #require(TestPostgreSQL.server)
        try await withTestSchema(server) { schema in
            let database = try server.database(maxConnections: 1)
            try await database.run(
                """
                CREATE TABLE \(schema).orders (
                    uid bigserial PRIMARY KEY, item jsonb, qty bigint, price numeric, ok boolean,
                    body bytea, at timestamptz
                );
                INSERT INTO \(schema).orders (item, qty, price, ok, body, at) VALUES
                    ('{"a": [1, null]}', 9223372036854775807, 12.50, true, '\\x00ff', NULL),
                    (NULL, NULL, 1e30, NULL, NULL, NULL);
                """
            )
            await database.close()
            let bench = try await CommandLineBench()
            let settings = ["TRANCHE_INVENTORY": server.url, "TRANCHE_SCHEMA": schema]
            #expect(await bench.run(["migrate", "up"], environment: settings).status == .done)
            let job = ["--job", "j", "--meta", "\(schema).orders", "--columns", "*"]
            #expect(
                try await seen(bench, job, environment: settings) == [
                    #"{"id":1,"item":{"a": [1, null]},"weight":0,"row":{"uid":1,"#
                        + #""item":{"a": [1, null]},"qty":9223372036854775807,"price":"12.50","#
                        + #""ok":true,"body":"00ff","at":null}}"#,
                    #"{"id":2,"item":null,"weight":0,"row":{"uid":2,"item":null,"qty":null,"#
                        + #""price":"1000000000000000000000000000000","ok":null,"body":null,"at":null}}"#,
                ]
            )
        }
    }
}
