import Tranche
import TrancheSQL

/// Encodes records as COPY takes them: in the binary format where every column's type allows it,
/// else as text.
///
/// Both ways store the same: a value whose form is not surely read here as the server reads it
/// makes the rest of a loading text. Source: PostgreSQL 15 manual, COPY, "Binary Format" and "Text
/// Format".
struct PostgreSQLCopyEncoder {
    /// A value that the server would refuse.
    struct Refusal {
        var place: Int
        /// Why; `nil` where it is not a value of the column's type.
        var reason: String?
        /// What to do about it, behind a semicolon; empty for nothing.
        var remedy = ""

        init(place: Int, reason: String?) {
            self.place = place
            self.reason = reason
        }

        init(place: Int, _ value: Field, as kind: PostgreSQLCopyColumn.Kind) {
            self.init(place: place, reason: value.complaint)
            if value.isRounded(as: kind) {
                reason = "would be rounded in"
                remedy = "; a numeric column keeps all digits"
            }
        }
    }

    /// What came of a record.
    enum Outcome {
        case encoded
        case refused(Refusal)
        /// Only the server can read a value of it.
        case undecided
    }

    let load: SQLLoad
    let columns: [PostgreSQLCopyColumn]
    /// Whether records are encoded in the binary format.
    private(set) var isBinary: Bool
    /// Whether each record has its place before its values.
    let numbers: Bool

    /// Makes it.
    ///
    /// - Parameters:
    ///   - load: What is loaded.
    ///   - numbers: Whether each record has its place, a bigint, before its values.
    init(_ load: SQLLoad, numbers: Bool) {
        self.load = load
        self.numbers = numbers
        columns = load.columns.map { PostgreSQLCopyColumn($0) }
        isBinary = columns.allSatisfy { $0.kind != nil }
    }

    /// Encodes what follows as text.
    mutating func turnToText() { isBinary = false }

    /// What COPY is told of the format.
    var options: String { isBinary ? " WITH (FORMAT binary)" : "" }

    /// What stands before the first record.
    var head: [UInt8] {
        guard isBinary else { return [] }
        return Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0] + [UInt8](repeating: 0, count: 8)
    }

    /// What stands behind the last one.
    var tail: [UInt8] { isBinary ? [0xFF, 0xFF] : [] }

    /// Encodes records.
    ///
    /// - Parameters:
    ///   - records: The records.
    ///   - count: How many stand before them.
    /// - Returns: The bytes; `nil` when they have to be text, and nothing of them was encoded.
    /// - Throws: `RecordsRefused` for values that a column's type cannot hold.
    func encode(_ records: [Record], behind count: Int) throws -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(records.count * load.columns.count * 20)
        var refused: [RefusedRecord] = []
        for (place, record) in records.enumerated() {
            let start = output.count
            let order = numbers ? Int64(count + place + 1) : nil
            let outcome =
                isBinary
                ? appendBinary(record, order, to: &output) : appendText(record, order, to: &output)
            switch outcome {
            case .encoded: break
            case .undecided: return nil
            case .refused(let refusal):
                output.removeLast(output.count - start)
                refused.append(refusedRecord(record, refusal))
            }
        }
        guard refused.isEmpty else { throw RecordsRefused(refused) }
        return output
    }

    private func refusedRecord(_ record: Record, _ refusal: Refusal) -> RefusedRecord {
        let column = load.columns[refusal.place]
        let field = load.fields.names[refusal.place]
        let value = record.text(field)
        let reason = refusal.reason ?? "is not a value for"
        return RefusedRecord(
            record,
            field: field,
            "'\(value ?? "")' \(reason) column \(column.name), which is \(column.type)"
                + refusal.remedy,
            input: value
        )
    }
}
