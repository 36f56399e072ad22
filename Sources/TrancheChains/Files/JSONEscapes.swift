/// The escapes of JSON's texts.
enum JSONEscapes {
    /// The value of a hexadecimal digit.
    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Decodes a text in place: no escape is shorter than what it stands for.
    ///
    /// - Parameters:
    ///   - text: The text, whose escapes are sound.
    ///   - length: How many bytes it has.
    /// - Returns: How many it has afterwards. Half a character becomes U+FFFD.
    static func decode(_ text: UnsafeMutablePointer<UInt8>, _ length: Int) -> Int {
        var read = 0
        var written = 0
        while read < length {
            let byte = text[read]
            guard byte == UInt8(ascii: "\\"), read + 1 < length else {
                text[written] = byte
                read += 1
                written += 1
                continue
            }
            read += 2
            let plain: UInt8
            switch text[read - 1] {
            case UInt8(ascii: "b"): plain = 0x08
            case UInt8(ascii: "f"): plain = 0x0C
            case UInt8(ascii: "n"): plain = 0x0A
            case UInt8(ascii: "r"): plain = 0x0D
            case UInt8(ascii: "t"): plain = 0x09
            case UInt8(ascii: "u"):
                let scalar = scalar(text, &read, length)
                for unit in String(Character(scalar)).utf8 {
                    text[written] = unit
                    written += 1
                }
                continue
            default: plain = text[read - 1]
            }
            text[written] = plain
            written += 1
        }
        return written
    }

    /// Takes the blanks between the tokens of an array or object out, in place.
    ///
    /// - Parameters:
    ///   - text: The array or object, which is sound.
    ///   - length: How many bytes it has.
    /// - Returns: How many it has afterwards.
    static func compact(_ text: UnsafeMutablePointer<UInt8>, _ length: Int) -> Int {
        var written = 0
        var isInText = false
        var isEscaped = false
        for read in 0..<length {
            let byte = text[read]
            if !isInText, byte <= 0x20 { continue }
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInText.toggle()
            }
            text[written] = byte
            written += 1
        }
        return written
    }

    /// The character whose number begins at a place.
    private static func scalar(
        _ text: UnsafeMutablePointer<UInt8>,
        _ place: inout Int,
        _ length: Int
    ) -> Unicode.Scalar {
        var value = number(text, place, length)
        place += 4
        if value >> 10 == 0xD800 >> 10, place + 6 <= length, text[place] == UInt8(ascii: "\\"),
            text[place + 1] == UInt8(ascii: "u")
        {
            let low = number(text, place + 2, length)
            if low >> 10 == 0xDC00 >> 10 {
                place += 6
                value = 0x10000 + (value & 0x3FF) << 10 + low & 0x3FF
            }
        }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    private static func number(
        _ text: UnsafeMutablePointer<UInt8>,
        _ place: Int,
        _ length: Int
    ) -> UInt32 {
        var value: UInt32 = 0
        for index in place..<min(place + 4, length) {
            value = value << 4 | UInt32(digit(text[index]) ?? 0)
        }
        return value
    }
}
