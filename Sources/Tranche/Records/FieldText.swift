/// Reads typed values from text, without making a `String`.
package enum FieldText {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Text without blanks at its ends.
    package static func trimmed(_ text: Bytes) -> Bytes {
        var start = 0
        var end = text.count
        while start < end, text[start] == 0x20 || text[start] == 0x09 { start += 1 }
        while end > start, text[end - 1] == 0x20 || text[end - 1] == 0x09 { end -= 1 }
        return Bytes(rebasing: text[start..<end])
    }

    /// A whole number of 64 bits; `nil` when the text is none.
    package static func integer(_ text: Bytes) -> Int64? {
        var place = 0
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if isNegative || text.count > 0 && text[0] == UInt8(ascii: "+") { place = 1 }
        guard place < text.count else { return nil }
        var value: UInt64 = 0
        let digits = text.count - place
        while place < text.count {
            let digit = text[place] &- 0x30
            guard digit < 10 else { return nil }
            if digits > 18 {
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let (sum, overflow2) = product.addingReportingOverflow(UInt64(digit))
                if overflow || overflow2 { return nil }
                value = sum
            } else {
                value = value &* 10 &+ UInt64(digit)
            }
            place += 1
        }
        if isNegative { return value <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- value) : nil }
        return Int64(exactly: value)
    }

    /// A finite number; `nil` when the text is none.
    ///
    /// Up to 2^53 and 22 decimals both parts are exact, and so is their quotient's rounding.
    /// Source: William D. Clinger, "How to Read Floating Point Numbers Accurately", 1990.
    package static func number(_ text: Bytes) -> Double? {
        var place = 0
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if isNegative || text.count > 0 && text[0] == UInt8(ascii: "+") { place = 1 }
        var mantissa: UInt64 = 0
        var digits = 0
        var decimals = 0
        while place < text.count, text[place] &- 0x30 < 10 {
            mantissa = mantissa &* 10 &+ UInt64(text[place] &- 0x30)
            digits += 1
            place += 1
        }
        if place < text.count, text[place] == UInt8(ascii: ".") {
            place += 1
            while place < text.count, text[place] &- 0x30 < 10 {
                mantissa = mantissa &* 10 &+ UInt64(text[place] &- 0x30)
                digits += 1
                decimals += 1
                place += 1
            }
        }
        if place == text.count, digits > 0, digits <= 18, mantissa <= 1 << 53 {
            let value = Double(mantissa) / powers[decimals]
            return isNegative ? -value : value
        }
        return slowNumber(text, digits)
    }

    private static func slowNumber(_ text: Bytes, _ digits: Int) -> Double? {
        // Nothing but digits, a point and an exponent: no "inf", no "0x".
        guard digits > 0, text.count < 400,
            text.allSatisfy({
                $0 &- 0x30 < 10 || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E || $0 | 0x20 == 0x65
            })
        else { return nil }
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
            return nil
        }
        return value
    }

    /// True or false, as `true`, `t`, `yes`, `y`, `1`, and their opposites, in any case.
    package static func boolean(_ text: Bytes) -> Bool? {
        guard text.count > 0, text.count <= 5 else { return nil }
        var word: UInt64 = 0
        for byte in text { word = word << 8 | UInt64(byte | 0x20) }
        switch word {
        case 0x74_7275_65, 0x79_6573, 0x74, 0x79, 0x31: return true
        case 0x66_616C_7365, 0x6E6F, 0x66, 0x6E, 0x30: return false
        default: return nil
        }
    }

    /// The days since 1970-01-01 of a date `YYYY-MM-DD`; `nil` when the text is none.
    package static func days(_ text: Bytes) -> Int64? {
        text.count == 10 ? TimeText(text)?.days : nil
    }

    /// The microseconds since 1970 of a time such as `2026-01-31T08:00:00.5+01:00`; `nil` when the
    /// text is none.
    ///
    /// A blank may stand for the T, and a zone may be `+01` or `+0100`; a time without a zone is
    /// UTC. What is finer than a microsecond is rounded as PostgreSQL rounds it. Second 60 is a
    /// leap second, at the end of a day in UTC, and counts as the second that follows. Source: RFC
    /// 3339, sections 5.6 and 5.7.
    package static func microseconds(_ text: Bytes) -> Int64? {
        guard let time = TimeText(text), time.hasSeconds, time.hour < 24 else { return nil }
        if time.second == 60 {
            // Midnight follows it where the clock shows UTC.
            let minute = time.hour * 60 + time.minute - (time.zone ?? 0)
            guard (minute + 1) % 1440 == 0 else { return nil }
        }
        return time.instant
    }
}
