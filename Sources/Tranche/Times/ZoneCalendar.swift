package import FoundationEssentials

/// Hours, days and months as the clocks of a time zone show them.
///
/// They leave no moment out and have none in common, whatever the zone does: where clocks skip a
/// border, it is the moment of the skip; where they show it twice, the first time counts.
package struct ZoneCalendar: Sendable, Hashable {
    package let clock: ZoneClock

    /// Takes a zone.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument` for a name that is not known.
    package init(_ zone: String) throws {
        clock = try ZoneClock(zone)
    }

    /// The hour, day or month in which a moment lies.
    ///
    /// - Parameters:
    ///   - second: The moment, in seconds since 1970 UTC.
    ///   - step: Which of them.
    /// - Returns: The interval.
    package func interval(at second: Int64, by step: TimeStep) -> BatchInterval {
        switch step {
        case .hour: hour(at: second)
        case .day: dates(at: second, from: { $0 }, next: { $0 + 1 })
        case .month: dates(at: second, from: Self.firstOfMonth, next: Self.firstOfNextMonth)
        }
    }

    private func hour(at second: Int64) -> BatchInterval {
        let offset = clock.offset(at: second)
        let start = Self.floor(second + offset, 3600) * 3600 - offset
        let end = start + 3600
        // Another offset begins or ends an hour.
        let from = start == second ? nil : clock.change(after: start, through: second)
        let to = clock.change(after: second, through: end)
        return BatchInterval(from: from ?? start, to: to ?? end)
    }

    /// The interval of whole days in which a moment lies.
    ///
    /// - Parameters:
    ///   - second: The moment.
    ///   - first: The first day of the interval of a day; days are counted from 1970-01-01 on.
    ///   - next: The first day of the one after that which begins with a day.
    /// - Returns: The interval.
    private func dates(
        at second: Int64,
        from first: (Int64) -> Int64,
        next: (Int64) -> Int64
    ) -> BatchInterval {
        var day = first(Self.floor(second + clock.offset(at: second), 86_400))
        var start = clock.instant(of: day * 86_400)
        var end = clock.instant(of: next(day) * 86_400)
        // Clocks that are put back behind midnight show the day before once more; a day that they
        // skip is none.
        while end <= second {
            (day, start) = (next(day), end)
            end = clock.instant(of: next(day) * 86_400)
        }
        return BatchInterval(from: start, to: end)
    }

    private static func firstOfMonth(_ day: Int64) -> Int64 {
        day - Int64(RecordTime.date(days: day).day - 1)
    }

    private static func firstOfNextMonth(_ day: Int64) -> Int64 {
        let (year, month, first) = RecordTime.date(days: day)
        return day + Int64(RecordTime.length(ofMonth: month, year: year) - first + 1)
    }

    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        let (quotient, rest) = value.quotientAndRemainder(dividingBy: unit)
        return rest < 0 ? quotient - 1 : quotient
    }

    // MARK: - Texts

    /// A moment as RFC 3339 has it, with the zone's offset: `2026-03-29T00:00:00+01:00`.
    ///
    /// Fractions of a second are shown where there are any.
    package func text(_ moment: Date) -> String {
        let milliseconds = moment.milliseconds
        let second = Self.floor(milliseconds, 1000)
        let offset = clock.offset(at: second)
        // Offsets of whole minutes alone can be written; those before 1972 had seconds.
        let minutes = Self.floor(offset, 60)
        let local = (milliseconds + minutes * 60_000) * 1000
        let shown = RecordTime.text(microseconds: local).dropLast()
        let ahead = minutes.magnitude
        let zone = "\(Self.padded(ahead / 60)):\(Self.padded(ahead % 60))"
        let cut = milliseconds == second * 1000 ? shown : shown.dropLast(3)
        return "\(cut)\(minutes < 0 ? "-" : "+")\(zone)"
    }

    /// A moment as short as it may be by the zone's clocks: `2026-03-29`, `2026-03-29T08:30`.
    package func shortText(_ moment: Date) -> String {
        let text = String(text(moment).dropLast(6))
        if text.hasSuffix("T00:00:00") { return String(text.dropLast(9)) }
        return text.hasSuffix(":00") ? String(text.dropLast(3)) : text
    }

    private static func padded(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
