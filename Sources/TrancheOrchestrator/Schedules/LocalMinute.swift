/// A minute of the clock on the wall, in no zone.
struct LocalMinute: Hashable {
    /// Days since 1 January 1970.
    var day: Int
    /// Minutes since midnight.
    var minute: Int

    init(day: Int, minute: Int) {
        self.day = day
        self.minute = minute
    }

    /// The minute that holds a time.
    ///
    /// - Parameter seconds: What the clock shows, in seconds since it showed 1970.
    init(seconds: Int64) {
        let day = Self.floor(Int(seconds), by: 86_400)
        self.init(day: day, minute: (Int(seconds) - day * 86_400) / 60)
    }

    /// The start of the minute, in seconds since the clock showed 1970.
    var seconds: Int64 { Int64(day) * 86_400 + Int64(minute) * 60 }

    /// The minute after this one.
    var next: LocalMinute {
        minute == 1439
            ? LocalMinute(day: day + 1, minute: 0) : LocalMinute(day: day, minute: minute + 1)
    }

    static func floor(_ number: Int, by divisor: Int) -> Int {
        let quotient = number / divisor
        return number % divisor < 0 ? quotient - 1 : quotient
    }
}

/// A day of the Gregorian calendar, also before that began.
struct CivilDay: Hashable {
    var year: Int
    /// From 1.
    var month: Int
    /// From 1.
    var day: Int

    init(year: Int, month: Int, day: Int) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// The date of a day.
    ///
    /// - Parameter number: Days since 1 January 1970.
    init(number: Int) {
        // Years are counted from March, so that the leap day is the last of a year, and from a
        // year 0 of the 400 after which the calendar repeats.
        let shifted = number + 719_468
        let era = LocalMinute.floor(shifted, by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1 January 1970.
    var number: Int {
        let marchYear = month <= 2 ? year - 1 : year
        let era = LocalMinute.floor(marchYear, by: 400)
        let yearOfEra = marchYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The day of the week, from 0 for Sunday.
    var weekday: Int {
        let days = number + 4
        return days - LocalMinute.floor(days, by: 7) * 7
    }

    /// The most days that a month has in any year.
    static func longest(_ month: Int) -> Int {
        [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}
