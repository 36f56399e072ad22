import FoundationEssentials

extension Encodable {
    /// The document as JSON on one line.
    ///
    /// Keys keep the order in which the document encodes them, an optional without a value is
    /// `null`, times are ISO 8601 in UTC with milliseconds, and numbers without a fraction are
    /// written without one; what JSON cannot say as a number is `null`.
    ///
    /// - Returns: The text.
    /// - Throws: What the document's own `encode(to:)` throws; documents of this package throw
    ///   nothing.
    package func documentText() throws -> String {
        String(decoding: try documentBytes(), as: UTF8.self)
    }

    /// The document as ``documentText()`` has it, as UTF-8.
    package func documentBytes() throws -> [UInt8] {
        if let document = self as? any MemberwiseDocument {
            var bytes: [UInt8] = []
            document.append(to: &bytes)
            return bytes
        }
        let writer = DocumentWriter()
        try writer.write(self)
        return writer.bytes
    }
}

/// Encodes at one depth of a document; containers are used one after the other.
///
/// `JSONEncoder` keeps no order of keys, which is part of the contract.
struct DocumentEncoder: Encoder {
    let writer: DocumentWriter
    /// How many objects and arrays are open around the value.
    let depth: Int

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        writer.open(.object, at: depth)
        return KeyedEncodingContainer(ObjectContainer(writer: writer, depth: depth + 1))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        writer.open(.array, at: depth)
        return ArrayContainer(writer: writer, depth: depth + 1)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        ValueContainer(writer: writer)
    }
}

/// The members of an object.
private struct ObjectContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: DocumentWriter
    let depth: Int

    var codingPath: [any CodingKey] { [] }

    func encodeNil(forKey key: Key) throws {
        writer.key(key.stringValue, at: depth)
        writer.append("null")
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        writer.key(key.stringValue, at: depth)
        try writer.write(value)
    }

    // One for each type, since the protocol has a default for each, which leaves the key out.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try set(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try set(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try set(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try set(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try set(value, key) }
    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws { try set(value, key) }

    private func set(_ value: (some Encodable)?, _ key: Key) throws {
        guard let value else { return try encodeNil(forKey: key) }
        try encode(value, forKey: key)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        superEncoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        superEncoder(forKey: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder {
        writer.key("super", at: depth)
        return DocumentEncoder(writer: writer, depth: depth)
    }

    func superEncoder(forKey key: Key) -> any Encoder {
        writer.key(key.stringValue, at: depth)
        return DocumentEncoder(writer: writer, depth: depth)
    }
}

/// The elements of an array.
private struct ArrayContainer: UnkeyedEncodingContainer {
    let writer: DocumentWriter
    let depth: Int
    private(set) var count = 0

    init(writer: DocumentWriter, depth: Int) {
        self.writer = writer
        self.depth = depth
    }

    var codingPath: [any CodingKey] { [] }

    mutating func encodeNil() throws {
        begin()
        writer.append("null")
    }

    mutating func encode<T: Encodable>(_ value: T) throws {
        begin()
        try writer.write(value)
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        superEncoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        superEncoder().unkeyedContainer()
    }

    mutating func superEncoder() -> any Encoder {
        begin()
        return DocumentEncoder(writer: writer, depth: depth)
    }

    private mutating func begin() {
        writer.element(at: depth)
        count += 1
    }
}

/// A value by itself.
private struct ValueContainer: SingleValueEncodingContainer {
    let writer: DocumentWriter

    var codingPath: [any CodingKey] { [] }

    func encodeNil() throws { writer.append("null") }

    func encode<T: Encodable>(_ value: T) throws { try writer.write(value) }
}
