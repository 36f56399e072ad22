package import FoundationEssentials

/// An end of a run as people write it: `2026-01-01`, `2026-01`, `2026-01-01T08:30`,
/// `2026-01-01T08:30:00+01:00`.
package enum MomentText {
    /// Whether a text is written as a time is, and not as an id.
    package static func isTime(_ text: String) -> Bool {
        let head = text.utf8.prefix(5)
        return text.utf8.count >= 7 && head.last == UInt8(ascii: "-")
            && head.dropLast().allSatisfy { 0x30...0x39 ~= $0 }
    }

    /// Reads a text.
    ///
    /// - Parameters:
    ///   - text: The text; without an offset it is what the zone's clocks show.
    ///   - zone: The zone.
    /// - Returns: The moment. That of a day or month is its first one.
    /// - Throws: ``TrancheError`` `.invalidArgument` for another form, for a time that the clocks
    ///   skip, for one that they show twice, and for one outside the years 1 to 9999.
    package static func moment(_ text: String, in zone: String) throws -> Date {
        let moment = try anyMoment(text, in: zone)
        guard TimeReader.years.contains(moment.milliseconds) else {
            throw TrancheError(
                .invalidArgument,
                "'\(text.cut(to: 40))' lies outside the years 1 to 9999"
            )
        }
        return moment
    }

    /// Reads a text, whatever its year.
    private static func anyMoment(_ text: String, in zone: String) throws -> Date {
        let clock = try ZoneClock(zone)
        var full = text.utf8.count == 7 ? text + "-01" : text
        guard isTime(text), let time = full.withUTF8({ TimeText($0) }), time.second < 60,
            time.fraction == 0
        else {
            throw TrancheError(
                .invalidArgument,
                "'\(text.cut(to: 40))' is not a time; write it as 2026-01-31, 2026-01, "
                    + "2026-01-31T08:00 or 2026-01-31T08:00:00+01:00, in full seconds"
            )
        }
        if time.zone != nil { return Date(milliseconds: time.instant / 1000) }
        let local = time.clock / 1_000_000
        let first = clock.instant(of: local)
        guard time.hasTime else { return Date(milliseconds: first * 1000) }
        let shown = first + clock.offset(at: first)
        guard shown == local else {
            throw TrancheError(
                .invalidArgument,
                "clocks in \(zone) skip '\(text)': they go on at "
                    + (try ZoneCalendar(zone).text(Date(milliseconds: first * 1000)))
            )
        }
        if let change = clock.change(after: first, through: first + 86_400) {
            let second = local - clock.offset(at: change)
            if second >= change, second + clock.offset(at: second) == local {
                let calendar = try ZoneCalendar(zone)
                let words = [first, second].map {
                    calendar.text(Date(milliseconds: $0 * 1000))
                }
                throw TrancheError(
                    .invalidArgument,
                    "clocks in \(zone) show '\(text)' twice; write \(words[0]) or \(words[1])"
                )
            }
        }
        return Date(milliseconds: first * 1000)
    }
}
