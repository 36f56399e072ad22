import Tranche

/// The text format.
extension PostgreSQLCopyEncoder {
    /// Appends a record, behind its place where it has one.
    func appendText(_ record: Record, _ order: Int64?, to output: inout [UInt8]) -> Outcome {
        if let order {
            output += String(order).utf8
            output.append(0x09)
        }
        return record.block.bytes.withUnsafeBufferPointer { bytes in
            for place in columns.indices {
                if place > 0 { output.append(0x09) }
                let cell = record.cell(place)
                guard cell.kind != .null else {
                    output += "\\N".utf8
                    continue
                }
                let value = Field(
                    block: record.block,
                    row: record.row,
                    cell: cell,
                    bytes: bytes
                )
                // What binary refuses by name is refused by name here.
                if let kind = columns[place].refusing, isRefused(value, as: kind) {
                    return .refused(Refusal(place: place, value, as: kind))
                }
                if let refusal = append(value, at: place, to: &output) { return .refused(refusal) }
            }
            output.append(0x0A)
            return .encoded
        }
    }

    private func append(_ value: Field, at place: Int, to output: inout [UInt8]) -> Refusal? {
        let (cell, record) = (value.cell, value.record)
        let spelling = columns[place].spelling
        let isTyped =
            switch cell.kind {
            case .integer, .boolean, .timestamp, .date: true
            case .null, .real, .text, .json, .blob, .decimal: false
            }
        if case .array(let isOfJSON) = spelling, cell.kind == .json {
            return append(array: value, isOfJSON, at: place, to: &output)
        } else if spelling == .asValue, isTyped {
            output += record.valueText(of: cell).utf8
        } else if cell.kind != .blob, cell.length > 0 || cell.kind == .text {
            guard Self.escape(value.text, to: &output) else {
                return Refusal(place: place, reason: value.complaint)
            }
        } else {
            guard Self.escape(record.text(of: cell, asPostgreSQL: true).utf8, to: &output) else {
                return Refusal(place: place, reason: nil)
            }
        }
        return nil
    }

    /// Appends JSON as an array.
    private func append(
        array value: Field,
        _ isOfJSON: Bool,
        at place: Int,
        to output: inout [UInt8]
    ) -> Refusal? {
        let outcome = PostgreSQLArrayText.array(
            ofJSON: value.text,
            isOfJSON: isOfJSON,
            floating: columns[place].floatingElement
        )
        switch outcome {
        case .array(let array):
            if Self.escape(array, to: &output) { return nil }
            return Refusal(place: place, reason: "has a NUL character for")
        case .other: return Refusal(place: place, reason: "is not a JSON array for")
        case .rounded:
            var refusal = Refusal(place: place, reason: "has a number that would be rounded in")
            refusal.remedy = "; a column numeric[] keeps all digits"
            return refusal
        }
    }

    /// Appends text as the format wants it.
    ///
    /// - Returns: Whether the server can hold it: it has no NUL.
    private static func escape(_ text: some Sequence<UInt8>, to output: inout [UInt8]) -> Bool {
        for byte in text {
            switch byte {
            case 0: return false
            case 0x5C: output += "\\\\".utf8
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            default: output.append(byte)
            }
        }
        return true
    }
}
