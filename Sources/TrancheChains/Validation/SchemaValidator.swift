import FoundationEssentials
import Tranche

/// A schema made ready for records of some fields; belongs to one task.
///
/// A valid record of plain fields costs no allocation; what is wrong with another is found out in a
/// second look.
final class SchemaValidator {
    private let fields: RecordFields
    private let rules: [FieldRule]
    private let cores: [RuleCore]
    private let keys: [RuleCore.Key]
    private let document: SchemaDocument
    private let evaluator: SchemaEvaluator
    /// Whether the record is asked as a whole, and not only field by field.
    private let isWhole: Bool
    /// What every record lacks.
    private let missing: [String]

    /// Makes a schema ready.
    ///
    /// - Parameters:
    ///   - schema: The schema.
    ///   - fields: The records' fields.
    ///   - isTabular: Whether all records have these fields, as those of a table.
    /// - Throws: `TrancheError` `.invalidSource` when no such record of a table can meet it.
    init(_ schema: RecordSchema, fields: RecordFields, isTabular: Bool = false) throws {
        if isTabular { try schema.check(fields) }
        self.fields = fields
        document = schema.document
        let root = document.target(of: document.root)
        let node = document.nodes[root].node
        isWhole =
            node.refersOn || node.asksObjects || !node.choices.isEmpty || node.verdict == false
        let reading = RecordReading(isTabular: isTabular, convertsTexts: schema.convertsTexts)
        evaluator = SchemaEvaluator(document, isLenient: schema.convertsTexts)
        var known = FieldTypes(document)
        let required = known.required(in: root)
        var keys: [RuleCore.Key] = []
        var rules: [FieldRule] = []
        do throws(Undecided) {
            for name in fields.names {
                let rule = try FieldRule(
                    name,
                    isRequired: required.contains(Array(name.utf8)),
                    reading: reading,
                    isWhole: isWhole,
                    &known,
                    keys: &keys
                )
                rules.append(rule)
            }
        } catch {
            throw TrancheError(.invalidSource, error.reason)
        }
        self.rules = rules
        cores = rules.map(\.core)
        self.keys = keys
        let names = Set(fields.names.map { Array($0.utf8) })
        missing =
            isWhole
            ? []
            : node.required.filter { !names.contains($0) }
                .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Validates records.
    ///
    /// - Parameters:
    ///   - records: Records of one block, with the fields that the validator was made for.
    ///   - onFault: Called with each record that is not valid.
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
                    if missing.isEmpty, convert(row, source, bytes, &cells) {
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

    // MARK: - One record

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
                    guard
                        answer == .valid
                            || answer == .undecided
                                && settle(place, source[start + place], &cell, bytes)
                    else {
                        cells.removeLast(place)
                        return false
                    }
                    cells.append(cell)
                }
                if isWhole, !isWholeMet(cells[(cells.count - cores.count)...], bytes) {
                    cells.removeLast(cores.count)
                    return false
                }
                return true
            }
        }
    }

    /// Decides about a cell that its core cannot decide about.
    @inline(never)
    private func settle(
        _ place: Int,
        _ cell: RecordCell,
        _ converted: inout RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        do throws(Undecided) {
            guard let value = try settled(rules[place], cell, bytes) else { return false }
            converted = value
            return true
        } catch {
            return false
        }
    }

    /// What a cell becomes, if it is valid.
    private func settled(
        _ rule: FieldRule,
        _ original: RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Undecided) -> RecordCell? {
        let reader = CellReader(bytes: bytes)
        guard var cell = self.converted(original, rule, reader) else { return nil }
        if cell.kind == .null, rule.allowsNothing { return cell }
        if !rule.schemas.isEmpty {
            if cell.kind == .text, let plain = rule.plain {
                guard rule.core.types.contains(.string),
                    try evaluator.isMet(plain, by: reader.text(cell))
                else { return nil }
            } else {
                guard try meets(rule.schemas, try reader.value(cell)) else { return nil }
            }
        }
        if cell.kind == .text { cell = reader.timed(cell, rule.core.kind) }
        if rule.wantsIntegers, cell.kind == .real || cell.kind == .decimal {
            cell = reader.integral(cell) ?? cell
        }
        return cell
    }

    private func meets(_ schemas: [Int], _ value: JSONValue) throws(Undecided) -> Bool {
        for schema in schemas {
            guard try evaluator.isMet(schema, by: value, level: 1) else { return false }
        }
        return true
    }

    /// A text as what it should become; `nil` when it cannot become that.
    private func converted(
        _ cell: RecordCell,
        _ rule: FieldRule,
        _ reader: CellReader
    ) -> RecordCell? {
        guard cell.kind == .text else { return cell }
        switch rule.core.kind {
        case .any, .string: return chosen(cell, rule, reader)
        case _ where cell.length == 0 && !rule.core.isStrict: return .null
        default:
            let converted =
                reader.converted(cell, to: rule.core.kind, rule.textTypes)
                ?? (rule.isAttempt ? cell : nil)
            return converted.map { chosen($0, rule, reader) }
        }
    }

    /// A text as the number or truth value that it spells, where the field's schemas name that one
    /// and do not allow the text; else as it is.
    private func chosen(
        _ cell: RecordCell,
        _ rule: FieldRule,
        _ reader: CellReader
    ) -> RecordCell {
        guard !rule.choosing.isEmpty, let spelled = reader.spelled(cell) else { return cell }
        do throws(Undecided) {
            if try meets(rule.choosing, try reader.value(cell)) { return cell }
            return try meets(rule.choosing, try reader.value(spelled)) ? spelled : cell
        } catch {
            // What cannot be decided of the text is told where the text is judged.
            return cell
        }
    }

    // MARK: - The whole record

    private func isWholeMet(
        _ cells: ArraySlice<RecordCell>,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        do throws(Undecided) {
            let object = try object(Array(cells), bytes)
            return try evaluator.isMet(document.root, by: object, level: 0)
        } catch {
            return false
        }
    }

    /// The record as an object, without the fields that have no value.
    private func object(
        _ cells: [RecordCell],
        _ bytes: UnsafeBufferPointer<UInt8>
    ) throws(Undecided) -> JSONValue {
        let reader = CellReader(bytes: bytes)
        var members: [JSONValue.Member] = []
        for (place, cell) in cells.enumerated() {
            if cell.kind == .null, rules[place].allowsNothing { continue }
            let value = try reader.value(cell)
            members.append(.init(name: Array(fields.names[place].utf8), value: value))
        }
        return .object(members)
    }

    // MARK: - Faults

    /// All that is wrong with a record.
    private func fault(_ record: Record) -> RecordFault {
        var errors = missing.map { FieldError(field: $0, message: "is required and is absent") }
        record.block.bytes.withUnsafeBufferPointer { bytes in
            var cells: [RecordCell] = []
            for place in rules.indices {
                let cell = record.cell(place)
                let reader = CellReader(bytes: bytes)
                let value = converted(cell, rules[place], reader) ?? cell
                cells.append(value)
                errors += complaints(place, record, value, bytes)
            }
            if isWhole { errors += wholeComplaints(cells, errors, bytes) }
        }
        if errors.isEmpty { errors = [FieldError(message: "is not valid")] }
        var input: [UInt8] = []
        record.appendJSON(to: &input)
        return RecordFault(
            id: record.id,
            errors: errors,
            input: String(decoding: input, as: UTF8.self),
            isObject: true
        )
    }

    /// What is wrong with a field.
    private func complaints(
        _ place: Int,
        _ record: Record,
        _ converted: RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> [FieldError] {
        let (rule, name, cell) = (rules[place], fields.names[place], record.cell(place))
        let input = cell.kind == .null ? nil : record.text(of: cell)
        if converted.kind == .null {
            if rule.core.nothing == .valid { return [] }
            if rule.core.nothing == .invalid, rule.isRequired {
                return [FieldError(field: name, message: "is required and has no value")]
            }
        }
        if cell.kind == .text, self.converted(cell, rule, CellReader(bytes: bytes)) == nil {
            return [FieldError(field: name, message: rule.complaint, input: input)]
        }
        do throws(Undecided) {
            let value = try CellReader(bytes: bytes).value(converted)
            var errors: [FieldError] = []
            for schema in rule.schemas {
                let pointer = SchemaAddress.pointer("", name)
                for problem in try evaluator.problems(schema, value, at: pointer, level: 1) {
                    let isOwn = problem.pointer == pointer
                    errors.append(
                        FieldError(
                            field: isOwn ? name : problem.pointer,
                            message: problem.message,
                            input: isOwn ? input : problem.input.map { Self.words($0) }
                        )
                    )
                }
            }
            return errors
        } catch {
            return [FieldError(field: name, message: error.reason, input: input)]
        }
    }

    /// What is wrong with a record as a whole, beside what is known.
    private func wholeComplaints(
        _ cells: [RecordCell],
        _ known: [FieldError],
        _ bytes: UnsafeBufferPointer<UInt8>
    ) -> [FieldError] {
        do throws(Undecided) {
            let object = try object(cells, bytes)
            let problems = try evaluator.problems(document.root, object, at: "", level: 0)
            return problems.compactMap { problem in
                let names = SchemaAddress.names(of: problem.pointer) ?? []
                let field = names.isEmpty ? nil : names.count == 1 ? names[0] : problem.pointer
                if let first = names.first, known.contains(where: { $0.field == first }) {
                    return nil
                }
                return FieldError(
                    field: field,
                    message: problem.message,
                    input: field == nil ? nil : problem.input.map { Self.words($0) }
                )
            }
        } catch {
            return [FieldError(message: error.reason)]
        }
    }

    /// A value as a reject shows it: the beginning of one that is long.
    private static func words(_ value: JSONValue) -> String {
        let text = value.string ?? value.description
        return text.utf8.count <= 1_000 ? text : text.prefix(1_000) + "…"
    }
}

extension FieldRule {
    /// What a text is not that cannot become what it should.
    fileprivate var complaint: String {
        switch core.kind {
        case .integer: "is not a whole number"
        case .number: "is not a number"
        case .boolean: "is neither true nor false"
        case .any, .string, .timestamp, .date, .several:
            "must be \(core.types.subtracting(.null).words)"
        }
    }
}
