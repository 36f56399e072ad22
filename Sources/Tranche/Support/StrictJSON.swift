/// Looks at a text for whether it is one JSON value that every reader takes.
///
/// Readers differ beyond RFC 8259, and databases are readers, too: some take a comma behind the
/// last member, or `NaN`; others none of a number beyond all doubles, a half of a surrogate pair,
/// or `\u0000`. The text is gone through once, without recursion.
package struct StrictJSON {
    /// Most values within each other; Foundation takes 512.
    static let deepest = 500

    private enum Expected {
        case value, valueOrEnd, nameOrEnd, name, colon, commaOrEnd, nothing
    }

    private let text: UnsafeBufferPointer<UInt8>
    private var place = 0
    private var isObject: [Bool] = []
    private var expected = Expected.value
    /// Where the outermost object's members stand: their names with their quotes, and their values.
    private var found: [(name: Range<Int>, value: Range<Int>)] = []

    /// A member of the outermost object.
    package struct Member: Sendable {
        /// Its name, decoded.
        package let name: String
        /// Where the bytes of its value stand.
        package let value: Range<Int>
    }

    /// What was found in a text.
    package struct Look: Sendable {
        /// What keeps it from being strict JSON; `nil` when it is.
        package let fault: String?
        /// Whether that is that it has too many values within each other.
        package let isTooDeep: Bool
        /// The members of an object, as far as it was read.
        package let members: [Member]

        /// Says what is wrong with the text; `nil` when it is strict JSON.
        ///
        /// - Parameter what: The text, such as `the body`.
        /// - Returns: A sentence.
        package func complaint(about what: String) -> String? {
            fault.map { "\(what) is \(isTooDeep ? "nested too deeply" : "not JSON"): \($0)" }
        }
    }

    /// Says what keeps a text from being strict JSON; `nil` when it is.
    package static func fault(in text: String) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            var reader = StrictJSON(text: bytes)
            return reader.readFault()?.words
        }
    }

    /// Looks at a text.
    package static func look(in text: String) -> Look {
        var text = text
        return text.withUTF8 { look(at: $0) }
    }

    /// Looks at a text of UTF-8.
    package static func look(at text: UnsafeBufferPointer<UInt8>) -> Look {
        var reader = StrictJSON(text: text)
        let fault = reader.readFault()
        return Look(
            fault: fault?.words,
            isTooDeep: fault?.isOfDepth ?? false,
            members: reader.members
        )
    }

    /// Reads the text; what keeps it from being strict JSON.
    private mutating func readFault() -> Fault? {
        do throws(Fault) {
            try read()
            return nil
        } catch {
            return Fault(words: "\(error.words) at byte \(place + 1)", isOfDepth: error.isOfDepth)
        }
    }

    private var members: [Member] {
        found.map { Member(name: decoded($0.name), value: $0.value) }
    }

    private func decoded(_ place: Range<Int>) -> String {
        let name = text[place]
        let plain = String(decoding: name.dropFirst().dropLast(), as: UTF8.self)
        guard name.contains(UInt8(ascii: "\\")) else { return plain }
        // Its escapes were read; one that cannot be decoded all the same is nobody's member.
        return (try? JSONText.decode(String.self, from: String(decoding: name, as: UTF8.self)))
            ?? plain
    }

    private struct Fault: Error {
        let words: String
        var isOfDepth = false
    }

    private init(text: UnsafeBufferPointer<UInt8>) {
        self.text = text
    }

    private mutating func read() throws(Fault) {
        while place < text.count {
            let byte = text[place]
            if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                place += 1
                continue
            }
            switch expected {
            case .nothing: throw Fault(words: "more stands behind the value")
            case .colon:
                guard byte == UInt8(ascii: ":") else { throw Fault(words: "a colon is missing") }
                place += 1
                expected = .value
            case .commaOrEnd:
                if byte == UInt8(ascii: ",") {
                    place += 1
                    expected = isObject.last == true ? .name : .value
                } else {
                    try close(byte)
                }
            case .name, .nameOrEnd:
                if byte == UInt8(ascii: "}"), expected == .nameOrEnd {
                    try close(byte)
                } else {
                    guard byte == UInt8(ascii: "\"") else {
                        throw Fault(words: "a name in double quotes is missing")
                    }
                    let start = place
                    try readString()
                    if isObject.count == 1 { found.append((start..<place, place..<place)) }
                    expected = .colon
                }
            case .value, .valueOrEnd:
                if byte == UInt8(ascii: "]"), expected == .valueOrEnd {
                    try close(byte)
                } else {
                    if isObject.count == 1, let last = found.indices.last {
                        found[last].value = place..<place
                    }
                    try readValue(byte)
                }
            }
        }
        guard expected == .nothing else { throw Fault(words: "the text ends too early") }
    }

    private mutating func close(_ byte: UInt8) throws(Fault) {
        guard let last = isObject.last, byte == UInt8(ascii: last ? "}" : "]") else {
            throw Fault(words: "a comma or an end is missing")
        }
        place += 1
        isObject.removeLast()
        endValue()
    }

    private mutating func endValue() {
        if isObject.count == 1, let last = found.indices.last {
            found[last].value = found[last].value.lowerBound..<place
        }
        expected = isObject.isEmpty ? .nothing : .commaOrEnd
    }

    private mutating func readValue(_ byte: UInt8) throws(Fault) {
        switch byte {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            guard isObject.count < Self.deepest else {
                throw Fault(
                    words: "it has more than \(Self.deepest) values within each other",
                    isOfDepth: true
                )
            }
            place += 1
            isObject.append(byte == UInt8(ascii: "{"))
            expected = byte == UInt8(ascii: "{") ? .nameOrEnd : .valueOrEnd
        case UInt8(ascii: "\""):
            try readString()
            endValue()
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try readNumber()
            endValue()
        default:
            for word in ["true", "false", "null"] where takes(word) {
                place += word.utf8.count
                endValue()
                return
            }
            throw Fault(words: "a value is missing")
        }
    }

    private func takes(_ word: String) -> Bool {
        text[place...].starts(with: word.utf8)
    }

    private mutating func readNumber() throws(Fault) {
        let start = place
        if text[place] == UInt8(ascii: "-") { place += 1 }
        let whole = place
        let digits = skipDigits()
        if digits == 0 || digits > 1 && text[whole] == UInt8(ascii: "0") {
            throw Fault(words: "a number is not written as JSON has it")
        }
        if place < text.count, text[place] == UInt8(ascii: ".") {
            place += 1
            if skipDigits() == 0 { throw Fault(words: "a number ends with its point") }
        }
        if place < text.count, text[place] | 0x20 == UInt8(ascii: "e") {
            place += 1
            if place < text.count, text[place] == 0x2B || text[place] == 0x2D { place += 1 }
            if skipDigits() == 0 { throw Fault(words: "a number has no exponent behind its e") }
        }
        let number = text[start..<place]
        if !(Double(String(decoding: number, as: UTF8.self))?.isFinite ?? false) {
            throw Fault(words: "a number is beyond those that a double holds")
        }
    }

    private mutating func skipDigits() -> Int {
        let start = place
        while place < text.count, text[place] &- 0x30 < 10 { place += 1 }
        return place - start
    }

    private mutating func readString() throws(Fault) {
        place += 1
        while place < text.count {
            switch text[place] {
            case UInt8(ascii: "\""):
                place += 1
                return
            case UInt8(ascii: "\\"): try readEscape()
            case ..<0x20: throw Fault(words: "a control character stands in a text")
            default: place += 1
            }
        }
        throw Fault(words: "a text has no end")
    }

    private mutating func readEscape() throws(Fault) {
        let letter = place + 1 < text.count ? text[place + 1] : 0
        guard letter == UInt8(ascii: "u") else {
            guard "\"\\/bfnrt".utf8.contains(letter) else {
                throw Fault(words: "an escape is unknown")
            }
            place += 2
            return
        }
        let unit = try readUnit()
        switch unit {
        case 0: throw Fault(words: "a text has \\u0000, which databases do not hold")
        case 0xDC00...0xDFFF: throw Fault(words: "a text has half of a surrogate pair")
        case 0xD800...0xDBFF:
            guard place + 1 < text.count, text[place] == UInt8(ascii: "\\"),
                text[place + 1] == UInt8(ascii: "u"), case 0xDC00...0xDFFF = try readUnit()
            else { throw Fault(words: "a text has half of a surrogate pair") }
        default: break
        }
    }

    /// Reads an escape such as `\u00e4`.
    private mutating func readUnit() throws(Fault) -> UInt32 {
        let digits = text[min(place + 2, text.count)..<min(place + 6, text.count)]
        let isHexadecimal = digits.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- UInt8(ascii: "a") < 6
        }
        guard digits.count == 4, isHexadecimal,
            let unit = UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw Fault(words: "an escape is not whole") }
        place += 6
        return unit
    }
}
