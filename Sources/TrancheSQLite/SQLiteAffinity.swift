import Tranche
import TrancheSQL

/// What a column makes of the values that are put into it.
///
/// Source: sqlite.org/datatype3.html, section 3; stricttables.html, section 2.
enum SQLiteAffinity: String, Sendable {
    /// Numbers become text.
    case text = "TEXT"
    /// What looks like a number becomes one: a whole number of 64 bits, else a double.
    case numeric = "NUMERIC"
    case integer = "INTEGER"
    /// What looks like a number becomes a double.
    case real = "REAL"
    /// Values stay as they are.
    case blob = "BLOB"

    /// Makes the affinity of a declared type.
    init(ofType type: String, isStrict: Bool) {
        let type = type.uppercased()
        if type.contains("INT") {
            self = .integer
        } else if ["CHAR", "CLOB", "TEXT"].contains(where: { type.contains($0) }) {
            self = .text
        } else if type.isEmpty || type.contains("BLOB") || isStrict && type == "ANY" {
            self = .blob
        } else if ["REAL", "FLOA", "DOUB"].contains(where: { type.contains($0) }) {
            self = .real
        } else {
            self = .numeric
        }
    }

    /// The affinities of the columns of a load.
    static func all(of load: SQLLoad) -> [SQLiteAffinity] {
        load.columns.map { SQLiteAffinity(rawValue: $0.baseType) ?? .numeric }
    }

    /// Whether a number may become another one.
    var isNumeric: Bool { self != .text && self != .blob }

    /// The double that a cell would become without being the same number; `nil` where nothing is
    /// lost.
    @inline(__always)
    func loss(_ cell: RecordCell, _ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        switch cell.kind {
        case .integer:
            // 2^53 is the first beyond which whole numbers are left out.
            if self != .real || cell.integer.magnitude <= 1 << 53 { return nil }
            let value = Double(cell.integer)
            return Int64(exactly: value) == cell.integer ? nil : value
        case .decimal: return textLoss(UnsafeBufferPointer(rebasing: bytes[cell.textRange]))
        case .text:
            let text = UnsafeBufferPointer(
                start: bytes.baseAddress.map { $0 + Int(cell.start) },
                count: Int(cell.length)
            )
            // A double holds any 15 digits, but not any exponent.
            guard let first = text.first, first < 0x3A else { return nil }
            if text.count <= 15, !text.contains(where: { $0 | 0x20 == 0x65 }) { return nil }
            return textLoss(text)
        case .null, .boolean, .real, .timestamp, .date, .json, .blob: return nil
        }
    }

    private func textLoss(_ text: UnsafeBufferPointer<UInt8>) -> Double? {
        let text = text.trimmingSpaces()
        if self != .real, FieldText.integer(text) != nil { return nil }
        guard let (value, _) = NumberText.double(text) else { return nil }
        return NumberText.isHeld(text, by: value) ? nil : value
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Without what C's `isspace` takes for space at its ends.
    func trimmingSpaces() -> Self {
        func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 9 < 5 }
        var start = 0
        var end = count
        while start < end, isSpace(self[start]) { start += 1 }
        while end > start, isSpace(self[end - 1]) { end -= 1 }
        return Self(rebasing: self[start..<end])
    }
}

extension SQLLoad {
    /// The records with a number that SQLite would put another number in the place of.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - affinities: What each column makes of its values.
    /// - Returns: Those records, with their first such field.
    func rounded(
        among records: [Record],
        _ affinities: [SQLiteAffinity]
    ) -> [RefusedRecord] {
        let places = affinities.indices.filter { affinities[$0].isNumeric }
        if places.isEmpty { return [] }
        return records.compactMap { record in
            record.block.bytes.withUnsafeBufferPointer { bytes in
                for place in places {
                    let cell = record.cell(place)
                    guard let loss = affinities[place].loss(cell, bytes) else { continue }
                    let digits = record.text(of: cell)
                    return RefusedRecord(
                        record,
                        field: fields.names[place],
                        message(for: digits, loss, place),
                        input: digits
                    )
                }
                return nil
            }
        }
    }

    private func message(for digits: String, _ loss: Double, _ place: Int) -> String {
        let column = columns[place]
        return
            "'\(digits)' cannot be kept in column \(column.name), which is \(column.type): SQLite "
            + "would make it \(NumberText.spelling(loss)); a TEXT column keeps all digits"
    }
}
