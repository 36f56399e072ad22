import FoundationEssentials
import Glibc
import Tranche

/// The binary format.
extension PostgreSQLCopyEncoder {
    typealias Kind = PostgreSQLCopyColumn.Kind
    typealias Reading = PostgreSQLInput.Reading

    /// Microseconds, and days, from 1970 to 2000, from where PostgreSQL counts.
    private static let epoch: Int64 = 946_684_800_000_000
    private static let epochDays: Int64 = 10_957
    /// The first day of year 1, before which years have another name.
    private static let firstDay: Int64 = -719_162

    /// Appends a record, behind its place where it has one.
    func appendBinary(_ record: Record, _ order: Int64?, to output: inout [UInt8]) -> Outcome {
        // All is lent once a record: counting references for each cell would take longer than
        // encoding it.
        let block = record.block
        let first = record.row * block.fields.count
        return block.bytes.withUnsafeBufferPointer { bytes in
            block.cells.withUnsafeBufferPointer { cells in
                columns.withUnsafeBufferPointer { columns in
                    Self.append(Int16(columns.count + (order == nil ? 0 : 1)), to: &output)
                    if let order {
                        Self.append(Int32(8), to: &output)
                        Self.append(order, to: &output)
                    }
                    for place in columns.indices {
                        let cell = cells[first + place]
                        guard cell.kind != .null else {
                            Self.append(Int32(-1), to: &output)
                            continue
                        }
                        guard let kind = columns[place].kind else { return .undecided }
                        let value = Field(block: block, row: record.row, cell: cell, bytes: bytes)
                        switch Self.append(value, as: kind, to: &output) {
                        case .value: break
                        case .undecided: return .undecided
                        case .refused:
                            return .refused(Refusal(place: place, value, as: kind))
                        }
                    }
                    return .encoded
                }
            }
        }
    }

    /// Whether the server would surely refuse a value in a column of a kind.
    func isRefused(_ value: Field, as kind: Kind) -> Bool {
        func asks<Value>(_ reading: Reading<Value>) -> Bool {
            if case .refused = reading { true } else { false }
        }
        return switch kind {
        case .int2: asks(value.integer() as Reading<Int16>)
        case .int4: asks(value.integer() as Reading<Int32>)
        case .int8: asks(value.integer() as Reading<Int64>)
        case .float4: asks(value.float)
        case .float8: asks(value.double)
        case .boolean: asks(value.boolean)
        case .timestamp: asks(value.microseconds(hasZone: false))
        case .timestamptz: asks(value.microseconds(hasZone: true))
        case .date: asks(value.days)
        case .text, .jsonb, .bytea: false
        }
    }

    /// A field's value, read as what a column wants.
    struct Field {
        /// The record's block, which whoever makes a field holds on to: it is not counted for each.
        unowned(unsafe) let block: RecordBlock
        let row: Int
        let cell: RecordCell
        let bytes: UnsafeBufferPointer<UInt8>

        var record: Record { Record(block, row: row) }

        var text: UnsafeBufferPointer<UInt8> {
            UnsafeBufferPointer(rebasing: bytes[cell.textRange])
        }

        /// What the server has against its text, whatever the type; `nil` for nothing.
        var complaint: String? {
            guard cell.kind != .blob, cell.length > 0, let start = text.baseAddress,
                memchr(start, 0, text.count) != nil
            else { return nil }
            return "has a NUL character, which no text of PostgreSQL holds, for"
        }

        /// Whether a floating-point column would make another number of it: of one that not even a
        /// double holds, and of a whole number that the column does not.
        ///
        /// What `real` does to fractions that a double holds is what it is for. A text is the
        /// server's to read.
        func isRounded(as kind: Kind) -> Bool {
            switch (cell.kind, kind) {
            case (.integer, .float4): Float(exactly: cell.integer) == nil
            case (.integer, .float8): Double(exactly: cell.integer) == nil
            case (.decimal, .float4), (.decimal, .float8): !isHeldByDouble
            default: false
            }
        }

        /// Whether its digits are those of a double; also where it is beyond all of them.
        private var isHeldByDouble: Bool {
            let digits = PostgreSQLInput.trimmed(text)
            guard let (value, isOutOfRange) = NumberText.double(digits), !isOutOfRange else {
                return true
            }
            return NumberText.isHeld(digits, by: value)
        }

        /// Whether it is a zero with a sign, which only a floating-point number keeps.
        private var isNegativeZero: Bool {
            cell.integer == 0 && cell.length > 0 && text.first == UInt8(ascii: "-")
        }

        func integer<Number: FixedWidthInteger>() -> Reading<Number> {
            switch cell.kind {
            case .integer: Number(exactly: cell.integer).map { .value($0) } ?? .refused
            case .text: PostgreSQLInput.integer(text)
            default: .refused
            }
        }

        var double: Reading<Double> {
            if isRounded(as: .float8) { return .refused }
            return switch cell.kind {
            case .integer: .value(isNegativeZero ? -0.0 : Double(cell.integer))
            case .real: .value(cell.real.isNaN ? .nan : cell.real)
            case .text, .decimal: PostgreSQLInput.double(text)
            default: .refused
            }
        }

        var float: Reading<Float> {
            if isRounded(as: .float4) { return .refused }
            return switch cell.kind {
            case .integer: .value(isNegativeZero ? -0.0 : Float(cell.integer))
            case .real where cell.real.isNaN: .value(.nan)
            case .real where cell.length > 0 && cell.real.isFinite: PostgreSQLInput.float(text)
            case .real:
                PostgreSQLInput.float(cell.real) { NumberText.spelling(cell.real) }
            case .text, .decimal: PostgreSQLInput.float(text)
            default: .refused
            }
        }

