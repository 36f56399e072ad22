/// Turns a regular expression of ECMA 262 into one of PCRE2 that means the same.
///
/// Characters are code points, as with ECMA's flag `u`; digits, word characters and blanks are
/// ECMA's, however PCRE2 is set. What without that flag has a meaning of its own, such as a brace
/// that begins no quantifier, is taken as that. Source: ECMA 262, 2024, section 22.2 and annex
/// B.1.2.
struct PatternTranslator {
    /// What is not a regular expression, or cannot be kept.
    struct Failure: Error {
        var message: String
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var output = ""
    /// Names of groups, by number.
    private let names: [String: Int]
    private let groups: Int
    private var depth = 0

    private static let deepest = 200
    private static let blanks =
        #"\x{9}-\x{D}\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}\x{FEFF}"#
    private static let noBlanks =
        #"\x{0}-\x{8}\x{E}-\x{1F}\x{21}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027}"#
        + #"\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{FEFE}\x{FF00}-\x{10FFFF}"#

    /// Translates an expression.
    ///
    /// - Parameter pattern: The expression.
    /// - Returns: One for PCRE2.
    /// - Throws: ``Failure``, naming what cannot be used.
    static func translate(_ pattern: String) throws(Failure) -> String {
        var translator = try PatternTranslator(Array(pattern.unicodeScalars))
        try translator.disjunction()
        guard translator.place == translator.scalars.count else {
            throw Failure(message: "a ')' closes no group")
        }
        return translator.output
    }

    /// Looks for the groups: one may be referred to before it stands.
    private init(_ scalars: [Unicode.Scalar]) throws(Failure) {
        self.scalars = scalars
        var names: [String: Int] = [:]
        var groups = 0
        var isInClass = false
        var place = 0
        while place < scalars.count {
            switch scalars[place] {
            case "\\": place += 1
            case "[": isInClass = true
            case "]": isInClass = false
            case "(" where !isInClass:
                let rest = scalars[(place + 1)...]
                if rest.first != "?" { groups += 1 }
                guard rest.starts(with: "?<".unicodeScalars), rest.count > 2,
                    rest[place + 3] != "=", rest[place + 3] != "!"
                else { break }
                groups += 1
                let name = rest.dropFirst(2).prefix { $0 != ">" }
                var text = String.UnicodeScalarView()
                text.append(contentsOf: name)
                guard names.updateValue(groups, forKey: String(text)) == nil else {
                    throw Failure(message: "two groups are named '\(String(text))'")
                }
            default: break
            }
            place += 1
        }
        self.names = names
        self.groups = groups
    }

    private var peek: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

    private mutating func next() -> Unicode.Scalar? {
        guard let scalar = peek else { return nil }
        place += 1
        return scalar
    }

    private mutating func take(_ text: String) -> Bool {
        guard scalars[place...].starts(with: text.unicodeScalars) else { return false }
        place += text.unicodeScalars.count
        return true
    }

    // MARK: - Terms

    private mutating func disjunction() throws(Failure) {
        depth += 1
        defer { depth -= 1 }
        guard depth < Self.deepest else { throw Failure(message: "groups are nested too deeply") }
        while let scalar = peek, scalar != ")" {
            if take("|") {
                output += "|"
            } else {
                try term()
            }
        }
    }

    private mutating func term() throws(Failure) {
        guard let scalar = next() else { return }
        var isRepeatable = true
        switch scalar {
        case "^":
            output += "^"
            isRepeatable = false
        case "$":
            output += "$"
            isRepeatable = false
        case ".": output += #"[^\n\r\x{2028}\x{2029}]"#
        case "(": isRepeatable = try group()
        case "[": try characterClass()
        case "\\": isRepeatable = try escape()
        case "*", "+", "?": throw Failure(message: "nothing stands before a '\(scalar)' to repeat")
        case "{":
            place -= 1
            if quantifier() != nil {
                throw Failure(message: "nothing stands before a '{' to repeat")
            }
            place += 1
            output += Self.literal(scalar)
        default: output += Self.literal(scalar)
        }
        guard let repetition = quantifier() else { return }
        guard isRepeatable else {
            throw Failure(message: "'\(repetition)' repeats what has no width")
        }
        output += repetition
    }

