import Tranche

/// What the five fields of a schedule say, in no zone.
struct CronFields: Sendable, Hashable {
    /// The schedule as it was given, without space around it.
    let text: String
    private let minutes: CronField
    private let hours: CronField
    private let days: CronField
    private let months: CronField
    private let weekdays: CronField

    /// Reads five fields or a name for them.
    ///
    /// - Throws: `TrancheError` `.invalidArgument`.
    init(_ text: String) throws {
        let words = text.split { $0.isWhitespace }.map(String.init)
        self.text = words.joined(separator: " ")
        let parts = try Self.parts(words, shown: YAMLScalar(text: text, isPlain: false).shownText)
        minutes = try CronField(parts[0], .minute)
        hours = try CronField(parts[1], .hour)
        days = try CronField(parts[2], .day)
        months = try CronField(parts[3], .month)
        weekdays = try CronField(parts[4], .weekday)
        guard comes else {
            throw TrancheError(
                .invalidArgument,
                "the schedule '\(self.text)' never comes: no month '\(parts[3])' has a day "
                    + "'\(parts[2])'; change the day of the month or the month"
            )
        }
    }

    /// The first minute that fits, not before a minute; `nil` from the year 10000 on.
    func first(from start: LocalMinute) -> LocalMinute? {
        var date = CivilDay(number: start.day)
        var isFirst = true
        while date.year < 10_000 {
            guard months.contains(date.month) else {
                date = Self.monthAfter(date)
                isFirst = false
                continue
            }
            let number = date.number
            if fits(date), let minute = firstMinute(from: isFirst ? start.minute : 0) {
                return LocalMinute(day: number, minute: minute)
            }
            date = CivilDay(number: number + 1)
            isFirst = false
        }
        return nil
    }

    private static func parts(_ words: [String], shown: String) throws -> [String] {
        if words.count == 5 { return words }
        guard words.count == 1, words[0].hasPrefix("@") else {
            throw TrancheError(
                .invalidArgument,
                "the schedule '\(shown)' has \(words.count) fields; give five: minute, hour, day "
                    + "of the month, month, day of the week, such as '30 2 * * *', or one of "
                    + names.map(\.0).joined(separator: ", ")
            )
        }
        let name = words[0].lowercased()
        guard let fields = names.first(where: { $0.0 == name })?.1 else {
            let nearest = name.count > 40 ? nil : NearestName(names.map(\.0)).to(name)
            let question = nearest.map { "did you mean '\($0)'? " } ?? ""
            throw TrancheError(
                .invalidArgument,
                "there is no schedule '\(shown)'; \(question)give five fields or one of "
                    + names.map(\.0).joined(separator: ", ")
            )
        }
        return fields.split(separator: " ").map(String.init)
    }

    private static let names = [
        ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"), ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ]

    /// Whether any day fits.
    ///
    /// A day that exists falls on each day of the week in some year.
    private var comes: Bool {
        if !days.hasStar, !weekdays.hasStar { return true }
        return (1...12).contains { month in
            months.contains(month) && (1...CivilDay.longest(month)).contains { days.contains($0) }
        }
    }

    private func fits(_ date: CivilDay) -> Bool {
        let (day, weekday) = (days.contains(date.day), weekdays.contains(date.weekday))
        return days.hasStar || weekdays.hasStar ? day && weekday : day || weekday
    }

    private func firstMinute(from start: Int) -> Int? {
        let hour = start / 60
        if hours.contains(hour), let minute = minutes.first(from: start % 60) {
            return hour * 60 + minute
        }
        guard let later = hours.first(from: hour + 1), let minute = minutes.first(from: 0) else {
            return nil
        }
        return later * 60 + minute
    }

    private static func monthAfter(_ date: CivilDay) -> CivilDay {
        date.month == 12
            ? CivilDay(year: date.year + 1, month: 1, day: 1)
            : CivilDay(year: date.year, month: date.month + 1, day: 1)
    }
}
