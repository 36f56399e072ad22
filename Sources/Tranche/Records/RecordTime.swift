/// Days and times of the proleptic Gregorian calendar, UTC, as ISO 8601 spells them.
package enum RecordTime {
    /// The days from 1970-01-01 to a date.
    ///
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    package static func days(year: Int, month: Int, day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// How many days a month has.
    package static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// A date as `YYYY-MM-DD`, with a longer year where it must be; the last one of some 96 billion
    /// years.
    package static func text(days: Int64) -> String {
        let (year, month, day) = date(days: days)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// The date at a number of days since 1970-01-01; the last one of some 96 billion years.
    package static func date(days: Int64) -> (year: Int, month: Int, day: Int) {
        // civil_from_days of the same source.
        let shifted = Int(min(max(days, -1 << 45), 1 << 45)) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let part = (5 * dayOfYear + 2) / 153
        let month = part < 10 ? part + 3 : part - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * part + 2) / 5 + 1
        return (year, month, day)
    }

    /// A time as `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`.
    package static func text(microseconds: Int64) -> String {
        let (seconds, fraction) = floored(microseconds, 1_000_000)
        let (days, second) = floored(seconds, 86_400)
        let (hour, minute) = (Int(second) / 3600, Int(second) / 60 % 60)
        var text = "\(self.text(days: days))T\(padded(hour, 2)):\(padded(minute, 2))"
        text += ":\(padded(Int(second) % 60, 2))"
        if fraction > 0 { text += ".\(padded(Int(fraction), 6))" }
        return text + "Z"
    }

    /// A value in whole units, rounded down, and what is left of it.
    static func floored(_ value: Int64, _ unit: Int64) -> (Int64, Int64) {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
        return rest < 0 ? (quotient - 1, rest + unit) : (quotient, rest)
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let digits = String(abs(value))
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (value < 0 ? "-" : "") + zeros + digits
    }
}
