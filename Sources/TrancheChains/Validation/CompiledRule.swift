import Foundation
import Tranche

/// A field's rule, made ready to be asked a million times a second: nothing in it is counted or copied.
///
/// What takes more, such as a pattern, is left to the ``CompiledRule`` it is part of.
struct RuleCore {
    enum Kind { case any, string, integer, number, boolean, timestamp, date }

    let kind: Kind
    let admitsNull: Bool
    let minimum: Double
    let maximum: Double
    let excludesMinimum: Bool
    let excludesMaximum: Bool
    let minLength: Int
    let maxLength: Int
    /// The allowed texts among the keys of all rules; empty for any.
    let keys: Range<Int>
    /// Whether more must be asked of the whole rule than this knows.
    let isPartial: Bool

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

    /// What came of a look at a cell.
    enum Answer { case valid, invalid, undecided }

    /// Converts a cell; where it is not valid, it is of no use any more.
    @inline(__always)
    func convert(
        _ cell: inout RecordCell,
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ allKeys: UnsafeBufferPointer<Key>
    ) -> Answer {
        switch cell.kind {
        case .null: return admitsNull ? .valid : .invalid
        case .text: break
        case .decimal where kind == .number:
            // Its digits stay: they are the value.
            let text = UnsafeBufferPointer(rebasing: bytes[cell.textRange])
            return isWithin(NumberText.nearest(text)) ? .valid : .invalid
        default: return convertTyped(&cell) ? .valid : .invalid
        }
        let text = UnsafeBufferPointer(
            start: bytes.baseAddress.map { $0 + Int(cell.start) },
            count: Int(cell.length)
        )
        switch kind {
        case .any: return .valid
        case .string:
            guard hasLength(text), isAllowed(text, allKeys) else { return .invalid }
            return isPartial ? .undecided : .valid
        default: break
        }
        if text.isEmpty {
            cell = .null
            return admitsNull ? .valid : .invalid
        }
        guard convertText(text, &cell), isAllowed(text, allKeys) else { return .invalid }
        return isPartial ? .undecided : .valid
    }

    @inline(__always)
    private func convertText(
        _ text: UnsafeBufferPointer<UInt8>,
        _ cell: inout RecordCell
    ) -> Bool {
        switch kind {
        case .any, .string: return true
        case .integer:
            guard let value = FieldText.integer(FieldText.trimmed(text)) else { return false }
            cell.kind = .integer
            cell.bits = UInt64(bitPattern: value)
            return isWithin(Double(value))
        case .number:
            guard let value = FieldText.number(FieldText.trimmed(text)) else { return false }
            cell.kind = .real
            cell.bits = value.bitPattern
            return isWithin(value)
        case .boolean:
            guard let value = FieldText.boolean(FieldText.trimmed(text)) else { return false }
            cell.kind = .boolean
            cell.bits = value ? 1 : 0
            return true
        case .timestamp:
            guard let value = FieldText.microseconds(text) else { return false }
            cell.kind = .timestamp
            cell.bits = UInt64(bitPattern: value)
            return true
        case .date:
            guard let value = FieldText.days(text) else { return false }
            cell.kind = .date
            cell.bits = UInt64(bitPattern: value)
            return true
        }
    }

    /// Checks a value that came with a type of its own, as from JSON.
    private func convertTyped(_ cell: inout RecordCell) -> Bool {
        switch (kind, cell.kind) {
        case (.any, _): return true
        case (.integer, .integer): return isWithin(Double(cell.integer))
        case (.number, .integer):
            let value = Double(cell.integer)
            cell.kind = .real
            cell.bits = value.bitPattern
            return isWithin(value)
        case (.integer, .real):
            guard let value = Int64(exactly: cell.real) else { return false }
            cell.kind = .integer
            cell.bits = UInt64(bitPattern: value)
            return isWithin(Double(value))
        case (.number, .real): return isWithin(cell.real)
        case (.boolean, .boolean), (.timestamp, .timestamp), (.date, .date): return true
        default: return false
        }
    }

