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
        default: nil
        }
    }

    /// A field's number; `nil` when it is another value.
    func number(_ name: String) -> Double? {
        switch self[name] {
        case .value(.integer(let value)): Double(value)
        case .value(.real(let value)): value
        default: nil
        }
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
        case BSON_TYPE_DATE_TIME:
            // MongoDB keeps milliseconds.
            let (microseconds, isTooFar) = field.integer.multipliedReportingOverflow(by: 1000)
            return isTooFar ? json(reader) : .timestamp(microseconds)
        case BSON_TYPE_UTF8: return .value(.text(String(decoding: bytes, as: UTF8.self)))
        case BSON_TYPE_OID: return .value(.text(Array(bytes).hexadecimal))
        case BSON_TYPE_BINARY: return .value(.blob(Array(bytes)))
        default: return json(reader)
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
