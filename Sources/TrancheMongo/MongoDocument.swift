import CLibMongoC
import FoundationEssentials
import Tranche

/// A document's fields, copied out of the library.
struct MongoDocument: Sendable {
    private(set) var names: [String] = []
    private(set) var inputs: [RecordInput] = []

    /// Reads a document; what has no plain value is kept as JSON.
    init(copying document: OpaquePointer) {
        let reader = tranche_bson_read(document)
        defer { tranche_bson_end(reader) }
        var field = tranche_bson_field()
        while tranche_bson_next(reader, &field) {
            names.append(String(cString: field.name))
            inputs.append(Self.input(field, reader))
        }
    }

    subscript(_ name: String) -> RecordInput? {
        names.firstIndex(of: name).map { inputs[$0] }
    }

    /// A field's whole number; `nil` when it has none.
    func integer(_ name: String) -> Int64? {
        switch self[name] {
        case .value(.integer(let value)): value
        case .value(.real(let value)): Int64(exactly: value)
        case .decimal(let digits): Self.whole(digits)
        default: nil
        }
    }

    /// A field's number; `nil` when it is another value.
    func number(_ name: String) -> Double? {
        switch self[name] {
        case .value(.integer(let value)): Double(value)
        case .value(.real(let value)): value
        case .decimal(let digits): Double(String(decoding: digits, as: UTF8.self))
        default: nil
        }
    }

    /// The whole number that a decimal is, such as `5.00` or `5E+2`; `nil` where it is none of 64
    /// bits.
    private static func whole(_ decimal: [UInt8]) -> Int64? {
        let parts = decimal.split(separator: UInt8(ascii: "E"), maxSplits: 1)
        guard let number = parts.first else { return nil }
        var digits = number.filter { $0 != UInt8(ascii: ".") }
        var zeros = 0
        if parts.count == 2 {
            guard let power = Int(String(decoding: parts[1], as: UTF8.self)) else { return nil }
            zeros = power
        }
        if let point = number.firstIndex(of: UInt8(ascii: ".")) {
            zeros -= number.endIndex - point - 1
        }
        while zeros < 0, digits.count > 1, digits.last == UInt8(ascii: "0") {
            digits.removeLast()
            zeros += 1
        }
        // No number of 64 bits has more digits.
        guard 0..<20 ~= zeros else { return nil }
        let zero = [UInt8](repeating: UInt8(ascii: "0"), count: zeros)
        return Int64(String(decoding: digits + zero, as: UTF8.self))
    }

    private static func input(
        _ field: tranche_bson_field,
        _ reader: tranche_bson_reader
    ) -> RecordInput {
        let bytes = UnsafeBufferPointer(start: field.text, count: Int(field.length))
        switch field.type {
        case BSON_TYPE_NULL, BSON_TYPE_UNDEFINED: return .value(.null)
        case BSON_TYPE_BOOL: return .value(.boolean(field.integer != 0))
        case BSON_TYPE_INT32, BSON_TYPE_INT64: return .value(.integer(field.integer))
        case BSON_TYPE_DOUBLE: return .value(.real(field.real))
        case BSON_TYPE_DECIMAL128: return decimal(reader)
        case BSON_TYPE_DATE_TIME:
            // MongoDB keeps milliseconds.
            let (microseconds, isTooFar) = field.integer.multipliedReportingOverflow(by: 1000)
            return isTooFar ? json(reader) : .timestamp(microseconds)
        case BSON_TYPE_UTF8, BSON_TYPE_SYMBOL:
            return .value(.text(String(decoding: bytes, as: UTF8.self)))
        case BSON_TYPE_OID: return .value(.text(Array(bytes).hexadecimal))
        case BSON_TYPE_BINARY: return .value(.blob(Array(bytes)))
        default: return json(reader)
        }
    }

    /// A decimal of 128 bits: its digits, or the whole number of 64 bits that they spell.
    private static func decimal(_ reader: tranche_bson_reader) -> RecordInput {
        var buffer = [CChar](repeating: 0, count: Int(BSON_DECIMAL128_STRING))
        tranche_bson_decimal(reader, &buffer)
        let digits = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let text = String(decoding: digits, as: UTF8.self)
        switch text {
        case "": return .value(.null)
        case BSON_DECIMAL128_NAN: return .value(.real(.nan))
        case BSON_DECIMAL128_INF: return .value(.real(.infinity))
        case "-" + BSON_DECIMAL128_INF: return .value(.real(-.infinity))
        default: return Int64(text).map { .value(.integer($0)) } ?? .decimal(digits)
        }
    }

    /// A field as JSON: an array or object as it is, another value as MongoDB spells it.
    private static func json(_ reader: tranche_bson_reader) -> RecordInput {
        guard let holder = tranche_bson_json(reader) else { return .value(.null) }
        defer { bson_free(holder) }
        // The holder is an object with one field.
        let text = String(cString: holder)
        guard let colon = text.firstIndex(of: ":"), let end = text.lastIndex(of: "}") else {
            return .value(.null)
        }
        let value = text[text.index(after: colon)..<end].trimmed()
        return .json(Array(value.utf8))
    }
}