    func isWithin(_ value: Double) -> Bool {
        (excludesMinimum ? value > minimum : value >= minimum)
            && (excludesMaximum ? value < maximum : value <= maximum)
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

/// A field's rule with all that it may ask.
struct CompiledRule {
    let core: RuleCore
    private let rule: FieldRule?
    private let isRequired: Bool
    private let expression: NSRegularExpression?

    /// Makes a rule ready.
    ///
    /// - Parameters:
    ///   - rule: The rule; `nil` where the schema says nothing of the field.
    ///   - isRequired: Whether every record must have a value.
    ///   - keys: The allowed texts of all rules; gets those of this one.
    init(_ rule: FieldRule?, isRequired: Bool, keys: inout [RuleCore.Key]) {
        self.rule = rule
        self.isRequired = isRequired
        let first = keys.count
        let kind = Self.kind(of: rule)
        // Truth has many spellings.
        let allowed = kind == .boolean ? [] : rule?.allowed ?? []
        for text in allowed {
            keys.append(Array(text.utf8).withUnsafeBufferPointer { RuleCore.Key($0) })
        }
        // The pattern was tried when the schema was read.
        expression = rule?.pattern.flatMap { try? NSRegularExpression(pattern: $0) }
        let hasTextFormat =
            switch rule?.format {
            case .email, .uuid, .uri: true
            case .date, .dateTime, nil: false
            }
        core = RuleCore(
            kind: kind,
            admitsNull: !isRequired || rule?.types.contains(.null) == true,
            minimum: rule?.minimum?.value ?? -.infinity,
            maximum: rule?.maximum?.value ?? .infinity,
            excludesMinimum: rule?.minimum?.isExclusive ?? false,
            excludesMaximum: rule?.maximum?.isExclusive ?? false,
            minLength: rule?.minLength ?? 0,
            maxLength: rule?.maxLength ?? .max,
            keys: first..<keys.count,
            isPartial: expression != nil || hasTextFormat || allowed.contains { $0.utf8.count > 8 }
        )
    }

    private static func kind(of rule: FieldRule?) -> RuleCore.Kind {
        guard let rule else { return .any }
        let types = rule.types.subtracting([.null])
        switch rule.format {
        case .dateTime: return .timestamp
        case .date: return .date
        case .email, .uuid, .uri: return .string
        case nil: break
        }
        if types.isEmpty || types.contains(.string) { return .string }
        if types == [.integer] { return .integer }
        if types == [.boolean] { return .boolean }
        return types.contains(.number) || types.contains(.integer) ? .number : .boolean
    }

    /// Whether a text that the core cannot decide about meets the rule.
    func meets(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        if let allowed = rule?.allowed, !allowed.contains(where: { $0.utf8.elementsEqual(text) }) {
            return false
        }
        if let expression {
            let string = String(decoding: text, as: UTF8.self)
            let range = NSRange(string.startIndex..., in: string)
            guard expression.firstMatch(in: string, range: range) != nil else { return false }
        }
        switch rule?.format {
        case .email: return TextFormat.isEmail(text)
        case .uuid: return TextFormat.isUUID(text)
        case .uri: return TextFormat.isURI(text)
        case .date, .dateTime, nil: return true
        }
    }

    // MARK: - Words

    /// What is wrong with a cell that does not meet the rule.
    func complaint(_ cell: RecordCell, _ bytes: UnsafeBufferPointer<UInt8>) -> String {
        if cell.kind == .null || cell.kind == .text && cell.length == 0 && core.kind != .string {
            return "is required and has no value"
        }
        var typed = cell
        var keys: [RuleCore.Key] = []
        let answer = unbounded(&keys).core.convert(
            &typed,
            bytes,
            UnsafeBufferPointer(start: nil, count: 0)
        )
        if answer == .invalid { return expectation }
        let value = typed.kind == .integer ? Double(typed.integer) : typed.real
        if typed.kind == .integer || typed.kind == .real, !core.isWithin(value) { return range }
        return expectation
    }

    /// The rule without bounds and lists: whether the type alone is right.
    private func unbounded(_ keys: inout [RuleCore.Key]) -> CompiledRule {
        var plain = rule
        plain?.minimum = nil
        plain?.maximum = nil
        plain?.allowed = nil
        return CompiledRule(plain, isRequired: isRequired, keys: &keys)
    }

    private var range: String {
        var parts: [String] = []
        if let bound = rule?.minimum {
            parts.append("\(bound.isExclusive ? "above" : "at least") \(bound.value.plain)")
        }
        if let bound = rule?.maximum {
            parts.append("\(bound.isExclusive ? "below" : "at most") \(bound.value.plain)")
        }
        return "must be \(parts.joined(separator: " and "))"
    }

    private var expectation: String {
        if let allowed = rule?.allowed {
            return "must be one of \(allowed.joined(separator: ", "))"
        }
        switch core.kind {
        case .any: return "is not valid"
        case .integer: return "is no whole number of 64 bits"
        case .number: return "is no number"
        case .boolean: return "is neither true nor false"
        case .timestamp: return "is no time such as 2026-01-31T08:00:00Z"
        case .date: return "is no date such as 2026-01-31"
        case .string: return stringExpectation
        }
    }

    private var stringExpectation: String {
        if let format = rule?.format { return "is no \(format.rawValue)" }
        if let pattern = rule?.pattern { return "does not match \(pattern)" }
        let (least, most) = (rule?.minLength ?? 0, rule?.maxLength ?? .max)
        if most < .max { return "must have \(least) to \(most) characters" }
        return least > 0 ? "must have at least \(least) characters" : "is no text"
    }
}
