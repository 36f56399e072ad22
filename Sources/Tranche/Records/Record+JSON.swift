extension Record {
    /// The record as a JSON object on one line, appended to bytes.
    ///
    /// Numbers and booleans are such, JSON arrays and objects stand as they are but for line ends,
    /// all else is text; bytes are lower-case hexadecimal. A number that was read from text keeps
    /// its digits; one that is not finite is text.
    ///
    /// - Parameters:
    ///   - output: Where to append.
    ///   - numbers: How numbers are written that neither 64 bits nor a double hold.
    package func appendJSON(
        to output: inout [UInt8],
        long numbers: LongNumbers = .asDigits
    ) {
        output.append(UInt8(ascii: "{"))
        for (place, name) in fields.names.enumerated() {
            if place > 0 { output.append(UInt8(ascii: ",")) }
            JSONBytes.append(name.utf8, to: &output)
            output.append(UInt8(ascii: ":"))
            append(cell(place), to: &output, numbers)
        }
        output.append(UInt8(ascii: "}"))
    }

    /// Some fields of the record as a JSON object on one line, appended to bytes.
    ///
    /// - Parameters:
    ///   - output: Where to append.
    ///   - names: The fields, in order; one that the record does not have is null.
    ///   - jsonFields: Fields whose texts stand as the JSON that they are, where they are.
    func appendJSON(
        to output: inout [UInt8],
        _ names: [String],
        json jsonFields: Set<String>
    ) {
        output.append(UInt8(ascii: "{"))
        for (index, name) in names.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            JSONBytes.append(name.utf8, to: &output)
            output.append(UInt8(ascii: ":"))
            let cell = fields.place(of: name).map { self.cell($0) } ?? .null
            let isJSON = cell.kind == .json || cell.kind == .text && jsonFields.contains(name)
            if isJSON, JSONText.isValid(block.text(of: cell)) {
                output += RawJSON(block.text(of: cell)).line.utf8
            } else {
                append(cell, to: &output, .asDigits)
            }
        }
        output.append(UInt8(ascii: "}"))
    }

    private func append(
        _ cell: RecordCell,
        to output: inout [UInt8],
        _ numbers: LongNumbers
    ) {
        switch cell.kind {
        case .null: output += "null".utf8
        case .json: appendParts(cell, to: &output, numbers)
        case .decimal where numbers != .asDigits:
            numbers.append(block.bytes[cell.textRange], to: &output)
        case .text: JSONBytes.append(block.bytes[cell.textRange], to: &output)
        case .timestamp, .date: JSONBytes.append(text(of: cell).utf8, to: &output)
        case .boolean: output += (cell.boolean ? "true" : "false").utf8
        case .blob: JSONBytes.append((self[cell].text ?? "").utf8, to: &output)
        case .integer, .real, .decimal: appendNumber(cell, to: &output)
        }
    }

    /// Appends an array or object, on one line: between the tokens of JSON, where alone its text
    /// may have line ends, these are blanks like any other.
    private func appendParts(
        _ cell: RecordCell,
        to output: inout [UInt8],
        _ numbers: LongNumbers
    ) {
        let start = output.count
        if numbers == .asDigits {
            output += block.bytes[cell.textRange]
        } else {
            numbers.append(block.bytes[cell.textRange], to: &output)
        }
        for place in start..<output.count {
            if output[place] == 0x0A || output[place] == 0x0D { output[place] = 0x20 }
        }
    }

    /// Appends a number: its digits as they were read, where it was read from text.
    private func appendNumber(_ cell: RecordCell, to output: inout [UInt8]) {
        let isSpelled = block.bytes.withUnsafeBufferPointer { bytes in
            cell.length > 0
                && NumberText.appendJSON(
                    UnsafeBufferPointer(rebasing: bytes[cell.textRange]),
                    to: &output
                )
        }
        if isSpelled { return }
        switch cell.kind {
        case .integer: output += String(cell.integer).utf8
        case .real where cell.real.isFinite: output += String(cell.real).utf8
        default: JSONBytes.append(text(of: cell).utf8, to: &output)
        }
    }

    private subscript(_ cell: RecordCell) -> Value { .blob(Array(block.bytes[cell.textRange])) }
}

/// JSON strings as bytes.
package enum JSONBytes {
    private static let digits = Array("0123456789abcdef".utf8)

    /// A text in quotes, with what must be escaped escaped.
    ///
    /// Source: RFC 8259, section 7.
    package static func quoted(_ text: some StringProtocol) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + 2)
        append(text.utf8, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends text in quotes, with what must be escaped escaped.
    package static func append(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        defer { output.append(UInt8(ascii: "\"")) }
        let isWhole = text.withContiguousStorageIfAvailable { bytes in
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) else { return false }
            output.append(contentsOf: bytes)
            return true
        }
        if isWhole == true { return }
        for byte in text {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                output.append(UInt8(ascii: "\\"))
                output.append(byte)
            case 0x0A: output += "\\n".utf8
            case 0x0D: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case 0..<0x20:
                output += "\\u00".utf8
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
    }
}
