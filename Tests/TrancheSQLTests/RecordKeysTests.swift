import Testing
import Tranche
import TrancheSQL

@Suite("The keys of records")
struct RecordKeysTests {
    @Test(
        "Two spellings are one key where the column's type takes them for one value",
        arguments: [
            ("bigint", "1", "01", true), ("bigint", "1", "1.0", true), ("bigint", "1", "-1", false),
            ("INTEGER", "10", "1e1", true), ("numeric", "1.5", "15e-1", true),
            ("numeric", "9007199254740993.5", "9007199254740992.5", false),
            ("numeric", "1e99999999999999999999", "1", false), ("numeric", "-0.0", "0", true),
            ("double precision", "0.1", "0.10", true), ("text", "1", "01", false),
            ("citext", "A", "a", true), ("text", "A", "a", false), ("TEXT", "A", "a", false),
            ("text", "\u{E9}", "e\u{301}", false), ("TEXT", "\u{E9}", "e\u{301}", false),
            ("NUMERIC", "1 2", "12", false), ("numeric", " 12 ", "12", true),
            ("character", "a", "a  ", true), ("character varying", "a", "a  ", false),
            (
                "uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
                "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", true
            ),
            (
                "timestamp with time zone", "2026-01-01T05:30:00Z", "2026-01-01 06:30:00+01:00",
                true
            ),
            ("date", "2026-01-31", "2026-01-31 08:00", true),
            ("date", "2026-01-31", "2026-02-01", false), ("date", "x", "X", false),
            ("boolean", "true", "T", true), ("boolean", "yes", "1", true),
            ("boolean", "off", "f", true), ("boolean", "on", "off", false),
            ("time without time zone", "08:00", "08:00:00.0", true),
            ("time without time zone", "00:00", "24:00", false),
            ("bytea", "\\x41fF", "\\x 41 FF", true), ("bytea", "A", "\\x41", true),
            ("bytea", "\\\\\\101", "\\x5c41", true), ("bytea", "A", "a", false),
        ]
    )
    func spellings(type: String, one: String, other: String, isSame: Bool) throws {
        let fields = try RecordFields(["key"])
        let load = SQLLoad(
            table: SQLTableName(table: "t"),
            columns: [SQLLoad.Column(name: "key", type: type, baseType: type)],
            key: ["key"],
            fields: fields
        )
        let written = WrittenKeys(load)
        let news = try [one, other].map { text in
            written.insert(try Record(id: 1, fields: fields, values: [.text(text)]))
        }
        #expect(news == [true, !isSame])
    }

    @Test(
        "True is 1 where the database keeps it so",
        arguments: [
            ("INTEGER", true), ("NUMERIC", true), ("REAL", true), ("BLOB", true), ("TEXT", false),
            ("boolean", true), ("text", false),
        ]
    )
    func truths(type: String, isSame: Bool) throws {
        let fields = try RecordFields(["key"])
        let load = SQLLoad(
            table: SQLTableName(table: "t"),
            columns: [SQLLoad.Column(name: "key", type: type, baseType: type)],
            key: ["key"],
            fields: fields
        )
        let written = WrittenKeys(load)
        let values: [Value] = [.boolean(true), .integer(1), .boolean(false)]
        let news = try values.map { value in
            written.insert(try Record(id: 1, fields: fields, values: [value]))
        }
        #expect(news == [true, !isSame, true])
    }

    @Test(
        "A time that was read as such is one key with the text of the same value",
        arguments: [
            ("timestamp with time zone", "2026-01-01 06:30:00+01:00"),
            ("timestamp without time zone", "2026-01-01 05:30"), ("date", "2026-01-01"),
        ]
    )
    func times(type: String, text: String) throws {
        let fields = try RecordFields(["key"])
        let load = SQLLoad(
            table: SQLTableName(table: "t"),
            columns: [SQLLoad.Column(name: "key", type: type, baseType: type)],
            key: ["key"],
            fields: fields
        )
        let written = WrittenKeys(load)
        var builder = RecordBlockBuilder(fields)
        // 2026-01-01T05:30:00Z, and a day later.
        let time: Int64 = 1_767_245_400_000_000
        builder.add(1, inputs: [RecordInput.timestamp(time)])
        builder.add(2, inputs: [RecordInput.value(.text(text))])
        builder.add(3, inputs: [RecordInput.timestamp(time + 86_400_000_000)])
        let block = builder.build()
        let news = (0..<3).map { written.insert(Record(block, row: $0)) }
        #expect(news == [true, false, true])
    }

    @Test("Bytes are compared as such, and numbers without a type as numbers")
    func kinds() throws {
        let fields = try RecordFields(["key"])
        let load = SQLLoad(
            table: SQLTableName(table: "t"),
            columns: [SQLLoad.Column(name: "key", type: "", baseType: "BLOB")],
            key: ["key"],
            fields: fields
        )
        let written = WrittenKeys(load)
        let values: [Value] = [
            .blob([0xFF]), .blob([0xFE]), .integer(1), .real(1), .text("1"), .blob([0xFF]),
        ]
        let news = try values.enumerated().map { id, value in
            written.insert(try Record(id: Int64(id), fields: fields, values: [value]))
        }
        #expect(news == [true, true, true, false, true, false])
    }
}
