import Tranche
import TrancheSQL

/// Encodes records as COPY takes them: in the binary format where every column's type allows it, else as text.
///
/// Source: PostgreSQL 15 manual, COPY, "Binary Format" and "Text Format".
struct PostgreSQLCopyEncoder {
    /// A type that is written in binary.
    private enum Kind {
        case int2, int4, int8, float4, float8, boolean, text, timestamp, date, jsonb, bytea
    }

    /// Microseconds, and days, from 1970 to 2000, from where PostgreSQL counts.
    private static let epoch: Int64 = 946_684_800_000_000
    private static let epochDays: Int64 = 10_957

    private let load: SQLLoad
    /// `nil` where the format is text.
    private let kinds: [Kind]?

    init(_ load: SQLLoad) {
        self.load = load
        let kinds = load.columns.map { Self.kind(of: $0.type) }
        self.kinds = kinds.contains { $0 == nil } ? nil : kinds.compactMap { $0 }
    }

    private static func kind(of type: String) -> Kind? {
        switch type {
        case "smallint": .int2
        case "integer": .int4
        case "bigint": .int8
        case "real": .float4
        case "double precision": .float8
        case "boolean": .boolean
        case "text", "json", "character varying": .text
        case "timestamp with time zone", "timestamp without time zone": .timestamp
        case "date": .date
        case "jsonb": .jsonb
        case "bytea": .bytea
        // A length counts characters, which the server checks.
        case _ where type.hasPrefix("character varying("): .text
        default: nil
        }
    }

    /// What COPY is told of the format.
    var options: String { kinds == nil ? "" : " WITH (FORMAT binary)" }

    /// What stands before the first record.
    var head: [UInt8] {
        guard kinds != nil else { return [] }
        return Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    }

    /// What stands behind the last one.
    var tail: [UInt8] { kinds == nil ? [] : [0xFF, 0xFF] }

    /// Encodes records.
    ///
    /// - Throws: `RecordsRefused` for values that a column's type cannot hold.
    func encode(_ records: [Record]) throws -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(records.count * load.columns.count * 20)
        var refused: [(id: Int64, message: String)] = []
        for record in records {
            let start = output.count
            if let place = append(record, to: &output) {
                output.removeLast(output.count - start)
                let value = record.text(load.fields.names[place]) ?? ""
                refused.append(
                    (
                        record.id,
                        "'\(value)' is no value for column \(load.columns[place].name), which is "
                            + load.columns[place].type
                    )
                )
            }
        }
        guard refused.isEmpty else { throw RecordsRefused(refused) }
        return output
    }

    /// Appends a record.
    ///
    /// - Returns: The place of a value that its column cannot hold.
    private func append(_ record: Record, to output: inout [UInt8]) -> Int? {
        let width = load.columns.count
        return record.block.bytes.withUnsafeBufferPointer { bytes in
            guard let kinds else {
                appendText(record, width, to: &output)
                return nil
            }
            Self.append(Int16(width), to: &output)
            for place in 0..<width {
                let cell = record.cell(place)
                guard cell.kind != .null else {
                    Self.append(Int32(-1), to: &output)
                    continue
                }
                let value = Field(record: record, cell: cell, bytes: bytes)
                guard Self.append(value, as: kinds[place], to: &output) else { return place }
            }
            return nil
        }
    }

    /// A field's value, read as what a column wants.
    private struct Field {
        let record: Record
        let cell: RecordCell
        let bytes: UnsafeBufferPointer<UInt8>

        var text: UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: bytes[cell.textRange])
        }

        var integer: Int64? {
            switch cell.kind {
            case .integer: cell.integer
            case .real: Int64(exactly: cell.real)
            case .boolean: cell.boolean ? 1 : 0
            case .text: FieldText.integer(FieldText.trimmed(text))
            default: nil
            }
        }

        var number: Double? {
            switch cell.kind {
            case .integer: Double(cell.integer)
            case .real: cell.real
            case .text, .decimal: FieldText.number(FieldText.trimmed(text))
            default: nil
            }
        }

        var boolean: Bool? {
            switch cell.kind {
            case .boolean: cell.boolean
            case .integer where cell.integer >> 1 == 0: cell.integer == 1
            case .text: FieldText.boolean(FieldText.trimmed(text))
            default: nil
            }
        }

        var microseconds: Int64? {
            switch cell.kind {
            case .timestamp: cell.integer
            case .date: cell.integer * 86_400_000_000
            case .text:
                FieldText.microseconds(text) ?? FieldText.days(text).map { $0 * 86_400_000_000 }
            default: nil
            }
        }

        var days: Int64? {
            switch cell.kind {
            case .date: cell.integer
            case .text: FieldText.days(text)
            default: nil
            }
        }
    }

    private static func append(
        _ value: Field,
        as kind: Kind,
        to output: inout [UInt8]
    ) -> Bool {
        switch kind {
        case .int2: return append(value.integer.flatMap { Int16(exactly: $0) }, 2, to: &output)
        case .int4: return append(value.integer.flatMap { Int32(exactly: $0) }, 4, to: &output)
        case .int8: return append(value.integer, 8, to: &output)
        case .float4:
            return append(value.number.map { Float($0).bitPattern }, 4, to: &output)
        case .float8: return append(value.number?.bitPattern, 8, to: &output)
        case .boolean: return append(value.boolean.map { UInt8($0 ? 1 : 0) }, 1, to: &output)
        case .timestamp: return append(value.microseconds.map { $0 - epoch }, 8, to: &output)
        case .date:
            let days = value.days.flatMap { Int32(exactly: $0 - epochDays) }
            return append(days, 4, to: &output)
        case .text, .jsonb, .bytea:
            let version: [UInt8] = kind == .jsonb ? [1] : []
            let cell = value.cell
            if cell.length > 0 || cell.kind == .text || cell.kind == .blob {
                append(Int32(version.count) + Int32(cell.length), to: &output)
                output += version
                output += value.text
            } else {
                let text = value.record.text(of: cell).utf8
                append(Int32(version.count + text.count), to: &output)
                output += version
                output += text
            }
            return true
        }
    }

    /// Appends a number with its length; nothing, where there is none.
    @inline(__always)
    private static func append<Number: FixedWidthInteger>(
        _ value: Number?,
        _ length: Int32,
        to output: inout [UInt8]
    ) -> Bool {
        guard let value else { return false }
        append(length, to: &output)
        append(value, to: &output)
        return true
    }

    @inline(__always)
    private static func append(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { output += $0 }
    }

    // MARK: - Text

    private func appendText(_ record: Record, _ width: Int, to output: inout [UInt8]) {
        for place in 0..<width {
            if place > 0 { output.append(0x09) }
            let cell = record.cell(place)
            switch cell.kind {
            case .null: output += "\\N".utf8
            case .blob: output += "\\\\x\(record[place].text ?? "")".utf8
            case _ where cell.length > 0 || cell.kind == .text:
                Self.escape(record.block.bytes[cell.textRange], to: &output)
            default: output += record.text(of: cell).utf8
            }
        }
        output.append(0x0A)
    }

    private static func escape(_ text: ArraySlice<UInt8>, to output: inout [UInt8]) {
        for byte in text {
            switch byte {
            case 0x5C: output += "\\\\".utf8
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            default: output.append(byte)
            }
        }
    }
}
