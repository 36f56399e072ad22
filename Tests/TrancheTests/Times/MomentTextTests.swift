import Foundation
import Testing
import Tranche

@Suite struct MomentTextTests {
    private func text(_ text: String, _ zone: String = "Europe/Berlin") throws -> String {
        try ZoneCalendar(zone).text(try MomentText.moment(text, in: zone))
    }

    @Test("A moment is a month, a day, a time on the wall, or one with its own offset")
    func forms() throws {
        #expect(try text("2026-01") == "2026-01-01T00:00:00+01:00")
        #expect(try text("2026-07-02") == "2026-07-02T00:00:00+02:00")
        #expect(try text("2026-07-02 08:30") == "2026-07-02T08:30:00+02:00")
        #expect(try text("2026-07-02T08:30:05") == "2026-07-02T08:30:05+02:00")
        #expect(try text("2026-07-02T08:30Z") == "2026-07-02T10:30:00+02:00")
        #expect(try text("2026-07-02T08:30:00-05:00") == "2026-07-02T15:30:00+02:00")
        // Midnight is skipped: the day begins an hour later.
        #expect(try text("2018-11-04", "America/Sao_Paulo") == "2018-11-04T01:00:00-02:00")
    }

    @Test(
        "What is no moment, or two, is refused with what to write",
        arguments: [
            ("2026", "is not a time; write it as 2026-01-31"),
            ("2026-13", "is not a time"),
            ("0000-01-01", "'0000-01-01' lies outside the years 1 to 9999"),
            ("2026-02-30", "is not a time"),
            ("2026-01-01T08:30:00.5", "in full seconds"),
            ("01.02.2026", "is not a time"),
            (
                "2026-03-29T02:30",
                "skip '2026-03-29T02:30': they go on at 2026-03-29T03:00:00+02:00"
            ),
            (
                "2026-10-25T02:30",
                "twice; write 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"
            ),
        ]
    )
    func refused(_ given: String, _ words: String) throws {
        let error = #expect(throws: TrancheError.self) {
            try MomentText.moment(given, in: "Europe/Berlin")
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("A zone that nobody knows is refused with the nearest")
    func zones() {
        let error = #expect(throws: TrancheError.self) {
            try MomentText.moment("2026-01-01", in: "Europe/Berln")
        }
        #expect(error?.message.contains("did you mean 'Europe/Berlin'?") == true)
    }

    @Test("Ids are told from times")
    func isTime() {
        for text in ["2026-01-01", "2026-01", "0001-01-01T00:00"] {
            #expect(MomentText.isTime(text), "\(text)")
        }
        for text in ["2026", "-2026", "20260101", "1-1", "12345678901", ""] {
            #expect(!MomentText.isTime(text), "\(text)")
        }
    }
}
