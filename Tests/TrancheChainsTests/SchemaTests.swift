import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Records against a schema")
struct SchemaTests {
    private static func errors(
        _ rule: String,
        _ value: Value,
        required: Bool = false
    ) throws -> [String] {
        let json = """
            {"properties": {"f": \(rule)}\(required ? ", \"required\": [\"f\"]" : "")}
            """
        let fields = try RecordFields(["f"])
        let validator = try SchemaValidator(try RecordSchema(json: json), fields: fields)
        let record = try Record(id: 1, fields: fields, values: [value])
        var faults: [RecordFault] = []
        _ = try validator.validate([record]) { faults.append($0) }
        return faults.flatMap { $0.errors.map(\.message) }
    }

    struct Case: CustomTestStringConvertible {
        let rule: String
        let valid: [String]
        let invalid: [String]
        var testDescription: String { rule }
    }

    static let cases = [
        Case(
            rule: #"{"type": "integer"}"#,
            valid: ["0", "-1", "+7", " 12 ", "9223372036854775807", "-9223372036854775808"],
            invalid: ["1.5", "x", "9223372036854775808", "1 2", "--1", "-"]
        ),
        Case(
            rule: #"{"type": "number"}"#,
            valid: ["0", "-1.5", "1e3", ".5", "5.", "0.1", "1e-400", "123456789012345678901"],
            invalid: ["", "x", "inf", "nan", "1e999", "0x10", "1,5", "."]
                .filter { !$0.isEmpty }
        ),
        Case(
            rule: #"{"type": "boolean"}"#,
            valid: ["true", "FALSE", "t", "n", "1", "0", "Yes"],
            invalid: ["2", "maybe", "truely"]
        ),
        Case(
            rule: #"{"type": "string", "format": "date-time"}"#,
            valid: [
                "2024-02-29T23:59:59Z", "2024-02-29 08:00:00", "2024-01-01T00:00:00.123456+05:30",
            ],
            invalid: [
                "2023-02-29T00:00:00Z", "2024-01-01", "2024-13-01T00:00:00Z",
                "2024-01-01T24:00:00Z",
            ]
        ),
        Case(
            rule: #"{"type": "string", "format": "date"}"#,
            valid: ["2000-02-29", "1969-12-31"],
            invalid: ["1900-02-29", "2024-1-1", "2024-00-10"]
        ),
        Case(
            rule: #"{"type": "string", "minLength": 2, "maxLength": 3}"#,
            valid: ["ab", "äöü"],
            invalid: ["a", "abcd", "ä", "äöüß"]
        ),
        Case(
            rule: #"{"enum": ["alpha", "a longer text", 7]}"#,
            valid: ["alpha", "a longer text", "7"],
            invalid: ["Alpha", "a longer tex", "a longer texu"]
        ),
        Case(
            rule: #"{"type": "string", "pattern": "^[A-Z]{2}\\d+$"}"#,
            valid: ["AB1"],
            invalid: ["ab1", "AB"]
        ),
        Case(
            rule: #"{"type": "string", "format": "email"}"#,
            valid: ["a@b.c", "Zoé@exämple.org"],
            invalid: ["a", "@b", "a@", "a b@c", "a@b@c", "a@-b.c"]
        ),
        Case(
            rule: #"{"type": "string", "format": "uuid"}"#,
            valid: ["123e4567-e89b-12d3-a456-426614174000"],
            invalid: ["123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g"]
        ),
        Case(
            rule: #"{"type": "integer", "minimum": 1, "exclusiveMaximum": 10}"#,
            valid: ["1", "9"],
            invalid: ["0", "10"]
        ),
    ]

    @Test("Each keyword lets through what it should, and nothing else", arguments: cases)
    func keywords(sample: Case) throws {
        for text in sample.valid {
            let errors = try Self.errors(sample.rule, .text(text))
            #expect(errors == [], "\(text)")
        }
        for text in sample.invalid {
            let errors = try Self.errors(sample.rule, .text(text))
            #expect(errors.count == 1, "\(text)")
        }
    }

    @Test("A required field must have a value, others may have none")
    func required() throws {
        for value in [Value.null, .text("")] {
            let missing = try Self.errors(#"{"type": "integer"}"#, value, required: true)
            #expect(missing == ["is required and has no value"])
            #expect(try Self.errors(#"{"type": "integer"}"#, value) == [])
        }
        #expect(
            try Self.errors(#"{"type": ["integer", "null"]}"#, .null, required: true) == []
        )
    }

    @Test("Values that have types keep them")
    func typed() throws {
        #expect(try Self.errors(#"{"type": "integer"}"#, .integer(1)) == [])
        #expect(try Self.errors(#"{"type": "number"}"#, .integer(1)) == [])
        #expect(try Self.errors(#"{"type": "integer"}"#, .real(1.5)).count == 1)
        #expect(try Self.errors(#"{"type": "string"}"#, .integer(1)).count == 1)
    }

    @Test(
        "A schema that cannot be kept is refused",
        arguments: [
            "x", "[]", #"{"properties": {"f": {"oneOf": []}}}"#, #"{"patternProperties": {}}"#,
            #"{"properties": {"f": {"type": "text"}}}"#,
            #"{"properties": {"f": {"pattern": "("}}}"#,
            #"{"properties": {"f": {"format": "zip"}}}"#,
            #"{"properties": {"f": {"minimum": "1"}}}"#,
        ]
    )
    func refused(json: String) {
        #expect(throws: TrancheError.self) { _ = try RecordSchema(json: json) }
    }

    @Test("Numbers are read as the standard library reads them")
    func numbers() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        for _ in 0..<20_000 {
            var text = String(Int64.random(in: -(1 << 60)...(1 << 60), using: &generator))
            let digits = Int.random(in: 0..<text.count, using: &generator)
            text = text.prefix(digits) + (digits > 1 ? "." : "") + text.dropFirst(digits)
            let bytes = Array(text.utf8)
            let found = bytes.withUnsafeBufferPointer { FieldText.number($0) }
            #expect(found == Double(text), "seed \(seed): \(text)")
        }
    }
}
