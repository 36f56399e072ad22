import Tranche

/// Times and durations as RFC 3339 writes them.
enum TimeFormat {
    typealias Bytes = UnsafeBufferPointer<UInt8>

    /// A date, a T, and a time with its zone.
    static func isDateTime(_ text: Bytes) -> Bool {
        text.count > 11 && text[10] | 0x20 == 0x74
            && FieldText.days(Bytes(rebasing: text[..<10])) != nil
            && isTime(Bytes(rebasing: text[11...]))
    }

    /// Hours, minutes, seconds, perhaps a fraction, and a zone; a leap second is at the end of a
    /// day in UTC.
    ///
    /// Source: RFC 3339, section 5.6 and 5.7.
    static func isTime(_ text: Bytes) -> Bool {
        guard text.count > 8, text[2] == 0x3A, text[5] == 0x3A,
            let hour = digits(text, 0), let minute = digits(text, 3), let second = digits(text, 6),
            hour < 24, minute < 60, second <= 60
        else { return false }
        var place = 8
        if text[place] == UInt8(ascii: ".") {
            place += 1
            let start = place
            while place < text.count, text[place] &- 0x30 < 10 { place += 1 }
            guard place > start else { return false }
        }
        guard place < text.count, let offset = offset(Bytes(rebasing: text[place...])) else {
            return false
        }
        guard second == 60 else { return true }
        let utc = (hour * 60 + minute - offset + 2 * 1440) % 1440
        return utc == 23 * 60 + 59
    }

    /// The minutes that a zone is ahead of UTC.
    private static func offset(_ text: Bytes) -> Int? {
        if text.count == 1, text[0] | 0x20 == 0x7A { return 0 }
        guard text.count == 6, text[0] == 0x2B || text[0] == 0x2D, text[3] == 0x3A,
            let hours = digits(text, 1), let minutes = digits(text, 4), hours < 24, minutes < 60
        else { return nil }
        return (text[0] == 0x2B ? 1 : -1) * (hours * 60 + minutes)
    }

    private static func digits(_ text: Bytes, _ place: Int) -> Int? {
        let (first, second) = (text[place] &- 0x30, text[place + 1] &- 0x30)
        return first < 10 && second < 10 ? Int(first) * 10 + Int(second) : nil
    }

    /// Years, months and days, then hours, minutes and seconds, from the first that is named to the
    /// last without one left out; or weeks.
    ///
    /// Source: RFC 3339, appendix A.
    static func isDuration(_ text: Bytes) -> Bool {
        guard text.first == UInt8(ascii: "P") else { return false }
        let parts = text.dropFirst().split(
            separator: UInt8(ascii: "T"),
            omittingEmptySubsequences: false
        )
        guard parts.count <= 2, let days = units(parts[0]) else { return false }
        if parts.count == 1 {
            return days == Array("W".utf8) || !days.isEmpty && isRun(days, of: "YMD")
        }
        guard let hours = units(parts[1]), !hours.isEmpty else { return false }
        return isRun(days, of: "YMD") && isRun(hours, of: "HMS")
    }

    /// The letters, each with digits before it; `nil` for anything else.
    private static func units(_ text: Slice<Bytes>) -> [UInt8]? {
        var units: [UInt8] = []
        var hasDigits = false
        for byte in text {
            if byte &- 0x30 < 10 {
                hasDigits = true
            } else {
                guard hasDigits else { return nil }
                units.append(byte)
                hasDigits = false
            }
        }
        return hasDigits ? nil : units
    }

    private static func isRun(_ units: [UInt8], of order: String) -> Bool {
        guard let first = units.first else { return true }
        return Array(order.utf8).drop { $0 != first }.starts(with: units)
    }
}
