import Tranche

/// Spells JSON arrays as PostgreSQL's arrays.
///
/// Source: PostgreSQL 15 manual, 8.15.6, "Array Input and Output Syntax".
struct PostgreSQLArrayText {
    private let bytes: UnsafeBufferPointer<UInt8>
    /// Whether elements are JSON themselves.
    private let isOfJSON: Bool
    /// The elements' type, where it is a floating-point one.
    private let floating: PostgreSQLCopyColumn.Kind?
    private var place = 0
    private var output: [UInt8] = []
    private var isRounded = false

    /// What comes of JSON.
    enum Outcome {
        case array([UInt8])
        /// It is no array.
        case other
        /// The elements' type would make another number of one of them.
        case rounded
    }

    /// Spells an array.
    ///
    /// Arrays within become further dimensions, null becomes NULL, texts are quoted, and objects
    /// are texts that hold them.
    ///
    /// - Parameters:
    ///   - json: Sound JSON.
    ///   - isOfJSON: Whether the column's elements are JSON, so that a text keeps its quotes.
    ///   - floating: Their type, where it is a floating-point one.
    /// - Returns: The text, or why there is none.
    static func array(
        ofJSON json: UnsafeBufferPointer<UInt8>,
        isOfJSON: Bool,
        floating: PostgreSQLCopyColumn.Kind?
    ) -> Outcome {
        var text = PostgreSQLArrayText(bytes: json, isOfJSON: isOfJSON, floating: floating)
        text.skipBlanks()
        guard text.peek == UInt8(ascii: "["), text.array() else { return .other }
        return text.isRounded ? .rounded : .array(text.output)
    }

    private init(
        bytes: UnsafeBufferPointer<UInt8>,
        isOfJSON: Bool,
        floating: PostgreSQLCopyColumn.Kind?
    ) {
        self.bytes = bytes
        self.isOfJSON = isOfJSON
        self.floating = floating
        output.reserveCapacity(bytes.count + 16)
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A {
            place += 1
        }
    }

    /// Spells the array that begins here; false where it does not end.
    private mutating func array() -> Bool {
        place += 1
        output.append(UInt8(ascii: "{"))
        while true {
            skipBlanks()
            switch peek {
            case nil: return false
            case UInt8(ascii: "]"):
                place += 1
                output.append(UInt8(ascii: "}"))
                return true
            case UInt8(ascii: ","):
                place += 1
                output.append(UInt8(ascii: ","))
            case UInt8(ascii: "["): guard array() else { return false }
            case UInt8(ascii: "{"): guard object() else { return false }
            case UInt8(ascii: "\""): guard string() else { return false }
            default: word()
            }
        }
    }

    /// A number, true, false or null.
    private mutating func word() {
        let start = place
        while let byte = peek, byte > 0x20, byte != 0x2C, byte != 0x5D { place += 1 }
        let word = UnsafeBufferPointer(rebasing: bytes[start..<place])
        if let floating, Self.isRounded(word, as: floating) { isRounded = true }
        output += word.elementsEqual("null".utf8) ? Array("NULL".utf8) : Array(word)
    }

    /// Whether a floating-point type would make another number of one, by the rule of columns:
    /// ``PostgreSQLCopyEncoder/Field/isRounded(as:)``.
    private static func isRounded(
        _ word: UnsafeBufferPointer<UInt8>,
        as kind: PostgreSQLCopyColumn.Kind
    ) -> Bool {
        let cell = NumberText.cell(word)
        switch cell.kind {
        case .integer where kind == .float4: return Float(exactly: cell.integer) == nil
        case .integer: return Double(exactly: cell.integer) == nil
        case .decimal:
            // The server refuses what is beyond all doubles, and what is no number.
            guard let (value, isOutOfRange) = NumberText.double(word), !isOutOfRange else {
                return false
            }
            return !NumberText.isHeld(word, by: value)
        default: return false
        }
    }

    /// An object, as a text in quotes.
    private mutating func object() -> Bool {
        let start = place
        var depth = 0
        var isQuoted = false
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\\") where isQuoted: place += 1
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "{") where !isQuoted: depth += 1
            case UInt8(ascii: "}") where !isQuoted: depth -= 1
            default: break
            }
            if depth == 0 {
                quote(bytes[start..<min(place, bytes.count)])
                return true
            }
        }
        return false
    }

    private mutating func quote(_ text: some Sequence<UInt8>) {
        output.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                output.append(UInt8(ascii: "\\"))
            }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    // MARK: - Texts

    private mutating func string() -> Bool {
        let start = place
        place += 1
        var text: [UInt8] = []
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                if isOfJSON { quote(bytes[start..<place]) } else { quote(text) }
                return true
            case UInt8(ascii: "\\"): guard unescape(&text) else { return false }
            default: text.append(byte)
            }
        }
        return false
    }

    private mutating func unescape(_ text: inout [UInt8]) -> Bool {
        guard let byte = peek else { return false }
        place += 1
        switch byte {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            guard var value = hexadecimal() else { return false }
            if value >> 10 == 0xD800 >> 10 {
                guard peek == UInt8(ascii: "\\") else { return false }
                place += 2
                guard let second = hexadecimal(), second >> 10 == 0xDC00 >> 10 else { return false }
                value = 0x10000 + (value & 0x3FF) << 10 + second & 0x3FF
            }
            guard let scalar = Unicode.Scalar(value) else { return false }
            text += Array(String(Character(scalar)).utf8)
        default: text.append(byte)
        }
        return true
    }

    private mutating func hexadecimal() -> UInt32? {
        guard bytes.count - place >= 4 else { return nil }
        defer { place += 4 }
        return UInt32(String(decoding: bytes[place..<place + 4], as: UTF8.self), radix: 16)
    }
}
