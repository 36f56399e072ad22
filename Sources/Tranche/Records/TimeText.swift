/// A date, or a date with a time, as it is written: `2026-01-31`, `2026-01-31 08:00`,
/// `2026-01-31T08:00:00.5+01:00`.
///
/// Source: ISO 8601; RFC 3339, section 5.6.
package struct TimeText: Sendable, Equatable {
    package typealias Bytes = UnsafeBufferPointer<UInt8>

    /// The days since 1970-01-01 of the date.
    package private(set) var days: Int64
    /// Whether a time follows, and whether it has seconds.
    package private(set) var hasTime = false
    package private(set) var hasSeconds = false
    package private(set) var hour = 0
    package private(set) var minute = 0
    /// The second; 60 in a leap second.
    package private(set) var second = 0
    /// The part of a second in microseconds, rounded; 1,000,000 where it is rounded up to a second.
    package private(set) var fraction: Int64 = 0
    /// How many minutes the zone is ahead of UTC; `nil` where none is written.
    package private(set) var zone: Int?

    /// Reads a text; `nil` when it has another form, or a part beyond its bounds.
    ///
    /// Hours may be 24 and seconds 60; the year has four digits and may be 0.
    package init?(_ text: Bytes) {
        guard text.count >= 10, text[4] == 0x2D, text[7] == 0x2D,
            let year = Self.digits(text, 0, 4), let month = Self.digits(text, 5, 2),
            let day = Self.digits(text, 8, 2), 1...12 ~= month, day >= 1,
            day <= 28 || day <= RecordTime.length(ofMonth: month, year: year)
        else { return nil }
        days = Int64(RecordTime.days(year: year, month: month, day: day))
        if text.count == 10 { return }
        guard text.count >= 16, text[10] | 0x20 == 0x74 || text[10] == 0x20, text[13] == 0x3A,
            let hour = Self.digits(text, 11, 2), let minute = Self.digits(text, 14, 2),
            hour <= 24, minute < 60
        else { return nil }
        (self.hour, self.minute, hasTime) = (hour, minute, true)
        var place = 16
        if place < text.count, text[place] == 0x3A {
            guard text.count >= 19, let second = Self.digits(text, 17, 2), second <= 60 else {
                return nil
            }
            (self.second, hasSeconds) = (second, true)
            place = 19
            if place < text.count, text[place] == 0x2E {
                guard readFraction(text, &place) else { return nil }
            }
        }
        guard place == text.count || readZone(text, place) else { return nil }
    }

    /// The microseconds since 1970 of what the clock shows, whatever its zone.
    package var clock: Int64 {
        (days * 86_400 + Int64(hour * 3600 + minute * 60 + second)) * 1_000_000 + fraction
    }

    /// The microseconds since 1970 UTC; a time without a zone is UTC.
    package var instant: Int64 { clock - Int64(zone ?? 0) * 60_000_000 }

    /// Reads the digits behind a point, and rounds them to microseconds as PostgreSQL does.
    private mutating func readFraction(_ text: Bytes, _ place: inout Int) -> Bool {
        let point = place
        place += 1
        var value: Int64 = 0
        while place < text.count, text[place] &- 0x30 < 10 {
            if place - point <= 6 { value = value * 10 + Int64(text[place] &- 0x30) }
            place += 1
        }
        let count = place - point - 1
        guard count > 0 else { return false }
        if count <= 6 {
            for _ in count..<6 { value *= 10 }
            fraction = value
            return true
        }
        // The double that is nearest, times a million, to the nearest whole number, ties to even:
        // as ParseFractionalSecond does it. Source: PostgreSQL 15,
        // src/backend/utils/adt/datetime.c.
        let digits = "0" + String(decoding: text[point..<place], as: UTF8.self)
        guard let part = Double(digits) else { return false }
        fraction = Int64((part * 1_000_000).rounded(.toNearestOrEven))
        return true
    }

    /// Reads `Z`, `+01`, `+0100` or `+01:00`, which must end the text.
    private mutating func readZone(_ text: Bytes, _ place: Int) -> Bool {
        if text[place] | 0x20 == 0x7A {
            zone = 0
            return place + 1 == text.count
        }
        guard text[place] == 0x2B || text[place] == 0x2D, text.count >= place + 3,
            let hours = Self.digits(text, place + 1, 2)
        else { return false }
        var minutes = 0
        switch text.count - place {
        case 3: break
        case 5:
            guard let read = Self.digits(text, place + 3, 2) else { return false }
            minutes = read
        case 6:
            guard text[place + 3] == 0x3A, let read = Self.digits(text, place + 4, 2) else {
                return false
            }
            minutes = read
        default: return false
        }
        guard hours < 24, minutes < 60 else { return false }
        zone = text[place] == 0x2B ? hours * 60 + minutes : -(hours * 60 + minutes)
        return true
    }

    @inline(__always)
    private static func digits(_ text: Bytes, _ start: Int, _ count: Int) -> Int? {
        var value = 0
        for place in start..<start + count {
            let digit = text[place] &- 0x30
            guard digit < 10 else { return nil }
            value = value &* 10 &+ Int(digit)
        }
        return value
    }
}
