/// Records that were read together: their bytes once, and a cell for each field.
///
/// No field becomes a `String` before somebody asks for its text.
package final class RecordBlock: Sendable {
    package let fields: RecordFields
    /// The bytes that the cells' texts are parts of.
    package let bytes: [UInt8]
    /// The cells, record by record.
    package let cells: [RecordCell]
    /// The records' ids.
    package let ids: [Int64]
    /// How many fields were read that no record has a place for, and were left out.
    package let surplus: Int

    /// Makes a block.
    ///
    /// - Parameters:
    ///   - fields: The fields.
    ///   - bytes: What the cells' texts are parts of.
    ///   - cells: `fields.count` cells for each id.
    ///   - ids: The records' ids.
    ///   - surplus: How many fields were left out; none by default.
    package init(
        fields: RecordFields,
        bytes: [UInt8],
        cells: [RecordCell],
        ids: [Int64],
        surplus: Int = 0
    ) {
        precondition(cells.count == fields.count * ids.count, "give a cell for each field")
        self.fields = fields
        self.bytes = bytes
        self.cells = cells
        self.ids = ids
        self.surplus = surplus
    }

    package var count: Int { ids.count }

    /// The block's records, in order.
    package var records: [Record] {
        (0..<count).map { Record(self, row: $0) }
    }

    package func cell(_ place: Int, ofRow row: Int) -> RecordCell {
        cells[row * fields.count + place]
    }

    package func text(of cell: RecordCell) -> String {
        String(decoding: bytes[cell.textRange], as: UTF8.self)
    }
}

/// What a field is made of.
package enum RecordInput: Sendable {
    case value(Value)
    /// Microseconds since 1970 UTC.
    case timestamp(Int64)
    /// A JSON array or object.
    case json([UInt8])
    /// The digits of a number that stays a decimal one; not of a whole number of 64 bits.
    case decimal([UInt8])
}

/// Builds a block from values.
package struct RecordBlockBuilder {
    package let fields: RecordFields
    private var bytes: [UInt8] = []
    private var cells: [RecordCell] = []
    private var ids: [Int64] = []

    package init(_ fields: RecordFields) {
        self.fields = fields
    }

    package var count: Int { ids.count }

    /// Whether the values have so many bytes that no more records should come: places in them have
    /// 32 bits.
    package var isFull: Bool { bytes.count >= 1 << 30 }

    /// Adds a record; one value for each field.
    package mutating func add(_ id: Int64, _ values: some Collection<Value>) {
        precondition(values.count == fields.count, "give a value for each field")
        ids.append(id)
        for value in values { add(value) }
    }

    /// Adds a record; one input for each field.
    package mutating func add(_ id: Int64, inputs: some Collection<RecordInput>) {
        precondition(inputs.count == fields.count, "give an input for each field")
        ids.append(id)
        for input in inputs {
            switch input {
            case .value(let value): add(value)
            case .timestamp(let microseconds):
                cells.append(RecordCell(.timestamp, bits: UInt64(bitPattern: microseconds)))
            case .json(let text): addText(text, as: .json)
            case .decimal(let digits): addText(digits, as: .decimal)
            }
        }
    }

    /// Adds a record like another, some of whose values are changed; all else is kept as it was
    /// read.
    ///
    /// - Parameters:
    ///   - record: The other record, which has as many fields.
    ///   - change: Gives a value for a field, or `nil` to keep its own.
    package mutating func add(like record: Record, _ change: (Int, RecordCell) -> Value?) {
        precondition(record.fields.count == fields.count, "give a record of as many fields")
        ids.append(record.id)
        for place in 0..<fields.count {
            var cell = record.cell(place)
            if let value = change(place, cell) {
                add(value)
                continue
            }
            let text = record.block.bytes[cell.textRange]
            cell.start = UInt32(bytes.count)
            bytes += text
            cells.append(cell)
        }
    }

    private mutating func add(_ value: Value) {
        switch value {
        case .null: cells.append(.null)
        case .boolean(let value): cells.append(RecordCell(.boolean, bits: value ? 1 : 0))
        case .integer(let value):
            cells.append(RecordCell(.integer, bits: UInt64(bitPattern: value)))
        case .real(let value): cells.append(RecordCell(.real, bits: value.bitPattern))
        case .text(let text): addText(text.utf8, as: .text)
        case .blob(let value): addText(value, as: .blob)
        }
    }

    private mutating func addText(_ text: some Collection<UInt8>, as kind: RecordCell.Kind) {
        cells.append(
            RecordCell(kind, start: UInt32(bytes.count), length: UInt32(text.count))
        )
        bytes += text
    }

    package consuming func build() -> RecordBlock {
        RecordBlock(fields: fields, bytes: bytes, cells: cells, ids: ids)
    }
}
