import Testing
import Tranche
import TrancheTestKit

@testable import TrancheChains

@Suite("Keywords of schemas, on values of JSON")
struct SchemaKeywordTests {
    /// A schema of the field `f`, and values that meet it and do not.
    struct Case: CustomTestStringConvertible {
        let rule: String
        let valid: [String]
        let invalid: [String]
        var testDescription: String { rule }
    }

    static let scalars = [
        Case(
            rule: "{}",
            valid: ["1", "1.5", "true", "null", "[1]", #"{"a":1}"#, #""x""#],
            invalid: []
        ),
        Case(
            rule: #"{"maxLength": 2}"#,
            valid: ["123", "true", "[1,2,3]", #""ab""#],
            invalid: [#""abc""#]
        ),
        Case(rule: #"{"minLength": 2}"#, valid: ["1", #""😀é""#], invalid: [#""😀""#]),
        Case(rule: #"{"minimum": 1}"#, valid: [#""x""#, "1", "1.0"], invalid: ["0", "0.999"]),
        Case(
            rule: #"{"format": "ipv4"}"#,
            valid: ["12", "null", #""1.2.3.4""#],
            invalid: [#""1.2.3""#]
        ),
        Case(
            rule: #"{"enum": [1, "a", null, [1.0, {"b": 2}], false]}"#,
            valid: ["1", "1.0", "10e-1", #""a""#, "null", #"[1, {"b":2.0}]"#, "false"],
            invalid: ["2", #""b""#, "true", "0", "[1]", #"[1,{"b":2,"c":3}]"#, "{}"]
        ),
        Case(
            rule: #"{"type": "integer", "enum": [1, 2]}"#,
            valid: ["1", "2.0"],
            invalid: ["3", "1.5"]
        ),
        Case(
            rule: #"{"type": "boolean", "const": true}"#,
            valid: ["true"],
            invalid: ["false", "1"]
        ),
        Case(
            rule: #"{"const": 0}"#,
            valid: ["0", "-0", "0.0"],
            invalid: ["false", "[]", "1e-400"]
        ),
        Case(
            rule: #"{"const": {"a": [1], "b": 2}}"#,
            valid: [#"{"b":2,"a":[1.0]}"#],
            invalid: [#"{"a":[1]}"#]
        ),
        Case(rule: #"{"const": "é"}"#, valid: [#""\u00e9""#], invalid: [#""e\u0301""#]),
        Case(
            rule: #"{"type": "integer"}"#,
            valid: ["1", "1.0", "1e3", "123456789012345678901234567890", "1e300"],
            invalid: ["1.5", "1e-1", "true", "[1]", "9007199254740993.5"]
        ),
        Case(
            rule: #"{"type": ["boolean", "array"]}"#,
            valid: ["true", "[]"],
            invalid: ["1", "{}"]
        ),
        Case(
            rule: #"{"multipleOf": 0.01}"#,
            valid: ["0.07", "19.99", "1e300", "0", #""x""#, "-4.35"],
            invalid: ["0.075", "1e-3"]
        ),
        Case(
            rule: #"{"multipleOf": 7}"#,
            valid: ["49", "70000000000000000000000000000"],
            invalid: ["50"]
        ),
        Case(
            rule: #"{"maximum": 0.1}"#,
            valid: ["0.1", "-1e999"],
            invalid: ["0.1000000000000000055", "1e999", "1"]
        ),
        Case(
            rule: #"{"minimum": 9007199254740993}"#,
            valid: ["9007199254740993", "9007199254740993.0"],
            invalid: ["9007199254740992", "9007199254740992.9"]
        ),
    ]

    static let parts = [
        Case(
            rule: #"{"items": {"type": "integer"}}"#,
            valid: ["[]", "[1,2]", "1"],
            invalid: [#"["1"]"#]
        ),
        Case(
            rule: #"{"prefixItems": [{"type": "integer"}, {"type": "string"}], "items": false}"#,
            valid: ["[]", "[1]", #"[1,"a"]"#],
            invalid: [#"["a"]"#, #"[1,"a",2]"#]
        ),
        Case(
            rule: #"{"items": [{"type": "integer"}], "additionalItems": {"type": "string"}}"#,
            valid: [#"[1,"a"]"#],
            invalid: ["[1,2]"]
        ),
        Case(
            rule: #"{"minItems": 1, "maxItems": 2, "uniqueItems": true}"#,
            valid: ["[1]", "[1,true]", #"[{"a":1},{"a":2}]"#],
            invalid: ["[]", "[1,2,3]", "[1,1.0]", #"[{"a":1,"b":2},{"b":2,"a":1}]"#]
        ),
        Case(
            rule: #"{"contains": {"minimum": 5}, "minContains": 2, "maxContains": 3}"#,
            valid: ["[5,6]", "[1,5,6,7]"],
            invalid: ["[5]", "[5,6,7,8]", "[]"]
        ),
        Case(
            rule: #"{"contains": {"const": 1}, "minContains": 0}"#,
            valid: ["[]", "[2]"],
            invalid: []
        ),
        Case(
            rule:
                #"{"type": "object", "properties": {"a": {"type": "integer"}, "b": false}, "required": ["a"]}"#,
            valid: [#"{"a":1,"c":2}"#],
            invalid: ["{}", #"{"a":"1"}"#, #"{"a":1,"b":2}"#, "[]"]
        ),
        Case(
            rule:
                #"{"patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": {"type": "string"}}"#,
            valid: [#"{"x_1":1,"y":"a"}"#],
            invalid: [#"{"x_1":"a"}"#, #"{"y":1}"#]
        ),
        Case(
            rule: #"{"propertyNames": {"maxLength": 2}, "minProperties": 1, "maxProperties": 2}"#,
            valid: [#"{"ab":1}"#],
            invalid: [#"{"abc":1}"#, "{}", #"{"a":1,"b":2,"c":3}"#]
        ),
        Case(
            rule:
                #"{"dependentRequired": {"a": ["b"]}, "dependentSchemas": {"c": {"required": ["d"]}}}"#,
            valid: ["{}", #"{"a":1,"b":2}"#, #"{"c":1,"d":2}"#],
            invalid: [#"{"a":1}"#, #"{"c":1}"#]
        ),
        Case(
            rule: #"{"dependencies": {"a": ["b"], "c": {"required": ["d"]}}}"#,
            valid: [#"{"a":1,"b":2}"#],
            invalid: [#"{"a":1}"#, #"{"c":1}"#]
        ),
        Case(
            rule: #"{"allOf": [{"properties": {"a": true}}], "unevaluatedProperties": false}"#,
            valid: [#"{"a":1}"#],
            invalid: [#"{"a":1,"b":2}"#]
        ),
        Case(
            rule:
                #"{"anyOf": [{"prefixItems": [{"const": 1}]}, {"prefixItems": [true, {"const": 2}]}], "unevaluatedItems": false}"#,
            valid: ["[1]", "[1,2]", "[3,2]"],
            invalid: ["[1,3]", "[1,2,3]"]
        ),
    ]

    static let combinations = [
        Case(rule: #"{"not": {"type": "integer"}}"#, valid: ["1.5", "null"], invalid: ["1"]),
        Case(
            rule: #"{"allOf": [{"minimum": 2}, {"maximum": 4}]}"#,
            valid: ["3", #""x""#],
            invalid: ["1", "5"]
        ),
        Case(
            rule: #"{"anyOf": [{"type": "integer"}, {"minimum": 2.5}]}"#,
            valid: ["1", "3.5"],
            invalid: ["1.5"]
        ),
        Case(
            rule: #"{"oneOf": [{"type": "integer"}, {"minimum": 2}]}"#,
            valid: ["1", "2.5"],
            invalid: ["3", "1.5"]
        ),
        Case(
            rule:
                #"{"if": {"minimum": 10}, "then": {"multipleOf": 10}, "else": {"multipleOf": 2}}"#,
            valid: ["20", "4"],
            invalid: ["25", "3"]
        ),
        Case(rule: "true", valid: ["1", "null"], invalid: []),
        Case(rule: "false", valid: [], invalid: ["1", "null", #""x""#]),
    ]

    @Test(
        "A keyword holds for the values that it is for, and for no others",
        arguments: scalars + parts + combinations
    )
    func keywords(sample: Case) throws {
        let schema = try RecordSchema(json: #"{"properties": {"f": \#(sample.rule)}}"#)
        for value in sample.valid {
            let errors = try SchemaWorld.faults(schema, ["f"], json: [value])
            #expect(errors == [], "\(value)")
        }
        for value in sample.invalid {
            let errors = try SchemaWorld.faults(schema, ["f"], json: [value])
            #expect(!errors.isEmpty, "\(value)")
        }
    }

    @Test("Schemas refer to each other by place, anchor and address")
    func references() throws {
        let json = ##"""
            {"$id": "https://example.org/root.json", "type": "object",
             "$defs": {
               "tree": {"type": "object", "properties": {"n": {"type": "integer"},
                        "next": {"$ref": "#/$defs/tree"}}, "additionalProperties": false},
               "a/b~c %": {"type": "integer"},
               "named": {"$anchor": "word", "type": "string"},
               "other": {"$id": "folder/other.json", "$defs": {"x": {"type": "boolean"}}, "$ref": "#/$defs/x"}
             },
             "properties": {"t": {"$ref": "#/$defs/tree"}, "e": {"$ref": "#/$defs/a~1b~0c%20%25"},
                            "w": {"$ref": "#word"}, "o": {"$ref": "folder/other.json"},
                            "x": {"$ref": "folder/other.json#/$defs/x"}}}
            """##
        let schema = try RecordSchema(json: json)
        let names = ["t", "e", "w", "o", "x"]
        let good = [#"{"n":1,"next":{"next":{"n":2}}}"#, "1", #""a""#, "true", "false"]
        #expect(try SchemaWorld.faults(schema, names, json: good) == [])
        let bad = [#"{"next":{"next":{"n":"2"}}}"#, #""x""#, "1", "1", "1"]
        let errors = try SchemaWorld.faults(schema, names, json: bad)
        #expect(errors.map(\.field) == ["/t/next/next/n", "e", "w", "o", "x"])
    }

    @Test("A record is asked as a whole where its schema says something of several fields")
    func whole() throws {
        let json = ##"""
            {"$ref": "#/definitions/payment", "definitions": {"payment": {
               "properties": {"kind": {"enum": ["card", "cash"]}, "amount": {"type": "number"}},
               "required": ["kind"],
               "if": {"properties": {"kind": {"const": "card"}}},
               "then": {"required": ["number"], "properties": {"number": {"type": "integer"}}},
               "dependentRequired": {"amount": ["currency"]}}}}
            """##
        let schema = try RecordSchema(json: json)
        func faults(_ values: [String: Value]) throws -> [String] {
            let names = values.keys.sorted()
            return try SchemaWorld.faults(
                schema,
                names,
                names.compactMap { values[$0] },
                isTabular: true
            ).map(\.description)
        }
        #expect(try faults(["kind": .text("cash")]) == [])
        #expect(try faults(["kind": .text("card"), "number": .text("12")]) == [])
        #expect(
            try faults(["kind": .text("card"), "number": .null]) == [
                "number is required and is absent"
            ]
        )
        #expect(
            try faults(["kind": .text("card"), "number": .text("x")]) == [
                "number must be a whole number"
            ]
        )
        #expect(
            try faults(["kind": .text("cash"), "amount": .text("1.5"), "currency": .null])
                == ["currency is required where there is 'amount' and is absent"]
        )
        #expect(
            try faults(["kind": .text("cash"), "amount": .text("x"), "currency": .text("EUR")])
                == ["amount is not a number"]
        )
    }

    @Test("What earlier drafts wrote otherwise means what it meant")
    func drafts() throws {
        let old = try RecordSchema(
            json: ##"""
                {"$schema": "http://json-schema.org/draft-04/schema#",
                 "properties": {"n": {"minimum": 1, "exclusiveMinimum": true},
                                "r": {"$ref": "#/definitions/i", "maximum": 3}},
                 "definitions": {"i": {"type": "integer"}}}
                """##
        )
        #expect(try SchemaWorld.faults(old, ["n", "r"], json: ["1.5", "4"]) == [])
        #expect(
            try SchemaWorld.faults(old, ["n", "r"], json: ["1", "4.5"]).map(\.field) == ["n", "r"]
        )
        // As generators of schemas write them.
        let generated = try RecordSchema(
            json: ##"""
                {"$schema": "http://json-schema.org/draft-07/schema#",
                 "$id": "http://example.com/root.json",
                 "definitions": {"i": {"$id": "#word", "type": "integer"}},
                 "properties": {
                   "n": {"$id": "#/properties/n", "type": "integer"},
                   "m": {"$id": "http://example.com/root.json#/properties/m",
                         "allOf": [{"$ref": "#/definitions/i"}]},
                   "r": {"$ref": "#/properties/n"}, "w": {"$ref": "#word"}}}
                """##
        )
        let names = ["n", "m", "r", "w"]
        let numbers = ["1", "2", "3", "4"]
        #expect(try SchemaWorld.faults(generated, names, json: numbers) == [])
        let texts = numbers.map { "\"\($0)x\"" }
        #expect(try SchemaWorld.faults(generated, names, json: texts).map(\.field) == names)
    }

    @Test("A question that would take too long is told as undecided, and as nothing else")
    func bounded() throws {
        var levels = (0..<40).map {
            ##""d\##($0)": {"allOf": [{"$ref": "#/$defs/d\##($0 + 1)"}, {"$ref": "#/$defs/d\##($0 + 1)"}]}"##
        }
        levels.append(#""d40": {"type": "integer"}"#)
        let json =
            ##"{"$defs": {\##(levels.joined(separator: ","))}, "properties": {"f": {"not": {"$ref": "#/$defs/d0"}}}}"##
        let schema = try RecordSchema(json: json)
        let errors = try SchemaWorld.faults(schema, ["f"], json: ["1"])
        #expect(
            errors.count == 1 && errors[0].message.contains("could not be decided"),
            "\(errors)"
        )
        let slow = try RecordSchema(json: #"{"properties": {"f": {"pattern": "^(a|a?)+$"}}}"#)
        let long = String(repeating: "a", count: 60) + "b"
        let other = try SchemaWorld.faults(slow, ["f"], [.text(long)])
        #expect(other.count == 1 && other[0].message.contains("could not be decided"), "\(other)")
    }

    @Test("The quick way and the thorough one agree, for values of JSON and for their texts")
    func agreement() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix64(seed: seed)
        let values = [
            "0", "1", "-1", "2", "2.0", "2.5", "0.1", "1e1", "9007199254740993",
            "9007199254740992.0",
            "9223372036854775807", "9223372036854775808", "1e400", "0.1000000000000000055", "true",
            "false", #""""#, #""a""#, #""abc""#, #""äö""#, #""1""#, "[1]", #"{"a":1}"#,
        ]
        let bounds = [
            "0", "1", "2", "2.5", "0.1", "9007199254740993", "9223372036854775807", "-1e30",
        ]
        let types = ["integer", "number", "string", "boolean", "array", "object", "null"]
        for _ in 0..<400 {
            var parts: [String] = []
            if Bool.random(using: &generator) {
                let some = types.shuffled(using: &generator).prefix(
                    Int.random(in: 1...3, using: &generator)
                )
                parts.append("\"type\": [\(some.map { "\"\($0)\"" }.joined(separator: ","))]")
            }
            for keyword in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]
            where Int.random(in: 0..<3, using: &generator) == 0 {
                parts.append("\"\(keyword)\": \(bounds.randomElement(using: &generator) ?? "0")")
            }
            for keyword in ["minLength", "maxLength"]
            where Int.random(in: 0..<4, using: &generator) == 0 {
                parts.append("\"\(keyword)\": \(Int.random(in: 0...3, using: &generator))")
            }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                parts.append(#""enum": ["a", "abc"]"#)
            }
            let rule = "{\(parts.joined(separator: ", "))}"
            var plain = try RecordSchema(json: #"{"properties": {"f": \#(rule)}}"#)
            plain.convertsTexts = false
            // The same, so that nothing but the evaluator can decide it.
            var general = try RecordSchema(
                json: #"{"properties": {"f": {"allOf": [\#(rule), {"not": false}]}}}"#
            )
            general.convertsTexts = false
            for value in values {
                let quick = try SchemaWorld.faults(plain, ["f"], json: [value]).isEmpty
                let thorough = try SchemaWorld.faults(general, ["f"], json: [value]).isEmpty
                #expect(quick == thorough, "seed \(seed): \(rule) \(value)")
            }
        }
    }
}
