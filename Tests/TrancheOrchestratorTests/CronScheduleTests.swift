import Foundation
import Testing
import Tranche
import TrancheOrchestrator

@Suite("Schedules of cron")
struct CronScheduleTests {
    /// Times in UTC, as `2026-03-29T01:00`.
    private func times(
        _ text: String,
        _ zone: String = "UTC",
        after start: String,
        count: Int = 3
    ) throws -> [String] {
        let schedule = try CronSchedule(text, zone: zone)
        var moment = try date(start)
        var found: [String] = []
        while found.count < count, let next = schedule.next(after: moment) {
            found.append(String(next.formatted(.iso8601).dropLast(4)))
            moment = next
        }
        return found
    }

    private func date(_ text: String) throws -> Date {
        try Date("\(text):00Z", strategy: .iso8601)
    }

    private func fault(_ text: String, zone: String = "UTC") -> String {
        do {
            return "no fault: \(try CronSchedule(text, zone: zone))"
        } catch {
            return "\(error)"
        }
    }

    @Test(
        "Fields take lists, ranges, steps and names",
        arguments: [
            ("*/20 * * * *", ["01-01T00:20", "01-01T00:40", "01-01T01:00"]),
            ("10-40/15 5 * * *", ["01-01T05:10", "01-01T05:25", "01-01T05:40"]),
            ("50/5 * * * *", ["01-01T00:50", "01-01T00:55", "01-01T01:50"]),
            ("0 0,12 1 jan,JUL *", ["01-01T12:00", "07-01T00:00", "07-01T12:00"]),
            ("0 9 * * mon-fri", ["01-01T09:00", "01-02T09:00", "01-05T09:00"]),
            ("0 0 * * 7", ["01-04T00:00", "01-11T00:00", "01-18T00:00"]),
            ("0 0 * * sat-sun", ["01-03T00:00", "01-04T00:00", "01-10T00:00"]),
            ("0 0 * * 5-7", ["01-02T00:00", "01-03T00:00", "01-04T00:00"]),
            ("0 0 13 * fri", ["01-02T00:00", "01-09T00:00", "01-13T00:00"]),
            ("0 0 */10 * mon", ["05-11T00:00", "06-01T00:00", "08-31T00:00"]),
            ("@hourly", ["01-01T01:00", "01-01T02:00", "01-01T03:00"]),
            ("@Daily", ["01-02T00:00", "01-03T00:00", "01-04T00:00"]),
            ("@weekly", ["01-04T00:00", "01-11T00:00", "01-18T00:00"]),
            ("@monthly", ["02-01T00:00", "03-01T00:00", "04-01T00:00"]),
        ]
    )
    func fields(_ text: String, _ expected: [String]) throws {
        #expect(try times(text, after: "2026-01-01T00:00") == expected.map { "2026-" + $0 })
    }

