/// What JSON a type is written as, as OpenAPI says it.
indirect enum JSONSchema: Sendable, Hashable {
    case any
    case boolean, integer, number, string
    case instant
    case words([String])
    case array(JSONSchema)
    case map(JSONSchema)
    case object([Member])
    case reference(String)
    case optional(JSONSchema)

    /// A member of an object.
    struct Member: Sendable, Hashable {
        let name: String
        let schema: JSONSchema
    }
}

extension JSONSchema: Encodable {
    private enum Key: String, CodingKey {
        case type, format, items, properties, required, additionalProperties, anyOf
        case `enum`
        case reference = "$ref"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        switch self {
        case .any: break
        case .boolean: try values.encode("boolean", forKey: .type)
        case .integer:
            try values.encode("integer", forKey: .type)
            try values.encode("int64", forKey: .format)
        case .number: try values.encode("number", forKey: .type)
        case .string: try values.encode("string", forKey: .type)
        case .instant:
            try values.encode("string", forKey: .type)
            try values.encode("date-time", forKey: .format)
        case .words(let words):
            try values.encode("string", forKey: .type)
            try values.encode(words, forKey: .enum)
        case .array(let element):
            try values.encode("array", forKey: .type)
            try values.encode(element, forKey: .items)
        case .map(let value):
            try values.encode("object", forKey: .type)
            try values.encode(value, forKey: .additionalProperties)
        case .object(let members):
            try values.encode("object", forKey: .type)
            try values.encode(Members(members), forKey: .properties)
            try values.encode(
                members.filter { !$0.schema.isOptional }.map(\.name),
                forKey: .required
            )
        case .reference(let name):
            try values.encode("#/components/schemas/\(name)", forKey: .reference)
        case .optional(let schema):
            try values.encode([AnyOf.schema(schema), .null], forKey: .anyOf)
        }
    }

    var isOptional: Bool { if case .optional = self { true } else { false } }

    private enum AnyOf: Encodable {
        case schema(JSONSchema), null

        func encode(to encoder: any Encoder) throws {
            switch self {
            case .schema(let schema): try schema.encode(to: encoder)
            case .null: try ["type": "null"].encode(to: encoder)
            }
        }
    }

    /// Members in their order.
    private struct Members: Encodable {
        let members: [Member]

        init(_ members: [Member]) { self.members = members }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: NameKey.self)
            for member in members { try values.encode(member.schema, forKey: NameKey(member.name)) }
        }
    }
}

/// A key of any name.
struct NameKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }

    init?(stringValue: String) { self.init(stringValue) }

    init?(intValue: Int) { nil }
}
