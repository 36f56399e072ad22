import Foundation
import TestSupport
import Testing
import Tranche

@testable import TrancheChains

@Suite("CSV as tools write it", .timeLimit(.minutes(10)))
struct DialectTests {
    /// The values of a file's records, and what was told of it.
    private func read(
        _ text: String,
        _ format: CSVFormat,
        weight: Double = 1e6
    ) async throws -> (names: [String], values: [[String?]], notes: [String]) {
        try await read(Array(text.utf8), format, weight: weight)
    }

    private func read(
        _ bytes: [UInt8],
        _ format: CSVFormat,
        weight: Double = 1e6
    ) async throws -> (names: [String], values: [[String?]], notes: [String]) {
        var file: (names: [String], values: [[String?]], notes: [String]) = ([], [], [])
        try await withChainWorld { world in
            let path = world.folder.path("file.csv")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let source = CSVSource(.file(path), format: format)
            let sink = MemorySink()
            let report = try await Chain(reading: source).write(to: sink)
                .run(through: world.inventory, world.options(weight: weight))
            #expect(report.isSuccess, "\(report.lastError ?? "")")
            let opened = try await world.inventory.source(source)
            let records = sink.records
            file = (
                (opened as? any RecordMetaSource)?.fields?.names ?? [],
                records.map { record in record.values.map(\.text) },
                (opened as? any FileForecasting)?.notes ?? []
            )
        }
        return file
    }

