import FoundationEssentials
import Tranche

/// Decodes values from records.
///
/// A decoded type stops at the first error that it is told of. So it is not told: what is wrong
/// with a field is noted, the type is given a stand-in of the right type and goes on to its other
/// fields, and what it makes of that is thrown away. Where there is no stand-in, as for an
/// enumeration, it stops there.
struct RecordDecoder {
    /// What came of a record.
    enum Decoded<Value> {
        case value(Value)
        case fault(RecordFault)
    }

    /// In which order the type asks for fields; the same for every record.
    private let order = FieldOrder()

    func decode<Value: Decodable>(_ type: Value.Type, from record: Record) -> Decoded<Value> {
        order.begin(record.fields)
        let decoding = RecordDecoding(record, order)
        do {
            let value = try Value(from: decoding)
            if decoding.errors.isEmpty { return .value(value) }
        } catch is RecordDecoding.Stop {
            // The error was noted.
        } catch {
            decoding.errors.append(Self.words(error))
        }
        var input: [UInt8] = []
        record.appendJSON(to: &input)
        return .fault(
            RecordFault(
                id: record.id,
                errors: decoding.errors,
                input: String(decoding: input, as: UTF8.self),
                isObject: true
            )
        )
    }

    /// An error that the type itself threw.
    private static func words(_ error: any Error) -> FieldError {
        let context: DecodingError.Context? =
            switch error as? DecodingError {
            case .dataCorrupted(let context), .keyNotFound(_, let context),
                .typeMismatch(_, let context), .valueNotFound(_, let context):
                context
            default: nil
            }
        return FieldError(
            field: context?.codingPath.last?.stringValue,
            message: context?.debugDescription ?? "\(error)"
        )
    }
}

/// Where the fields stand that a type asks for, in the order in which it did for the record before:
/// so that a name need only be compared, and not looked up.
final class FieldOrder {
    private var fields: RecordFields?
    private var asked: [(name: String, place: Int?)] = []
    private var next = 0

    /// Begins with a record.
    func begin(_ fields: RecordFields) {
        next = 0
        if self.fields === fields { return }
        self.fields = fields
        asked = []
    }

    /// Where a field stands; `nil` when there is none.
    func place(of name: String) -> Int? {
        if next < asked.count, asked[next].name == name {
            next += 1
            return asked[next - 1].place
        }
        // Types ask first whether there is a value, and then for it.
        if next > 0, asked[next - 1].name == name { return asked[next - 1].place }
        let place = fields?.place(of: name)
        if next == asked.count {
            asked.append((name, place))
            next += 1
        }
        return place
    }
}

/// The decoding of one record.
final class RecordDecoding: Decoder {
    /// Ends a decoding that cannot go on; what is wrong was noted.
    struct Stop: Error {}

    let record: Record
    var errors: [FieldError] = []
    let codingPath: [any CodingKey] = []
    let userInfo: [CodingUserInfoKey: Any] = [:]

    private let order: FieldOrder

    init(_ record: Record, _ order: FieldOrder) {
        self.record = record
        self.order = order
    }

    /// Where a field stands; `nil` when there is none.
    func place(of key: some CodingKey) -> Int? { order.place(of: key.stringValue) }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(RecordFieldsContainer<Key>(decoding: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        throw DecodingError.dataCorrupted(
            .init(
                codingPath: [],
                debugDescription: "a record is not an array; decode a type with fields"
            )
        )
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer {
        throw DecodingError.dataCorrupted(
            .init(
                codingPath: [],
                debugDescription: "a record is not a value; decode a type with fields"
            )
        )
    }

    /// Notes what is wrong with a field.
    func note(_ field: String, _ message: String, _ cell: RecordCell?) {
        let input = cell.flatMap { $0.kind == .null ? nil : record.text(of: $0) }
        errors.append(FieldError(field: field, message: message, input: input))
    }
}

/// The fields of a record, for a type's keys.
private struct RecordFieldsContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoding: RecordDecoding

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { decoding.record.fields.names.compactMap { Key(stringValue: $0) } }

    private func cell(_ key: Key) -> RecordCell? {
        decoding.place(of: key).map { decoding.record.cell($0) }
    }

    func contains(_ key: Key) -> Bool { decoding.place(of: key) != nil }

    /// Empty text is nothing.
    func decodeNil(forKey key: Key) -> Bool {
        guard let cell = cell(key) else { return true }
        return cell.kind == .null || cell.kind == .text && cell.length == 0
    }

    /// A value, or a stand-in for it.
    private func read<Value>(
        _ key: Key,
        _ expectation: String,
        standIn: Value,
        _ body: (RecordValue) -> Value?
    ) -> Value {
        guard let cell = cell(key), cell.kind != .null else {
            let message =
                contains(key)
                ? "is required and has no value" : "is required and is not a field here"
            decoding.note(key.stringValue, message, nil)
            return standIn
        }
        if let value = body(RecordValue(record: decoding.record, cell: cell)) { return value }
        let isEmpty = cell.kind == .text && cell.length == 0
        decoding.note(key.stringValue, isEmpty ? "is required and has no value" : expectation, cell)
        return standIn
    }

    private func integer<Value: FixedWidthInteger>(_ key: Key) -> Value {
        read(key, "is not a whole number of \(Value.bitWidth) bits", standIn: 0) { value in
            value.integer.flatMap { Value(exactly: $0) } ?? value.text.flatMap { Value($0) }
        }
    }

    func decode(_ type: Bool.Type, forKey key: Key) -> Bool {
        read(key, "is neither true nor false", standIn: false) { $0.boolean }
    }

    func decode(_ type: String.Type, forKey key: Key) -> String {
        read(key, "is not a text", standIn: "") { $0.text }
    }

    func decode(_ type: Double.Type, forKey key: Key) -> Double {
        read(key, "is not a number", standIn: 0) { $0.number }
    }

    func decode(_ type: Float.Type, forKey key: Key) -> Float {
        read(key, "is not a number", standIn: 0) { $0.number.map { Float($0) } }
    }

    func decode(_ type: Int.Type, forKey key: Key) -> Int { integer(key) }
    func decode(_ type: Int8.Type, forKey key: Key) -> Int8 { integer(key) }
    func decode(_ type: Int16.Type, forKey key: Key) -> Int16 { integer(key) }
    func decode(_ type: Int32.Type, forKey key: Key) -> Int32 { integer(key) }
    func decode(_ type: Int64.Type, forKey key: Key) -> Int64 { integer(key) }
    func decode(_ type: UInt.Type, forKey key: Key) -> UInt { integer(key) }
    func decode(_ type: UInt8.Type, forKey key: Key) -> UInt8 { integer(key) }
    func decode(_ type: UInt16.Type, forKey key: Key) -> UInt16 { integer(key) }
    func decode(_ type: UInt32.Type, forKey key: Key) -> UInt32 { integer(key) }
    func decode(_ type: UInt64.Type, forKey key: Key) -> UInt64 { integer(key) }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        if let value = known(type, key) { return value }
        guard let cell = cell(key), cell.kind != .null else {
            decoding.note(key.stringValue, "is required and has no value", nil)
            throw RecordDecoding.Stop()
        }
        do {
            return try Value(
                from: RecordValueDecoder(
                    value: RecordValue(record: decoding.record, cell: cell),
                    key: key
                )
            )
        } catch let error as DecodingError {
            decoding.note(key.stringValue, Self.words(error), cell)
            throw RecordDecoding.Stop()
        }
    }

