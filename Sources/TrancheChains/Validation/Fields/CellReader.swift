import Tranche

/// Turns cells into values of JSON, and texts into values that have a type.
struct CellReader {
    let bytes: UnsafeBufferPointer<UInt8>

    func text(_ cell: RecordCell) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: bytes[cell.textRange])
    }

    /// The value that a cell holds.
    ///
    /// - Throws: ``Undecided`` for JSON that cannot be read.
    func value(_ cell: RecordCell) throws(Undecided) -> JSONValue {
        switch cell.kind {
        case .null: return .null
        case .boolean: return .boolean(cell.boolean)
        case .integer, .real, .decimal:
            return number(cell).map { .number($0) } ?? .text(Array(String(cell.real).utf8))
        case .text: return .text(Array(text(cell)))
        case .timestamp, .date:
            if cell.length > 0 { return .text(Array(text(cell))) }
            let words =
                cell.kind == .date
                ? RecordTime.text(days: cell.integer) : RecordTime.text(microseconds: cell.integer)
            return .text(Array(words.utf8))
        case .blob: return .text(Array((Value.blob(Array(text(cell))).text ?? "").utf8))
        case .json:
            do throws(JSONValueReader.Failure) {
                return try JSONValueReader.read(text(cell))
            } catch {
                throw Undecided(
                    reason: "could not be decided: it \(error.message), at its byte \(error.place)"
                )
            }
        }
    }

    /// The number that a cell holds, by its digits where it has them; `nil` when it is not finite.
    func number(_ cell: RecordCell) -> ExactNumber? {
        if cell.length > 0, let number = ExactNumber(FieldText.trimmed(text(cell))) {
            return number
        }
        return cell.kind == .integer ? ExactNumber(Int(cell.integer)) : ExactNumber("\(cell.real)")
    }

    // MARK: - Texts

    /// What a text becomes; `nil` when it cannot become that.
    func converted(_ cell: RecordCell, to kind: RuleCore.Kind, _ types: JSONTypes) -> RecordCell? {
        let text = trimmed(cell)
        switch kind {
        case .any, .string, .timestamp, .date: return cell
        case .integer: return numbered(text).flatMap { integral($0) }
        case .number: return numbered(text)
        case .boolean: return boolean(text)
        case .several:
            if types.contains(.integer), let number = numbered(text),
                let cell = types.contains(.number) ? number : integral(number)
            {
                return cell
            }
            if types.contains(.boolean), let cell = boolean(text) { return cell }
            guard let value = try? JSONValueReader.read(self.text(text)),
                value.types == .array || value.types == .object,
                !types.isDisjoint(with: value.types)
            else { return nil }
            return RecordCell(.json, start: text.start, length: text.length)
        }
    }

    /// The number or the truth value that a text spells as JSON does; `nil` when it spells neither.
    func spelled(_ cell: RecordCell) -> RecordCell? {
        guard cell.kind == .text, let value = try? JSONValueReader.read(text(cell)) else {
            return nil
        }
        return switch value {
        case .number: numbered(cell)
        case .boolean: boolean(cell)
        default: nil
        }
    }

    /// A cell without the blanks around its text.
    private func trimmed(_ cell: RecordCell) -> RecordCell {
        var cell = cell
        let text = text(cell)
        let leading = text.prefix { $0 == 0x20 || $0 == 0x09 }.count
        cell.start += UInt32(leading)
        cell.length = UInt32(FieldText.trimmed(text).count)
        return cell
    }

    private func numbered(_ cell: RecordCell) -> RecordCell? {
        let text = text(cell)
        guard ExactNumber(text) != nil else { return nil }
        var number = NumberText.cell(text)
        number.start = cell.start
        number.length = cell.length
        return number
    }

    private func boolean(_ cell: RecordCell) -> RecordCell? {
        guard let value = FieldText.boolean(text(cell)) else { return nil }
        return RecordCell(.boolean, bits: value ? 1 : 0, start: cell.start, length: cell.length)
    }

    /// A number as a whole one, of 64 bits where it fits; `nil` when it is not whole.
    func integral(_ cell: RecordCell) -> RecordCell? {
        if cell.kind == .integer { return cell }
        guard let number = number(cell), number.isWhole else { return nil }
        guard let value = number.integer else { return cell }
        return RecordCell(.integer, bits: UInt64(bitPattern: value))
    }

    /// A text as the time or date that it is; as it is when it is none.
    func timed(_ cell: RecordCell, _ kind: RuleCore.Kind) -> RecordCell {
        var cell = cell
        switch kind {
        case .timestamp:
            guard let value = FieldText.microseconds(text(cell)) else { return cell }
            cell.kind = .timestamp
            cell.bits = UInt64(bitPattern: value)
        case .date:
            guard let value = FieldText.days(text(cell)) else { return cell }
            cell.kind = .date
            cell.bits = UInt64(bitPattern: value)
        default: break
        }
        return cell
    }
}
