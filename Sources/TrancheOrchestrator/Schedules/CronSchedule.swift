public import FoundationEssentials
import Tranche

/// Times of the calendar in a time zone, written as five fields of cron.
///
/// The fields are minute, hour, day of the month, month and day of the week, such as
/// `30 2 * * mon-fri`. Each takes `*`, numbers, ranges (`1-5`), steps (`*/15`, `10-40/10`, and
/// `10/5`, which is `10-59/5` in the minutes) and lists of those (`1,15`). Months and days have
/// names as well (`jan`, `mon`), in small letters or capitals; Sunday is 0 and 7. If both the day
/// of the month and the day of the week are restricted, which is when neither begins with `*`, a
/// day of either kind counts, as in cron(8). `@hourly`, `@daily` (`@midnight`), `@weekly`,
/// `@monthly` and `@yearly` (`@annually`) stand for five fields.
///
/// Where clocks are put forward, the times that they skip come once, right after the gap. Where
/// they are put back, a time that comes twice counts the first time only, so that an hourly
/// schedule pauses for the hour that comes again.
public struct CronSchedule: Sendable, Hashable {
    /// The schedule as it was given, without space around it.
    public let text: String
    /// The IANA name of the time zone.
    public let zone: String

    private let fields: CronFields
    private let clock: ZoneClock

    /// Reads a schedule.
    ///
    /// - Parameters:
    ///   - text: Five fields, or a name such as `@daily`.
    ///   - zone: The IANA name of a time zone, such as `Europe/Berlin`; UTC when not given.
    /// - Throws: `TrancheError` `.invalidArgument`, which names the field and what it takes; also
    ///   for a schedule that never comes, such as 31 February.
    public init(_ text: String, zone: String = "UTC") throws {
        fields = try CronFields(text)
        clock = try ZoneClock(zone)
        self.text = fields.text
        self.zone = zone
    }

    /// The first time after a moment.
    ///
    /// - Parameter moment: The moment.
    /// - Returns: The time, in whole seconds; `nil` only outside of the years 1 to 9999.
    public func next(after moment: Date) -> Date? {
        let seconds = moment.timeIntervalSince1970.rounded(.down)
        guard let second = Self.range.contains(seconds) ? Int64(seconds) : nil else { return nil }
        return next(after: second).map { Date(timeIntervalSince1970: Double($0)) }
    }

    /// The times of a span, in order.
    ///
    /// - Parameters:
    ///   - from: The first moment that counts.
    ///   - through: The last moment that counts.
    ///   - limit: The most times that are returned; none for 0 or less.
    /// - Returns: The times, in whole seconds.
    public func times(from: Date, through: Date, limit: Int) -> [Date] {
        let start = from.timeIntervalSince1970.rounded(.up) - 1
        guard Self.range.contains(start), limit > 0 else { return [] }
        var times: [Date] = []
        var last = Int64(start)
        while times.count < limit, let second = next(after: last) {
            let time = Date(timeIntervalSince1970: Double(second))
            guard time <= through else { break }
            times.append(time)
            last = second
        }
        return times
    }

    /// From 2 January of the year 1 to 30 December of the year 9999, in seconds since 1970.
    private static let range = -62_135_510_400.0...253_402_128_000.0

    private func next(after second: Int64) -> Int64? {
        // Of two local times the earlier is never later in UTC, so that the first one that is
        // after the moment is the next one. None before the local time of the moment can be.
        let local = second + clock.offset(at: second)
        var minute = LocalMinute(seconds: local)
        while let found = fields.first(from: minute) {
            let time = clock.instant(of: found.seconds)
            if time > second { return time }
            minute = found.next
        }
        return nil
    }
}

extension CronSchedule: CustomStringConvertible {
    /// The schedule and its zone.
    public var description: String { "\(text) (\(zone))" }
}
