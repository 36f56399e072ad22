import CLibMongoC
import Tranche
import TrancheConnectors

/// Opens and starts the library, once.
enum MongoLibrary {
    private static let start: Void = {
        tranche_mongo_be_quiet()
        mongoc_init()
    }()

    /// Opens the library and starts it, unless it is started.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` where it is not there.
    static func open() throws(TrancheError) {
        try Driver.libmongoc.open()
        _ = start
    }
}

/// A client: nothing but the pointer.
struct MongoClientHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Makes a client; the first request connects.
    init(_ location: MongoLocation) throws {
        try MongoLibrary.open()
        var error = bson_error_t()
        guard let uri = mongoc_uri_new_with_error(location.urlWithUser, &error) else {
            throw MongoError(error)
        }
        defer { mongoc_uri_destroy(uri) }
        let patience = "serverselectiontimeoutms"
        if !mongoc_uri_has_option(uri, patience) {
            mongoc_uri_set_option_as_int32(uri, patience, 10_000)
            mongoc_uri_set_option_as_bool(uri, "serverselectiontryonce", false)
        }
        // A server that stops answering must not hold a batch for ever.
        if !mongoc_uri_has_option(uri, "sockettimeoutms") {
            mongoc_uri_set_option_as_int32(uri, "sockettimeoutms", 60_000)
        }
        guard let client = mongoc_client_new_from_uri_with_error(uri, &error) else {
            throw MongoError(error)
        }
        mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2)
        mongoc_client_set_appname(client, "tranche")
        pointer = client
    }

    deinit {
        mongoc_client_destroy(pointer)
    }
}

/// A session with a transaction: nothing but the pointer.
struct MongoSessionHandle: ~Copyable {
    let pointer: OpaquePointer

    /// Starts a session of a client, and a transaction in it.
    init(_ client: borrowing MongoClientHandle) throws(MongoError) {
        var error = bson_error_t()
        guard let session = mongoc_client_start_session(client.pointer, nil, &error) else {
            throw MongoError(error)
        }
        let options = mongoc_transaction_opts_new()
        defer { mongoc_transaction_opts_destroy(options) }
        let concern = mongoc_write_concern_new()
        defer { mongoc_write_concern_destroy(concern) }
        mongoc_write_concern_set_wmajority(concern, 60_000)
        mongoc_transaction_opts_set_write_concern(options, concern)
        guard mongoc_client_session_start_transaction(session, options, &error) else {
            mongoc_client_session_destroy(session)
            throw MongoError(error)
        }
        pointer = session
    }

    deinit {
        // A transaction that is open is given up with it.
        mongoc_client_session_destroy(pointer)
    }
}

/// A document: nothing but the pointer.
struct BSONDocument: ~Copyable {
    let pointer: OpaquePointer

    /// Makes an empty one.
    ///
    /// - Throws: `TrancheError` `.invalidArgument` where libmongoc is not there.
    init() throws(TrancheError) {
        try MongoLibrary.open()
        pointer = bson_new()
    }

    /// Reads JSON.
    init(json: String) throws(MongoError) {
        do {
            try MongoLibrary.open()
        } catch {
            throw MongoError(code: 0, message: error.message)
        }
        var error = bson_error_t()
        let bytes = Array(json.utf8)
        guard let read = bson_new_from_json(bytes, bytes.count, &error) else {
            throw MongoError(error)
        }
        pointer = read
    }

    deinit {
        bson_destroy(pointer)
    }

    /// How many bytes it has.
    ///
    /// Source: libbson, bson-types.h, `bson_t`: the length is the second of its fields, which Swift
    /// does not see.
    var size: Int {
        Int(UnsafeRawPointer(pointer).load(fromByteOffset: 4, as: UInt32.self))
    }

    /// Its fields; `nil` where the library has no spelling for it.
    var value: MongoValue? { MongoValue(copying: pointer) }

    /// Appends the fields of a record.
    ///
    /// - Throws: `RecordsRefused` when it does not take one.
    func append(_ record: Record, places: some Sequence<Int>) throws {
        try record.block.bytes.withUnsafeBufferPointer { bytes in
            for place in places {
                let name = record.fields.names[place]
                guard !name.utf8.contains(0) else {
                    let words =
                        "the name of field \(name.debugDescription) has a NUL, which BSON has no "
                        + "place for"
                    throw RecordsRefused([RefusedRecord(record, field: name, words)])
                }
                guard append(record.cell(place), of: record, bytes, as: name) else {
                    let input = record.cell(place).kind == .decimal ? record.text(name) : nil
                    let reason = input.map {
                        ": '\($0)' has more digits than a decimal of 128 bits"
                    }
                    let words = "field '\(name)' cannot be written as BSON\(reason ?? "")"
                    throw RecordsRefused([RefusedRecord(record, words)])
                }
            }
        }
    }

