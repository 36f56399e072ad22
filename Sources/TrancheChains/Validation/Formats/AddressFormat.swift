/// Addresses of mail, hosts and machines.
enum AddressFormat {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// A local part, plain or in quotes, an `@`, and a domain or an address in brackets.
    ///
    /// Whether mail arrives there only the mail tells. Source: RFC 5321, section 4.1.2; RFC 6531,
    /// section 3.3, for other characters than ASCII's.
    static func isEmail(_ text: Bytes, isASCII: Bool) -> Bool {
        guard text.count <= 254, let at = text.lastIndex(of: UInt8(ascii: "@")), (1...64) ~= at,
            !isASCII || text.allSatisfy({ $0 < 0x80 })
        else { return false }
        let local = Bytes(rebasing: text[..<at])
        let domain = Bytes(rebasing: text[(at + 1)...])
        guard isDotted(local) || isQuoted(local) else { return false }
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            return isLiteral(Bytes(rebasing: domain[1..<(domain.count - 1)]))
        }
        return isHostname(domain, isASCII: isASCII)
    }

    private static func isDotted(_ text: Bytes) -> Bool {
        text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy {
            !$0.isEmpty && $0.allSatisfy { isAtomic($0) }
        }
    }

    private static func isAtomic(_ byte: UInt8) -> Bool {
        TextFormat.isLetterOrDigit(byte) || byte >= 0x80
            || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
    }

    private static func isQuoted(_ text: Bytes) -> Bool {
        guard text.count >= 2, text.first == 0x22, text.last == 0x22 else { return false }
        var isEscaped = false
        for byte in text[1..<(text.count - 1)] {
            guard byte >= 0x20, byte != 0x7F else { return false }
            if isEscaped {
                isEscaped = false
            } else if byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                return false
            }
        }
        return !isEscaped
    }

    private static func isLiteral(_ text: Bytes) -> Bool {
        let tag = Array("ipv6:".utf8)
        if text.count > tag.count,
            text.prefix(tag.count).map({ $0 | 0x20 }).elementsEqual(tag.map { $0 | 0x20 })
        {
            return isIPv6(Bytes(rebasing: text[tag.count...]))
        }
        return isIPv4(text)
    }

    /// Labels of letters, digits and hyphens, of 1 to 63 characters, with points between them.
    ///
    /// Source: RFC 1123, section 2.1. What a label that begins with `xn--` stands for is not looked
    /// at.
    static func isHostname(_ text: Bytes, isASCII: Bool = true) -> Bool {
        guard (1...253) ~= text.count else { return false }
        let labels = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            (1...63) ~= label.count && label.first != 0x2D && label.last != 0x2D
                && label.allSatisfy {
                    TextFormat.isLetterOrDigit($0) || $0 == 0x2D || !isASCII && $0 >= 0x80
                }
        }
    }

    /// Four numbers from 0 to 255 without zeros in front.
    ///
    /// Source: RFC 2673, section 3.2.
    static func isIPv4(_ text: Bytes) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3) ~= part.count, part.count == 1 || part.first != 0x30,
                    part.allSatisfy({ $0 &- 0x30 < 10 })
                else { return false }
                return part.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    /// Eight groups of hexadecimal digits; `::` stands for those that are left out, and an address
    /// of four bytes may stand for the last two.
    ///
    /// Source: RFC 4291, section 2.2.
    static func isIPv6(_ text: Bytes) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return false }
        // A colon at an end is one half of `::`.
        let startsShort = parts[0].isEmpty
        let endsShort = parts[parts.count - 1].isEmpty
        guard !startsShort || parts[1].isEmpty, !endsShort || parts[parts.count - 2].isEmpty else {
            return false
        }
        var groups = 0
        var gaps = 0
        for (place, part) in parts.enumerated() {
            if part.isEmpty {
                let isEnd = place == 0 || place == parts.count - 1
                gaps += isEnd ? 0 : 1
            } else if place == parts.count - 1, part.contains(0x2E) {
                guard isIPv4(Bytes(rebasing: part)) else { return false }
                groups += 2
            } else {
                guard part.count <= 4, part.allSatisfy(TextFormat.isHexadecimal) else {
                    return false
                }
                groups += 1
            }
        }
        return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
    }
}
