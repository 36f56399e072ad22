import Foundation
import Testing
import Tranche
import TrancheChains
import TrancheConnectors
import TrancheHTTP
import TrancheMongo
import TranchePostgreSQL
import TrancheSQL
import TrancheSQLite

@Suite("Connectors of this package")
struct ConnectorsTests {
    static let all = Connectors([
        InventoryConnector(), FileConnector(), ObjectConnector(), SQLiteConnector(),
        PostgreSQLConnector(), MongoConnector(), WebhookConnector(), CypherConnector(),
        TableConnector(),
    ])

    private func source(
        _ text: String,
        _ context: ConnectorContext = ConnectorContext()
    ) throws -> any MetaSourceDescription {
        try Self.all.source(SourceSpec(text), context)
    }

    // MARK: - Sources

    @Test("A text describes the source that Swift describes")
    func sources() throws {
        var table = SQLSource("raw.files", uid: "id", item: .none, filter: "kind = 1")
        table.database = .sqlite("m.db")
        let text = #"raw.files {"database":"sqlite:m.db","item":"","uid":"id","where":"kind = 1"}"#
        #expect(try source(text) as? SQLSource == table)
        #expect(
            try source(#"sqlite:m.db {"table":"t"}"#) as? SQLSource
                == SQLSource("t", in: .sqlite("m.db"))
        )
        #expect(
            try source(#"table:a.b {"schema":"s"}"#) as? SQLSource
                == SQLSource(table: "a.b", schema: "s")
        )
        #expect(
            try source(#"inventory:clean {"upstream_run":"","root_ids":{"lower":5}}"#)
                as? InventorySource
                == InventorySource(job: "clean", run: "", rootIDs: IDBounds(lower: 5))
        )
        let format = CSVFormat(delimiter: ";", header: ["id"], guesses: [.header])
        #expect(
            try source(#"csv:x.csv {"delimiter":";","header":["id"]}"#) as? CSVSource
                == CSVSource(.file("x.csv"), format: format)
        )
        #expect(
            try source(#"jsonl:x {"follow":true,"json_nan":"null"}"#) as? JSONLinesSource
                == JSONLinesSource(
                    .file("x"),
                    format: JSONFormat(nonFiniteNumbers: .null),
                    grows: true
                )
        )
        let orders = try MongoLocation("mongodb://h/shop.orders")
        #expect(
            try source(#"mongodb://h/shop.orders {"uid":"n","weight_column":""}"#) as? MongoSource
                == MongoSource(orders, uid: "n", weight: nil)
        )
    }

    @Test("A table that names no database is in the one that the program names")
    func tables() throws {
        let context = ConnectorContext(
            database: try DatabaseSpec("postgresql://me:hidden@h/d", passwords: .hidden)
        )
        let found = try source("files", context) as? SQLSource
        #expect(found?.database == .postgres("postgresql://me:hidden@h/d"))
        let own = try source(#"files {"database":"sqlite:m.db"}"#, context) as? SQLSource
        #expect(own?.database == .sqlite("m.db"))
    }

    @Test("An object is read as its name says, with the credentials of its store")
    func objects() throws {
        let text = "gs://shop/in/data.csv.gz"
        let spec = try SourceSpec(text)
        #expect(try Self.all.recordedNames(of: spec) == ["csv:\(text)"])
        #expect(try source(text) as? CSVSource == source("csv:\(text)") as? CSVSource)
        let context = ConnectorContext(credentials: Credentials(["AWS_ACCESS_KEY_ID": "k"]))
        let error = #expect(throws: SpecError.self) { try source("s3://shop/a.csv", context) }
        #expect(error?.reason.contains("AWS_SECRET_ACCESS_KEY is not") == true)
    }

    // MARK: - Recorded names

    @Test("A source is recorded under one name, and found again by it")
    func recorded() throws {
        let folder = ResolvedPath(".").text
        let names = [
            ("raw.files", ["raw.files"]), ("table:a.b:c", ["a.b:c"]),
            (#"table:a.b:c {"schema":"raw"}"#, ["raw.a.b:c"]),
            ("inventory:clean:2", ["inventory:clean:2"]), ("inventory", ["inventory"]),
            (#"table:inventory:x {"schema":"s"}"#, ["s.inventory:x"]),
            ("csv:a/../x.csv", ["csv:\(folder)/x.csv", "csv:a/../x.csv"]),
            ("csv:/x.csv", ["csv:/x.csv"]), ("jsonl:gs://b/x", ["jsonl:gs://b/x"]),
            ("mongodb://h/d.c?tls=true", ["mongodb://h/d.c?tls=true"]),
        ]
        for (text, recorded) in names {
            #expect(try Self.all.recordedNames(of: SourceSpec(text)) == recorded, "\(text)")
        }
    }

    @Test("A definition gives back the source that it was recorded of")
    func definitions() throws {
        func specs(_ definition: SourceDefinition) throws -> [String] {
            try Self.all.specs(recordedAs: definition).map(\.text)
        }
        var definition = SourceDefinition(
            database: "d",
            table: "raw.a.b",
            uid: "id",
            weight: "w",
            filter: "x > 1"
        )
        let columns =
            #""uid":"id","volatile_filter":true,"weight_column":"w","where":"x > 1"}"#
        #expect(
            try specs(definition) == [
                #"table:a.b {"item":"","schema":"raw","# + columns,
                #"table:raw.a.b {"item":"","# + columns,
            ]
        )
        definition.table = "mongodb://h/d.c"
        #expect(
            try specs(definition) == [
                #"mongodb://h/d.c {"uid":"id","weight_column":"w","where":"x > 1"}"#
            ]
        )
        definition.table = "csv:/x.csv"
        definition.reading = #"{"csv":{"delimiter":";"},"encoding":"ISO-8859-1"}"#
        let reading = #""reading":{"csv":{"delimiter":";"},"encoding":"ISO-8859-1"}}"#
        #expect(
            try specs(definition)
                == ["false", "true"].map { #"csv:/x.csv {"follow":\#($0),"# + reading }
        )
        definition = SourceDefinition(
            database: "i, job 'clean' of 'raw.files'",
            table: "inventory:clean",
            uid: "completion",
            filter: "run = r"
        )
        let found = try #require(try Self.all.specs(recordedAs: definition).first)
        #expect(
            found.text == #"inventory:clean {"upstream_meta":"raw.files","upstream_run":"r"}"#
        )
    }

