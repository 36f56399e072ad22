public import FoundationEssentials

/// A part of each day, such as from 22:00 to 06:00 in a time zone.
///
/// It is told by the wall clock: where that is set back, a time that comes twice counts twice, and
/// a border that is left out comes with the next moment that there is.
public struct TimeWindow: Sendable, Hashable, Codable {
    /// The minute of the day at which it opens.
    public let opens: Int
    /// The minute of the day at which it closes; below ``opens``, it is one of the next day.
    public let closes: Int
    /// The time zone's identifier, such as `Europe/Berlin`.
    public let zone: String

    /// Makes a window.
    ///
    /// - Parameters:
    ///   - text: The times, such as `22:00-06:00`.
    ///   - zone: The time zone's identifier.
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    public init(_ text: String, zone: String) throws {
        let times = text.split(separator: "-", omittingEmptySubsequences: false)
            .map { Self.minute($0) }
        guard times.count == 2, let opens = times[0], let closes = times[1], opens != closes else {
            throw TrancheError(
                .invalidArgument,
                "'\(text)' is not a window; give two times of the day, such as 22:00-06:00"
            )
        }
        _ = try ZoneClock(zone)
        self.opens = opens
        self.closes = closes
        self.zone = zone
    }

    private static func minute(_ text: Substring) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    /// Whether a moment is within it, and when that changes next.
    ///
    /// - Parameter now: The moment.
    /// - Returns: The answer.
    public func answer(at now: Date) -> ProbeAnswer {
        let clock: ZoneClock
        do {
            clock = try ZoneClock(zone)
        } catch {
            // It was known where the window was made; here it may be missing.
            return ProbeAnswer(isOpen: false, reason: "\(error)")
        }
        let second = Int64(now.timeIntervalSince1970.rounded(.down))
        let local = second + clock.offset(at: second)
        let ofDay = (local % 86_400 + 86_400) % 86_400
        let minute = Int(ofDay / 60)
        let isOpen =
            opens < closes
            ? (opens..<closes).contains(minute) : minute >= opens || minute < closes
        let border = Int64(isOpen ? closes : opens) * 60
        let until = (0...2 as ClosedRange<Int64>).lazy.compactMap { day in
            clock.moment(showing: local - ofDay + day * 86_400 + border, after: second)
        }.first.map { Self.moment(second, $0, by: clock) }
        let words = isOpen ? "within \(self)" : "outside \(self)"
        return ProbeAnswer(isOpen: isOpen, reason: words, until: until)
    }

    /// The end of an answer, or the moment before at which clocks are put back: what they show then
    /// they have shown before.
    private static func moment(_ second: Int64, _ end: Int64, by clock: ZoneClock) -> Date {
        var end = end
        if let change = clock.change(after: second, through: end),
            clock.offset(at: change) < clock.offset(at: second)
        {
            end = change
        }
        return Date(timeIntervalSince1970: Double(end))
    }
}

extension TimeWindow: CustomStringConvertible {
    /// The window as it is given, such as `22:00-06:00 Europe/Berlin`.
    public var description: String { "\(Self.text(opens))-\(Self.text(closes)) \(zone)" }

    private static func text(_ minute: Int) -> String {
        let parts = [minute / 60, minute % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return parts.joined(separator: ":")
    }
}
