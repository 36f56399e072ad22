import FoundationEssentials

/// Reads and spells decimal numbers without losing a digit.
package enum NumberText {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// What a number becomes: an integer of 64 bits, else a double where that is the same number,
    /// else its digits.
    ///
    /// A double is the same number when its shortest spelling is: `0.1`, `1.50` and
    /// `0.30000000000000004` are, `9007199254740993.0` and `1e400` are not.
    ///
    /// - Parameter text: A number as JSON spells it.
    /// - Returns: A cell of kind `integer`, `real` or `decimal` that has no text yet.
    package static func cell(_ text: Bytes) -> RecordCell {
        guard let shape = DecimalShape(text) else { return RecordCell(.decimal) }
        if shape.isWhole, let value = FieldText.integer(text) {
            return RecordCell(.integer, bits: UInt64(bitPattern: value))
        }
        guard let value = FieldText.number(text), isSame(value, text, shape) else {
            return RecordCell(.decimal)
        }
        return RecordCell(.real, bits: value.bitPattern)
    }

    /// Whether a double that was read from a text is the same number as the text.
    ///
    /// - Parameters:
    ///   - value: What reading the text gave.
    ///   - text: The number: digits with a sign, a point and an exponent, as far as it has them.
    /// - Returns: Whether they are the same; false where the text is not a number.
    package static func isSame(_ value: Double, as text: Bytes) -> Bool {
        guard let shape = DecimalShape(text) else { return false }
        return isSame(value, text, shape)
    }

    private static func isSame(_ value: Double, _ text: Bytes, _ shape: DecimalShape) -> Bool {
        // 15 digits survive the way through a double and back, away from the ends of its range.
        // Source: IEEE 754; <float.h>, DBL_DIG.
        if shape.significant <= 15, -290...290 ~= shape.exponent { return true }
        var spelling = value.description
        return spelling.withUTF8 { other in
            guard let otherShape = DecimalShape(other) else { return false }
            return shape.isSameMagnitude(text, otherShape, other)
        }
    }

    /// Whether two texts are one number.
    ///
    /// - Parameters:
    ///   - text: Digits with a sign, a point and an exponent, as far as it has them.
    ///   - other: The same.
    /// - Returns: Whether they are; false where one of them is not a number.
    package static func isSame(_ text: String, _ other: String) -> Bool {
        let (text, other) = (Array(text.utf8), Array(other.utf8))
        let minus = UInt8(ascii: "-")
        guard (text.first == minus) == (other.first == minus) else { return false }
        return text.withUnsafeBufferPointer { text in
            other.withUnsafeBufferPointer { other in
                guard let shape = DecimalShape(text), let otherShape = DecimalShape(other) else {
                    return false
                }
                return shape.isSameMagnitude(text, otherShape, other)
            }
        }
    }

    /// Whether a double holds a number: printing it with as many digits as the number has gives the
    /// number.
    ///
    /// More numbers are than are the double's shortest spelling: `0.10000000000000000555` is what
    /// 20 places of 0.1 are, and 18446744073709551616 is 2 to the 64th.
    ///
    /// - Parameters:
    ///   - text: Digits with a sign, a point and an exponent, as far as it has them.
    ///   - value: The double that is nearest.
    /// - Returns: Whether nothing is lost; false where the text is not a number.
    package static func isHeld(_ text: Bytes, by value: Double) -> Bool {
        guard let shape = DecimalShape(text), value.isFinite else { return false }
        if isSame(value, text, shape) { return true }
        guard value != 0, shape.significant > 15, shape.significant < 1000 else { return false }
        var digits = value.scientific(shape.significant - 1)
        return digits.withUTF8 { other in
            guard let otherShape = DecimalShape(other) else { return false }
            return shape.isSameMagnitude(text, otherShape, other)
        }
    }

    /// A double as text: the shortest digits that are it, or `NaN`, `Infinity`, `-Infinity`.
    package static func spelling(_ value: Double) -> String {
        if value.isFinite { return value.description }
        return value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity"
    }

    /// The double that is nearest to a decimal number.
    ///
    /// - Parameter text: Digits with a sign, a point and an exponent, as far as it has them; no
    ///   blanks.
    /// - Returns: The double, and whether no double holds it even nearly: it is larger than all, or
    ///   smaller than all but zero. `nil` when the text is no such number.
    package static func double(_ text: Bytes) -> (value: Double, isOutOfRange: Bool)? {
        let read = FieldText.number(text)
        if let read, read != 0 { return (read, false) }
        guard let shape = DecimalShape(text),
            let value = read ?? Double(String(decoding: text, as: UTF8.self))
        else { return nil }
        return (value, value.isInfinite || value == 0 && shape.significant > 0)
    }

    /// The double that is nearest to a number: infinite where it is larger than all, 0 where it is
    /// none.
    package static func nearest(_ text: Bytes) -> Double {
        FieldText.number(text) ?? Double(String(decoding: text, as: UTF8.self)) ?? 0
    }

    /// Appends a number as JSON spells it, digit by digit.
    ///
    /// - Parameters:
    ///   - text: The number, which may have blanks around it, a plus, zeros in front, or nothing on
    ///     one side of its point.
    ///   - output: Where to append.
    /// - Returns: Whether it is a number; nothing is appended where it is none.
    package static func appendJSON(_ text: Bytes, to output: inout [UInt8]) -> Bool {
        var text = FieldText.trimmed(text)
        guard let shape = DecimalShape(text) else { return false }
        if text[0] == UInt8(ascii: "-") { output.append(UInt8(ascii: "-")) }
        let start = text[0] &- 0x30 < 10 || text[0] == UInt8(ascii: ".") ? 0 : 1
        text = Bytes(rebasing: text[start...])
        var whole = 0
        while whole + 1 < text.count, text[whole] == 0x30, text[whole + 1] &- 0x30 < 10 {
            whole += 1
        }
        if text[whole] == UInt8(ascii: ".") { output.append(0x30) }
        guard shape.endsWithPoint else {
            output += text[whole...]
            return true
        }
        for byte in text[whole...] where byte != UInt8(ascii: ".") { output.append(byte) }
        return true
    }
}

