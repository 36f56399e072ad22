internal import CSQLite
import Tranche
import TrancheSQL

/// A prepared statement of one connection; the connection finalizes it.
///
/// It is copied only within the connection's actor, which keeps it in its cache.
struct SQLiteStatement {
    private let pointer: OpaquePointer

    init(stealing pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// Frees it: `sqlite3_finalize`.
    func finalize() {
        sqlite3_finalize(pointer)
    }

    /// How many placeholders it has.
    var parameterCount: Int { Int(sqlite3_bind_parameter_count(pointer)) }

    /// Binds values, steps through all rows and resets.
    ///
    /// - Parameters:
    ///   - binds: The values, in order of the placeholders.
    ///   - fail: Makes an error of a result code.
    /// - Returns: The rows.
    /// - Throws: SQLite's error.
    func run(_ binds: [Value], _ fail: (Int32) -> SQLiteError) throws(SQLiteError) -> SQLRows {
        defer { sqlite3_reset(pointer) }
        for (index, value) in binds.enumerated() {
            let code = bind(value, at: Int32(index + 1))
            guard code == SQLITE_OK else { throw fail(code) }
        }
        let width = Int(sqlite3_column_count(pointer))
        var rows = SQLRows(width: width)
        while true {
            let code = sqlite3_step(pointer)
            if code == SQLITE_DONE { return rows }
            guard code == SQLITE_ROW else { throw fail(code) }
            for column in 0..<Int32(width) { rows.values.append(value(at: column)) }
        }
    }

    /// Binds the fields of a record, steps and resets.
    ///
    /// - Returns: The number of the row, where the statement gives it.
    @discardableResult
    func run(
        _ record: Record,
        _ affinities: [SQLiteAffinity],
        _ fail: (Int32) -> SQLiteError
    ) throws(SQLiteError) -> Int64? {
        var rowID: Int64?
        let code = record.block.bytes.withUnsafeBufferPointer { bytes -> Int32 in
            for (place, affinity) in affinities.enumerated() {
                let cell = record.cell(place)
                let code = bind(cell, of: record, bytes, affinity, at: Int32(place + 1))
                guard code == SQLITE_OK else { return code }
            }
            let code = sqlite3_step(pointer)
            guard code == SQLITE_ROW else { return code }
            rowID = sqlite3_column_int64(pointer, 0)
            return sqlite3_step(pointer)
        }
        // The error's text is the connection's until the statement is reset.
        guard code == SQLITE_DONE else {
            let error = fail(code)
            sqlite3_reset(pointer)
            throw error
        }
        sqlite3_reset(pointer)
        return rowID
    }

    /// Binds a value so that its column keeps it: as text where that is the column's affinity, or
    /// where SQLite would make another number of it.
    private func bind(
        _ cell: RecordCell,
        of record: Record,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ affinity: SQLiteAffinity,
        at index: Int32
    ) -> Int32 {
        switch cell.kind {
        case .null: return sqlite3_bind_null(pointer, index)
        case .boolean where affinity != .text:
            return sqlite3_bind_int64(pointer, index, cell.boolean ? 1 : 0)
        case .integer where affinity != .text:
            return sqlite3_bind_int64(pointer, index, cell.integer)
        // What is no number would be bound as NULL.
        case .real where affinity != .text && !cell.real.isNaN:
            return sqlite3_bind_double(pointer, index, cell.real)
        case .decimal where affinity.isNumeric:
            let text = UnsafeBufferPointer(rebasing: bytes[cell.textRange])
            return sqlite3_bind_double(pointer, index, NumberText.nearest(text))
        case .blob:
            if cell.length == 0 { return sqlite3_bind_zeroblob(pointer, index, 0) }
            return tranche_sqlite3_bind_blob(
                pointer,
                index,
                bytes.baseAddress.map { $0 + Int(cell.start) },
                Int32(cell.length)
            )
        case .boolean, .integer, .real, .decimal, .text, .json, .timestamp, .date:
            guard cell.length > 0, let base = bytes.baseAddress else {
                return bind(.text(record.text(of: cell)), at: index)
            }
            return (base + Int(cell.start)).withMemoryRebound(
                to: CChar.self,
                capacity: Int(cell.length)
            ) { tranche_sqlite3_bind_text(pointer, index, $0, Int32(cell.length)) }
        }
    }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        switch value {
        case .null: sqlite3_bind_null(pointer, index)
        case .boolean(let value): sqlite3_bind_int64(pointer, index, value ? 1 : 0)
        case .integer(let value): sqlite3_bind_int64(pointer, index, value)
        case .real(let value): sqlite3_bind_double(pointer, index, value)
        case .text(var text):
            text.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { chars in
                    // An empty string has no address, and no address would bind NULL.
                    chars.isEmpty
                        ? tranche_sqlite3_bind_text(pointer, index, "", 0)
                        : tranche_sqlite3_bind_text(
                            pointer,
                            index,
                            chars.baseAddress,
                            Int32(chars.count)
                        )
                }
            }
        case .blob(let bytes):
            bytes.withUnsafeBytes { bytes in
                bytes.isEmpty
                    ? sqlite3_bind_zeroblob(pointer, index, 0)
                    : tranche_sqlite3_bind_blob(
                        pointer,
                        index,
                        bytes.baseAddress,
                        Int32(bytes.count)
                    )
            }
        }
    }

    private func value(at column: Int32) -> Value {
        switch sqlite3_column_type(pointer, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
        case SQLITE_NULL: return .null
        case SQLITE_BLOB:
            guard let bytes = sqlite3_column_blob(pointer, column) else { return .blob([]) }
            let count = Int(sqlite3_column_bytes(pointer, column))
            return .blob([UInt8](UnsafeRawBufferPointer(start: bytes, count: count)))
        default:
            guard let text = sqlite3_column_text(pointer, column) else { return .null }
            let count = Int(sqlite3_column_bytes(pointer, column))
            return .text(
                String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
            )
        }
    }
}