    /// The quantifier that stands here; `nil`, and nothing taken, when there is none.
    private mutating func quantifier() -> String? {
        let start = place
        var text: String
        switch next() {
        case "*": text = "*"
        case "+": text = "+"
        case "?": text = "?"
        case "{":
            let least = number()
            let hasMost = take(",")
            let most = hasMost ? number() : nil
            guard let least, take("}") else {
                place = start
                return nil
            }
            text = "{\(least)\(hasMost ? "," : "")\(most ?? "")}"
        default:
            place = start
            return nil
        }
        if take("?") { text += "?" }
        return text
    }

    private mutating func number() -> String? {
        let start = place
        while let scalar = peek, "0"..."9" ~= scalar { place += 1 }
        return start == place ? nil : String(String.UnicodeScalarView(scalars[start..<place]))
    }

    /// Translates a group behind its bracket.
    ///
    /// - Returns: Whether it may be repeated.
    private mutating func group() throws(Failure) -> Bool {
        var isRepeatable = true
        if take("?") {
            guard
                let opening = ["?:", "?=", "?!", "?<=", "?<!"].first(where: {
                    take(String($0.dropFirst()))
                })
            else {
                guard take("<"), let end = scalars[place...].firstIndex(of: ">"), end > place else {
                    let words = peek.map { "(?\($0)" } ?? "(?"
                    throw Failure(message: "'\(words)' begins no group of ECMA 262")
                }
                place = end + 1
                output += "("
                return try groupEnd(true)
            }
            output += "(" + opening
            isRepeatable = opening == "?:"
        } else {
            output += "("
        }
        return try groupEnd(isRepeatable)
    }

    private mutating func groupEnd(_ isRepeatable: Bool) throws(Failure) -> Bool {
        try disjunction()
        guard take(")") else { throw Failure(message: "a group does not end") }
        output += ")"
        return isRepeatable
    }

    /// Translates an escape behind its backslash, outside of a class.
    ///
    /// - Returns: Whether it may be repeated.
    private mutating func escape() throws(Failure) -> Bool {
        switch peek {
        case "b", "B":
            output += "\\\(scalars[place])"
            place += 1
            return false
        case "k":
            place += 1
            guard take("<"), let end = scalars[place...].firstIndex(of: ">") else {
                throw Failure(message: "'\\k' names no group")
            }
            let name = String(String.UnicodeScalarView(scalars[place..<end]))
            place = end + 1
            guard let number = names[name] else {
                throw Failure(message: "there is no group '\(name)'")
            }
            output += "\\g{\(number)}"
        case let digit? where "1"..."9" ~= digit:
            let text = number() ?? ""
            guard let number = Int(text), number <= groups else {
                throw Failure(message: "'\\\(text)' refers to no group")
            }
            output += "\\g{\(number)}"
        default:
            switch try element() {
            case .scalar(let scalar): output += Self.literal(scalar)
            case .set(let set): output += "[\(set)]"
            }
        }
        return true
    }

    // MARK: - Characters

    /// What an escape stands for: a character, or what stands in a class for several.
    private enum Element {
        case scalar(Unicode.Scalar)
        case set(String)
    }

