import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Records against a schema")
struct SchemaTests {
    struct Case: CustomTestStringConvertible {
        let rule: String
        let valid: [String]
        let invalid: [String]
        var testDescription: String { rule }
    }

    static let cases = [
        Case(
            rule: #"{"type": "integer"}"#,
            valid: [
                "0", "-1", "+7", " 12 ", "9223372036854775807", "-9223372036854775808", "1.0",
                "1e3",
                "9223372036854775808", "",
            ],
            invalid: ["1.5", "x", "1 2", "--1", "-", "1e-1"]
        ),
        Case(
            rule: #"{"type": "number"}"#,
            valid: [
                "0", "-1.5", "1e3", ".5", "5.", "0.1", "1e-400", "123456789012345678901", "1e999",
            ],
            invalid: ["x", "inf", "nan", "0x10", "1,5", ".", "1e", "e1"]
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
            rule: #"{"format": "date", "maxLength": 9}"#,
            valid: [],
            invalid: ["2024-01-01", "2024-1-1"]
        ),
        Case(
            rule: #"{"enum": ["alpha", "a longer text", 7, true]}"#,
            valid: ["alpha", "a longer text", "7", "7.0", "true"],
            invalid: ["Alpha", "a longer tex", "a longer texu", "8", "TRUE", "false"]
        ),
        Case(rule: #"{"enum": [1, 2.5]}"#, valid: ["1", "1.0", "2.5"], invalid: ["2", "x"]),
        Case(rule: #"{"const": true}"#, valid: ["true", "yes"], invalid: ["false", "no"]),
        Case(
            rule: #"{"type": ["integer", "boolean"]}"#,
            valid: ["1", "true"],
            invalid: ["1.5", "x"]
        ),
        Case(
            rule: #"{"anyOf": [{"type": "integer", "minimum": 3}, {"type": "null"}]}"#,
            valid: ["3", ""],
            invalid: ["2", "x"]
        ),
        Case(
            rule: #"{"type": "array", "items": {"type": "integer"}, "maxItems": 2}"#,
            valid: ["[]", "[1, 2]", ""],
            invalid: ["[1,2,3]", "[1.5]", "1", "x", "{}"]
        ),
    ]

    @Test("Texts become what the types say, and meet what else is asked", arguments: cases)
    func keywords(sample: Case) throws {
        for text in sample.valid {
            #expect(try SchemaWorld.errors(sample.rule, .text(text)) == [], "\(text)")
        }
        for text in sample.invalid {
            #expect(try !SchemaWorld.errors(sample.rule, .text(text)).isEmpty, "\(text)")
        }
    }

    @Test("A required field must have a value, others may have none")
    func required() throws {
        for value in [Value.null, .text("")] {
            let missing = try SchemaWorld.errors(#"{"type": "integer"}"#, value, required: true)
            #expect(missing == ["is required and has no value"])
            #expect(try SchemaWorld.errors(#"{"type": "integer"}"#, value) == [])
        }
        #expect(
            try SchemaWorld.errors(#"{"type": ["integer", "null"]}"#, .null, required: true) == []
        )
        // Present is enough where records say themselves what they have; a table's field is always
        // there.
        #expect(try SchemaWorld.errors("{}", .null, required: true) == [])
        #expect(try SchemaWorld.errors("{}", .null, required: true, isTabular: true).count == 1)
    }

    @Test("A record is judged by the fields that it has")
    func absent() throws {
        let schema = try RecordSchema(
            json: """
                {"properties": {"id": {"type": "integer"}, "mail": {"type": "string"}},
                 "required": ["id"], "additionalProperties": false}
                """
        )
        func faults(_ names: [String]) throws -> [FieldError] {
            try SchemaWorld.faults(schema, names, names.map { _ in .integer(1) }).filter {
                $0.field != "mail"
            }
        }
        #expect(try faults(["id"]) == [])
        #expect(try faults(["mail"]).map(\.description) == ["id is required and is absent"])
        #expect(try faults(["id", "x"]).map(\.description) == ["x is not allowed"])
        let table = try RecordFields(["mail"])
        #expect(throws: TrancheError.self) { try schema.check(table) }
        let other = try RecordFields(["id", "x"])
        #expect(throws: TrancheError.self) { try schema.check(other) }
        let plain = try RecordFields(["id"])
        try schema.check(plain)
        #expect(schema.absent(from: plain) == ["mail"])
    }

    @Test("A name that only looks like the schema's is another")
    func spelledOtherwise() throws {
        let schema = try RecordSchema(
            json: "{\"properties\": {\"caf\u{E9}\": {\"type\": \"integer\"}}}"
        )
        let (one, two) = try (RecordFields(["caf\u{E9}"]), RecordFields(["cafe\u{301}"]))
        #expect(schema.absent(from: one) == [])
        #expect(schema.absent(from: two).count == 1)
        #expect(one != two)
    }

    @Test("Null in a field that need not be there is not told as required")
    func nullOfNoUse() throws {
        let closed = try RecordSchema(
            json: #"{"properties": {"id": {"type": "integer"}}, "additionalProperties": false}"#
        )
        let faults = try SchemaWorld.faults(closed, ["id", "b"], json: ["1", "null"])
        #expect(faults.map(\.description) == ["b is not allowed"])
        let rule = #"{"type": "string"}"#
        #expect(try SchemaWorld.errors(rule, .null, convertsTexts: false) == ["must be a text"])
        #expect(
            try SchemaWorld.errors(rule, .null, required: true, convertsTexts: false) == [
                "is required and has no value"
            ]
        )
    }

    @Test(
        "A text may spell a number of an enum, wherever it stands, and whatever else is wrong",
        arguments: [
            (#"{"enum": [1, 2, "N/A"]}"#, ""), (##"{"$ref": "#/$defs/codes"}"##, ""),
            (##"{"anyOf": [{"$ref": "#/$defs/codes"}, {"type": "null"}]}"##, ""),
            (#"{"enum": [1, 2, "N/A"]}"#, #", "minProperties": 1"#),
            (#"{"enum": [1, 2, "N/A"]}"#, #", "allOf": [{"required": ["n"]}]"#),
            (
                ##"{"$ref": "#/$defs/codes"}"##,
                #", "if": {"required": ["n"]}, "then": {"required": ["code"]}"#
            ),
        ]
    )
    func spelledChoices(rule: String, rest: String) throws {
        let json = """
            {"$defs": {"codes": {"enum": [1, 2, "N/A"]}},
             "properties": {"code": \(rule), "n": {"type": "integer"}}\(rest)}
            """
        let schema = try RecordSchema(json: json)
        func fields(_ code: String, _ number: String) throws -> [String?] {
            try SchemaWorld.faults(schema, ["code", "n"], [.text(code), .text(number)])
                .map(\.field)
        }
        for code in ["2", "1.0", "N/A"] {
            #expect(try fields(code, "5") == [], "\(code)")
            #expect(try fields(code, "x") == ["n"], "\(code)")
        }
        #expect(try fields("3", "5") == ["code"])
        #expect(try fields("true", "5") == ["code"])
    }

    @Test("Of many values, and of a long one, a reject names the first")
    func longChoices() throws {
        let values = (1...10_000).map { "\"code \($0)\"" }.joined(separator: ", ")
        let long = String(repeating: "x", count: 10_000)
        for (rule, text, words) in [
            ("{\"enum\": [\(values)]}", "x", "must be one of code 1, code 2, "),
            ("{\"not\": {\"enum\": [\(values)]}}", "code 7", "must not be \"code 1\" or "),
            ("{\"const\": \"\(long)\"}", "y", "must be xxx"),
        ] {
            let errors = try SchemaWorld.errors(rule, .text(text))
            let message = try #require(errors.first)
            #expect(errors.count == 1)
            #expect(message.hasPrefix(words) && message.utf8.count < 1024, "\(message)")
            #expect(message.hasSuffix("… (10,000 in all)") == !words.contains("xxx"))
        }
    }

    @Test("Numbers keep their digits")
    func digits() throws {
        func converted(_ type: String, _ text: String) throws -> Value {
            let schema = try RecordSchema(json: #"{"properties": {"f": {"type": "\#(type)"}}}"#)
            let fields = try RecordFields(["f"])
            let validator = try SchemaValidator(schema, fields: fields)
            let record = try Record(id: 1, fields: fields, values: [.text(text)])
            return try #require(try validator.validate([record]) { _ in }.first)[0]
        }
        #expect(try converted("number", "9007199254740993") == .integer(9_007_199_254_740_993))
        #expect(try converted("number", "9007199254740993.0") == .text("9007199254740993.0"))
        #expect(try converted("number", " 0.1") == .real(0.1))
        #expect(try converted("number", "0.1000000000000000055") == .text("0.1000000000000000055"))
        #expect(try converted("integer", "1.0") == .integer(1))
        #expect(try converted("integer", " 12345678901234567890") == .text("12345678901234567890"))
    }

    @Test("Bounds are compared digit by digit")
    func bounds() throws {
        let rule =
            #"{"type": "number", "minimum": 9007199254740993, "maximum": 9007199254740994.5}"#
        for text in ["9007199254740993", "9007199254740994.5", "9007199254740993.0"] {
            #expect(try SchemaWorld.errors(rule, .text(text)) == [], "\(text)")
        }
        for text in ["9007199254740992", "9007199254740994.50001", "9007199254740992.99999"] {
            #expect(
                try SchemaWorld.errors(rule, .text(text))
                    == ["must be at least 9007199254740993 and at most 9007199254740994.5"],
                "\(text)"
            )
        }
        let both =
            #"{"type": "integer", "minimum": 5, "exclusiveMinimum": 3, "exclusiveMaximum": 8, "maximum": 8}"#
        #expect(try SchemaWorld.errors(both, .integer(4)) == ["must be at least 5 and below 8"])
        #expect(try SchemaWorld.errors(both, .integer(5)) == [])
        #expect(try SchemaWorld.errors(both, .integer(8)).count == 1)
        let far = #"{"exclusiveMinimum": 9223372036854775807}"#
        #expect(try SchemaWorld.errors(far, .integer(.max)).count == 1)
        #expect(try SchemaWorld.errors(far, .text("9223372036854775808")) == [])
    }

    @Test("Values are judged as they are where that is asked for")
    func strict() throws {
        for (rule, value) in [
            (#"{"type": "integer"}"#, Value.text("1")), (#"{"type": "string"}"#, .null),
            (#"{"type": "boolean"}"#, .text("true")), (#"{"enum": [7, "a"]}"#, .text("7")),
            (#"{"format": "date-time"}"#, .text("2024-01-01 00:00:00")),
            (#"{"format": "date"}"#, .text("")),
        ] {
            #expect(try SchemaWorld.errors(rule, value, convertsTexts: false).count == 1, "\(rule)")
        }
        #expect(try SchemaWorld.errors("{}", .null, convertsTexts: false) == [])
    }

    @Test("All that is wrong is told, with its place")
    func places() throws {
        let schema = try RecordSchema(
            json: """
                {"properties": {"a": {"properties": {"n": {"type": "integer"}, "t": {"maxLength": 1}},
                                      "required": ["z/y"]},
                                "b": {"type": "number", "minimum": 1, "multipleOf": 2}}}
                """
        )
        let errors = try SchemaWorld.faults(
            schema,
            ["a", "b"],
            json: [#"{"n": "x", "t": "ab"}"#, "-1"]
        )
        #expect(
            errors == [
                FieldError(field: "/a/z~1y", message: "is required and is absent"),
                FieldError(field: "/a/n", message: "must be a whole number", input: "x"),
                FieldError(field: "/a/t", message: "must have 0 to 1 characters", input: "ab"),
                FieldError(field: "b", message: "must be at least 1", input: "-1"),
                FieldError(field: "b", message: "must be a multiple of 2", input: "-1"),
            ]
        )
    }

    @Test(
        "A schema that cannot be kept is refused, with the place",
        arguments: [
            ("x", "not JSON"), ("[]", "must be a schema"),
            (#"{"type": "array"}"#, "its type must be"),
            (#"{"type": "object", "type": "object"}"#, "the name 'type' twice"),
            (#"{"properties": {"f": {"oneOf": []}}}"#, "'/properties/f/oneOf'"),
            (#"{"properties": {"f": {"type": "text"}}}"#, "'/properties/f/type'"),
            (#"{"properties": {"f": {"pattern": "("}}}"#, "'/properties/f/pattern'"),
            (#"{"properties": {"f": {"pattern": "(?i)a"}}}"#, "(?i"),
            (#"{"properties": {"f": {"pattern": "(?<=a+)b"}}}"#, "lookbehind"),
            (#"{"properties": {"f": {"format": "zip"}}}"#, "'/properties/f/format'"),
            (#"{"properties": {"f": {"minimum": "1"}}}"#, "'/properties/f/minimum'"),
            (#"{"properties": {"f": {"minimum": true}}}"#, "must be a number"),
            (#"{"properties": {"f": {"minLength": 1.5}}}"#, "whole number"),
            (#"{"properties": {"f": {"maxLength": -1}}}"#, "whole number"),
            (#"{"properties": {"f": {"multipleOf": 0}}}"#, "above 0"),
            (#"{"properties": {"f": {"uniqueItems": 1}}}"#, "true or false"),
            (#"{"properties": {"f": 1}}"#, "must be a schema"),
            (#"{"additionalProperties": 0}"#, "'/additionalProperties'"),
            (#"{"required": ["a", "a"]}"#, "each name once"),
            (#"{"properties": {"f": {"minLenght": 1}}}"#, "'minLenght' is not known"),
            (##"{"properties": {"f": {"$ref": "#/$defs/x"}}}"##, "is not in this file"),
            (#"{"properties": {"f": {"$ref": "other.json"}}}"#, "is not in this file"),
            (##"{"$ref": "#"}"##, "without an end"),
            (
                ##"{"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}}"##,
                "without an end"
            ),
            (#"{"$schema": "https://example.org/mine"}"#, "not an edition"),
            (##"{"properties": {"f": {"$id": "#/properties/f"}}}"##, "nothing behind '#'"),
        ]
    )
    func refused(json: String, reason: String) {
        let error = #expect(throws: TrancheError.self) { _ = try RecordSchema(json: json) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("Remarks restrict nothing, wherever they stand")
    func remarks() throws {
        let remarks = """
            "title": "t", "description": "d", "$comment": "c", "default": 1, "examples": [1],
            "readOnly": true, "writeOnly": false, "deprecated": true, "contentMediaType": "text/plain",
            "contentEncoding": "base64", "x-mine": {}
            """
        let json =
            #"{"$schema": "https://json-schema.org/draft/2020-12/schema", \#(remarks),"#
            + #""properties": {"f": {\#(remarks)}, "g": true}}"#
        let schema = try RecordSchema(json: json)
        for value in ["1", "1.5", "true", "null", "[1]", #"{"a": 1}"#, #""text""#] {
            #expect(
                try SchemaWorld.faults(schema, ["f", "g"], json: [value, value]) == [],
                "\(value)"
            )
        }
    }

    @Test("Numbers are read as the standard library reads them")
    func numbers() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        for number in 0..<20_000 {
            // The pool has few threads, and other tests live by real time.
            if number % 500 == 0 { await Task.yield() }
            var text = String(Int64.random(in: -(1 << 60)...(1 << 60), using: &generator))
            let digits = Int.random(in: 0..<text.count, using: &generator)
            text = text.prefix(digits) + (digits > 1 ? "." : "") + text.dropFirst(digits)
            let bytes = Array(text.utf8)
            let found = bytes.withUnsafeBufferPointer { FieldText.number($0) }
            #expect(found == Double(text), "seed \(seed): \(text)")
        }
    }
}
