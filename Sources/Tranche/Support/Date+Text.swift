package import FoundationEssentials

extension Date {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// The time in UTC, such as `2026-11-21T09:30:00.000Z`, to the nearest millisecond.
    ///
    /// `ISO8601FormatStyle` cuts digits off: a time of whole milliseconds that a `Double` holds a
    /// little below it would lose one, and another each time that it is written and read.
    package var utcText: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        appendUTCText(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends ``utcText``.
    package func appendUTCText(to bytes: inout [UInt8]) {
        let (days, rest) = RecordTime.floored(milliseconds, 86_400_000)
        let date = RecordTime.date(days: days)
        // Before, Foundation's calendar is the Julian one, and so it reads such a time.
        guard 1583...9999 ~= date.year else {
            bytes += formatted(Self.style).utf8
            return
        }
        let millisecond = Int(rest)
        Self.append(date.year, 4, to: &bytes)
        Self.append(date.month, 2, after: "-", to: &bytes)
        Self.append(date.day, 2, after: "-", to: &bytes)
        Self.append(millisecond / 3_600_000, 2, after: "T", to: &bytes)
        Self.append(millisecond / 60_000 % 60, 2, after: ":", to: &bytes)
        Self.append(millisecond / 1000 % 60, 2, after: ":", to: &bytes)
        Self.append(millisecond % 1000, 3, after: ".", to: &bytes)
        bytes.append(UInt8(ascii: "Z"))
    }

    private static func append(
        _ value: Int,
        _ width: Int,
        after separator: Unicode.Scalar? = nil,
        to bytes: inout [UInt8]
    ) {
        if let separator { bytes.append(UInt8(ascii: separator)) }
        var divisor = width == 4 ? 1000 : width == 3 ? 100 : 10
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// Reads a time as ``utcText`` writes it.
    ///
    /// - Throws: Foundation's error for another text.
    package init(utcText text: String) throws {
        self = try Date(text, strategy: Self.style)
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