    // In the form of PostgreSQL 15's COPY t TO 'f.tsv'.
    @Test("PostgreSQL's text COPY is read exactly", arguments: [1.0, 20, 1000])
    func postgreSQLCopy(weight: Double) async throws {
        let text =
            "1\t\\N\tx\n2\t\ty\n3\tback\\\\slash\tz\n4\ttwo\\nlines\tz\n5\ttab\\there\\rand\\b\\f\\v\tz\n"
            + "6\t\\\\N\t\\x41\\101\\q\n7\told\\\nway\t\\x\n\\.\n"
        var format = CSVFormat.postgreSQLCopy
        format.header = ["id", "s", "c"]
        let values = try await read(text, format, weight: weight).values
        #expect(
            values == [
                ["1", nil, "x"], ["2", "", "y"], ["3", "back\\slash", "z"],
                ["4", "two\nlines", "z"], ["5", "tab\there\rand\u{8}\u{C}\u{B}", "z"],
                ["6", "\\N", "AAq"], ["7", "old\nway", "x"],
            ]
        )
    }

    @Test("What stands behind PostgreSQL's end of data is told, and all before it is loaded")
    func endMarker() async throws {
        try await withChainWorld(.sqlite, "1\ta\n2\tb\n\\.\nSELECT 1;\n") { world in
            var format = CSVFormat.postgreSQLCopy
            format.header = ["id", "s"]
            let sink = MemorySink()
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: CSVSource(.file(world.path), format: format)).write(
                    to: sink
                )
                .run(through: world.inventory, world.options(weight: 4))
            }
            #expect(error?.message.contains("goes on at offset 11") == true)
            #expect(sink.records.count == 2)
        }
    }

    // In the form of MariaDB 10.11's SELECT … INTO OUTFILE, and mariadb --batch -e.
    @Test("MariaDB's OUTFILE and batch output are read exactly", arguments: [1.0, 1000])
    func mariaDB(weight: Double) async throws {
        var format = CSVFormat.mariaDBOutfile
        format.header = ["id", "s", "c"]
        let text =
            "1\t\\N\tx\n2\t\ty\r\n3\tback\\\\slash\tz\n4\ttwo\\\nlines\tz\n5\ta\\\ttab\tz\n6\tNULL\tz\n"
        #expect(
            try await read(text, format, weight: weight).values == [
                ["1", nil, "x"], ["2", "", "y\r"], ["3", "back\\slash", "z"],
                ["4", "two\nlines", "z"], ["5", "a\ttab", "z"], ["6", "NULL", "z"],
            ]
        )
        var batch = CSVFormat.mariaDBOutfile
        batch.headerLines = 1
        batch.nulls = ["NULL"]
        let output = try await read("id\ts\n1\tNULL\n2\ta\\tb\\nc\\\\d\n3\t\n", batch)
        #expect(output.names == ["id", "s"])
        #expect(output.values == [["1", nil], ["2", "a\tb\nc\\d"], ["3", ""]])
    }

    // In the form of Miller 6.6's mlr --icsv --otsv cat.
    @Test("Miller's TSV is read with its escapes and without quotes")
    func miller() async throws {
        let text = "id\ts\n1\ta\\tb\n2\t\"two\\nlines\"\n3\tC:\\dir\\\\new\n4\t\n"
        #expect(
            try await read(text, .tsv).values == [
                ["1", "a\tb"], ["2", "\"two\nlines\""], ["3", "C:\\dir\\new"], ["4", nil],
            ]
        )
    }

    // In the form of Spark 3.5 with its defaults, and of MariaDB 10.11 with ENCLOSED BY '"'.
    @Test("A backslash makes quotes text within quotes, and nothing without")
    func backslashQuotes() async throws {
        var format = CSVFormat(escapes: .character("\\"), header: ["a", "b", "c"])
        format.nulls = ["", "\\N"]
        let text =
            "3,\"q\\\"q\",1.0\n4,\"q\\\",c\",2\n5,\"\\\\\\\"x\",\n6,a\\,\"C:\\dir\"\n7,\\N,\"\\\\N\"\n8,\"\",\"a\"\"b\"\n"
        #expect(
            try await read(text, format).values == [
                ["3", "q\"q", "1.0"], ["4", "q\",c", "2"], ["5", "\\\"x", nil],
                ["6", "a\\", "C:\\dir"], ["7", nil, "\\N"], ["8", "", "a\"b"],
            ]
        )
    }

    @Test("Null is told from the same text by quotes")
    func nulls() async throws {
        let format = CSVFormat(nulls: ["", "NULL", "NA"])
        let text = "id,s\n1,NULL\n2,\"NULL\"\n3,NA\n4,\n5,\"\"\n6,NaN\n"
        #expect(
            try await read(text, format).values.map { $0[1] } == [nil, "NULL", nil, nil, "", "NaN"]
        )
        // PostgreSQL's COPY … (FORMAT csv, NULL 'NULL') writes empty text as nothing.
        let only = try await read(text, CSVFormat(nulls: ["NULL"])).values.map { $0[1] }
        #expect(only == [nil, "NULL", "NA", "", "", "NaN"])
    }

    @Test(
        "An empty line is a record where there is one field, and none where there are more",
        arguments: [1.0, 3, 1000]
    )
    func emptyLines(weight: Double) async throws {
        let one = try await read("s\na\n\"\"\n\nb\r\n\r\n\n", CSVFormat(), weight: weight)
        #expect(one.values == [["a"], [""], [nil], ["b"], [nil], [nil]])
        let first = try await read("s\n\nb\n", CSVFormat(), weight: weight)
        #expect(first.values == [[nil], ["b"]])
        let two = try await read("s,t\na,b\n\n\nc,d\n\n", CSVFormat(), weight: weight)
        #expect(two.values == [["a", "b"], ["c", "d"]])
    }

    @Test("Lines may end with CR alone, with a header of one's own, too", arguments: [1.0, 1000])
    func carriageReturns(weight: Double) async throws {
        let file = try await read("id,s\r1,a\r2,\"b\rc\"\r\r3,d", CSVFormat(), weight: weight)
        #expect(file.values == [["1", "a"], ["2", "b\rc"], ["3", "d"]])
        #expect(file.notes.contains { $0.contains("lines end with CR") })
        let named = try await read(
            "a,b\rc,d\r",
            CSVFormat(header: ["x", "y"]),
            weight: weight
        )
        #expect(named.values == [["a", "b"], ["c", "d"]])
    }

    @Test("Lines that say nothing are passed over: sep=, comments, and those that are told")
    func passedOver() async throws {
        let excel = try await read("\u{FEFF}sep=;\r\nid;s\r\n1;a\r\n", CSVFormat())
        #expect(excel.values == [["1", "a"]])
        let text = "# made today\nid,s\n#1,x\n1,#a\n\n# \"open\n2,b\n#"
        let comments = try await read(text, CSVFormat(comment: "#"), weight: 1)
        #expect(comments.names == ["id", "s"])
        #expect(comments.values == [["1", "#a"], ["2", "b"]])
        let skipped = try await read("a \"title\nanother\nid,s\n1,a\n", CSVFormat(skippedLines: 2))
        #expect(skipped.values == [["1", "a"]])
        let replaced = try await read(
            "id,s\n1,a\n",
            CSVFormat(header: ["x", "y"], headerLines: 1)
        )
        #expect(replaced.names == ["x", "y"])
        #expect(replaced.values == [["1", "a"]])
    }

    @Test("A delimiter may have four bytes")
    func longDelimiter() async throws {
        let text = "id, s\n1, \"b, c\"\n2, d,e\n"
        let format = CSVFormat(delimiter: ", ")
        #expect(try await read(text, format).values == [["1", "b, c"], ["2", "d,e"]])
        let bars = try await read("a||b\n|||x\n", CSVFormat(delimiter: "||"))
        #expect(bars.values == [[nil, "|x"]])
        #expect(throws: TrancheError.self) { try CSVFileFormat(CSVFormat(delimiter: "12345")) }
    }

    // MARK: - Headers

    @Test(
        "Each field has a name, and no two the same",
        arguments: [
            ("", "0", ["column_1"]), (",id,s", "0,1,a", ["column_1", "id", "s"]),
            ("s,s,s_2,s", "1,2,3,4", ["s", "s_3", "s_2", "s_4"]),
            (" id , s", "1,2", ["id", "s"]),
            ("column_2,,x", "1,2,3", ["column_2", "column_2_2", "x"]),
        ]
    )
    func names(header: String, record: String, names: [String]) async throws {
        let text = header.isEmpty ? "\"\"\n\(record)\n" : "\(header)\n\(record)\n"
        #expect(try await read(text, CSVFormat()).names == names)
    }

    @Test("A header of several records is joined, and a header that is there is no record")
    func headerLines() async throws {
        let file = try await read(
            "year,,2020\nname,unit,sales\nx,kg,1\n",
            CSVFormat(headerLines: 2)
        )
        #expect(file.names == ["year name", "unit", "2020 sales"])
        #expect(file.values == [["x", "kg", "1"]])
        let none = try await read("1,a\n2,b\n", CSVFormat(headerLines: 0))
        #expect(none.names == ["column_1", "column_2"])
        #expect(none.values.count == 2)
        await #expect(throws: TrancheError.self) {
            try await read("id,s\n1,a\n", CSVFormat(header: ["id", "s"]))
        }
    }

    @Test("A file without a record has the fields of its header")
    func noRecords() async throws {
        let file = try await read("a,b\n", CSVFormat())
        #expect(file.names == ["a", "b"])
        #expect(file.values.isEmpty)
    }

    // MARK: - Guesses

    @Test(
        "A delimiter is guessed where the header has no comma and most records have as many of it",
        arguments: [
            ("id;s\n1;a,b\n2;b\n", ";"), ("\"id\";\"s\"\n\"1\";\"a\";\"\n\"\n", ";"),
            ("id\ts\n1\ta\n", "\t"), ("id|s|t\n1|a|b\n", "|"),
            ("id,s\n1;a,b\n2;b\n", ","), ("note\na;b\nc;d\n", ","), ("a;b\n1\n2\n", ","),
            ("\"a;b\"\n1;2\n", ","), ("Title\nid;s\n1;a\n2;b\n3;c\n", ";"),
            ("id;\"s, t\"\n1;a\n2;b\n", ";"), ("id,\"s;t\"\n1,a\n2,b\n", ","),
            ("id;a, b\n1;1,5\n2;3\n", ";"), ("id,a;b\n1,a;b\n2,c\n", ","),
            ("id,a;b\n", ","),
        ]
    )
    func delimiter(text: String, delimiter: String) async throws {
        let format = try await recognized(text, CSVFormat(guesses: [.delimiter]))
        #expect(format.dialect.delimiter == Array(delimiter.utf8))
        #expect(format.notes.isEmpty == (delimiter == ","))
    }

    @Test(
        "With names given, the delimiter is guessed that parts all records into as many fields",
        arguments: [
            ("1;1,5\n2;2\n", 0, ";"), ("1;1,5;\n2;2;\n", 0, ";"), ("1,a;b\n2,c\n", 0, ","),
            ("1;1,5\n2;2,5,0\n", 0, ";"), ("id;s\n1;1,50\n2;2,50\n", 1, ";"),
            ("id,s\n1,a;b\n2,c;d\n", 1, ","), ("by x\nid|s\n1|1,50\n", 2, "|"),
            ("a,b;c\n1,2;3\n", 1, ""), ("1;1,50\n2;2,50\n", 0, ""), ("1;2;3\n4;5;6\n", 0, ";"),
        ]
    )
    func delimiterOfNamed(text: String, skipped: Int, delimiter: String) async throws {
        let format = CSVFormat(
            header: ["id", "s"],
            skippedLines: skipped,
            guesses: [.delimiter, .header]
        )
        guard !delimiter.isEmpty else {
            let error = await #expect(throws: TrancheError.self) {
                try await recognized(text, format)
            }
            #expect(error?.message.contains("--delimiter ','") == true, "\(error?.message ?? "")")
            return
        }
        let found = try await recognized(text, format)
        #expect(found.dialect.delimiter == Array(delimiter.utf8))
        let replaced = CSVFormat(header: ["id", "s"], headerLines: 1, guesses: [.delimiter])
        guard skipped == 1 else { return }
        #expect(try await recognized(text, replaced).dialect.delimiter == Array(delimiter.utf8))
    }

    @Test("Whoever names a single field is not asked for its delimiter")
    func delimiterOfOne() async throws {
        let format = CSVFormat(header: ["line"], guesses: [.delimiter])
        let found = try await recognized("a;b\nc;d\n", format)
        #expect(found.dialect.delimiter == Array(",".utf8))
    }

    @Test(
        "Quotes of a TSV file are quotes where they are needed, and text where they are not",
        arguments: [
            ("id\ts\n1\t\"hello\"\n", false, false), ("id\ts\n1\t\"open\tx\n", false, false),
            ("id\ts\n1\t\"a\tb\"\n", true, false), ("id\ts\n1\t\"a\"\"b\"\n", true, false),
            ("\"id\"\t\"s\"\n1\t\"a\"\n", true, false), ("id\ts\n1\t\"a\nb\"\n", true, false),
            ("id\ts\n1\t\"a\tb\"\n2\t\"c\"d\n", false, false), ("id\ts\n1\ta\n", false, true),
        ]
    )
    func quotes(text: String, areQuotes: Bool, areUnknown: Bool) async throws {
        let format = try await recognized(text, CSVFormat(delimiter: "\t", guesses: [.quote]))
        #expect((format.dialect.quote != nil) == areQuotes)
        #expect(format.dialect.isQuoteUnknown == areUnknown)
    }

    @Test(
        "Lines before the header are guessed where all behind them is even",
        arguments: [
            ("Title\n\nid,s\n1,a\n2,b\n", "id,s"),
            ("Title,,\n,,\nid,s,t\n1,a,b\n2,b,c\n", "id,s,t"),
            ("id,s\n1,a,x\n2,b,y\n3,c,z\n", "id,s"),
            ("569,30,x,y\n1,2,3,4,5\n1,2,3,4,5\n", "569,30,x,y"),
            ("id,s\n1,a\n2,b\n", "id,s"), ("note\na,b\nc,d\ne,f\n", "note"),
        ]
    )
    func titles(text: String, header: String) async throws {
        let format = try await recognized(text, CSVFormat(guesses: [.header]))
        #expect(format.head?.fields?.names.joined(separator: ",") == header)
    }

    @Test("A header of two records is guessed where the second names what the first does not")
    func secondHeader() async throws {
        let text = "2019,,2020,\nname,a,b,c\nx,1,2,3\ny,4,5,6\n"
        let format = try await recognized(text, CSVFormat(guesses: [.header]))
        #expect(format.head?.fields?.names == ["2019 name", "a", "2020 b", "c"])
        #expect(format.notes.count == 1)
        let plain = try await recognized(
            "id,,x\n1,a,2\n2,b,3\n3,c,4\n",
            CSVFormat(guesses: [.header])
        )
        #expect(plain.head?.fields?.names == ["id", "column_2", "x"])
    }

    @Test("A delimiter at the end of each record is no field, and text behind it is refused")
    func lastDelimiter() async throws {
        let format = CSVFormat(delimiter: "|", header: ["id", "s"], guesses: [.header])
        #expect(try await read("1|a|\n2||\n", format).values == [["1", "a"], ["2", nil]])
        let file = try await read("id,s,\n1,a,\n2,,\n", CSVFormat(guesses: [.header]))
        #expect(file.names == ["id", "s"])
        #expect(file.values == [["1", "a"], ["2", nil]])
        let used = try await read("id,s,\n1,a,\n2,,x\n", CSVFormat(guesses: [.header]))
        #expect(used.names == ["id", "s", "column_3"])
    }

    @Test("What was guessed identifies the records, and what is as by default is not named")
    func description() async throws {
        let plain = try await recognized("id,s\n1,a\n", CSVFormat(guesses: [.delimiter, .header]))
        #expect(plain.description == #"csv, delimiter ",", quote "\"""#)
        let guessed = try await recognized("id;s\n1;a\n", CSVFormat(guesses: [.delimiter]))
        #expect(guessed.description == #"csv, delimiter ";", quote "\"""#)
        let said = try CSVFileFormat(
            CSVFormat(quote: nil, escapes: .tsv, nulls: ["NA"], comment: "#", raggedRecords: .fit)
        )
        #expect(
            said.description
                == ##"csv, delimiter ",", no quotes, escape as TSV, null "NA", comments "#", ragged records fit"##
        )
    }

    private func recognized(_ text: String, _ format: CSVFormat) async throws -> CSVFileFormat {
        let dialect = try CSVDialect(format)
        var head = CSVHead(format, dialect, Array(text.utf8), isWhole: true, name: "file")
        return try #require(try head.find())
    }

    // MARK: - Batches

    @Test("The weights of batches add up to the file, whatever limits them", arguments: 1...12)
    func weights(limit: Int) async throws {
        try await withChainWorld(.sqlite, "a,b\n\n1,\n2,\n\n\n\n\r\n3,\n\n4,\n\n\n") { world in
            for isCount in [true, false] {
                var options = world.options(weight: Double(limit))
                options.request.job = isCount ? "count" : "weight"
                if isCount { options.request.limit = BatchLimit(count: limit) }
                _ = try await Chain(reading: CSVSource(world.path)).write(to: MemorySink())
                    .run(through: world.inventory, options)
                let batches = try await world.inventory.store.batches(BatchSelection())
                    .filter { $0.key.job == options.request.job }
                // All but the header and the empty line behind it.
                #expect(batches.reduce(0) { $0 + ($1.weight ?? 0) } == 20)
                for batch in batches where batch.count > 1 && !isCount {
                    #expect(batch.weight ?? 0 <= Double(limit))
                }
            }
        }
    }

    @Test(
        "All before a quote that is not closed is loaded, by any number of workers",
        arguments: [1, 3, 8]
    )
    func openQuote(workers: Int) async throws {
        var text = "id,s\n"
        for row in 0..<300 { text += "\(row),some text\n" }
        try await withChainWorld(.sqlite, text + "300,\"open\n301,x\n") { world in
            let sink = MemorySink()
            let error = await #expect(throws: TrancheError.self) {
                try await Chain(reading: CSVSource(world.path)).write(to: sink)
                    .run(through: world.inventory, world.options(weight: 400, workers: workers))
            }
            #expect(error?.message.contains("never closed") == true)
            #expect(sink.records.count == 300)
        }
    }
}