    @Test("A run whose source is of no connector that is there is refused by name")
    func unknownSource() throws {
        let run = try run(SourceDefinition(database: "d", table: "csv:/x.csv", uid: "offset"))
        #expect(try Self.all.candidates(for: run, ConnectorContext()).count == 2)
        let error = #expect(throws: TrancheError.self) {
            try Connectors([InventoryConnector()]).candidates(for: run, ConnectorContext())
        }
        #expect(error?.code == .invalidSource)
    }

    private func run(_ definition: SourceDefinition) throws -> RunRecord {
        RunRecord(
            id: 1,
            key: RunKey(metaTable: definition.table, job: "j"),
            definition: try definition.canonicalText,
            bounds: IDBounds(),
            policy: RunPolicy(),
            createdAt: Date(timeIntervalSince1970: 0)
        )
    }

    @Test(
        "Of several sources that a record may mean, the one that is named is meant",
        arguments: [
            ("s.t", [#"table:t {"schema":"s"}"#, "table:s.t"]),
            ("table:s.t", ["table:s.t"]),
            (#"table:t {"schema":"s"}"#, [#"table:t {"schema":"s"}"#]),
            (
                #"sqlite:m.db {"table":"s.t"}"#,
                Array(repeating: #"sqlite:m.db {"table":"s.t"}"#, count: 2)
            ),
            (#"sqlite:m.db {"table":"other"}"#, [#"table:t {"schema":"s"}"#, "table:s.t"]),
        ]
    )
    func named(text: String, meant: [String]) throws {
        let run = try run(SourceDefinition(database: "d", table: "s.t", uid: "id"))
        let found = try Self.all.specs(of: run, named: SourceSpec(text)).map { spec in
            #expect(spec.fields["uid"] == "id")
            let place = spec.fields.filter { ["schema", "table"].contains($0.key) }
            return try SourceSpec(spec.location, fields: place).text
        }
        #expect(found == meant)
    }

    // MARK: - Sinks

    @Test("A sink is one target however it is spelt, without credentials")
    func targets() throws {
        let folder = ResolvedPath(".").text
        let targets = [
            ("none", "none"), (#"table:t {"key":["a","b"]}"#, "table 't' (key a,b)"),
            (#"sqlite:x.db {"table":"t"}"#, "table 't' in sqlite:\(folder)/x.db"),
            (#"sqlite:///x.db {"table":"t"}"#, "table 't' in sqlite:/x.db"),
            (
                #"postgresql://me:hidden@db:5433/shop?password=hidden {"table":"t"}"#,
                "table 't' in postgresql://db:5433/shop"
            ),
            ("csv:o.csv", "csv '\(folder)/o.csv'"),
            (
                #"jsonl:/o/ {"file_per_batch":true}"#,
                "json lines '/o' (a file for each batch)"
            ),
            (
                #"csv:/o.zip {"file_per_batch":true}"#,
                "csv '/o.zip' (a file for each batch)"
            ),
            ("webhook:https://me:hidden@example.org/in?t=1", "webhook https://example.org/in"),
            (#"webhook:https://h/ {"each":true}"#, "webhook https://h/ (each record apart)"),
            (#"mongodb://me:hidden@h/d.c {"key":["id"]}"#, "mongodb://h/d.c (key id)"),
        ]
        for (text, target) in targets {
            let spec = try SinkSpec(text, passwords: .hidden)
            #expect(try Self.all.target(of: spec).text == target, "\(text)")
            _ = try Self.all.sink(spec, ConnectorContext())
        }
    }

    @Test("A file that is named .tsv is written with tabs, as it is read")
    func tabs() async throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "tranche-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            // Files of the database may go by themselves meanwhile.
            try? FileManager.default.removeItem(at: folder)
        }
        let path = folder.path()
        try Data("id,note\n1,\"a\tb\"\n2,c\n3,\"d,e\"\n".utf8)
            .write(to: folder.appending(path: "in.csv"))
        let inventory = try await Inventory.open(.sqlite("\(path)/inventory.db"))
        for (from, to, text) in [
            ("in.csv", "out.TSV", "id\tnote\n1\t\"a\tb\"\n2\tc\n3\td,e\n"),
            ("out.TSV", "back.csv", "id,note\n1,a\tb\n2,c\n3,\"d,e\"\n"),
        ] {
            let described = try source("csv:\(path)/\(from)")
            let file = try #require(described as? CSVSource)
            let sink = try Self.all.sink(SinkSpec("csv:\(path)/\(to)"), ConnectorContext())
            let options = ChainOptions(
                request: BatchRequest(job: to, limit: BatchLimit(weight: 1000))
            )
            let report = try await Chain(reading: file).write(to: sink)
                .run(through: inventory, options)
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let written = try String(
                contentsOf: folder.appending(path: to),
                encoding: .utf8
            )
            #expect(written == text)
        }
        await inventory.close()
    }

    // MARK: - Faults

    struct Fault: Sendable, CustomTestStringConvertible {
        let text: String
        let field: [String]
        let words: String

        init(_ text: String, _ words: String) {
            self.init(text, [], words)
        }

        init(_ text: String, _ field: [String], _ words: String) {
            self.text = text
            self.field = field
            self.words = words
        }

        var testDescription: String { text }
    }

    @Test(
        "What is wrong with a source is said of its field",
        arguments: [
            Fault("", "is empty; name a table"), Fault("table:", "is empty; name a table"),
            Fault("odd:files.csv", "inventory:JOB, csv:PATH, jsonl:PATH, gs://BUCKET/NAME"),
            Fault("csvs:files.csv", "did you mean csv:"),
            Fault("a.b:c", "is not a table's name"),
            Fault("inventory:", "'inventory:' names no job"),
            Fault("csv:", "'csv:' names no file"),
            Fault(
                "csv:http://h/x.csv",
                "is not a place of files; there are paths and gs://, s3://"
            ),
            Fault("gs://shop/in/", "names no object"),
            Fault("gs://shop/data", ["format"], "give csv:gs://shop/data or jsonl:gs://shop/data"),
            Fault("mongodb://h/d", "its path is not a database.collection"),
            Fault("sqlite:m.db", ["table"], "name the table with table"),
            Fault(#"sqlite:// {"table":"t"}"#, "has a host"),
            Fault("table:inventory:x", "means the batches of a job"),
            Fault(#"files {"schema":"raw"}"#, ["schema"], "goes with 'table:files'"),
            Fault(#"files {"uid":5}"#, ["uid"], "uid '5' must be a text"),
            Fault(
                #"files {"uids":"id"}"#,
                ["uids"],
                "is not a field of a table; did you mean uid?"
            ),
            Fault(#"files {"database":"sqlite:"}"#, "'sqlite:' names no file"),
            Fault(#"files {"database":"mysql://h"}"#, "names no database; give sqlite:PATH or"),
            Fault(
                #"files {"delimiter":";"}"#,
                ["delimiter"],
                "goes with a file of CSV or an object"
            ),
            Fault(#"csv:x {"uid":"id"}"#, ["uid"], "not with a file of CSV"),
            Fault(#"inventory:j {"uid":"id"}"#, ["uid"], "not with inventory:JOB"),
            Fault(#"inventory:j {"root_ids":"x"}"#, ["root_ids"], "root_ids 'x' must be an object"),
            Fault(#"inventory:j {"root_ids":{"lower":"x"}}"#, ["root_ids", "lower"], "whole"),
            Fault(#"inventory:j {"root_ids":{"from":5}}"#, ["root_ids", "from"], "lower and"),
            Fault(#"inventory:j {"root_ids":{"lower":9,"upper":3}}"#, ["root_ids"], "hold no id"),
            Fault(#"csv:x {"delimiter":"abcde"}"#, ["delimiter"], "one to four bytes"),
            Fault(#"csv:x {"quote":"ab"}"#, ["quote"], "give one character"),
            Fault(#"csv:x {"header":"a,b"}"#, ["header"], #"must be a list, such as ["a","b"]"#),
            Fault(#"csv:x {"header":["a",1]}"#, ["header", "1"], "must be a text"),
            Fault(#"csv:x {"skip_lines":-1}"#, ["skip_lines"], "0 or more"),
            Fault(#"csv:x {"skip_lines":true}"#, ["skip_lines"], "must be a whole number"),
            Fault(#"csv:x {"comment":""}"#, ["comment"], "is empty"),
            Fault(#"csv:x {"format":"pgcopy","escape":"\\"}"#, ["escape"], "does not go with"),
            Fault(#"csv:x {"keep_empty":true,"null":[""]}"#, ["keep_empty"], "does not go with"),
            Fault(#"csv:x {"format":"jsonl"}"#, ["format"], "does not go with 'csv:x'"),
            Fault(#"csv:x {"format":"xls"}"#, ["format"], "give one of csv, jsonl, tsv"),
            Fault(#"csv:x {"encoding":"utf-99"}"#, ["encoding"], "is not known"),
            Fault(#"jsonl:x {"json_nan":"x"}"#, ["json_nan"], "give one of"),
        ]
    )
    func faultsOfSources(fault: Fault) {
        let error = #expect(throws: SpecError.self) { try source(fault.text) }
        #expect(error?.field == fault.field)
        #expect(error.map { "\($0)" }?.contains(fault.words) == true, "\(error as Any)")
    }

    @Test(
        "What is wrong with a sink is said of its field",
        arguments: [
            Fault("nowhere", "not a place to write to; did you mean table:nowhere, or one of"),
            Fault("a.files", "did you mean table:a.files, or one of csv:PATH"),
            Fault("out/x.CSV", "did you mean csv:out/x.CSV, or"),
            Fault("x.json", "did you mean jsonl:x.json, or"),
            Fault("x.db", "did you mean sqlite:x.db, or"),
            Fault("./x", "this is not a place to write to; give csv:PATH"),
            Fault("odd:x", "table:NAME"), Fault("table:", "give table:NAME"),
            Fault("sqlite:x.db", ["table"], "name the table with table"),
            Fault(#"csv:o {"key":["id"]}"#, ["key"], "goes with sqlite:PATH, "),
            Fault(#"none {"each":true}"#, ["each"], "goes with webhook:"),
            Fault("csv:out/o.csv.gz", "would not be compressed, as its name says: write 'out/o"),
            Fault("jsonl:o.jsonl.ZST", "write 'o.jsonl', and compress that when it is complete"),
            Fault("webhook:here", "give https://"),
            Fault("cypher:bolt://h", "http://host:7474/database"),
            Fault("cypher:http://h", ["statement"], "give statement"),
            Fault(
                #"table:t {"add_columns":true,"drop_unknown":true}"#,
                ["drop_unknown"],
                "give one of both"
            ),
        ]
    )
    func faultsOfSinks(fault: Fault) {
        let error = #expect(throws: SpecError.self) {
            try Self.all.sink(SinkSpec(fault.text), ConnectorContext())
        }
        #expect(error?.field == fault.field)
        #expect(error.map { "\($0)" }?.contains(fault.words) == true, "\(error as Any)")
    }

    @Test("A field may be called by another name, as an option or a place in a file is")
    func names() {
        let error = #expect(throws: SpecError.self) { try source(#"csv:x {"skip_lines":-1}"#) }
        let words = error?.text { $0.isEmpty ? "--meta" : "--skip-lines" }
        #expect(words == "--skip-lines '-1' is below 0: give a whole number, 0 or more")
        let place = #expect(throws: SpecError.self) { try source("csv:") }
        #expect(place?.text { _ in "--meta" } == "--meta 'csv:' names no file; give csv:PATH")
    }

    @Test("A program knows what it links, and says so of what it does not")
    func fewer() throws {
        let few = Connectors([SQLiteConnector(), TableConnector()])
        let error = #expect(throws: SpecError.self) {
            try few.source(SourceSpec("mongodb://h/d.c"), ConnectorContext())
        }
        #expect(error?.code == .unknownScheme)
        #expect(error?.reason.contains("sqlite:PATH with a table, [SCHEMA.]TABLE") == true)
        #expect(throws: SpecError.self) {
            try few.inventory(DatabaseSpec("postgresql://h/d"), ConnectorContext())
        }
    }
}