/// Where the digits of a decimal number stand, and what they count.
struct DecimalShape {
    /// Whether it is written with neither point nor exponent.
    private(set) var isWhole = true
    /// Whether nothing but an exponent stands behind its point.
    private(set) var endsWithPoint = false
    /// How many digits it has from the first non-zero digit on.
    private(set) var significant = 0
    /// The power of ten of its first non-zero digit.
    private(set) var exponent = 0
    /// Where that digit stands, and where the digits end.
    private var first = 0
    private var end = 0

    /// Finds the digits; `nil` when the text is not a number.
    init?(_ text: NumberText.Bytes) {
        var place = 0
        if text.count > 0, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") {
            place = 1
        }
        var point: Int?
        var digits = 0
        var before = 0
        scan: while place < text.count {
            let byte = text[place]
            switch byte {
            case 0x30...0x39:
                digits += 1
                if significant > 0 || byte != 0x30 {
                    if significant == 0 {
                        first = place
                        before = digits
                    }
                    significant += 1
                }
            case UInt8(ascii: ".") where point == nil: point = digits
            default: break scan
            }
            place += 1
        }
        guard digits > 0 else { return nil }
        end = place
        isWhole = point == nil && place == text.count
        endsWithPoint = point == digits
        if significant > 0 { exponent = (point ?? digits) - before }
        guard place < text.count else { return }
        guard text[place] | 0x20 == 0x65, let power = Self.power(text[(place + 1)...]) else {
            return nil
        }
        if significant > 0 { exponent += power }
    }

    /// A power of ten with its sign; one beyond all numbers is cut to that.
    private static func power(_ text: Slice<NumberText.Bytes>) -> Int? {
        var place = text.startIndex
        guard place < text.endIndex else { return nil }
        let isNegative = text[place] == UInt8(ascii: "-")
        if isNegative || text[place] == UInt8(ascii: "+") { place += 1 }
        guard place < text.endIndex else { return nil }
        var value = 0
        while place < text.endIndex {
            let digit = text[place] &- 0x30
            guard digit < 10 else { return nil }
            value = min(value * 10 + Int(digit), 1 << 40)
            place += 1
        }
        return isNegative ? -value : value
    }

    /// Whether two numbers are the same but for their signs.
    func isSameMagnitude(
        _ text: NumberText.Bytes,
        _ other: DecimalShape,
        _ otherText: NumberText.Bytes
    ) -> Bool {
        guard significant > 0, other.significant > 0 else {
            return significant == other.significant
        }
        guard exponent == other.exponent else { return false }
        var (place, otherPlace) = (first, other.first)
        while true {
            let digit = Self.digit(text, &place, end)
            let otherDigit = Self.digit(otherText, &otherPlace, other.end)
            if digit != otherDigit, digit ?? 0x30 != otherDigit ?? 0x30 { return false }
            if digit == nil, otherDigit == nil { return true }
        }
    }

    private static func digit(_ text: NumberText.Bytes, _ place: inout Int, _ end: Int) -> UInt8? {
        if place < end, text[place] == UInt8(ascii: ".") { place += 1 }
        guard place < end else { return nil }
        defer { place += 1 }
        return text[place]
    }
}
