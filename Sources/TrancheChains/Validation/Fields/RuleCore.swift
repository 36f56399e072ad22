import Tranche

/// A field's rule, as far as it can be asked a million times a second: nothing in it is counted or
/// copied.
///
/// What takes more, such as a pattern, is left to the ``FieldRule`` it is part of.
struct RuleCore {
    /// What a text becomes.
    enum Kind: UInt8 { case any, string, integer, number, boolean, timestamp, date, several }

    /// What came of a look at a cell.
    enum Answer { case valid, invalid, undecided }

    /// An allowed text: its length and first eight bytes.
    struct Key: Equatable {
        var length: Int
        var word: UInt64

        init(_ text: UnsafeBufferPointer<UInt8>) {
            length = text.count
            word = 0
            for place in 0..<min(8, text.count) { word = word << 8 | UInt64(text[place]) }
        }
    }

    var kind: Kind
    /// The types that a value may have.
    var types: JSONTypes
    /// What is said of a field without a value.
    var nothing: Answer
    /// Whether nothing but what a text becomes is decided here.
    var isGeneral = false
    /// Whether more is asked of texts, of numbers, of arrays and objects than this knows.
    var asksTexts = false
    var asksNumbers = false
    var asksParts = false
    /// The least and the greatest whole number.
    var least = Int64.min
    var most = Int64.max
    var minimum = -Double.infinity
    var maximum = Double.infinity
    var excludesMinimum = false
    var excludesMaximum = false
    /// Whether both bounds have so few digits that a double of few digits is equal to one only if
    /// the numbers are.
    var isShort = true
    var minLength = 0
    var maxLength = Int.max
    /// The allowed texts among the keys of all rules; empty for any.
    var keys = 0..<0
    /// Whether times must be written as RFC 3339 has them, and an empty text is none.
    var isStrict = false

    /// Converts a cell; where it is not valid, it is of no use any more.
    @inline(__always)
    func convert(
        _ cell: inout RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ allKeys: UnsafeBufferPointer<Key>
    ) -> Answer {
        guard cell.kind == .text else { return judge(cell) }
        let text = UnsafeBufferPointer(
            start: bytes.baseAddress.map { $0 + Int(cell.start) },
            count: Int(cell.length)
        )
        switch kind {
        case .any: return isGeneral ? .undecided : .valid
        case .string:
            if isGeneral { return .undecided }
            guard types.contains(.string), hasLength(text), isAllowed(text, allKeys) else {
                return .invalid
            }
            return asksTexts ? .undecided : .valid
        default: break
        }
        if text.isEmpty, !isStrict {
            cell = .null
            return nothing
        }
        return convertText(text, &cell)
    }

    @inline(__always)
    private func convertText(
        _ text: UnsafeBufferPointer<UInt8>,
        _ cell: inout RecordCell
    ) -> Answer {
        switch kind {
        case .any, .string, .several: return .undecided
        case .integer:
            guard let value = FieldText.integer(FieldText.trimmed(text)) else { return .undecided }
            cell.kind = .integer
            cell.bits = UInt64(bitPattern: value)
            return judgeInteger(value)
        case .number:
            let text = FieldText.trimmed(text)
            if let value = FieldText.integer(text) {
                cell.kind = .integer
                cell.bits = UInt64(bitPattern: value)
                return judgeInteger(value)
            }
            guard let value = FieldText.number(text), isSame(value, text) else { return .undecided }
            cell.kind = .real
            cell.bits = value.bitPattern
            return judgeReal(value, text.count)
        case .boolean:
            guard let value = FieldText.boolean(FieldText.trimmed(text)) else { return .undecided }
            cell.kind = .boolean
            cell.bits = value ? 1 : 0
            return isGeneral ? .undecided : .valid
        case .timestamp:
            if isGeneral || asksTexts || isStrict { return .undecided }
            guard let value = FieldText.microseconds(text) else { return .undecided }
            cell.kind = .timestamp
            cell.bits = UInt64(bitPattern: value)
            return .valid
        case .date:
            if isGeneral || asksTexts { return .undecided }
            guard let value = FieldText.days(text) else { return .undecided }
            cell.kind = .date
            cell.bits = UInt64(bitPattern: value)
            return .valid
        }
    }

    /// Whether a double has all digits of the text that it was read from.
    @inline(__always)
    private func isSame(_ value: Double, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        // 15 digits survive the way through a double and back. Source: IEEE 754; <float.h>,
        // DBL_DIG.
        let magnitude = value.magnitude
        if text.count <= 16, magnitude > 1e-200, magnitude < 1e200 { return true }
        return NumberText.isSame(value, as: text)
    }

    /// Judges a value that came with a type of its own, as from JSON.
    @inline(__always)
    private func judge(_ cell: RecordCell) -> Answer {
        switch cell.kind {
        case .null: return nothing
        case .integer: return judgeInteger(cell.integer)
        case .real:
            if !types.contains(.number) { return .undecided }
            return cell.real.isFinite ? judgeReal(cell.real, Int(cell.length)) : .undecided
        case .boolean:
            if isGeneral { return .undecided }
            return types.contains(.boolean) && keys.isEmpty ? .valid : .invalid
        case .json:
            return isGeneral || asksParts || !types.isSuperset(of: [.array, .object])
                ? .undecided : keys.isEmpty ? .valid : .invalid
        default: return kind == .any && !isGeneral ? .valid : .undecided
        }
    }

    @inline(__always)
    private func judgeInteger(_ value: Int64) -> Answer {
        if isGeneral || asksNumbers { return .undecided }
        return value >= least && value <= most && types.contains(.integer) && keys.isEmpty
            ? .valid : .invalid
    }

    /// Judges a number that is not whole, or was not written so.
    ///
    /// - Parameters:
    ///   - value: The number.
    ///   - length: How many bytes it was written with; 0 when that is not known.
    /// - Returns: The answer.
    @inline(__always)
    private func judgeReal(_ value: Double, _ length: Int) -> Answer {
        if isGeneral || asksNumbers || !types.contains(.number) { return .undecided }
        guard keys.isEmpty else { return .invalid }
        if value > minimum, value < maximum { return .valid }
        if value < minimum || value > maximum { return .invalid }
        // Rounding keeps the order, but makes different numbers equal.
        guard isShort, (1...15) ~= length else { return .undecided }
        return value == minimum && excludesMinimum || value == maximum && excludesMaximum
            ? .invalid : .valid
    }

    /// Whether a text has as many characters as it may; bytes decide most cases.
    private func hasLength(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if text.count <= maxLength, (text.count + 3) / 4 >= minLength { return true }
        let length = text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
        return length >= minLength && length <= maxLength
    }

    @inline(__always)
    private func isAllowed(
        _ text: UnsafeBufferPointer<UInt8>,
        _ allKeys: UnsafeBufferPointer<Key>
    ) -> Bool {
        if keys.isEmpty { return true }
        let key = Key(text)
        for place in keys
        where allKeys[place].word == key.word && allKeys[place].length == key.length {
            return true
        }
        return false
    }
}
