import FoundationEssentials
import Tranche

/// Finds out what JSON types are written as: each is decoded from a decoder that notes what it is
/// asked for, and answers with something of that kind.
///
/// What a type asks for is what it takes, so that a description made of it cannot say anything
/// else.
final class SchemaReader {
    /// The schemas of types that have names, by these.
    private(set) var named: [String: JSONSchema] = [:]
    private var owners: [String: ObjectIdentifier] = [:]

    /// The schema of a type; of one with members, a reference.
    ///
    /// - Parameter type: The type.
    /// - Returns: The schema.
    /// - Throws: What the type's decoder throws: it cannot be made of anything.
    func schema<T: Decodable>(of type: T.Type) throws -> JSONSchema {
        var value: T?
        return try read(type, into: &value)
    }

    fileprivate func read<T: Decodable>(_ type: T.Type, into value: inout T?) throws -> JSONSchema {
        if let known = Self.simple(type) {
            value = known.value as? T
            return known.schema
        }
        if let words = type as? any (CaseIterable & RawRepresentable & Decodable).Type,
            let (schema, first) = Self.words(of: words)
        {
            value = first as? T
            return schema
        }
        let note = SchemaNote()
        let decoder = SchemaDecoder(reader: self, note: note)
        let made = try T(from: decoder)
        value = made
        let schema = note.schema
        guard case .object = schema else { return schema }
        let name = name(of: type)
        named[name] = schema
        return .reference(name)
    }

    /// A name that no other type has: the shortest that is free.
    private func name(of type: Any.Type) -> String {
        let parts = String(reflecting: type).split(separator: ".").map(String.init)
        let whole = parts.joined()
        let words = parts.dropFirst().joined()
        let short = words.replacing("Document", with: "").replacing("Routes", with: "")
        let own = ObjectIdentifier(type)
        let name = [short, words].first { owners[$0, default: own] == own } ?? whole
        owners[name] = own
        return name
    }

    private static func simple(_ type: Any.Type) -> (schema: JSONSchema, value: Any)? {
        switch type {
        case is Bool.Type: (.boolean, false)
        case is String.Type: (.string, "")
        case is Double.Type: (.number, 0.0)
        case is Int.Type: (.integer, 0)
        case is Int64.Type: (.integer, Int64(0))
        case is Int32.Type: (.integer, Int32(0))
        case is Date.Type: (.instant, Date(timeIntervalSince1970: 0))
        case is RawJSON.Type: (.any, RawJSON("null"))
        case is Value.Type: (.any, Value.null)
        default: nil
        }
    }

    private static func words<T: CaseIterable & RawRepresentable>(
        of type: T.Type
    ) -> (JSONSchema, Any)? {
        let words = T.allCases.compactMap { $0.rawValue as? String }
        guard let first = T.allCases.first, words.count == T.allCases.count else { return nil }
        return (.words(words), first)
    }
}

/// What a type asked for.
private final class SchemaNote {
    var members: [JSONSchema.Member] = []
    var other: JSONSchema?
    var isMap = false

    var schema: JSONSchema { other ?? .object(members) }

    func add(_ name: String, _ schema: JSONSchema) {
        guard !members.contains(where: { $0.name == name }) else { return }
        members.append(JSONSchema.Member(name: name, schema: schema))
    }
}

private struct SchemaDecoder: Decoder {
    let reader: SchemaReader
    let note: SchemaNote

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(SchemaMembers<Key>(reader: reader, note: note))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer {
        SchemaElements(reader: reader, note: note)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        SchemaValue(reader: reader, note: note)
    }
}

private struct SchemaMembers<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let reader: SchemaReader
    let note: SchemaNote

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        var value: T?
        note.add(key.stringValue, try reader.read(type, into: &value))
        guard let value else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "")
        }
        return value
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        var value: T?
        note.add(key.stringValue, .optional(try reader.read(type, into: &value)))
        return nil
    }

    // The protocol has a default for each of these, which asks for one that is there.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        absent(key, .boolean)
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        absent(key, .string)
    }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        absent(key, .number)
    }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { absent(key, .integer) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        absent(key, .integer)
    }

    private func absent<T>(_ key: Key, _ schema: JSONSchema) -> T? {
        note.add(key.stringValue, .optional(schema))
        return nil
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        KeyedDecodingContainer(SchemaMembers<Nested>(reader: reader, note: SchemaNote()))
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        SchemaElements(reader: reader, note: SchemaNote())
    }

    func superDecoder() throws -> any Decoder {
        SchemaDecoder(reader: reader, note: SchemaNote())
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder() }
}

/// An array of which there is one element.
private struct SchemaElements: UnkeyedDecodingContainer {
    let reader: SchemaReader
    let note: SchemaNote
    private(set) var currentIndex = 0

    init(reader: SchemaReader, note: SchemaNote) {
        self.reader = reader
        self.note = note
        note.other = .array(.any)
    }

    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }

    func decodeNil() -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        currentIndex += 1
        var value: T?
        note.other = .array(try reader.read(type, into: &value))
        guard let value else {
            throw DecodingError.dataCorruptedError(in: self, debugDescription: "")
        }
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        currentIndex += 1
        return KeyedDecodingContainer(SchemaMembers<Nested>(reader: reader, note: SchemaNote()))
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        currentIndex += 1
        return SchemaElements(reader: reader, note: SchemaNote())
    }

    mutating func superDecoder() throws -> any Decoder {
        currentIndex += 1
        return SchemaDecoder(reader: reader, note: SchemaNote())
    }
}

private struct SchemaValue: SingleValueDecodingContainer {
    let reader: SchemaReader
    let note: SchemaNote

    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool { false }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        var value: T?
        note.other = try reader.read(type, into: &value)
        guard let value else {
            throw DecodingError.dataCorruptedError(in: self, debugDescription: "")
        }
        return value
    }
}
