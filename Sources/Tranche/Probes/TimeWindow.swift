public import Foundation

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
        guard TimeZone(identifier: zone) != nil else {
            throw TrancheError(
                .invalidArgument,
                "'\(zone)' is not a time zone; give one such as Europe/Berlin or UTC"
            )
        }
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
        var calendar = Calendar(identifier: .gregorian)
        // It was known when the window was made; elsewhere it may be missing.
        guard let zone = TimeZone(identifier: zone) else {
            return ProbeAnswer(isOpen: false, reason: "the time zone \(zone) is not known here")
        }
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.hour, .minute], from: now)
        let minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        let isOpen =
            opens < closes
            ? (opens..<closes).contains(minute) : minute >= opens || minute < closes
        let border = isOpen ? closes : opens
        let until = calendar.nextDate(
            after: now,
            matching: DateComponents(hour: border / 60, minute: border % 60, second: 0),
            matchingPolicy: .nextTime
        )
        let words = isOpen ? "within \(self)" : "outside \(self)"
        return ProbeAnswer(isOpen: isOpen, reason: words, until: until)
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
