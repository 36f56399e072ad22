import TestSupport
import Testing
import Tranche
import TrancheSQL

@Suite("SQL statements")
struct SQLStatementTests {
    @Test("Interpolated values become binds, numbered in order")
    func binds() {
        let statement: SQLStatement = """
            SELECT \(1), \(Int64?.none), \(2.5), \("x"), \(Value.boolean(true))
            """
        #expect(statement.text == "SELECT $1, $2, $3, $4, $5")
        #expect(statement.binds == [.integer(1), .null, .real(2.5), .text("x"), .boolean(true)])
    }

    @Test("Missing numbers and texts bind NULL")
    func nulls() {
        let statement: SQLStatement = "\(Int64?.none) \(Double?.none) \(String?.none)"
        #expect(statement.binds == [.null, .null, .null])
    }

    @Test("A part's placeholders move behind those before it")
    func parts() {
        let part: SQLStatement = "a = \(1) OR b IN (\(2), \(3))"
        let statement: SQLStatement = "x = \(0) AND (\(part)) AND y = \(4)"
        #expect(statement.text == "x = $1 AND (a = $2 OR b IN ($3, $4)) AND y = $5")
        #expect(statement.binds == (0...4).map { .integer($0) })
    }

    @Test("A part keeps its numbers where nothing is before it")
    func firstPart() {
        let part: SQLStatement = "a = \(1)"
        let statement: SQLStatement = "(\(part)) OR b = \(2)"
        #expect(statement.text == "(a = $1) OR b = $2")
    }

    @Test("Placeholders of two digits are moved whole")
    func manyParts() {
        var statement: SQLStatement = ""
        for number in 0..<12 { statement.append("\(number),") }
        let twice: SQLStatement = "\(statement)\(statement)"
        #expect(twice.text == (1...24).map { "$\($0)," }.joined())
    }

    @Test("What is quoted is no placeholder")
    func quoted() {
        let name = #"a$1 "b$1""#
        let part: SQLStatement = "\(name: name) = \(1) AND '$1''$1' <> \(2)"
        let statement: SQLStatement = "\(0) AND \(part)"
        #expect(statement.text == #"$1 AND "a$1 ""b$1""" = $2 AND '$1''$1' <> $3"#)
    }

    @Test("Two statements add up")
    func sum() {
        let left: SQLStatement = "a = \(1)"
        let right: SQLStatement = " AND b = \(2)"
        #expect((left + right).text == "a = $1 AND b = $2")
        #expect((left + right).binds == [.integer(1), .integer(2)])
    }

    @Test("Names and texts are quoted, with the quotes in them doubled")
    func quoting() {
        #expect(#"a "b" c"#.quotedAsName == #""a ""b"" c""#)
        #expect("it's".quotedAsText == "'it''s'")
        #expect("".quotedAsName == "\"\"")
        let statement: SQLStatement =
            "SELECT \(name: "x y") FROM \(SQLTableName(schema: "s", table: "t.u"))"
        #expect(statement.text == #"SELECT "x y" FROM "s"."t.u""#)
        #expect(statement.binds.isEmpty)
    }

    @Test(
        "Statements that differ in their Unicode form alone are two",
        arguments: TestDatabase.Backend.available
    )
    func forms(on backend: TestDatabase.Backend) async throws {
        try await withTestDatabase(backend) { database in
            for (text, length) in [("\u{E9}", "1"), ("e\u{301}", "2")] {
                let statement = SQLStatement("SELECT length('\(text)') AS c", binds: [])
                let found = try await database.column(statement)
                #expect(found == [length])
            }
        }
    }

    @Test("A table's name has at most one dot")
    func tableNames() throws {
        #expect(try SQLTableName(verbatim: "t") == SQLTableName(table: "t"))
        #expect(try SQLTableName(verbatim: "S.T") == SQLTableName(schema: "S", table: "T"))
        for name in ["", ".", "a.", ".b", "a.b.c"] {
            let error = #expect(throws: TrancheError.self) { try SQLTableName(verbatim: name) }
            #expect(error?.code == .invalidArgument)
        }
    }
}