    /// A value of a type that stands for a text in files; `nil` for other types.
    private func known<Value>(_ type: Value.Type, _ key: Key) -> Value? {
        switch type {
        case is Date.Type:
            read(
                key,
                "is not a time such as 2026-01-31T08:00:00Z",
                standIn: Date(timeIntervalSince1970: 0)
            ) {
                $0.date
            } as? Value
        case is UUID.Type:
            read(key, "is not a UUID", standIn: UUID()) { $0.text.flatMap { UUID(uuidString: $0) } }
                as? Value
        case is Decimal.Type:
            read(key, "is not a number", standIn: Decimal()) { $0.decimal } as? Value
        case is URL.Type:
            read(key, "is not a URL", standIn: URL(filePath: "/")) { $0.url } as? Value
        // An array of numbers is bytes as well.
        case is Data.Type where cell(key)?.kind != .json:
            read(key, "is not bytes, hexadecimal or base64", standIn: Data()) { $0.data } as? Value
        default: nil
        }
    }

    private static func words(_ error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context), .keyNotFound(_, let context),
            .typeMismatch(_, let context), .valueNotFound(_, let context):
            "is not valid: \(context.debugDescription)"
        @unknown default: "is not valid"
        }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try nested(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoding }

    func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }

    private func nested(_ key: Key) throws -> any Decoder {
        guard let cell = cell(key) else { throw RecordDecoding.Stop() }
        return RecordValueDecoder(value: RecordValue(record: decoding.record, cell: cell), key: key)
    }
}

/// A field's value, as what a type wants it to be.
struct RecordValue {
    let record: Record
    let cell: RecordCell

    private func read<Value>(_ body: (FieldText.Bytes) -> Value?) -> Value? {
        guard cell.kind == .text || cell.kind == .decimal else { return nil }
        return record.block.bytes.withUnsafeBufferPointer { bytes in
            body(FieldText.trimmed(UnsafeBufferPointer(rebasing: bytes[cell.textRange])))
        }
    }

    var integer: Int64? {
        switch cell.kind {
        case .integer: cell.integer
        case .real: Int64(exactly: cell.real)
        default: read(FieldText.integer)
        }
    }

    var number: Double? {
        switch cell.kind {
        case .integer: Double(cell.integer)
        case .real: cell.real
        default: read(FieldText.number)
        }
    }

    var boolean: Bool? { cell.kind == .boolean ? cell.boolean : read(FieldText.boolean) }

    var text: String? { cell.kind == .null ? nil : record.text(of: cell) }

    var date: Date? {
        switch cell.kind {
        case .timestamp: Date(timeIntervalSince1970: Double(cell.integer) / 1e6)
        case .date: Date(timeIntervalSince1970: Double(cell.integer) * 86_400)
        default:
            read(Self.date)
        }
    }

    /// The time, or the day's begin, that a text is; `nil` when it is none.
    static func date(_ text: FieldText.Bytes) -> Date? {
        if let time = FieldText.microseconds(text) {
            return Date(timeIntervalSince1970: Double(time) / 1e6)
        }
        return FieldText.days(text).map { Date(timeIntervalSince1970: Double($0) * 86_400) }
    }

    /// The bytes, or those that a text is, in lower-case hexadecimal, as outputs have them, or in
    /// base64; `nil` when there are none.
    var data: Data? {
        switch cell.kind {
        case .blob: Data(record.block.bytes[cell.textRange])
        case .text where cell.length > 0:
            text.flatMap { Self.data(hexadecimal: $0) ?? Data(base64Encoded: $0) }
        default: nil
        }
    }

    private static func data(hexadecimal text: String) -> Data? {
        let digits = text.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
            default: nil
            }
        }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return Data(
            stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
        )
    }

    var decimal: Decimal? { number == nil ? nil : text.flatMap { Decimal(string: $0) } }

    var url: URL? { text.flatMap { $0.isEmpty ? nil : URL(string: $0) } }
}
