import Foundation
import Testing
import Tranche

/// The time zone database as it is read here, against Foundation.
@Suite struct ZoneRulesTests {
    /// The offsets of a zone that are not Foundation's, at every ninth day of some years.
    private func differences(_ name: String, _ years: ClosedRange<Int64>) throws -> [Int64] {
        let clock = try ZoneClock(name)
        let zone = try #require(TimeZone(identifier: name))
        let year: Int64 = 31_556_952
        let moments = stride(
            from: (years.lowerBound - 1970) * year,
            through: (years.upperBound - 1970) * year,
            by: 9 * 86_400 + 3_601
        )
        return moments.filter { moment in
            let date = Date(timeIntervalSince1970: Double(moment))
            return clock.offset(at: moment) != Int64(zone.secondsFromGMT(for: date))
        }
    }

    @Test("Offsets are those of Foundation", arguments: ZoneCalendarTests.zones)
    func past(_ name: String) throws {
        #expect(try differences(name, 1975...2024) == [])
    }

    @Test(
        "So they are in years that the files do not list",
        arguments: [
            "Europe/Berlin", "Europe/London", "America/New_York", "America/Havana",
            "Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kolkata", "UTC",
        ]
    )
    func future(_ name: String) throws {
        #expect(try differences(name, 2030...2399) == [])
    }

    @Test(
        "The moments of changes are those of Foundation",
        arguments: ["Europe/Berlin", "Asia/Gaza"]
    )
    func changes(_ name: String) throws {
        let clock = try ZoneClock(name)
        let zone = try #require(TimeZone(identifier: name))
        var date = Date(timeIntervalSince1970: 1_000_000_000)
        while let change = zone.nextDaylightSavingTimeTransition(after: date),
            change.timeIntervalSince1970 < 1_700_000_000
        {
            let second = Int64(change.timeIntervalSince1970)
            #expect(clock.offset(at: second) == Int64(zone.secondsFromGMT(for: change)))
            #expect(
                clock.offset(at: second - 1)
                    == Int64(zone.secondsFromGMT(for: change.addingTimeInterval(-1)))
            )
            date = change
        }
    }

    @Test("The first moment after another that shows a time is found, also where it comes twice")
    func moments() throws {
        let clock = try ZoneClock("Europe/Berlin")
        // 25 October 2026, 2:30 on the clock: at 0:30 and at 1:30 UTC.
        let local: Int64 = 1_792_895_400
        let first = try #require(clock.moment(showing: local, after: local - 86_400))
        let second = try #require(clock.moment(showing: local, after: first))
        #expect(first == local - 7200 && second == local - 3600)
        #expect(clock.moment(showing: local, after: second) == nil)
    }

    @Test("A name that leads elsewhere than into the database is not a zone")
    func names() {
        for name in [
            "", "/etc/passwd", "../../../etc/passwd", "Europe/../../../../etc/passwd", "tzdata.zi",
            "zone.tab", "Europe", "Europe/Berlin\0", "leapseconds",
            String(repeating: "A/", count: 2000),
        ] {
            #expect(ZoneClock(anyName: name) == nil, "\(name)")
        }
        #expect(ZoneClock(anyName: "CET") != nil && ZoneClock(anyName: "Europe/Kyiv") != nil)
        #expect(ZoneClock(anyName: "UTC")?.isUniversal == true)
    }

    @Test("A zone without a region is one, an abbreviation of several zones or a sign is not")
    func plainNames() throws {
        #expect(try ZoneClock("CET").offset(at: 1_720_000_000) == 7200)
        #expect(try ZoneClock("EST5EDT").offset(at: 1_700_000_000) == -18_000)
        for name in ["IST", "BST", "GMT+3", "GMT-0", "cet", "Factory", "posixrules"] {
            #expect(throws: TrancheError.self, "\(name)") { try ZoneClock(name) }
        }
    }

    @Test("Every zone that Foundation knows has its offsets today, and by its rule")
    func all() throws {
        for name in TimeZone.knownTimeZoneIdentifiers {
            let zone = try #require(TimeZone(identifier: name))
            let clock = try #require(ZoneClock(anyName: name), "\(name)")
            for moment in [0, 1_000_000_000, 1_700_000_000, 1_720_000_000] as [Int64] {
                let date = Date(timeIntervalSince1970: Double(moment))
                let offset = Int64(zone.secondsFromGMT(for: date))
                #expect(clock.offset(at: moment) == offset, "\(name) at \(moment)")
            }
        }
    }
}
