/// Templates of addresses.
enum URITemplateFormat {
    /// Text with expressions in braces.
    ///
    /// Source: RFC 6570, section 2.
    static func isTemplate(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var rest = text[...]
        while let byte = rest.first {
            switch byte {
            case UInt8(ascii: "{"):
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")),
                    isExpression(rest[(rest.startIndex + 1)..<end])
                else { return false }
                rest = rest[(end + 1)...]
            case UInt8(ascii: "%"):
                guard hasDigits(rest) else { return false }
                rest = rest.dropFirst(3)
            case 0...0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"),
                UInt8(ascii: "\\"), UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "|"),
                UInt8(ascii: "}"):
                return false
            default: rest = rest.dropFirst()
            }
        }
        return true
    }

    private static func hasDigits(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let digits = text.dropFirst().prefix(2)
        return digits.count == 2 && digits.allSatisfy(TextFormat.isHexadecimal)
    }

    private static func isExpression(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        let hasOperator = text.first.map { "+#./;?&=,!@|".utf8.contains($0) } ?? false
        let names = text.dropFirst(hasOperator ? 1 : 0).split(
            separator: UInt8(ascii: ","),
            omittingEmptySubsequences: false
        )
        return names.allSatisfy { isVariable($0) }
    }

    private static func isVariable(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var name = text
        if name.last == UInt8(ascii: "*") {
            name = name.dropLast()
        } else if let colon = name.firstIndex(of: UInt8(ascii: ":")) {
            let length = name[(colon + 1)...]
            guard (1...4) ~= length.count, length.first != 0x30,
                length.allSatisfy({ $0 &- 0x30 < 10 })
            else { return false }
            name = name[..<colon]
        }
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.allSatisfy { part in
            var rest = part
            while let byte = rest.first {
                if byte == UInt8(ascii: "%") {
                    guard hasDigits(rest) else { return false }
                    rest = rest.dropFirst(3)
                } else {
                    guard TextFormat.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") else {
                        return false
                    }
                    rest = rest.dropFirst()
                }
            }
            return !part.isEmpty
        }
    }
}
