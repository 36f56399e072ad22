import Tranche

/// Spells records as CSV.
struct CSVWriting: RecordFileFormat {
    let delimiter: UInt8

    var suffix: String { "csv" }
    /// The names of fields, as they stand in a header.
    func spelt(_ names: [String]) -> [[UInt8]] {
        names.map { name in
            var bytes: [UInt8] = []
            append(Array(name.utf8)[...], to: &bytes)
            return bytes
        }
    }

    func append(_ record: Record, at places: [Int?]?, to bytes: inout [UInt8]) {
        let count = places?.count ?? record.fields.count
        for column in 0..<count {
            if column > 0 { bytes.append(delimiter) }
            guard let place = places.map({ $0[column] }) ?? column else { continue }
            let cell = record.cell(place)
            switch cell.kind {
            // An empty line is a record where there is one field.
            case .null: break
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

    func append(_ record: Record, at places: [Int?]?, to bytes: inout [UInt8]) {
        record.appendJSON(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
    }
}
