package import FoundationEssentials
import Synchronization

/// Reads the times of a source's entries, and finds the interval in which each lies.
package final class TimeReader: Sendable {
    package let time: SourceTime
    package let calendar: ZoneCalendar
    private let reading: SourceTime.Reading
    /// The interval that was found last: most entries lie in that of the one before.
    private let last = Mutex<BatchInterval?>(nil)

    /// The milliseconds since 1970 of the years 1 to 9999.
    package static let years: Range<Int64> = -62_135_596_800_000..<253_402_300_800_000

    /// Below this number of seconds, or from this number of milliseconds on, a number is taken for
    /// such: seconds of the years up to 5138, and milliseconds of those from 1973 on.
    package static let border: Int64 = 100_000_000_000

    /// Makes a reader.
    ///
    /// - Parameter time: The column; how it is read must be known.
    /// - Throws: ``TrancheError`` `.invalidArgument` for a zone that is not known.
    package init(_ time: SourceTime) throws {
        self.time = time
        calendar = try ZoneCalendar(time.zone)
        reading = time.reading ?? .utc
    }

    // MARK: - Intervals

    /// The interval of the batch that may hold an entry: its hour, day or month, as far as it lies
    /// within the run; without such a step the run's own bounds, and `nil` where one is open.
    package func interval(of moment: Date) -> BatchInterval? {
        guard let step = time.step else {
            guard let from = time.from, let to = time.to else { return nil }
            return BatchInterval(from: from, to: to)
        }
        if let known = last.withLock({ $0 }), known.contains(moment) { return known }
        let second = Int64((Double(moment.milliseconds) / 1000).rounded(.down))
        let whole = calendar.interval(at: second, by: step)
        let interval = isWithin(moment) ? whole.clipped(from: time.from, to: time.to) : whole
        last.withLock { $0 = interval }
        return interval
    }

    /// Whether a moment lies within the run's bounds.
    package func isWithin(_ moment: Date) -> Bool {
        if let from = time.from, moment < from { return false }
        if let to = time.to, moment >= to { return false }
        return true
    }

    // MARK: - Values

    /// The moment that a value of the user's means; `nil` for what is none.
    ///
    /// - Parameter value: The value, as the database keeps it.
    /// - Returns: The moment, rounded down to a millisecond.
    package func moment(of value: Value) -> Date? {
        let milliseconds: Int64? =
            switch (reading, value) {
            case (.utc, .text(let text)):
                Self.timeText(text).map { Self.milliseconds($0.clock, ahead: $0.zone ?? 0) }
            case (.zone, .text(let text)):
                Self.timeText(text).flatMap { time in
                    time.zone == nil ? shown(Self.milliseconds(time.clock, ahead: 0)) : nil
                }
            case (.seconds, .integer(let number)):
                number.magnitude < Self.border.magnitude ? number * 1000 : nil
            case (.seconds, .real(let number)):
                number.magnitude < Double(Self.border)
                    ? Int64((number * 1000).rounded(.down)) : nil
            case (.milliseconds, .integer(let number)):
                number.magnitude >= Self.border.magnitude ? number : nil
            case (.milliseconds, .real(let number)):
                number.magnitude >= Double(Self.border) && number.magnitude < 1e15
                    ? Int64(number.rounded(.down)) : nil
            default: nil
            }
        return Self.date(milliseconds)
    }

    /// The moment that a column of times means.
    ///
    /// - Parameter milliseconds: Milliseconds since 1970 UTC; where the column has no zone, since
    ///   clocks showed 1970. `nil` for what is no moment.
    /// - Returns: The moment; `nil` for what is none.
    package func moment(typed milliseconds: Int64?) -> Date? {
        guard let milliseconds else { return nil }
        return Self.date(reading == .zone ? shown(milliseconds) : milliseconds)
    }

    /// The first moment at which the zone's clocks show a time.
    private func shown(_ milliseconds: Int64) -> Int64? {
        guard Self.years.contains(milliseconds) else { return nil }
        let rest = ((milliseconds % 1000) + 1000) % 1000
        return calendar.clock.instant(of: (milliseconds - rest) / 1000) * 1000 + rest
    }

    /// What is wrong with a value that is no moment: what follows "has".
    package func fault(of value: Value) -> String {
        let column = "in the time column '\(time.column)'"
        guard let text = value.text else { return "NULL \(column)" }
        if case .blob = value { return "bytes \(column), which are not a time" }
        return "'\(text.cut(to: 80))' \(column), which is \(notWanted(value))"
    }

    private func notWanted(_ value: Value) -> String {
        switch (reading, value) {
        case (.seconds, .integer), (.seconds, .real):
            "not a number of seconds since 1970 before the year 5138: milliseconds?"
        case (.milliseconds, .integer), (.milliseconds, .real):
            "not a number of milliseconds since 1970 from 1973 on: seconds?"
        case (.seconds, _), (.milliseconds, _):
            "not a number of \(reading.rawValue) since 1970, as the others are"
        case (.zone, .text(let text)) where Self.timeText(text)?.zone != nil:
            "a time with a zone of its own, where the others are what clocks show"
        case (.utc, .text), (.zone, .text): "not a time such as '2026-01-31 08:00:00'"
        case (.utc, _), (.zone, _): "a number, where the others are texts"
        case (.instant, _): "not a moment of the years 1 to 9999"
        }
    }

    /// Reads a text, as far as SQL reads it alike: without 24:00, leap seconds, and offsets without
    /// a colon.
    private static func timeText(_ text: String) -> TimeText? {
        var text = text
        let time = text.withUTF8 { TimeText($0) }
        guard let time, time.hour < 24, time.second < 60 else { return nil }
        let isOffset = time.zone != nil && text.last != "Z" && text.last != "z"
        return isOffset && text.utf8.suffix(3).first != UInt8(ascii: ":") ? nil : time
    }

    /// Milliseconds of microseconds, rounded down, of a clock that is ahead of UTC.
    private static func milliseconds(_ clock: Int64, ahead minutes: Int) -> Int64 {
        let (quotient, rest) = clock.quotientAndRemainder(dividingBy: 1000)
        return (rest < 0 ? quotient - 1 : quotient) - Int64(minutes) * 60_000
    }

    private static func date(_ milliseconds: Int64?) -> Date? {
        guard let milliseconds, years.contains(milliseconds) else { return nil }
        return Date(milliseconds: milliseconds)
    }
}
