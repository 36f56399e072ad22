import TestSupport
import Testing
import Tranche
import TrancheSQL
import TrancheTestKit

@testable import TranchePostgreSQL

@Suite("Texts as PostgreSQL reads them", .enabled(if: TestPostgreSQL.server != nil))
struct PostgreSQLInputTests {
    typealias Bytes = UnsafeBufferPointer<UInt8>
    typealias Reading = PostgreSQLInput.Reading

    /// A type, texts that are odd for it, and what is made of them.
    struct TypeCase: Sendable, CustomTestStringConvertible {
        var type: String
        var samples: [String]
        /// What spells a value so that equal values are equal texts.
        var spelling: String
        var read: @Sendable (Bytes) -> Reading<String>

        var testDescription: String { type }
    }

    private static func spelled<Value>(
        _ reading: Reading<Value>,
        _ body: (Value) -> String
    ) -> Reading<String> {
        reading.map { .value(body($0)) }
    }

    private static let numbers = [
        "0", "-0", "+5", " 7 ", "007", "1.0", "1.50", ".5", "5.", "1e3", "1E+3", "-2.5e-3", "e5",
        "2147483647", "2147483648", "-2147483648", "-2147483649", "32767", "32768", "-32768",
        "9223372036854775807", "9223372036854775808", "-9223372036854775808",
        "18446744073709551615", "9007199254740993", "0x1F", "1_000", "0b1", "0o7", "NaN", "nan",
        "-nan", "nan(1)", "Infinity", "-inf", "+Infinity", "infinit", "1e39", "-1e39", "1e38",
        "3.4028235e38", "3.4028236e38", "3.4028235677973366e38", "1e-45", "7e-46", "1e-46",
        "1e308", "1e309", "1e400", "1e-400", "5e-324", "2e-324", "0e400", "0.0e-999", "1e", "",
        " ", "-", "+", ".", "1.2.3", "1,5", "0x", "16777217", "16777217.0000001", "0.1", "\t1\n",
        "1.00000017881393432617187500", "1.00000017881393432617187499", "abc", "tru", "1d",
    ]
    private static let times = [
        "2024-01-02", "2024-01-02 03:04:05", "2024-01-02T03:04:05", "2024-01-02t03:04:05z",
        "2024-01-02 03:04", "2024-01-02 03:04+02", "2024-01-02 03:04:05+00",
        "2024-01-02 03:04:05+0100", "2024-01-02T03:04:05+02:00", "2024-01-02 03:04:05-15:59",
        "2024-01-02 03:04:05+16", "2024-01-02 03:04:05.5", "2024-01-02 03:04:05.123456789",
        "2024-01-02 03:04:05.999999999", "2024-01-02 23:59:59.9999999", "2024-01-02 03:04:05.",
        "2024-01-02 03:04:05.1234565", "2024-01-02 03:04:05.1234575", "2024-01-02 03:04:05.0000005",
        "2024-01-02 24:00:00", "2024-01-02 24:00:01", "2024-01-02 23:59:60", "2024-01-02 12:30:60",
        "2024-01-02 12:30:60.5", "2024-01-02 23:59:60.999999999", "2024-01-02 03:04:61",
        "2024-02-29", "2023-02-29", "2024-02-30", "0000-01-01", "0001-01-01", "0044-03-15 BC",
        "0044-03-15 00:00:00+00 BC", "20240102", "20240102T030405", "2024-1-2", "infinity",
        "-infinity", "Infinity", "epoch", "01/02/2024", "13/02/2024", "02.01.2024", "Jan 2 2024",
        "2024-01-02 03:04:05 +02", "2024-01-02  03:04:05", " 2024-01-02 ", "\t2024-01-02 03:04\n",
        "2024-01-02 03:04:05Z", "2024-01-02 03:04:05 UTC", "2024-01-02 3:04:05", "9999-12-31",
        "2024-01-02T03", "2024-13-01", "2024-00-01", "2024-01-00", "2024-01-32", "", "n/a", "NaN",
        "2024-01-02 03:60:05", "2024-01-02 25:00:00", "2024-01-02 03:04:05+2", "null", "0",
        "2024-01-02 03:04:05+00:00:00", "2024-01-02 03:04:05,5", "2024-01-02 03:04:05.5+02:30",
        "10000-01-01", "2024-01-02Z", "2024-01-02+02", "1706842800", "99999999999",
    ]

