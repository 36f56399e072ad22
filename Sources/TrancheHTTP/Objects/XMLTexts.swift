import Tranche

/// The texts of the elements of an XML document, as far as answers of object stores need it.
///
/// Attributes, comments and instructions are skipped. A document type is refused: what it declares
/// could grow without bound, or lie on another server.
struct XMLTexts {
    /// The names from the root to the element, and the text behind its last inner element; in the
    /// order in which elements end.
    private(set) var texts: [(path: [String], text: String)] = []
    private var path: [String] = []
    private var text: [UInt8] = []
    private var isDone = false
    private let bytes: [UInt8]
    private var place = 0

    /// Reads a document in UTF-8.
    ///
    /// - Throws: `TrancheError` `.sourceFailed` where it is not well-formed.
    init(_ body: [UInt8]) throws(TrancheError) {
        bytes = body
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place = 3 }
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "<") { try readMarkup() } else { try readText() }
        }
        guard isDone else { throw Self.fault }
    }

    private static var fault: TrancheError {
        TrancheError(.sourceFailed, "an answer is not sound XML")
    }

    private mutating func readMarkup() throws(TrancheError) {
        if skip("<!--") {
            _ = try take(until: "-->")
        } else if skip("<?") {
            _ = try take(until: "?>")
        } else if skip("<![CDATA[") {
            guard !path.isEmpty else { throw Self.fault }
            text += try take(until: "]]>")
        } else if skip("</") {
            let words = try take(until: ">")
            guard let name = path.last, Self.name(in: words) == name else { throw Self.fault }
            endElement()
        } else {
            place += 1
            try readStart()
        }
    }

    private mutating func readStart() throws(TrancheError) {
        let start = place
        var quote: UInt8?
        while place < bytes.count, quote != nil || bytes[place] != UInt8(ascii: ">") {
            let byte = bytes[place]
            guard byte != UInt8(ascii: "<") else { throw Self.fault }
            if let open = quote {
                if byte == open { quote = nil }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            }
            place += 1
        }
        guard place < bytes.count, !isDone else { throw Self.fault }
        var words = bytes[start..<place]
        place += 1
        let isEmpty = words.last == UInt8(ascii: "/")
        if isEmpty { words.removeLast() }
        let name = Self.name(in: words)
        guard let first = name.utf8.first, first >= 0x80 || Self.isLetter(first) else {
            throw Self.fault
        }
        path.append(name)
        text = []
        if isEmpty { endElement() }
    }

    private mutating func endElement() {
        texts.append((path, String(decoding: text, as: UTF8.self)))
        text = []
        path.removeLast()
        isDone = path.isEmpty
    }

    private mutating func readText() throws(TrancheError) {
        while place < bytes.count, bytes[place] != UInt8(ascii: "<") {
            let byte = bytes[place]
            place += 1
            guard !path.isEmpty else {
                guard Self.isSpace(byte) else { throw Self.fault }
                continue
            }
            if byte == UInt8(ascii: "&") {
                text += Array(String(try readReference()).utf8)
            } else if byte != UInt8(ascii: "\r") {
                text.append(byte)
            } else if place == bytes.count || bytes[place] != UInt8(ascii: "\n") {
                // The end of a line is one character. Source: XML 1.0, section 2.11.
                text.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// Reads what is behind an ampersand.
    private mutating func readReference() throws(TrancheError) -> Character {
        let name = String(decoding: try take(until: ";").prefix(12), as: UTF8.self)
        switch name {
        case "lt": return "<"
        case "gt": return ">"
        case "amp": return "&"
        case "apos": return "'"
        case "quot": return "\""
        default:
            let isHexadecimal = name.hasPrefix("#x")
            guard name.hasPrefix("#"),
                let number = UInt32(
                    name.dropFirst(isHexadecimal ? 2 : 1),
                    radix: isHexadecimal ? 16 : 10
                ), number > 0, let scalar = Unicode.Scalar(number)
            else { throw Self.fault }
            return Character(scalar)
        }
    }

    private mutating func skip(_ words: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: words.utf8Start, count: words.utf8CodeUnitCount)
        guard bytes[place...].starts(with: wanted) else { return false }
        place += wanted.count
        return true
    }

    /// Takes what stands before some words, and leaves them behind.
    private mutating func take(
        until words: StaticString
    ) throws(TrancheError) -> ArraySlice<UInt8> {
        let start = place
        while place < bytes.count {
            let end = place
            if skip(words) { return bytes[start..<end] }
            place += 1
        }
        throw Self.fault
    }

    private static func name(in words: some Collection<UInt8>) -> String {
        String(decoding: words.prefix { !isSpace($0) }, as: UTF8.self)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        [0x20, 0x09, 0x0A, 0x0D].contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5A).contains(byte & 0xDF) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: ":")
    }
}
