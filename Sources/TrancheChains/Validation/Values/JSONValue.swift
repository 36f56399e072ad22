import Tranche

/// A value of JSON, with numbers as they were written and members in their order.
enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    case number(ExactNumber)
    /// Text; UTF-8. Characters are compared as they are, not by what they look like.
    case text([UInt8])
    case array([JSONValue])
    case object([Member])

    /// A member of an object.
    struct Member: Sendable {
        var name: [UInt8]
        var value: JSONValue
    }

    /// The member of a name; `nil` when this is not an object, or has none.
    subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// The text; `nil` when this is none.
    var string: String? {
        guard case .text(let text) = self else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    /// The types that the value has; a whole number has two.
    var types: JSONTypes {
        switch self {
        case .null: .null
        case .boolean: .boolean
        case .number(let number): number.isWhole ? [.integer, .number] : .number
        case .text: .string
        case .array: .array
        case .object: .object
        }
    }

    /// Bytes that two values share only if they are equal: numbers by what they are worth, objects
    /// in any order.
    var canonical: [UInt8] {
        var bytes: [UInt8] = []
        appendCanonical(to: &bytes)
        return bytes
    }

    private func appendCanonical(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes.append(UInt8(ascii: "n"))
        case .boolean(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
        case .number(let number):
            bytes.append(UInt8(ascii: number.isNegative ? "-" : "+"))
            bytes += number.digits.map { $0 + 0x30 }
            bytes += "e\(number.exponent);".utf8
        case .text(let text): Self.append(text, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for value in values { value.appendCanonical(to: &bytes) }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for member in members.sorted(by: { $0.name.lexicographicallyPrecedes($1.name) }) {
                Self.append(member.name, to: &bytes)
                member.value.appendCanonical(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        // The length in front: no text can look like the end of another.
        bytes += "\"\(text.count):".utf8
        bytes += text
    }
}

extension JSONValue: Hashable {
    static func == (lhs: JSONValue, rhs: JSONValue) -> Bool { lhs.canonical == rhs.canonical }

    func hash(into hasher: inout Hasher) { hasher.combine(canonical) }
}

extension JSONValue: CustomStringConvertible {
    /// The value as JSON.
    var description: String {
        switch self {
        case .null: return "null"
        case .boolean(let value): return value ? "true" : "false"
        case .number(let number): return number.description
        case .text(let text):
            var bytes: [UInt8] = []
            JSONBytes.append(text, to: &bytes)
            return String(decoding: bytes, as: UTF8.self)
        case .array(let values): return "[" + values.map(\.description).joined(separator: ",") + "]"
        case .object(let members):
            let parts = members.map { "\(JSONValue.text($0.name)):\($0.value)" }
            return "{" + parts.joined(separator: ",") + "}"
        }
    }
}

/// Types of JSON Schema.
struct JSONTypes: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    static let null = JSONTypes(rawValue: 1)
    static let boolean = JSONTypes(rawValue: 2)
    /// Numbers without a fraction, however they are written.
    static let integer = JSONTypes(rawValue: 4)
    static let number = JSONTypes(rawValue: 8)
    static let string = JSONTypes(rawValue: 16)
    static let array = JSONTypes(rawValue: 32)
    static let object = JSONTypes(rawValue: 64)
    static let all: JSONTypes = [.null, .boolean, .integer, .number, .string, .array, .object]

    private static let named: [(name: String, type: JSONTypes)] = [
        ("null", .null), ("boolean", .boolean), ("integer", .integer), ("number", .number),
        ("string", .string), ("array", .array), ("object", .object),
    ]

    /// The type of a name, where every whole number is a number; `nil` when there is none.
    init?(name: String) {
        guard let type = Self.named.first(where: { $0.name == name })?.type else { return nil }
        self = type == .number ? [.integer, .number] : type
    }

    /// The types' names, in a fixed order.
    var names: [String] {
        Self.named.filter { name, type in
            contains(type) && !(type == .integer && contains(.number))
        }.map(\.name)
    }

    /// What a value must be, in words.
    var words: String {
        let known = [
            "null": "null", "boolean": "true or false", "integer": "a whole number",
            "number": "a number", "string": "a text", "array": "an array", "object": "an object",
        ]
        return names.map { known[$0] ?? $0 }.joined(separator: " or ")
    }
}
