/// What holds in a time zone for all years to come, such as `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// Source: POSIX, Base Definitions, 8.3 Other Environment Variables, TZ; RFC 8536, 3.3.1.
struct ZoneRule: Sendable, Hashable {
    /// How far clocks are ahead of UTC, in seconds, and while they are put forward.
    private let standard: Int64
    private let summer: Int64
    /// When they are put forward and back; `nil` where they never are.
    private let border: Border?

    private struct Border: Sendable, Hashable {
        var start: Day
        var end: Day
    }

    /// A day of each year, and what clocks show on it, in seconds from its midnight on.
    private struct Day: Sendable, Hashable {
        enum Kind: Sendable, Hashable {
            /// Month 1 to 12, its week 1 to 5 with 5 for the last, and the day of the week from
            /// Sunday, which is 0.
            case week(month: Int64, week: Int64, day: Int64)
            /// Day 1 to 365, without the 29th of February.
            case julian(Int64)
            /// Day 0 to 365, with it.
            case counted(Int64)
        }

        var kind: Kind
        var time: Int64
    }

    /// Reads a rule; `nil` for a text that is not one.
    init?(_ text: String) {
        var reader = Reader(text)
        guard reader.name(), let west = reader.offset() else { return nil }
        standard = -west
        if reader.isAtEnd {
            summer = standard
            border = nil
            return
        }
        guard reader.name() else { return nil }
        if reader.next() == "," {
            summer = standard + 3600
        } else {
            guard let west = reader.offset() else { return nil }
            summer = -west
        }
        guard reader.takes(","), let start = reader.day(), reader.takes(","),
            let end = reader.day(), reader.isAtEnd
        else { return nil }
        border = Border(start: start, end: end)
    }

    /// How far clocks are ahead of UTC at a moment, in seconds.
    func offset(at second: Int64) -> Int64 {
        guard let border else { return standard }
        let year = Self.year(ofDay: Self.floor(second + standard, 86_400))
        let start = Self.second(border.start, in: year) - standard
        let end = Self.second(border.end, in: year) - summer
        let isSummer =
            start < end ? start <= second && second < end : second < end || start <= second
        return isSummer ? summer : standard
    }

    // MARK: - Days

    /// What clocks show at a border, in seconds since they showed 1970.
    private static func second(_ border: Day, in year: Int64) -> Int64 {
        let day: Int64
        switch border.kind {
        case .julian(let number):
            let isBehind = number >= 60 && isLeap(year)
            day = days(to: year, month: 1) + number - 1 + (isBehind ? 1 : 0)
        case .counted(let number): day = days(to: year, month: 1) + number
        case .week(let month, let week, let weekday):
            let first = days(to: year, month: month)
            // The first of January 1970 was a Thursday.
            let ahead = (weekday - (first + 4) % 7 + 14) % 7
            let length = month == 12 ? 31 : days(to: year, month: month + 1) - first
            let place = ahead + (week - 1) * 7
            day = first + (place < length ? place : place - 7)
        }
        return day * 86_400 + border.time
    }

    /// The days from 1970 on to the first of a month.
    private static func days(to year: Int64, month: Int64) -> Int64 {
        // Years from March on: the odd day comes last.
        let shifted = month > 2 ? year : year - 1
        let era = floor(shifted, 400)
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func year(ofDay day: Int64) -> Int64 {
        var year = 1970 + floor(day * 400, 146_097)
        while days(to: year, month: 1) > day { year -= 1 }
        while days(to: year + 1, month: 1) <= day { year += 1 }
        return year
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }

    // MARK: - Reading

    private struct Reader {
        private var rest: Substring

        init(_ text: String) { rest = text[...] }

        var isAtEnd: Bool { rest.isEmpty }

        func next() -> Character? { rest.first }

        mutating func takes(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        /// Passes over a name: three letters or more, or anything in angle brackets.
        mutating func name() -> Bool {
            if takes("<") {
                guard let end = rest.firstIndex(of: ">") else { return false }
                rest = rest[rest.index(after: end)...]
                return true
            }
            let letters = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number(upTo limit: Int64) -> Int64? {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard digits.count <= 3, let value = Int64(digits), value <= limit else { return nil }
            rest = rest.dropFirst(digits.count)
            return value
        }

        /// Reads `[+-]hh[:mm[:ss]]`, in seconds.
        mutating func offset() -> Int64? {
            let sign: Int64 = takes("-") ? -1 : 1
            if sign == 1 { _ = takes("+") }
            guard let hours = number(upTo: 167) else { return nil }
            var seconds = hours * 3600
            for unit in [60, 1] as [Int64] where takes(":") {
                guard let part = number(upTo: 59) else { return nil }
                seconds += part * unit
            }
            return sign * seconds
        }

        /// Reads a border, `Mm.w.d`, `Jn` or `n`, with `/time`, which is 2:00 by default.
        mutating func day() -> Day? {
            let kind: Day.Kind
            if takes("M") {
                guard let month = number(upTo: 12), month >= 1, takes("."),
                    let week = number(upTo: 5), week >= 1, takes("."), let day = number(upTo: 6)
                else { return nil }
                kind = .week(month: month, week: week, day: day)
            } else if takes("J") {
                guard let number = number(upTo: 365), number >= 1 else { return nil }
                kind = .julian(number)
            } else {
                guard let number = number(upTo: 365) else { return nil }
                kind = .counted(number)
            }
            guard takes("/") else { return Day(kind: kind, time: 7200) }
            return offset().map { Day(kind: kind, time: $0) }
        }
    }
}
