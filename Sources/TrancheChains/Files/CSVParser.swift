import CByteScan
import Tranche

/// Reads the fields of CSV records.
///
/// It walks over the delimiters, quotes and line feeds of 64 bytes at a time; what lies between is
/// not looked at. A dialect that knows more than these is gone through by a ``DialectMachine``. It
/// follows the same rules as ``RecordScanner``, so that both see the same records.
struct CSVParser: RecordParser {
    private let fields: RecordFields
    private let dialect: CSVDialect
    private let isPlain: Bool
    private let fitsRagged: Bool
    private let replacesInvalid: Bool
    /// How many cells the last bytes had for each byte, to reserve as many.
    private var density = 0.08

    init(fields: RecordFields, dialect: CSVDialect, format: CSVFormat) {
        self.fields = fields
        self.dialect = dialect
        isPlain = dialect.isPlain
        fitsRagged = format.raggedRecords == .fit
        replacesInvalid = format.invalidText == .replace
    }

    mutating func parse(
        _ bytes: consuming [UInt8],
        at offset: Int64,
        isLast: Bool,
        onFault: (RecordFault) throws -> Void
    ) throws -> (blocks: [RecordBlock], used: Int) {
        let walk = CSVWalk(
            width: fields.count,
            dialect: dialect,
            fitsRagged: fitsRagged,
            cells: Int(Double(bytes.count) * density) + 64
        )
        if isPlain {
            if isLast, let last = bytes.last, last != RecordScanner.newline {
                // A record without an end is one like others.
                bytes.append(RecordScanner.newline)
            }
            bytes.withUnsafeMutableBufferPointer { walk.run($0, at: offset) }
        } else {
            bytes.withUnsafeMutableBufferPointer {
                walk.run($0, at: offset, dialect, isLast: isLast)
            }
        }
        if !bytes.isEmpty { density = Double(walk.cells.count + 64) / Double(bytes.count) }
        let isSound = isText(bytes, upTo: walk.used)
        if isSound, walk.faults.isEmpty {
            let block = RecordBlock(
                fields: fields,
                bytes: bytes,
                cells: walk.cells,
                ids: walk.ids,
                surplus: walk.surplus
            )
            return ([block], walk.used)
        }
        return (
            [try mended(walk, bytes, at: offset, isSound: isSound, onFault)], walk.used
        )
    }

    private func isText(_ bytes: borrowing [UInt8], upTo end: Int) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return true }
            return tranche_find_nul(base, end) == end
                && UTF8Check.isValid(UnsafeBufferPointer(start: base, count: end))
        }
    }

    /// The block without the content that is not a record, which is reported piece by piece.
    private func mended(
        _ walk: CSVWalk,
        _ bytes: [UInt8],
        at offset: Int64,
        isSound: Bool,
        _ onFault: (RecordFault) throws -> Void
    ) throws -> RecordBlock {
        var bytes = bytes
        var faults = walk.faults.map { (row: $0.row, error: $0.message) }
        if !isSound {
            for row in walk.ids.indices {
                guard let problem = problem(inRow: row, of: walk, &bytes) else { continue }
                faults.append((row, problem))
            }
        }
        let bad = Dictionary(faults.map { ($0.row, $0.error) }) { first, _ in first }
        var cells: [RecordCell] = []
        var ids: [Int64] = []
        for (row, id) in walk.ids.enumerated() {
            if let message = bad[row] {
                let start = Int(id - offset)
                let next = row + 1 < walk.ids.count ? Int(walk.ids[row + 1] - offset) : walk.used
                let input = String(decoding: bytes[start..<next], as: UTF8.self)
                    .trimmingSuffix { $0.isNewline }
                try onFault(
                    RecordFault(id: id, errors: [FieldError(message: message)], input: input)
                )
            } else {
                ids.append(id)
                cells += walk.cells[row * fields.count..<(row + 1) * fields.count]
            }
        }
        return RecordBlock(
            fields: fields,
            bytes: bytes,
            cells: cells,
            ids: ids,
            surplus: walk.surplus
        )
    }

    /// What is wrong with the text of a row; where bad sequences are replaced, that is done.
    private func problem(
        inRow row: Int,
        of walk: CSVWalk,
        _ bytes: inout [UInt8]
    ) -> String? {
        for place in 0..<fields.count {
            let index = row * fields.count + place
            let cell = walk.cells[index]
            let text = bytes[cell.textRange]
            if let nul = text.firstIndex(of: 0) {
                return "has a NUL byte in field '\(fields.names[place])', at its byte "
                    + "\(nul - cell.textRange.lowerBound)"
            }
            if let bad = UTF8Check.firstInvalid(text) {
                guard replacesInvalid else {
                    return "is not UTF-8 in field '\(fields.names[place])', at its byte \(bad)"
                }
                let replaced = Array(String(decoding: text, as: UTF8.self).utf8)
                walk.replace(index, by: replaced, in: &bytes)
            }
        }
        return nil
    }
}
