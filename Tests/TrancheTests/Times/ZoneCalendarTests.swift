import Foundation
import Testing
import Tranche
import TrancheTestKit

@Suite struct ZoneCalendarTests {
    /// Zones with changes of an hour and of half an hour, at midnight and behind it, of a whole
    /// day, and with offsets of quarters of an hour.
    static let zones = [
        "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Sao_Paulo",
        "America/Havana", "Asia/Beirut", "Africa/Cairo", "Africa/Casablanca", "Asia/Kolkata",
        "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham",
        "Asia/Gaza", "America/Scoresbysund", "Asia/Tehran",
    ]

    private func second(_ text: String) throws -> Int64 {
        try MomentText.moment(text, in: "UTC").milliseconds / 1000
    }

    /// The interval of a moment, by the zone's clocks.
    private func interval(
        _ text: String,
        by step: TimeStep,
        in zone: String
    ) throws -> [String] {
        let calendar = try ZoneCalendar(zone)
        let interval = calendar.interval(at: try second(text), by: step)
        return [calendar.text(interval.from), calendar.text(interval.to)]
    }

    @Test("A day has 23 hours where clocks are put forward, and 25 where they are put back")
    func days() throws {
        #expect(
            try interval("2026-03-29T12:00Z", by: .day, in: "Europe/Berlin")
                == ["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"]
        )
        #expect(
            try interval("2026-10-25T12:00Z", by: .day, in: "Europe/Berlin")
                == ["2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00"]
        )
        #expect(
            try interval("2026-03-31T22:30Z", by: .month, in: "Europe/Berlin")
                == ["2026-04-01T00:00:00+02:00", "2026-05-01T00:00:00+02:00"]
        )
        #expect(
            try interval("2024-02-29T23:59Z", by: .month, in: "UTC")
                == ["2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"]
        )
    }

    @Test("An hour that clocks show twice is two, and one that they skip is none")
    func hours() throws {
        #expect(
            try interval("2026-10-25T00:30Z", by: .hour, in: "Europe/Berlin")
                == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
        )
        #expect(
            try interval("2026-10-25T01:00Z", by: .hour, in: "Europe/Berlin")
                == ["2026-10-25T02:00:00+01:00", "2026-10-25T03:00:00+01:00"]
        )
        #expect(
            try interval("2026-03-29T00:59Z", by: .hour, in: "Europe/Berlin")
                == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]
        )
        #expect(
            try interval("2026-01-01T00:00Z", by: .hour, in: "Asia/Kathmandu")
                == ["2026-01-01T05:00:00+05:45", "2026-01-01T06:00:00+05:45"]
        )
    }

    @Test("A change of half an hour begins or ends an hour")
    func halves() throws {
        // Back from 2:00 to 1:30.
        #expect(
            try interval("2026-04-04T14:45Z", by: .hour, in: "Australia/Lord_Howe")
                == ["2026-04-05T01:00:00+11:00", "2026-04-05T01:30:00+10:30"]
        )
        #expect(
            try interval("2026-04-04T15:10Z", by: .hour, in: "Australia/Lord_Howe")
                == ["2026-04-05T01:30:00+10:30", "2026-04-05T02:00:00+10:30"]
        )
        // On from 2:00 to 2:30.
        #expect(
            try interval("2026-10-03T15:40Z", by: .hour, in: "Australia/Lord_Howe")
                == ["2026-10-04T02:30:00+11:00", "2026-10-04T03:00:00+11:00"]
        )
    }

    @Test("A day without a midnight begins with its first moment; one that is skipped is none")
    func skipped() throws {
        #expect(
            try interval("2018-11-04T12:00Z", by: .day, in: "America/Sao_Paulo")
                == ["2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"]
        )
        #expect(
            try interval("2011-12-30T09:00Z", by: .day, in: "Pacific/Apia")
                == ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00"]
        )
        #expect(
            try interval("2011-12-30T10:00Z", by: .day, in: "Pacific/Apia")
                == ["2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"]
        )
        // A minute past midnight clocks were put back to the day before: the new day has begun.
        #expect(
            try interval("2006-10-29T03:00Z", by: .day, in: "America/St_Johns")
                == ["2006-10-29T00:00:00-02:30", "2006-10-30T00:00:00-03:30"]
        )
    }

    @Test(
        "Intervals leave no moment out and share none, as a walk along the clock finds",
        arguments: zones
    )
    func tiles(_ zone: String) throws {
        let (calendar, clock) = (try ZoneCalendar(zone), try ZoneClock(zone))
        for seed in 0..<40 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            // 1995 to 2037; every other one near a change.
            var second = Int64.random(in: 788_918_400..<2_114_380_800, using: &random)
            if seed % 2 == 0, let change = nextChange(after: second, clock) {
                second = change + Int64.random(in: -90_000...90_000, using: &random)
            }
            for step in TimeStep.allCases {
                let words = "seed \(seed), \(zone), \(step), \(second)"
                let interval = calendar.interval(at: second, by: step)
                let (from, to) = (
                    interval.from.milliseconds / 1000, interval.to.milliseconds / 1000
                )
                #expect(from <= second && second < to, "\(words)")
                #expect(calendar.interval(at: from, by: step) == interval, "\(words)")
                #expect(calendar.interval(at: to - 1, by: step) == interval, "\(words)")
                #expect(calendar.interval(at: to, by: step).from == interval.to, "\(words)")
                #expect(from == start(of: second, step, calendar), "\(words)")
            }
        }
    }

    /// The first moment of an interval, found by walking along the clock minute by minute.
    private func start(
        of second: Int64,
        _ step: TimeStep,
        _ calendar: ZoneCalendar
    ) -> Int64? {
        let clock = calendar.clock
        let minute = second - (second % 60)
        switch step {
        case .hour:
            let offset = clock.offset(at: second)
            func isSame(_ other: Int64) -> Bool {
                clock.offset(at: other) == offset
                    && floor(other + offset, 3600) == floor(second + offset, 3600)
            }
            var start = minute
            while isSame(start - 60) { start -= 60 }
            return start
        case .day:
            // A border is the first moment at which clocks show a day that they have not shown.
            var (start, newest): (Int64?, Int64) = (nil, .min)
            for moment in stride(from: minute - 52 * 3600, through: minute, by: 60) {
                let day = floor(moment + clock.offset(at: moment), 86_400)
                if day > newest, newest != .min { start = moment }
                newest = max(newest, day)
            }
            return start
        case .month:
            // The first of its days of which clocks show another month the moment before.
            var start = calendar.interval(at: second, by: .day).from.milliseconds / 1000
            while month(start - 60, clock) == month(start, clock) {
                start = calendar.interval(at: start - 1, by: .day).from.milliseconds / 1000
            }
            return start
        }
    }

    private func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        Int64((Double(value) / Double(unit)).rounded(.down))
    }

    private func month(_ second: Int64, _ clock: ZoneClock) -> Int {
        let date = RecordTime.date(days: floor(second + clock.offset(at: second), 86_400))
        return date.year * 12 + date.month
    }

    /// The next change of the clocks within two years.
    private func nextChange(after second: Int64, _ clock: ZoneClock) -> Int64? {
        for day in 0..<730 as Range<Int64> {
            let start = second + day * 86_400
            if let change = clock.change(after: start, through: start + 86_400) { return change }
        }
        return nil
    }
}
