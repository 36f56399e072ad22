import FoundationEssentials
import Tranche

/// Decodes one field: as a value, or as JSON where the field holds an array or object.
struct RecordValueDecoder: Decoder {
    let value: RecordValue
    let key: any CodingKey

    var codingPath: [any CodingKey] { [key] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try json().container(keyedBy: type)
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try json().unkeyedContainer()
    }

    /// A decoder over the JSON that the field holds.
    private func json() throws -> any Decoder {
        guard value.cell.kind == .json else {
            throw corrupted("it is a plain value, and the type wants an array or object")
        }
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            // A number does not say since when, and of what, it is a count.
            guard var text = try? container.decode(String.self),
                let date = text.withUTF8({ RecordValue.date(FieldText.trimmed($0)) })
            else {
                throw DecodingError.dataCorruptedError(
                    in: container,
                    debugDescription: "it is not a time such as 2026-01-31T08:00:00Z"
                )
            }
            return date
        }
        let data = Data((value.text ?? "").utf8)
        return try decoder.decode(CapturedDecoder.self, from: data).decoder
    }

    private struct CapturedDecoder: Decodable {
        let decoder: any Decoder

        init(from decoder: any Decoder) {
            self.decoder = decoder
        }
    }

    fileprivate func corrupted(_ message: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: codingPath, debugDescription: message))
    }
}

extension RecordValueDecoder: SingleValueDecodingContainer {
    private func read<Value>(_ value: Value?, _ expectation: String) throws -> Value {
        guard let value else { throw corrupted(expectation) }
        return value
    }

    private func integer<Value: FixedWidthInteger>() throws -> Value {
        try read(
            value.integer.flatMap { Value(exactly: $0) } ?? value.text.flatMap { Value($0) },
            "it is not a whole number of \(Value.bitWidth) bits"
        )
    }

    func decodeNil() -> Bool { value.cell.kind == .null }
    func decode(_ type: Bool.Type) throws -> Bool {
        try read(value.boolean, "it is neither true nor false")
    }
    func decode(_ type: String.Type) throws -> String { try read(value.text, "it is not a text") }
    func decode(_ type: Double.Type) throws -> Double {
        try read(value.number, "it is not a number")
    }
    func decode(_ type: Float.Type) throws -> Float {
        try read(value.number.map { Float($0) }, "it is not a number")
    }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        switch type {
        case is Date.Type:
            try read(value.date as? Value, "it is not a time such as 2026-01-31T08:00:00Z")
        case is Data.Type where value.cell.kind != .json:
            try read(value.data as? Value, "it is not bytes, hexadecimal or base64")
        case is Decimal.Type: try read(value.decimal as? Value, "it is not a number")
        case is URL.Type: try read(value.url as? Value, "it is not a URL")
        default: try Value(from: self)
        }
    }
}
