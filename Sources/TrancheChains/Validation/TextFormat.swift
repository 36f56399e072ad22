/// Formats of texts, as JSON Schema names them.
enum TextFormat {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// One `@` with something before it, and a domain of several labels or one behind it, without blanks.
    ///
    /// Whether mail arrives there only the mail tells. Source: HTML, "valid email address", without its
    /// restriction to ASCII.
    static func isEmail(_ text: Bytes) -> Bool {
        guard text.count <= 254, let at = text.firstIndex(of: UInt8(ascii: "@")), at > 0,
            at == text.lastIndex(of: UInt8(ascii: "@")), at < text.count - 1,
            text.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return false }
        let labels = text[(at + 1)...].split(
            separator: UInt8(ascii: "."),
            omittingEmptySubsequences: false
        )
        return labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 >= 0x80 }
        }
    }

    /// Eight, four, four, four and twelve hexadecimal digits.
    ///
    /// Source: RFC 9562, section 4.
    static func isUUID(_ text: Bytes) -> Bool {
        guard text.count == 36 else { return false }
        return text.indices.allSatisfy { place in
            switch place {
            case 8, 13, 18, 23: text[place] == 0x2D
            default:
                text[place] &- 0x30 < 10 || (text[place] | 0x20) &- 0x61 < 6
            }
        }
    }

    /// A scheme, a colon, and something behind it without blanks.
    ///
    /// Source: RFC 3986, section 3.
    static func isURI(_ text: Bytes) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            colon < text.count - 1, (text[0] | 0x20) &- 0x61 < 26,
            text[..<colon].allSatisfy({
                isLetterOrDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
            })
        else { return false }
        return text[(colon + 1)...].allSatisfy { byte in
            byte > 0x20 && byte != 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
        }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }
}
