import Tranche

/// Spells records as CSV.
struct CSVWriting: RecordFileFormat {
    let delimiter: UInt8

    var suffix: String { "csv" }
    var hasHead: Bool { true }

    func appendHead(_ fields: RecordFields, to bytes: inout [UInt8]) {
        for (place, name) in fields.names.enumerated() {
            if place > 0 { bytes.append(delimiter) }
            append(Array(name.utf8)[...], to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    func append(_ record: Record, to bytes: inout [UInt8]) {
        let count = record.fields.count
        for place in 0..<count {
            if place > 0 { bytes.append(delimiter) }
            let cell = record.cell(place)
            switch cell.kind {
            case .null:
                // A line with nothing on it would be no record.
                if count == 1 { bytes += "\"\"".utf8 }
            case .blob: append(Array((record[place].text ?? "").utf8)[...], to: &bytes)
            case _ where cell.length > 0 || cell.kind == .text:
                append(record.block.bytes[cell.textRange], to: &bytes)
            default: bytes += record.text(of: cell).utf8
            }
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private func append(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let quote = UInt8(ascii: "\"")
        let isPlain =
            !text.isEmpty
            && text.allSatisfy { $0 != quote && $0 != delimiter && $0 != 0x0A && $0 != 0x0D }
        if isPlain {
            bytes += text
            return
        }
        bytes.append(quote)
        for byte in text {
            if byte == quote { bytes.append(quote) }
            bytes.append(byte)
        }
        bytes.append(quote)
    }
}

/// Spells records as JSON Lines.
struct JSONLinesWriting: RecordFileFormat {
    var suffix: String { "jsonl" }
    var hasHead: Bool { false }

    func appendHead(_ fields: RecordFields, to bytes: inout [UInt8]) {}

    func append(_ record: Record, to bytes: inout [UInt8]) {
        record.appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }
}
