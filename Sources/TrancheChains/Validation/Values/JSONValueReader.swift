import Tranche

/// Reads a value of JSON: RFC 8259, UTF-8.
struct JSONValueReader {
    /// What keeps a text from being JSON, and at which byte.
    struct Failure: Error {
        var message: String
        var place: Int
    }

    /// How deep values may be nested.
    private static let deepest = 256

    private let bytes: UnsafeBufferPointer<UInt8>
    private let refusesDoubles: Bool
    private var place = 0

    /// Reads the one value that a text holds.
    ///
    /// - Parameters:
    ///   - bytes: The text; UTF-8.
    ///   - refusesDoubles: Whether a name that stands twice in an object is refused.
    /// - Returns: The value.
    /// - Throws: ``Failure``.
    static func read(
        _ bytes: UnsafeBufferPointer<UInt8>,
        refusesDoubles: Bool = false
    ) throws(Failure) -> JSONValue {
        var reader = JSONValueReader(bytes: bytes, refusesDoubles: refusesDoubles)
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.place == bytes.count else {
            throw reader.failure("has something behind the value")
        }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, refusesDoubles: Bool) {
        self.bytes = bytes
        self.refusesDoubles = refusesDoubles
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private func failure(_ message: String, at place: Int? = nil) -> Failure {
        Failure(message: message, place: place ?? self.place)
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D {
            place += 1
        }
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth < Self.deepest else {
            throw failure("is nested deeper than \(Self.deepest) levels, which is not checked")
        }
        switch peek {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case nil: throw failure("ends where a value must be")
        default: return try number()
        }
    }

    private mutating func word(_ word: String, _ value: JSONValue) throws(Failure) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw failure("has an unknown value") }
        place += word.utf8.count
        return value
    }

    private mutating func object(_ depth: Int) throws(Failure) -> JSONValue {
        place += 1
        var members: [JSONValue.Member] = []
        var names: Set<[UInt8]> = []
        skipBlanks()
        if take("}") { return .object(members) }
        repeat {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw failure("has no name where one must be") }
            let start = place
            let name = try text()
            if refusesDoubles, !names.insert(name).inserted {
                let words = String(decoding: name, as: UTF8.self)
                throw failure("has the name '\(words)' twice in one object", at: start)
            }
            skipBlanks()
            guard take(":") else { throw failure("has no colon behind a name") }
            skipBlanks()
            members.append(.init(name: name, value: try value(depth: depth + 1)))
            skipBlanks()
        } while take(",")
        guard take("}") else { throw failure("has neither a comma nor an end behind a value") }
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(Failure) -> JSONValue {
        place += 1
        var values: [JSONValue] = []
        skipBlanks()
        if take("]") { return .array(values) }
        repeat {
            skipBlanks()
            values.append(try value(depth: depth + 1))
            skipBlanks()
        } while take(",")
        guard take("]") else { throw failure("has neither a comma nor an end behind a value") }
        return .array(values)
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let start = place
        _ = take("-")
        if !take("0") {
            guard skipDigits() else { throw failure("has an unknown value", at: start) }
        }
        if take("."), !skipDigits() { throw failure("has a number without digits") }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            guard skipDigits() else { throw failure("has a number without digits") }
        }
        guard let number = ExactNumber(UnsafeBufferPointer(rebasing: bytes[start..<place])) else {
            throw failure("has a number whose exponent is too large", at: start)
        }
        return .number(number)
    }

    private mutating func skipDigits() -> Bool {
        let start = place
        while let byte = peek, byte &- 0x30 < 10 { place += 1 }
        return place > start
    }

    // MARK: - Texts

    private mutating func text() throws(Failure) -> [UInt8] {
        place += 1
        var text: [UInt8] = []
        while true {
            let start = place
            while let byte = peek, byte != 0x22, byte != 0x5C, byte >= 0x20 { place += 1 }
            text += bytes[start..<place]
            guard let byte = peek else { throw failure("has a text that does not end") }
            guard byte >= 0x20 else { throw failure("has a control character in a text") }
            place += 1
            if byte == UInt8(ascii: "\"") { return text }
            try unescape(&text)
        }
    }

    private mutating func unescape(_ text: inout [UInt8]) throws(Failure) {
        guard let byte = peek else { throw failure("has a text that does not end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text += String(Character(try scalar())).utf8
        default: throw failure("has an unknown escape", at: place - 2)
        }
    }

    private mutating func scalar() throws(Failure) -> Unicode.Scalar {
        let start = place - 2
        var value = try hexadecimal()
        if value >> 10 == 0xD800 >> 10, take("\\"), take("u") {
            let second = try hexadecimal()
            guard second >> 10 == 0xDC00 >> 10 else {
                throw failure("has half a character", at: start)
            }
            value = 0x10000 + (value & 0x3FF) << 10 + second & 0x3FF
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw failure("has half a character", at: start)
        }
        return scalar
    }

    private mutating func hexadecimal() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("has an unknown escape")
            }
            value = value << 4 | UInt32(digit)
            place += 1
        }
        return value
    }
}