    /// Reads an escape behind its backslash.
    private mutating func element() throws(Failure) -> Element {
        guard let scalar = next() else { throw Failure(message: "a '\\' stands at the end") }
        switch scalar {
        case "d": return .set("0-9")
        case "D": return .set(#"\x{0}-\x{2F}\x{3A}-\x{10FFFF}"#)
        case "w": return .set("A-Za-z0-9_")
        case "W":
            return .set(#"\x{0}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{5E}\x{60}\x{7B}-\x{10FFFF}"#)
        case "s": return .set(Self.blanks)
        case "S": return .set(Self.noBlanks)
        case "p", "P": return .set(try property(isNegated: scalar == "P"))
        case "t": return .scalar("\t")
        case "n": return .scalar("\n")
        case "v": return .scalar("\u{B}")
        case "f": return .scalar("\u{C}")
        case "r": return .scalar("\r")
        case "0":
            if let digit = peek, "0"..."9" ~= digit {
                throw Failure(message: "'\\0' with a digit behind it: octal escapes are not known")
            }
            return .scalar("\0")
        case "c":
            guard let letter = next(), letter.isASCII, letter.properties.isAlphabetic else {
                throw Failure(message: "'\\c' has no letter behind it")
            }
            return .scalar(Unicode.Scalar(UInt8(letter.value & 31)))
        case "x": return .scalar(try code(try digits(2)))
        case "u": return .scalar(try unicode())
        default:
            guard !scalar.properties.isAlphabetic, !("0"..."9" ~= scalar) else {
                throw Failure(message: "'\\\(scalar)' is not an escape of ECMA 262")
            }
            return .scalar(scalar)
        }
    }

    private mutating func digits(_ count: Int) throws(Failure) -> UInt32 {
        let text = scalars[place...].prefix(count)
        guard text.count == count, text.allSatisfy(\.properties.isASCIIHexDigit),
            let value = UInt32(String(String.UnicodeScalarView(text)), radix: 16)
        else { throw Failure(message: "an escape wants \(count) hexadecimal digits") }
        place += count
        return value
    }

    private mutating func unicode() throws(Failure) -> Unicode.Scalar {
        if take("{") {
            let text = scalars[place...].prefix { $0 != "}" }
            place += text.count
            guard take("}"), !text.isEmpty, text.allSatisfy(\.properties.isASCIIHexDigit),
                let value = UInt32(String(String.UnicodeScalarView(text)), radix: 16)
            else { throw Failure(message: "'\\u{' names no character") }
            return try code(value)
        }
        let value = try digits(4)
        let start = place
        if value >> 10 == 0xD800 >> 10, take("\\u"), let second = try? digits(4),
            second >> 10 == 0xDC00 >> 10
        {
            return try code(0x10000 + (value & 0x3FF) << 10 + second & 0x3FF)
        }
        place = start
        return try code(value)
    }

    private func code(_ value: UInt32) throws(Failure) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else {
            let text = String(value, radix: 16, uppercase: true)
            throw Failure(message: "'\\u\(text)' is half a character or none; texts have none")
        }
        return scalar
    }

    private mutating func property(isNegated: Bool) throws(Failure) -> String {
        guard take("{"), let end = scalars[place...].firstIndex(of: "}") else {
            throw Failure(message: "'\\p' wants a property in braces")
        }
        let name = String(String.UnicodeScalarView(scalars[place..<end]))
        place = end + 1
        guard let known = UnicodeProperty.named(name) else {
            throw Failure(message: "'\\p{\(name)}' is not a property that is known here")
        }
        return "\\\(isNegated ? "P" : "p"){\(known)}"
    }

    // MARK: - Classes

    private mutating func characterClass() throws(Failure) {
        let isNegated = take("^")
        if take("]") {
            output += isNegated ? #"[\x{0}-\x{10FFFF}]"# : "(?!)"
            return
        }
        output += isNegated ? "[^" : "["
        while !take("]") {
            let first = try classElement()
            guard peek == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
                append(first)
                continue
            }
            place += 1
            let last = try classElement()
            guard case .scalar(let lower) = first, case .scalar(let upper) = last else {
                // A class is the end of no range: the sign stands for itself.
                append(first)
                output += Self.literal("-")
                append(last)
                continue
            }
            guard lower <= upper else {
                throw Failure(message: "the range '\(lower)-\(upper)' runs backwards")
            }
            output += Self.literal(lower) + "-" + Self.literal(upper)
        }
        output += "]"
    }

    private mutating func classElement() throws(Failure) -> Element {
        guard let scalar = next() else { throw Failure(message: "a '[' is not closed") }
        guard scalar == "\\" else { return .scalar(scalar) }
        if take("b") { return .scalar("\u{8}") }
        return try element()
    }

    private mutating func append(_ element: Element) {
        switch element {
        case .scalar(let scalar): output += Self.literal(scalar)
        case .set(let set): output += set
        }
    }

    /// A character as itself, whatever it means to PCRE2.
    private static func literal(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9": String(scalar)
        default: "\\x{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }
}
