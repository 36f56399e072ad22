import Foundation
import Testing
import Tranche

@Suite struct TimeReaderTests {
    private func reader(
        _ reading: SourceTime.Reading,
        zone: String = "Europe/Berlin",
        by step: TimeStep? = nil
    ) throws -> TimeReader {
        try TimeReader(SourceTime("at", reading: reading, by: step, zone: zone))
    }

    private func read(_ reader: TimeReader, _ value: Value) -> String? {
        reader.moment(of: value)?.utcText
    }

    @Test("Texts are read in UTC, in the zone, or by their own offset; numbers count from 1970")
    func readings() throws {
        let utc = try reader(.utc)
        #expect(read(utc, .text("2026-07-01 10:00:00")) == "2026-07-01T10:00:00.000Z")
        #expect(read(utc, .text("2026-07-01T10:00:00.9999999Z")) == "2026-07-01T10:00:01.000Z")
        #expect(read(utc, .text("2026-07-01T10:00+02:00")) == "2026-07-01T08:00:00.000Z")
        let zone = try reader(.zone)
        #expect(read(zone, .text("2026-07-01 10:00:00")) == "2026-07-01T08:00:00.000Z")
        #expect(read(zone, .text("2026-07-01")) == "2026-06-30T22:00:00.000Z")
        // Shown twice: the first; skipped: when clocks go on.
        #expect(read(zone, .text("2026-10-25 02:30:00")) == "2026-10-25T00:30:00.000Z")
        #expect(read(zone, .text("2026-03-29 02:30:00")) == "2026-03-29T01:00:00.000Z")
        #expect(read(try reader(.seconds), .integer(1_767_225_600)) == "2026-01-01T00:00:00.000Z")
        #expect(read(try reader(.seconds), .real(-0.5)) == "1969-12-31T23:59:59.500Z")
        let exact = try reader(.milliseconds).moment(of: .integer(1_767_225_600_001))
        #expect(exact?.milliseconds == 1_767_225_600_001)
    }

    @Test(
        "A value that is none is refused in words, and none is guessed",
        arguments: [
            (SourceTime.Reading.utc, Value.null, "NULL in the time column 'at'"),
            (.utc, .text("soon"), "'soon' in the time column 'at', which is not a time such as"),
            (.utc, .text("2026-01-01 24:00:00"), "which is not a time such as"),
            (.utc, .text("2026-01-01 10:00:00+01"), "which is not a time such as"),
            (.utc, .integer(5), "'5' in the time column 'at', which is a number, where"),
            (.zone, .text("2026-01-01T10:00Z"), "a time with a zone of its own"),
            (.seconds, .integer(1_767_225_600_000), "milliseconds?"),
            (.milliseconds, .integer(1_767_225_600), "seconds?"),
            (
                .seconds, .text("1767225600"),
                "not a number of seconds since 1970, as the others are"
            ),
            (.utc, .blob([1]), "bytes in the time column 'at', which are not a time"),
        ]
    )
    func faults(_ reading: SourceTime.Reading, _ value: Value, _ words: String) throws {
        let reader = try reader(reading)
        #expect(reader.moment(of: value) == nil)
        #expect(reader.fault(of: value).contains(words), "\(reader.fault(of: value))")
    }

    @Test("A batch's interval is its hour as far as it lies within the run")
    func intervals() throws {
        func moment(_ text: String) throws -> Date { try MomentText.moment(text, in: "UTC") }
        var time = SourceTime("at", reading: .utc, by: .hour)
        time.from = try moment("2026-01-01T00:30")
        time.to = try moment("2026-01-01T01:15")
        let reader = try TimeReader(time)
        let words = try [
            "2026-01-01T00:45", "2026-01-01T00:50", "2026-01-01T01:00", "2026-01-01T02:10",
        ]
        .map { reader.interval(of: try moment($0))?.description ?? "none" }
        let first = "2026-01-01T00:30:00Z to 2026-01-01T01:00:00Z"
        #expect(words[0...1] == [first, first])
        #expect(words[2] == "2026-01-01T01:00:00Z to 2026-01-01T01:15:00Z")
        // Beyond the run: what is done again keeps what it has; nothing new is handed out there.
        #expect(words[3] == "2026-01-01T02:00:00Z to 2026-01-01T03:00:00Z")
        time.step = nil
        let run = try TimeReader(time).interval(of: try moment("2026-01-01T00:45"))
        #expect(run?.description == "2026-01-01T00:30:00Z to 2026-01-01T01:15:00Z")
        time.to = nil
        #expect(try TimeReader(time).interval(of: try moment("2026-01-01T00:45")) == nil)
    }
}
