import Testing
import Tranche

@testable import TrancheChains

@Suite("Values as JSON and CSV")
struct JSONValueTests {
    private static let numbers = [
        "0", "-0", "7", "1.50", "1e3", "1E+3", "-2.5e-3", "0.30000000000000004",
        "123456789.123456789", "18446744073709551615", "12345678901234567890.123456789",
        "9007199254740993", "9007199254740993.0", "1e400", "1e-400", "100000000000000000000",
    ]

    @Test("A number of JSON Lines is written with the digits that were read", arguments: numbers)
    func digits(_ number: String) throws {
        let line = "{\"id\":1,\"v\":\(number),\"w\":[\(number)],\"x\":true,\"y\":null}"
        let record = try ValueWorld.record(json: line)
        var json: [UInt8] = []
        record.appendJSON(to: &json)
        #expect(String(decoding: json, as: UTF8.self) == line)
        var csv: [UInt8] = []
        CSVWriting(delimiter: UInt8(ascii: ",")).append(record, at: nil, to: &csv)
        #expect(String(decoding: csv, as: UTF8.self).hasPrefix("1,\(number),[\(number)],true,"))
    }

    @Test("A reader with 64 bits and doubles gets long numbers as texts, also within arrays")
    func longNumbers() throws {
        let line = "{\"a\":18446744073709551615,\"b\":[1.5,1e400,{\"c\":\"1e400 \\\"\"}],\"d\":-3}"
        let record = try ValueWorld.record(json: line)
        var json: [UInt8] = []
        record.appendJSON(to: &json, long: .asTexts)
        #expect(
            String(decoding: json, as: UTF8.self)
                == "{\"a\":\"18446744073709551615\",\"b\":[1.5,\"1e400\",{\"c\":\"1e400 \\\"\"}],\"d\":-3}"
        )
    }

    @Test("A record with another value of one field keeps the others as they were read")
    func changed() throws {
        let line = "{\"a\":1.50,\"b\":[1, 2],\"c\":18446744073709551615,\"d\":\"x\"}"
        let record = try ValueWorld.record(json: line).setting("d", to: .text("y"))
        let cleaned = try FieldCleaning(record.fields).clean([record][...])
        for record in [record] + cleaned {
            var json: [UInt8] = []
            record.appendJSON(to: &json)
            #expect(String(decoding: json, as: UTF8.self) == line.replacing("\"x\"", with: "\"y\""))
        }
    }

    @Test(
        "A number that is not finite is a text",
        arguments: [(Double.nan, "NaN"), (.infinity, "Infinity"), (-.infinity, "-Infinity")]
    )
    func notFinite(_ value: Double, _ text: String) throws {
        let record = try Record(id: 1, fields: RecordFields(["v"]), values: [.real(value)])
        var json: [UInt8] = []
        record.appendJSON(to: &json)
        #expect(String(decoding: json, as: UTF8.self) == "{\"v\":\"\(text)\"}")
        #expect(record["v"]?.text == text)
    }

    @Test(
        "A time is read by RFC 3339, with shorter zones, and rounded to microseconds",
        arguments: [
            ("2024-01-02T03:04:05Z", 0), ("2024-01-02 03:04:05", 0), ("2024-01-02 03:04:05+00", 0),
            ("2024-01-02t04:04:05+01", 0), ("2024-01-02T04:04:05+0100", 0),
            ("2024-01-02T04:04:05+01:00", 0), ("2024-01-02T03:04:05.5Z", 500_000),
            ("2024-01-02T03:04:05.1234564Z", 123_456), ("2024-01-02T03:04:05.1234566Z", 123_457),
            ("2024-01-02T03:04:04.999999999Z", 0), ("2024-01-02T03:04:60Z", nil),
            ("2024-01-02T24:00:00Z", nil), ("2024-01-02T03:04Z", nil), ("2024-01-02", nil),
            ("2024-01-02T03:04:05+1", nil), ("2024-01-02T03:04:05+01:0", nil),
            ("2024-01-02T03:04:05.Z", nil), ("2024-01-02T03:04:05 Z", nil),
        ] as [(String, Int64?)]
    )
    func times(_ text: String, _ offset: Int64?) {
        let found = Array(text.utf8).withUnsafeBufferPointer { FieldText.microseconds($0) }
        #expect(found == offset.map { 1_704_164_645_000_000 + $0 })
    }

    @Test(
        "A leap second ends a day in UTC",
        arguments: [
            ("1998-12-31T23:59:60Z", true), ("1998-12-31T15:59:60.123-08:00", true),
            ("1999-01-01T00:59:60+01", true), ("1998-12-31T23:58:60Z", false),
            ("1998-12-31T22:59:60Z", false), ("1998-12-31T23:59:61Z", false),
        ]
    )
    func leapSeconds(_ text: String, _ isTime: Bool) {
        let found = Array(text.utf8).withUnsafeBufferPointer { FieldText.microseconds($0) }
        #expect((found != nil) == isTime)
        if isTime, !text.contains(".") { #expect(found == 915_148_800_000_000) }
    }
}
