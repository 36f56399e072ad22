import TestSupport
import Testing
import Tranche
import TrancheSQL

@testable import TrancheChains

@Suite("Values in tables of SQLite", .timeLimit(.minutes(10)))
struct SQLiteValueTests {
    private static let texts = [
        "0", "-0", "+5", " 7 ", "007", "1.0", "1.50", "1e3", "9223372036854775807",
        "9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "12345678901234567890.123456789", "123456789.123456789",
        "0.30000000000000004", "0.10000000000000000555", "9007199254740993", "9007199254740993.0",
        "9007199254740992", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "NA", "", " ", "0x10",
        "1e", "2024-01-02", "é", "1,5", "true",
    ]
    private static let types = [
        "", "TEXT", "VARCHAR(10)", "INTEGER", "BIGINT", "REAL", "DOUBLE PRECISION", "NUMERIC",
        "DECIMAL(10,2)", "BOOLEAN", "DATETIME", "BLOB", "ANY",
    ]

    private func stored(_ record: Record, _ world: ValueWorld) async throws -> String? {
        try await world.stored(record, in: "value") {
            try await world.database.column("SELECT typeof(v) || ' ' || quote(v) FROM value").first
        }
    }

    @Test(
        "A text is stored as SQLite stores it, or refused where a digit would be lost",
        arguments: types
    )
    func texts(_ type: String) async throws {
        try await withValueWorld(.sqlite) { world in
            try await world.database.run(
                "CREATE TABLE value (v \(type)); CREATE TABLE own (v \(type), held)"
            )
            for text in Self.texts {
                try await world.database.run(
                    "DELETE FROM own; INSERT INTO own (v) VALUES ('\(text)')"
                )
                let right = try await world.database.column(
                    "SELECT typeof(v) || ' ' || quote(v) FROM own"
                ).first
                let kept = try await world.database.column("SELECT typeof(v) FROM own").first
                let isWhole = Int64(text.filter { $0 != " " }) != nil
                let isNumber = kept == "real" || kept == "integer" && !isWhole
                let isRounded = isNumber && !Self.isHeld(text)
                let found = try await stored(
                    ValueWorld.record(texts: [("v", text)]),
                    world
                )
                #expect(
                    found == (isRounded ? nil : right),
                    "\(text.debugDescription) as \(type)"
                )
            }
        }
    }

    private static func isHeld(_ text: String) -> Bool {
        Array(text.trimming { $0 == " " }.utf8).withUnsafeBufferPointer {
            NumberText.double($0).map { number in !number.isOutOfRange } ?? false
                && NumberText.isHeld($0, by: NumberText.nearest($0))
        }
    }

    @Test(
        "A number of JSON keeps its value, and as text its digits",
        arguments: [
            ("TEXT", "1.50", "text '1.50'"),
            ("TEXT", "0.30000000000000004", "text '0.30000000000000004'"),
            ("TEXT", "123456789.123456789", "text '123456789.123456789'"),
            ("TEXT", "18446744073709551615", "text '18446744073709551615'"),
            ("TEXT", "1e400", "text '1e400'"), ("TEXT", "true", "text 'true'"),
            ("TEXT", "[1,2]", "text '[1,2]'"),
            ("", "18446744073709551615", "text '18446744073709551615'"),
            ("", "5", "integer 5"), ("", "1.5", "real 1.5"), ("", "true", "integer 1"),
            ("BLOB", "12345678901234567890.5", "text '12345678901234567890.5'"),
            ("INTEGER", "5", "integer 5"), ("INTEGER", "1.0", "integer 1"),
            ("INTEGER", "false", "integer 0"), ("INTEGER", "18446744073709551615", nil),
            ("INTEGER", "18446744073709551616", "real 1.84467440737095516156e+19"),
            ("BIGINT", "9223372036854775808", "real 9.2233720368547758078e+18"),
            ("NUMERIC", "123456789.123456789", nil), ("REAL", "1e400", nil),
            ("REAL", "0.30000000000000004", "real 3.00000000000000044408e-01"),
            ("REAL", "9007199254740993", nil),
            ("REAL", "9007199254740992", "real 9.00719925474099199994e+15"),
        ] as [(String, String, String?)]
    )
    func numbers(_ type: String, _ json: String, _ right: String?) async throws {
        try await withValueWorld(.sqlite) { world in
            try await world.database.run("CREATE TABLE value (v \(type))")
            let found = try await stored(ValueWorld.record(json: "{\"v\": \(json)}"), world)
            #expect(found == right)
        }
    }

    @Test(
        "A strict table takes what its types hold",
        arguments: [
            ("ANY", "18446744073709551615", "text '18446744073709551615'"),
            ("TEXT", "1.50", "text '1.50'"), ("INTEGER", "18446744073709551615", nil),
            ("INTEGER", "1.5", nil), ("REAL", "1.5", "real 1.5"),
        ] as [(String, String, String?)]
    )
    func strict(_ type: String, _ json: String, _ right: String?) async throws {
        try await withValueWorld(.sqlite) { world in
            try await world.database.run("CREATE TABLE value (v \(type)) STRICT")
            let found = try await stored(ValueWorld.record(json: "{\"v\": \(json)}"), world)
            #expect(found == right)
        }
    }

    @Test("A number that is none is a text, and no NULL")
    func notANumber() async throws {
        try await withValueWorld(.sqlite) { world in
            try await world.database.run("CREATE TABLE value (v REAL)")
            let fields = try RecordFields(["v"])
            func found(_ value: Double) async throws -> String? {
                try await stored(
                    try Record(id: 1, fields: fields, values: [.real(value)]),
                    world
                )
            }
            #expect(try await found(.nan) == "text 'NaN'")
            #expect(try await found(.infinity)?.hasPrefix("real ") == true)
        }
    }
}
