import FoundationEssentials
import Tranche

/// Makes records of values, by their coding keys.
final class RecordEncoder {
    private var fields: RecordFields?

    /// Makes the records of some values.
    ///
    /// - Parameters:
    ///   - values: The values; those that encode other keys than the ones before make a block of
    ///     their own.
    ///   - items: The id of each record.
    /// - Returns: The records, in order.
    /// - Throws: What the values throw.
    func records(of values: [some Encodable], madeOf items: [Int64]) throws -> [Record] {
        var records: [Record] = []
        var builder: RecordBlockBuilder?
        for (value, item) in zip(values, items) {
            let encoding = RecordEncoding()
            try value.encode(to: encoding)
            let fields = try fields(encoding.names)
            if builder?.fields !== fields {
                records += builder?.build().records ?? []
                builder = RecordBlockBuilder(fields)
            }
            builder?.add(item, inputs: encoding.inputs)
        }
        return records + (builder?.build().records ?? [])
    }

    private func fields(_ names: [String]) throws -> RecordFields {
        if let fields, fields.areSpelt(names) { return fields }
        let fields = try RecordFields(names)
        self.fields = fields
        return fields
    }
}

/// The encoding of one value.
private final class RecordEncoding: Encoder {
    var names: [String] = []
    var inputs: [RecordInput] = []
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        KeyedEncodingContainer(RecordEncodingContainer<Key>(encoding: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        RefusingContainer(path: [], reason: "a record is not an array; encode a type with fields")
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        RefusingContainer(path: [], reason: "a record is not a value; encode a type with fields")
    }

    func add(_ input: RecordInput, as name: String) {
        names.append(name)
        inputs.append(input)
    }
}

/// Takes the properties of a value.
private struct RecordEncodingContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoding: RecordEncoding
    var codingPath: [any CodingKey] { [] }

    private func add(_ value: Value, _ key: Key) {
        encoding.add(.value(value), as: key.stringValue)
    }

    private func add(_ value: some FixedWidthInteger, _ key: Key) {
        add(Int64(exactly: value).map { .integer($0) } ?? .text(String(value)), key)
    }

    func encodeNil(forKey key: Key) { add(.null, key) }
    func encode(_ value: Bool, forKey key: Key) { add(.boolean(value), key) }
    func encode(_ value: String, forKey key: Key) { add(.text(value), key) }
    func encode(_ value: Double, forKey key: Key) { add(.real(value), key) }
    func encode(_ value: Float, forKey key: Key) { add(.real(Double(value)), key) }
    func encode(_ value: Int, forKey key: Key) { add(value, key) }
    func encode(_ value: Int8, forKey key: Key) { add(value, key) }
    func encode(_ value: Int16, forKey key: Key) { add(value, key) }
    func encode(_ value: Int32, forKey key: Key) { add(value, key) }
    func encode(_ value: Int64, forKey key: Key) { add(value, key) }
    func encode(_ value: UInt, forKey key: Key) { add(value, key) }
    func encode(_ value: UInt8, forKey key: Key) { add(value, key) }
    func encode(_ value: UInt16, forKey key: Key) { add(value, key) }
    func encode(_ value: UInt32, forKey key: Key) { add(value, key) }
    func encode(_ value: UInt64, forKey key: Key) { add(value, key) }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        let name = key.stringValue
        switch value {
        case let date as Date:
            let time = try microseconds(of: date, at: codingPath + [key])
            encoding.add(.timestamp(time), as: name)
        case let data as Data: add(.blob(Array(data)), key)
        case let uuid as UUID: add(.text(uuid.uuidString), key)
        case let url as URL: add(.text(url.absoluteString), key)
        case let decimal as Decimal: add(.text("\(decimal)"), key)
        default: encoding.add(try Self.input(of: value), as: name)
        }
    }

    /// A value of any other type, by way of JSON: what is not an array or object there is a plain
    /// value.
    private static func input(of value: some Encodable) throws -> RecordInput {
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .custom { date, encoder in
            let time = try microseconds(of: date, at: encoder.codingPath)
            var container = encoder.singleValueContainer()
            try container.encode(RecordTime.text(microseconds: time))
        }
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(value)
        if data.first == UInt8(ascii: "{") || data.first == UInt8(ascii: "[") {
            return .json(Array(data))
        }
        return .value(try JSONDecoder().decode(Value.self, from: data))
    }

    // A property without a value is null, so that all elements have the same fields.
    func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: String?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try some(value, key) }
    func encodeIfPresent<T: Encodable>(_ value: T?, forKey key: Key) throws { try some(value, key) }

    private func some<T: Encodable>(_ value: T?, _ key: Key) throws {
        guard let value else { return encodeNil(forKey: key) }
        switch value {
        case let value as Bool: encode(value, forKey: key)
        case let value as String: encode(value, forKey: key)
        case let value as Double: encode(value, forKey: key)
        case let value as Float: encode(value, forKey: key)
        case let value as any FixedWidthInteger: add(value, key)
        default: try encode(value, forKey: key)
        }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        KeyedEncodingContainer(RefusingKeyedContainer<Nested>(path: [key]))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        RefusingContainer(path: [key], reason: RefusingContainer.byHand)
    }

    func superEncoder() -> any Encoder { encoding }
    func superEncoder(forKey key: Key) -> any Encoder { encoding }
}

/// A time as a record holds it.
private func microseconds(of date: Date, at path: [any CodingKey]) throws -> Int64 {
    guard let time = Int64(exactly: (date.timeIntervalSince1970 * 1e6).rounded()) else {
        throw EncodingError.invalidValue(
            date,
            .init(codingPath: path, debugDescription: "the time is too far away")
        )
    }
    return time
}