    private func append(
        _ cell: RecordCell,
        of record: Record,
        _ bytes: UnsafeBufferPointer<UInt8>,
        as name: String
    ) -> Bool {
        switch cell.kind {
        case .null: return bson_append_null(pointer, name, -1)
        case .boolean: return bson_append_bool(pointer, name, -1, cell.boolean)
        case .integer: return bson_append_int64(pointer, name, -1, cell.integer)
        case .real: return bson_append_double(pointer, name, -1, cell.real)
        case .timestamp:
            let milliseconds = Self.milliseconds(ofMicroseconds: cell.integer)
            return bson_append_date_time(pointer, name, -1, milliseconds)
        case .date:
            guard let milliseconds = Self.milliseconds(ofDays: cell.integer) else { return false }
            return bson_append_date_time(pointer, name, -1, milliseconds)
        case .blob:
            let start = bytes.baseAddress.map { $0 + Int(cell.start) }
            return bson_append_binary(pointer, name, -1, BSON_SUBTYPE_BINARY, start, cell.length)
        case .json:
            var json: [UInt8] = []
            let text = record.block.bytes[cell.textRange]
            let isHeld = LongNumbers.asDecimals.append(text, to: &json) { digits in
                Self.decimal(String(decoding: digits, as: UTF8.self)) != nil
            }
            return isHeld && appendJSON(String(decoding: json, as: UTF8.self), as: name)
        case .decimal:
            var digits: [UInt8] = []
            let text = UnsafeBufferPointer(rebasing: bytes[cell.textRange])
            return NumberText.appendJSON(text, to: &digits)
                && appendDecimal(String(decoding: digits, as: UTF8.self), as: name)
        case .text:
            guard cell.length > 0, let base = bytes.baseAddress else {
                return bson_append_utf8(pointer, name, -1, "", 0)
            }
            guard let length = Int32(exactly: cell.length) else { return false }
            return (base + Int(cell.start)).withMemoryRebound(
                to: CChar.self,
                capacity: Int(cell.length)
            ) { bson_append_utf8(pointer, name, -1, $0, length) }
        }
    }

    /// The whole milliseconds that have begun.
    static func milliseconds(ofMicroseconds microseconds: Int64) -> Int64 {
        let (quotient, remainder) = microseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// Where a day begins; `nil` where that is beyond a date of BSON.
    static func milliseconds(ofDays days: Int64) -> Int64? {
        let (milliseconds, isTooFar) = days.multipliedReportingOverflow(by: 86_400_000)
        return isTooFar ? nil : milliseconds
    }

    /// Appends a number as a decimal of 128 bits.
    private func appendDecimal(_ digits: String, as name: String) -> Bool {
        guard var value = Self.decimal(digits) else { return false }
        return bson_append_decimal128(pointer, name, -1, &value)
    }

    /// A number as a decimal of 128 bits; `nil` where that does not hold all of its digits.
    private static func decimal(_ digits: String) -> bson_decimal128_t? {
        var value = bson_decimal128_t()
        guard bson_decimal128_from_string(digits, &value) else { return nil }
        var buffer = [CChar](repeating: 0, count: 64)
        bson_decimal128_to_string(&value, &buffer)
        let length = buffer.firstIndex(of: 0) ?? buffer.endIndex
        let kept = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return NumberText.isSame(kept, digits) ? value : nil
    }

    /// Appends a JSON array or object.
    private func appendJSON(_ json: String, as name: String) -> Bool {
        // The library reads objects only: the value is taken out of one.
        do throws(MongoError) {
            let holder = try BSONDocument(json: "{\"value\": \(json)}")
            return tranche_bson_append_value(pointer, name, holder.pointer)
        } catch {
            return false
        }
    }

    func append(_ text: String, as name: String) {
        bson_append_utf8(pointer, name, -1, text, -1)
    }

    func append(_ document: borrowing BSONDocument, as name: String) {
        bson_append_document(pointer, name, -1, document.pointer)
    }
}
