public import FoundationEssentials

/// One record: a value for each of its fields, and the id of the item that it was read from.
public struct Record: Sendable {
    package let block: RecordBlock
    package let row: Int

    package init(_ block: RecordBlock, row: Int) {
        self.block = block
        self.row = row
    }

    /// Makes a record of values.
    ///
    /// - Parameters:
    ///   - id: The id of the item that it comes from.
    ///   - fields: Its fields.
    ///   - values: A value for each field.
    /// - Throws: ``TrancheError`` `.invalidArgument` when there are more or fewer values.
    public init(id: Int64, fields: RecordFields, values: [Value]) throws {
        guard values.count == fields.count else {
            throw TrancheError(
                .invalidArgument,
                "\(values.count) values for \(fields.count) fields; give one for each"
            )
        }
        var builder = RecordBlockBuilder(fields)
        builder.add(id, values)
        self.init(builder.build(), row: 0)
    }

    /// The id of the item that the record was read from: for a file, the offset of its first byte.
    public var id: Int64 { block.ids[row] }

    /// The fields.
    public var fields: RecordFields { block.fields }

    /// The values, one for each field.
    public var values: [Value] { (0..<fields.count).map { self[$0] } }

    /// A field's value; `nil` when the record has no such field.
    public subscript(_ name: String) -> Value? {
        fields.place(of: name).map { self[$0] }
    }

    /// The value of the field at a place, from 0.
    public subscript(_ place: Int) -> Value {
        let cell = cell(place)
        switch cell.kind {
        case .null: return .null
        case .boolean: return .boolean(cell.boolean)
        case .integer: return .integer(cell.integer)
        case .real: return .real(cell.real)
        case .text, .json, .decimal: return .text(block.text(of: cell))
        case .timestamp, .date: return .text(text(of: cell))
        case .blob: return .blob(Array(block.bytes[cell.textRange]))
        }
    }

    /// A field's value as text, as the source spells it; `nil` for null or when there is no such
    /// field.
    public func text(_ name: String) -> String? {
        guard let place = fields.place(of: name) else { return nil }
        let cell = cell(place)
        return cell.kind == .null ? nil : text(of: cell)
    }

    /// A field's value as a point in time; `nil` when it is none.
    public func date(_ name: String) -> Date? {
        guard let place = fields.place(of: name) else { return nil }
        let cell = cell(place)
        switch cell.kind {
        case .timestamp: return Date(timeIntervalSince1970: Double(cell.integer) / 1e6)
        case .date: return Date(timeIntervalSince1970: Double(cell.integer) * 86_400)
        default: return nil
        }
    }

    /// The record with another value of one of its fields.
    ///
    /// - Parameters:
    ///   - name: The field.
    ///   - value: The value.
    /// - Returns: The changed record; all other values as they are.
    /// - Throws: ``TrancheError`` `.invalidArgument` when there is no such field.
    public func setting(_ name: String, to value: Value) throws -> Record {
        guard let place = fields.place(of: name) else {
            throw TrancheError(
                .invalidArgument,
                "there is no field '\(name)'; there are \(fields.names.joined(separator: ", "))"
            )
        }
        var builder = RecordBlockBuilder(fields)
        builder.add(like: self) { other, _ in other == place ? value : nil }
        return Record(builder.build(), row: 0)
    }

    package func cell(_ place: Int) -> RecordCell { block.cell(place, ofRow: row) }

    /// The text of a cell that is not null: its own where it was read from text, else made.
    package func text(of cell: RecordCell) -> String {
        if cell.length > 0 || cell.kind == .text { return block.text(of: cell) }
        return valueText(of: cell)
    }

    /// The text of a cell's value, however it was written where it was read.
    package func valueText(of cell: RecordCell) -> String {
        switch cell.kind {
        case .timestamp: return RecordTime.text(microseconds: cell.integer)
        case .date: return RecordTime.text(days: cell.integer)
        case .boolean: return cell.boolean ? "true" : "false"
        case .integer: return String(cell.integer)
        case .real: return NumberText.spelling(cell.real)
        case .text, .json, .decimal: return block.text(of: cell)
        case .null, .blob: return ""
        }
    }
}

extension Record: Equatable {
    /// Whether ids, fields and values are the same.
    public static func == (lhs: Record, rhs: Record) -> Bool {
        lhs.id == rhs.id && lhs.fields == rhs.fields && lhs.values == rhs.values
    }
}

extension Record: CustomStringConvertible {
    /// The fields with their values.
    public var description: String {
        zip(fields.names, values).map { "\($0): \($1.text ?? "null")" }.joined(separator: ", ")
    }
}