    static let cases: [TypeCase] = [
        TypeCase(type: "smallint", samples: numbers, spelling: "v::text") {
            spelled(PostgreSQLInput.integer($0) as Reading<Int16>) { String($0) }
        },
        TypeCase(type: "integer", samples: numbers, spelling: "v::text") {
            spelled(PostgreSQLInput.integer($0) as Reading<Int32>) { String($0) }
        },
        TypeCase(type: "bigint", samples: numbers, spelling: "v::text") {
            spelled(PostgreSQLInput.integer($0) as Reading<Int64>) { String($0) }
        },
        TypeCase(type: "real", samples: numbers, spelling: "encode(float4send(v), 'hex')") {
            spelled(PostgreSQLInput.float($0)) { hexadecimal($0.bitPattern) }
        },
        TypeCase(
            type: "double precision",
            samples: numbers,
            spelling: "encode(float8send(v), 'hex')"
        ) {
            spelled(PostgreSQLInput.double($0)) { hexadecimal($0.bitPattern) }
        },
        TypeCase(
            type: "boolean",
            samples: numbers + [
                "t", "T", "tr", "tru", "true", "TRUE", "trues", "f", "fa", "False", "y", "ye",
                "yes", "n", "no", "o", "on", "of", "off", "ON", " true ", "\ttrue", "2", "01",
                "wahr", "nein",
            ],
            spelling: "v::text"
        ) { spelled(PostgreSQLInput.boolean($0)) { "\($0)" } },
        TypeCase(
            type: "timestamp",
            samples: times,
            spelling: "(extract(epoch FROM v) * 1000000)::bigint::text"
        ) { spelled(PostgreSQLInput.microseconds($0, hasZone: false)) { String($0) } },
        TypeCase(
            type: "timestamptz",
            samples: times,
            spelling: "(extract(epoch FROM v) * 1000000)::bigint::text"
        ) { spelled(PostgreSQLInput.microseconds($0, hasZone: true)) { String($0) } },
        TypeCase(type: "date", samples: times, spelling: "(v - '1970-01-01'::date)::text") {
            spelled(PostgreSQLInput.days($0)) { String($0) }
        },
        TypeCase(
            type: "bytea",
            samples: [
                "", "abc", "\\x00ff", "\\x00FF", "\\x", "\\x0", "\\xzz", "\\x 00 ff", "\\x00 ff",
                "a\\000b", "\\\\", "\\\\x00", "a\\b", "\\377", "\\400", "\\08", "\\1", "\\", "é",
                "x00ff", "\\X00ff", "\\001\\\\\\002",
            ],
            spelling: "encode(v, 'hex')"
        ) { text in
            var output: [UInt8] = []
            let reading = PostgreSQLInput.appendBytes(text, to: &output)
            return spelled(reading) { _ in output.hexadecimal }
        },
    ]

    private static func hexadecimal(_ bits: some FixedWidthInteger) -> String {
        withUnsafeBytes(of: bits.bigEndian) { Array($0).hexadecimal }
    }

    @Test("What is read here is what the server reads", arguments: cases)
    func agreement(_ type: TypeCase) async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        var texts = type.samples
        for _ in 0..<4000 {
            texts.append(changed(type.samples.randomElement(using: &generator) ?? "", &generator))
        }
        try await withTestDatabase(.postgreSQL) { database in
            let readings = try await serverReadings(of: texts, type, database)
            var decided = 0
            for (text, server) in zip(texts, readings) {
                switch Array(text.utf8).withUnsafeBufferPointer({ type.read($0) }) {
                case .value(let value):
                    decided += 1
                    #expect(value == server, "\(text.debugDescription), seed \(seed)")
                case .refused:
                    #expect(server == "NULL", "\(text.debugDescription), seed \(seed)")
                case .undecided: break
                }
            }
            #expect(decided > texts.count / 50)
        }
    }

    /// The text with a character or two changed, left out or put in.
    private func changed(_ text: String, _ generator: inout SplitMix64) -> String {
        var characters = Array(text)
        let alphabet = Array("0123456789-+.:/eExXTZz \\tfynonaifBC'\u{e9}")
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: 0...characters.count, using: &generator)
            let character = alphabet.randomElement(using: &generator) ?? "0"
            switch Int.random(in: 0..<6, using: &generator) {
            case 0: characters.insert(character, at: place)
            case 1 where place < characters.count: characters.remove(at: place)
            case 1... where place < characters.count:
                // A digit for a digit, so that many texts keep their form.
                let digit = Character(String(Int.random(in: 0...9, using: &generator)))
                characters[place] = characters[place].isNumber ? digit : character
            default: break
            }
        }
        return String(characters)
    }

    /// What the server makes of texts; `NULL` where it refuses them.
    private func serverReadings(
        of texts: [String],
        _ type: TypeCase,
        _ database: TestDatabase
    ) async throws -> [String] {
        let function = "\(database.prefix)reading"
        try await database.run(
            """
            CREATE FUNCTION \(function)(t text) RETURNS text LANGUAGE plpgsql
            SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' AS $$
            DECLARE v \(type.type);
            BEGIN
                v := t;
                RETURN \(type.spelling);
            EXCEPTION WHEN OTHERS THEN RETURN NULL;
            END $$
            """
        )
        let list =
            "{"
            + texts.map { text in
                let quoted = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                return "\"\(quoted)\""
            }.joined(separator: ",") + "}"
        return try await database.column(
            """
            SELECT \(unsafeRaw: function)(t)
            FROM unnest(CAST(\(list) AS text[])) WITH ORDINALITY AS u (t, place)
            ORDER BY place
            """
        )
    }
}
