package import FoundationEssentials

extension Date {
    /// The time in UTC, such as `2026-11-21T09:30:00.000Z`.
    package var utcText: String {
        formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Reads a time as ``utcText`` writes it.
    ///
    /// - Throws: Foundation's error for another text.
    package init(utcText text: String) throws {
        self = try Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    /// Milliseconds since 1970 UTC.
    package var milliseconds: Int64 {
        (timeIntervalSince1970 * 1000).nearestInteger
    }

    /// The time of a number of milliseconds since 1970 UTC.
    package init(milliseconds: Int64) {
        self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
    }
}