        var boolean: Reading<Bool> {
            switch cell.kind {
            case .boolean: .value(cell.boolean)
            case .integer:
                cell.integer >> 1 == 0 && !isNegativeZero ? .value(cell.integer == 1) : .refused
            case .text: PostgreSQLInput.boolean(text)
            default: .refused
            }
        }

        func microseconds(hasZone: Bool) -> Reading<Int64> {
            switch cell.kind {
            case .timestamp, .date:
                days.map { day in
                    .value(cell.kind == .date ? day * 86_400_000_000 : cell.integer)
                }
            case .text: PostgreSQLInput.microseconds(text, hasZone: hasZone)
            case .json, .boolean, .blob: .refused
            case .null, .integer, .real, .decimal: .undecided
            }
        }

        var days: Reading<Int64> {
            switch cell.kind {
            case .date: cell.integer < firstDay ? .refused : .value(cell.integer)
            case .timestamp:
                cell.integer < firstDay * 86_400_000_000
                    ? .refused : .value(Self.day(of: cell.integer))
            case .text: PostgreSQLInput.days(text)
            case .json, .boolean, .blob: .refused
            case .null, .integer, .real, .decimal: .undecided
            }
        }

        private static func day(of microseconds: Int64) -> Int64 {
            let (day, rest) = microseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
            return rest < 0 ? day - 1 : day
        }
    }

    private static func append(
        _ value: Field,
        as kind: Kind,
        to output: inout [UInt8]
    ) -> Reading<Void> {
        switch kind {
        case .int2: return append(value.integer() as Reading<Int16>, 2, to: &output)
        case .int4: return append(value.integer() as Reading<Int32>, 4, to: &output)
        case .int8: return append(value.integer() as Reading<Int64>, 8, to: &output)
        case .float4:
            return append(value.float.map { .value($0.bitPattern) }, 4, to: &output)
        case .float8:
            return append(value.double.map { .value($0.bitPattern) }, 8, to: &output)
        case .boolean:
            return append(value.boolean.map { .value(UInt8($0 ? 1 : 0)) }, 1, to: &output)
        case .timestamp, .timestamptz:
            let time = value.microseconds(hasZone: kind == .timestamptz)
            return append(time.map { .value($0 - epoch) }, 8, to: &output)
        case .date:
            let days: Reading<Int32> = value.days.map { days in
                Int32(exactly: days - epochDays).map { .value($0) } ?? .refused
            }
            return append(days, 4, to: &output)
        case .text, .jsonb: return appendText(value, isJSONB: kind == .jsonb, to: &output)
        case .bytea: return appendBytes(value, to: &output)
        }
    }

    private static func appendText(
        _ value: Field,
        isJSONB: Bool,
        to output: inout [UInt8]
    ) -> Reading<Void> {
        let cell = value.cell
        let version: Int32 = isJSONB ? 1 : 0
        if cell.kind != .blob, cell.length > 0 || cell.kind == .text {
            let text = value.text
            if let start = text.baseAddress, memchr(start, 0, text.count) != nil { return .refused }
            append(version + Int32(cell.length), to: &output)
            if isJSONB { output.append(1) }
            output += text
            return .value(())
        }
        let text = value.record.text(of: cell, asPostgreSQL: true).utf8
        append(version + Int32(text.count), to: &output)
        if isJSONB { output.append(1) }
        output += text
        return .value(())
    }

    private static func appendBytes(_ value: Field, to output: inout [UInt8]) -> Reading<Void> {
        let start = output.count
        append(Int32(0), to: &output)
        let length: Reading<Int>
        if value.cell.kind == .blob {
            output += value.text
            length = .value(value.text.count)
        } else if value.cell.length > 0 || value.cell.kind == .text {
            // No text of the server's has a NUL, and so none stands for bytes.
            length =
                value.complaint == nil
                ? PostgreSQLInput.appendBytes(value.text, to: &output) : .refused
        } else {
            let text = Array(value.record.text(of: value.cell).utf8)
            output += text
            length = .value(text.count)
        }
        return length.map { length in
            withUnsafeBytes(of: Int32(length).bigEndian) { bytes in
                output.replaceSubrange(start..<start + 4, with: bytes)
            }
            return .value(())
        }
    }

    /// Appends a number with its length; nothing, where there is none.
    @inline(__always)
    private static func append<Number: FixedWidthInteger>(
        _ reading: Reading<Number>,
        _ length: Int32,
        to output: inout [UInt8]
    ) -> Reading<Void> {
        switch reading {
        case .value(let value):
            append(length, to: &output)
            append(value, to: &output)
            return .value(())
        case .refused: return .refused
        case .undecided: return .undecided
        }
    }

    @inline(__always)
    private static func append(_ value: some FixedWidthInteger, to output: inout [UInt8]) {
        withUnsafeBytes(of: value.bigEndian) { output += $0 }
    }
}

extension Record {
    /// The text of a cell that is not null, with bytes as PostgreSQL spells them.
    func text(of cell: RecordCell, asPostgreSQL: Bool) -> String {
        guard cell.kind == .blob else { return text(of: cell) }
        return "\\x" + Array(block.bytes[cell.textRange]).hexadecimal
    }
}
