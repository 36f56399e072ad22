/// A text as it stands in a YAML document, and what it means.
///
/// The meaning is that of YAML 1.2's core schema. `no`, `on` and `yes` are texts, and so is a date.
package struct YAMLScalar: Sendable, Hashable {
    /// The text, without quotes and with escapes resolved.
    package let text: String
    /// Whether the text stands without quotes and is not a block text; any other is always a text.
    package let isPlain: Bool

    package init(text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    /// What a scalar means.
    package enum Meaning: Sendable, Hashable {
        /// Nothing, `null` or `~`.
        case null
        /// `true` or `false`.
        case flag(Bool)
        /// A whole number of any size in decimal digits as JSON writes them, such as `-7`.
        case integer(digits: String)
        /// A number as JSON writes it, with the digits it has in the file; `nil` for `.inf` and
        /// `.nan`, which JSON does not have.
        case float(Double, json: String?)
        /// A text.
        case text
    }

    /// What the text means.
    ///
    /// Hexadecimal (`0x1F`) and octal (`0o17`) numbers beyond 64 bits are texts.
    package var meaning: Meaning {
        guard isPlain else { return .text }
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .flag(true)
        case "false", "False", "FALSE": return .flag(false)
        case ".nan", ".NaN", ".NAN": return .float(.nan, json: nil)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity, json: nil)
        case "-.inf", "-.Inf", "-.INF": return .float(-.infinity, json: nil)
        default: return based ?? number ?? .text
        }
    }

    /// The text for a message: one line, and not too long.
    package var shownText: String {
        let line = text.prefix(41).map { $0.isNewline ? " " : String($0) }
        return line.count > 40 ? line.prefix(40).joined() + "…" : line.joined()
    }

    /// The number, if the text is a hexadecimal or an octal one.
    private var based: Meaning? {
        let radix = text.hasPrefix("0x") ? 16 : text.hasPrefix("0o") ? 8 : 0
        // A sign, which Swift would take here, is none of the schema's.
        guard radix != 0, let first = text.dropFirst(2).first, first.isHexDigit,
            let number = UInt64(text.dropFirst(2), radix: radix)
        else { return nil }
        return .integer(digits: "\(number)")
    }

    /// The number, if the text is a decimal one.
    private var number: Meaning? {
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = Self.takeDigits(&rest)
        var fraction: String?
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = Self.takeDigits(&rest)
        }
        guard !whole.isEmpty || !(fraction ?? "").isEmpty else { return nil }
        var exponent = ""
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest.removeFirst()
            exponent = "e"
            if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                exponent.unicodeScalars.append(Unicode.Scalar(rest.removeFirst()))
            }
            let digits = Self.takeDigits(&rest)
            guard !digits.isEmpty else { return nil }
            exponent += digits
        }
        guard rest.isEmpty else { return nil }
        // JSON has no zeros in front, and a digit on both sides of a point.
        let significant = String(whole.drop { $0 == "0" })
        let digits = (isNegative ? "-" : "") + (significant.isEmpty ? "0" : significant)
        if fraction == nil, exponent.isEmpty { return .integer(digits: digits) }
        let decimals = fraction.map { "." + ($0.isEmpty ? "0" : $0) } ?? ""
        let json = digits + decimals + exponent
        return Double(json).map { .float($0, json: json) }
    }

    private static func takeDigits(_ rest: inout Substring.UTF8View) -> String {
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        rest = rest[digits.endIndex...]
        return String(decoding: digits, as: UTF8.self)
    }
}
