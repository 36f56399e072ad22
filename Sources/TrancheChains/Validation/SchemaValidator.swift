import Foundation
import Tranche

/// A schema made ready for records of some fields.
///
/// A valid record costs no allocation; what is wrong with another is found out in a second look.
final class SchemaValidator {
    private let fields: RecordFields
    private let rules: [CompiledRule]
    private let cores: [RuleCore]
    private let keys: [RuleCore.Key]

    /// Makes a schema ready.
    ///
    /// - Throws: `TrancheError` `.invalidSource` when such records cannot meet it.
    init(_ schema: RecordSchema, fields: RecordFields) throws {
        try schema.check(fields)
        self.fields = fields
        var keys: [RuleCore.Key] = []
        rules = fields.names.map { name in
            CompiledRule(
                schema.rules[name],
                isRequired: schema.required.contains(name),
                keys: &keys
            )
        }
        cores = rules.map(\.core)
        self.keys = keys
    }

    /// Validates records.
    ///
    /// - Parameters:
    ///   - records: Records of one block, with the fields that the validator was made for.
    ///   - onFault: Told of each record that is not valid.
    /// - Returns: The valid ones, converted.
    /// - Throws: What `onFault` throws.
    func validate(
        _ records: ArraySlice<Record>,
        onFault: (RecordFault) throws -> Void
    ) throws -> [Record] {
        guard let block = records.first?.block else { return [] }
        var ids: [Int64] = []
        var cells: [RecordCell] = []
        var bad: [Int] = []
        ids.reserveCapacity(records.count)
        cells.reserveCapacity(records.count * fields.count)
        block.bytes.withUnsafeBufferPointer { bytes in
            block.cells.withUnsafeBufferPointer { source in
                for record in records {
                    let row = record.row
                    if convert(row, source, bytes, &cells) {
                        ids.append(block.ids[row])
                    } else {
                        bad.append(row)
                    }
                }
            }
        }
        for row in bad { try onFault(fault(Record(block, row: row))) }
        return RecordBlock(fields: fields, bytes: block.bytes, cells: cells, ids: ids).records
    }

    /// Converts a record.
    ///
    /// - Returns: Whether it is valid; otherwise nothing was added.
    @inline(__always)
    private func convert(
        _ row: Int,
        _ source: UnsafeBufferPointer<RecordCell>,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ cells: inout [RecordCell]
    ) -> Bool {
        keys.withUnsafeBufferPointer { keys in
            cores.withUnsafeBufferPointer { cores in
                let start = row * cores.count
                for place in 0..<cores.count {
                    var cell = source[start + place]
                    let answer = cores[place].convert(&cell, bytes, keys)
                    guard answer != .invalid,
                        answer != .undecided
                            || rules[place].meets(Self.text(source[start + place], bytes))
                    else {
                        cells.removeLast(place)
                        return false
                    }
                    cells.append(cell)
                }
                return true
            }
        }
    }

    private static func text(
        _ cell: RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[cell.textRange])
    }

    /// All that is wrong with a record.
    private func fault(_ record: Record) -> RecordFault {
        var errors: [FieldError] = []
        record.block.bytes.withUnsafeBufferPointer { bytes in
            for (place, rule) in rules.enumerated() {
                let cell = record.cell(place)
                if isValid(cell, at: place, bytes) { continue }
                errors.append(
                    FieldError(
                        field: fields.names[place],
                        message: rule.complaint(cell, bytes),
                        input: cell.kind == .null ? nil : record.text(of: cell)
                    )
                )
            }
        }
        var input: [UInt8] = []
        record.appendJSON(to: &input, asTexts: true)
        return RecordFault(
            id: record.id,
            errors: errors,
            input: String(decoding: input, as: UTF8.self),
            isObject: true
        )
    }

    private func isValid(
        _ cell: RecordCell,
        at place: Int,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        var converted = cell
        let answer = keys.withUnsafeBufferPointer { keys in
            cores[place].convert(&converted, bytes, keys)
        }
        return answer == .valid
            || answer == .undecided && rules[place].meets(Self.text(cell, bytes))
    }
}
