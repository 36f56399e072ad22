/// Addresses by RFC 3986, or with characters beyond ASCII by RFC 3987.
struct URIFormat {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// Whether only ASCII may stand in it.
    let isASCII: Bool

    /// A scheme, a colon, and what it names.
    func isURI(_ text: Bytes) -> Bool {
        guard let colon = schemeEnd(text) else { return false }
        return isRest(Bytes(rebasing: text[(colon + 1)...]), allowsColon: true)
    }

    /// An address, or what is read relative to another.
    func isReference(_ text: Bytes) -> Bool { isURI(text) || isRest(text, allowsColon: false) }

    private func schemeEnd(_ text: Bytes) -> Int? {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0,
            (text[0] | 0x20) &- 0x61 < 26,
            text[..<colon].allSatisfy({
                TextFormat.isLetterOrDigit($0) || "+-.".utf8.contains($0)
            })
        else { return nil }
        return colon
    }

    private func isRest(_ text: Bytes, allowsColon: Bool) -> Bool {
        var text = text
        if let mark = text.firstIndex(of: UInt8(ascii: "#")) {
            guard isMade(text[(mark + 1)...], of: "/?:@") else { return false }
            text = Bytes(rebasing: text[..<mark])
        }
        if let mark = text.firstIndex(of: UInt8(ascii: "?")) {
            guard isMade(text[(mark + 1)...], of: "/?:@", allowsPrivate: true) else { return false }
            text = Bytes(rebasing: text[..<mark])
        }
        if text.starts(with: "//".utf8) {
            let authority = text[2...].prefix { $0 != UInt8(ascii: "/") }
            guard isAuthority(Bytes(rebasing: authority)) else { return false }
            return isMade(text[authority.endIndex...], of: "/:@")
        }
        if !allowsColon, text.prefix(while: { $0 != 0x2F }).contains(UInt8(ascii: ":")) {
            return false
        }
        return isMade(text[...], of: "/:@")
    }

    private func isAuthority(_ text: Bytes) -> Bool {
        var host = text
        if let at = host.firstIndex(of: UInt8(ascii: "@")) {
            guard isMade(host[..<at], of: ":") else { return false }
            host = Bytes(rebasing: host[(at + 1)...])
        }
        var port = host[host.endIndex...]
        if host.first == UInt8(ascii: "[") {
            guard let end = host.firstIndex(of: UInt8(ascii: "]")),
                isAddress(Bytes(rebasing: host[1..<end]))
            else { return false }
            port = host[(end + 1)...]
        } else {
            let colon = host.firstIndex(of: UInt8(ascii: ":")) ?? host.endIndex
            guard isMade(host[..<colon], of: "") else { return false }
            port = host[colon...]
        }
        return port.isEmpty
            || port.first == UInt8(ascii: ":") && port.dropFirst().allSatisfy { $0 &- 0x30 < 10 }
    }

    /// An address in brackets: of IPv6, or of a later version.
    private func isAddress(_ text: Bytes) -> Bool {
        guard let first = text.first, first | 0x20 == UInt8(ascii: "v") else {
            return AddressFormat.isIPv6(text)
        }
        guard let point = text.firstIndex(of: UInt8(ascii: ".")), point > 1,
            point + 1 < text.count, text[1..<point].allSatisfy(TextFormat.isHexadecimal)
        else { return false }
        return text[(point + 1)...].allSatisfy {
            TextFormat.isLetterOrDigit($0) || "-._~!$&'()*+,;=:".utf8.contains($0)
        }
    }

    /// Whether a part has only characters that may stand in it, and percent signs with two digits
    /// behind them.
    private func isMade(
        _ text: Slice<Bytes>,
        of others: String,
        allowsPrivate: Bool = false
    ) -> Bool {
        var place = text.startIndex
        while place < text.endIndex {
            let byte = text[place]
            place += 1
            if byte == UInt8(ascii: "%") {
                guard place + 1 < text.endIndex, TextFormat.isHexadecimal(text[place]),
                    TextFormat.isHexadecimal(text[place + 1])
                else { return false }
                place += 2
                continue
            }
            guard
                TextFormat.isLetterOrDigit(byte) || "-._~!$&'()*+,;=".utf8.contains(byte)
                    || others.utf8.contains(byte) || !isASCII && byte >= 0x80
            else { return false }
        }
        return isASCII || isPublic(text, allowsPrivate)
    }

    /// Whether no character is one of those that RFC 3987 leaves out: controls, and those for
    /// private use but in a query.
    private func isPublic(_ text: Slice<Bytes>, _ allowsPrivate: Bool) -> Bool {
        String(decoding: text, as: UTF8.self).unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0..<0x80: true
            case 0x80..<0xA0, 0xFFF0...0xFFFF: false
            case 0xE000...0xF8FF, 0xF0000...: allowsPrivate
            default: scalar.value & 0xFFFE != 0xFFFE
            }
        }
    }
}
