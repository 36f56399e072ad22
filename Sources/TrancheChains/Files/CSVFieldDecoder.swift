/// Turns a field of a CSV dialect, as it stands in the file, into its text.
///
/// It works in place: no text is longer than its spelling.
struct CSVFieldDecoder {
    private let quote: UInt8?
    private let escapes: CSVFormat.Escapes
    private let escape: UInt8?
    private let plainAfterEscape: [UInt8]
    private let nulls: [[UInt8]]
    private let onlyEmptyIsNull: Bool

    init(_ dialect: CSVDialect) {
        quote = dialect.quote
        escapes = dialect.escapes
        escape = dialect.escape
        plainAfterEscape =
            [dialect.quote, dialect.escape, dialect.delimiter.first, 0x0A, 0x0D].compactMap { $0 }
        nulls = dialect.nulls
        onlyEmptyIsNull = dialect.nulls == [[]]
    }

    /// Whether a field without quotes stands for null.
    @inline(__always)
    func isNull(_ text: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        if onlyEmptyIsNull { return length == 0 }
        return nulls.contains { mark in
            mark.count == length && mark.indices.allSatisfy { mark[$0] == text[$0] }
        }
    }

    /// Takes out escapes and the first of doubled quotes.
    ///
    /// - Parameters:
    ///   - text: The field, without the quotes around it; what is left of it is at its beginning.
    ///   - length: How many bytes it has.
    ///   - isQuoted: Whether it is enclosed in quotes.
    /// - Returns: How many bytes the text has.
    func decode(_ text: UnsafeMutablePointer<UInt8>, _ length: Int, isQuoted: Bool) -> Int {
        var written = 0
        var read = 0
        while read < length {
            let byte = text[read]
            read += 1
            if byte == escape, read < length {
                read += unescape(text, read, length, &written)
                continue
            }
            if isQuoted, byte == quote, read < length, text[read] == quote { read += 1 }
            text[written] = byte
            written += 1
        }
        // What is left over must not look like half of a character.
        for place in written..<length { text[place] = 0x20 }
        return written
    }

    /// Reads what follows an escape.
    ///
    /// - Returns: How many bytes were read.
    private func unescape(
        _ text: UnsafeMutablePointer<UInt8>,
        _ place: Int,
        _ length: Int,
        _ written: inout Int
    ) -> Int {
        let next = text[place]
        var read = 1
        var byte = next
        switch escapes {
        case .none, .character:
            if !plainAfterEscape.contains(next) {
                text[written] = escape ?? 0
                written += 1
            }
        case .tsv:
            switch next {
            case UInt8(ascii: "t"): byte = 0x09
            case UInt8(ascii: "n"): byte = 0x0A
            case UInt8(ascii: "r"): byte = 0x0D
            case UInt8(ascii: "\\"): break
            default:
                text[written] = UInt8(ascii: "\\")
                written += 1
            }
        case .mariaDB:
            switch next {
            case UInt8(ascii: "0"): byte = 0x00
            case UInt8(ascii: "b"): byte = 0x08
            case UInt8(ascii: "n"): byte = 0x0A
            case UInt8(ascii: "r"): byte = 0x0D
            case UInt8(ascii: "t"): byte = 0x09
            case UInt8(ascii: "Z"): byte = 0x1A
            default: break
            }
        case .postgreSQL:
            (byte, read) = Self.postgreSQL(text, place, length)
        }
        text[written] = byte
        written += 1
        return read
    }

    /// Source: PostgreSQL 15 manual, COPY, "Text Format"; `CopyReadAttributesText` in its
    /// copyfromparse.c.
    private static func postgreSQL(
        _ text: UnsafeMutablePointer<UInt8>,
        _ place: Int,
        _ length: Int
    ) -> (byte: UInt8, read: Int) {
        func digits(_ radix: UInt8, from start: Int, most: Int) -> (value: Int, count: Int) {
            var value = 0
            var count = 0
            while count < most, start + count < length,
                let digit = Character(UnicodeScalar(text[start + count])).hexDigitValue,
                digit < Int(radix)
            {
                value = value * Int(radix) + digit
                count += 1
            }
            return (value, count)
        }
        switch text[place] {
        case UInt8(ascii: "b"): return (0x08, 1)
        case UInt8(ascii: "f"): return (0x0C, 1)
        case UInt8(ascii: "n"): return (0x0A, 1)
        case UInt8(ascii: "r"): return (0x0D, 1)
        case UInt8(ascii: "t"): return (0x09, 1)
        case UInt8(ascii: "v"): return (0x0B, 1)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            let octal = digits(8, from: place, most: 3)
            return (UInt8(truncatingIfNeeded: octal.value), octal.count)
        case UInt8(ascii: "x"):
            let hex = digits(16, from: place + 1, most: 2)
            return hex.count == 0 ? (UInt8(ascii: "x"), 1) : (UInt8(hex.value), 1 + hex.count)
        default: return (text[place], 1)
        }
    }
}