    @Test("Leap years and ends of years")
    func years() throws {
        #expect(
            try times("0 0 29 2 *", after: "2096-02-29T00:00", count: 2)
                == ["2104-02-29T00:00", "2108-02-29T00:00"]
        )
        #expect(
            try times("59 23 31 12 *", "Asia/Kathmandu", after: "2026-12-31T18:13", count: 2)
                == ["2026-12-31T18:14", "2027-12-31T18:14"]
        )
        #expect(try times("@yearly", after: "2026-06-01T00:00", count: 1) == ["2027-01-01T00:00"])
    }

    @Test(
        "A time that the clock skips comes once, right after the gap",
        arguments: [
            (
                "30 2 * * *", "Europe/Berlin", "2026-03-28T00:00",
                ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]
            ),
            (
                "*/15 2 * * *", "Europe/Berlin", "2026-03-28T02:00",
                ["2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T00:15"]
            ),
            (
                "0 * * * *", "Europe/Berlin", "2026-03-29T00:00",
                ["2026-03-29T01:00", "2026-03-29T02:00", "2026-03-29T03:00"]
            ),
            (
                "30 2 * * *", "America/New_York", "2026-03-08T00:00",
                ["2026-03-08T07:00", "2026-03-09T06:30", "2026-03-10T06:30"]
            ),
            (
                "15 2 * * *", "Australia/Lord_Howe", "2026-10-03T00:00",
                ["2026-10-03T15:30", "2026-10-04T15:15", "2026-10-05T15:15"]
            ),
            (
                "0 12 30 12 *", "Pacific/Apia", "2011-01-01T00:00",
                ["2011-12-30T10:00", "2012-12-29T22:00", "2013-12-29T22:00"]
            ),
        ]
    )
    func gaps(_ text: String, _ zone: String, _ start: String, _ expected: [String]) throws {
        #expect(try times(text, zone, after: start) == expected)
    }

    @Test(
        "A time that comes twice counts the first time only",
        arguments: [
            (
                "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00",
                ["2026-10-25T00:30", "2026-10-26T01:30", "2026-10-27T01:30"]
            ),
            (
                "0 * * * *", "Europe/Berlin", "2026-10-24T23:00",
                ["2026-10-25T00:00", "2026-10-25T02:00", "2026-10-25T03:00"]
            ),
            // From within the hour that comes again.
            (
                "*/30 * * * *", "Europe/Berlin", "2026-10-25T01:10",
                ["2026-10-25T02:00", "2026-10-25T02:30", "2026-10-25T03:00"]
            ),
            (
                "30 1 * * *", "America/New_York", "2026-11-01T00:00",
                ["2026-11-01T05:30", "2026-11-02T06:30", "2026-11-03T06:30"]
            ),
            (
                "45 1 * * *", "Australia/Lord_Howe", "2026-04-04T00:00",
                ["2026-04-04T14:45", "2026-04-05T15:15", "2026-04-06T15:15"]
            ),
        ]
    )
    func folds(_ text: String, _ zone: String, _ start: String, _ expected: [String]) throws {
        #expect(try times(text, zone, after: start) == expected)
    }

    @Test("A span has its borders, and no more than the limit")
    func spans() throws {
        let schedule = try CronSchedule("*/10 * * * *")
        let (from, through) = (try date("2026-01-01T00:00"), try date("2026-01-01T01:00"))
        #expect(schedule.times(from: from, through: through, limit: 100).count == 7)
        #expect(schedule.times(from: from, through: through, limit: 2).last == from + 600)
        #expect(schedule.times(from: from + 0.5, through: through - 0.5, limit: 100).count == 5)
        #expect(schedule.times(from: through, through: from, limit: 5).isEmpty)
        #expect(schedule.times(from: from, through: through, limit: -1).isEmpty)
        #expect(schedule.next(after: from - 0.25) == from)
    }

    @Test("Moments that no calendar has end without a trap")
    func extremes() throws {
        let schedule = try CronSchedule("0 0 29 2 *", zone: "Europe/Berlin")
        for seconds in [Double.nan, .infinity, -.infinity, 1e300, -1e300, 2.6e11, -1e12] {
            #expect(schedule.next(after: Date(timeIntervalSince1970: seconds)) == nil)
        }
        #expect(schedule.next(after: Date(timeIntervalSince1970: 253_402_100_000)) == nil)
        _ = schedule.next(after: .distantPast)
        _ = schedule.next(after: .distantFuture)
    }

    @Test(
        "Faults name the field and what it takes",
        arguments: [
            ("60 * * * *", "'60' cannot be the minute of a schedule; give 0 to 59, *, ranges"),
            ("* 24 * * *", "'24' cannot be the hour of a schedule; give 0 to 23"),
            ("* * 0 * *", "'0' cannot be the day of the month of a schedule; give 1 to 31"),
            ("* * * 13 *", "'13' cannot be the month of a schedule; give 1 to 12 or jan to dec"),
            (
                "* * * * 8",
                "'8' cannot be the day of the week of a schedule; give 0 to 7 or sun to sat"
            ),
            ("* * * * ?", "'?' cannot be the day of the week of a schedule"),
            (
                "5-1 * * * *",
                "'5-1' cannot be the minute of a schedule; the range ends before it begins"
            ),
            ("*/0 * * * *", "'*/0' cannot be the minute of a schedule; a step is 1 to 59"),
            ("*/99999999999999999999 * * * *", "a step is 1 to 59"),
            ("1,,2 * * * *", "'' cannot be the minute"),
            ("-1 * * * *", "'-1' cannot be the minute"),
            ("1-2-3 * * * *", "'1-2-3' cannot be the minute"),
            ("1/2/3 * * * *", "'1/2/3' cannot be the minute"),
            ("٣ * * * *", "'٣' cannot be the minute"), ("*5 * * * *", "'*5' cannot be the minute"),
            ("* * * *", "the schedule '* * * *' has 4 fields; give five"),
            ("", "the schedule '' has 0 fields"), ("@dayly", "did you mean '@daily'?"),
            ("@reboot", "there is no schedule '@reboot'"),
            ("0 0 31 2 *", "the schedule '0 0 31 2 *' never comes"),
            ("0 0 31 feb,apr */2", "never comes"), ("0 0 30-31 2 *", "never comes"),
        ]
    )
    func faults(_ text: String, _ expected: String) {
        #expect(fault(text).contains(expected), "\(fault(text))")
    }

    @Test("An unknown zone names the nearest")
    func zones() {
        #expect(fault("@daily", zone: "Europe/Berln").contains("did you mean 'Europe/Berlin'?"))
        #expect(fault("@daily", zone: "berlin").contains("did you mean 'Europe/Berlin'?"))
        #expect(fault("@daily", zone: "utc").contains("did you mean 'UTC'?"))
        for zone in ["", "GMT+3", "Mars/Olympus", "../../etc/passwd", "/etc/localtime"] {
            #expect(fault("@daily", zone: zone).contains("is not a time zone; "), "\(zone)")
        }
        for zone in ["UTC", "GMT", "Etc/UTC", "Asia/Calcutta", "Asia/Kolkata", "Europe/Kyiv"] {
            #expect(fault("@daily", zone: zone).hasPrefix("no fault"), "\(zone)")
        }
    }
}
