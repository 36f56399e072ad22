public import FoundationEssentials

/// A time from a moment on until right before another one.
public struct BatchInterval: Sendable, Hashable {
    /// The first moment; on a full millisecond.
    public let from: Date
    /// The first moment after it.
    public let to: Date

    /// Makes an interval.
    ///
    /// - Parameters:
    ///   - from: The first moment.
    ///   - to: The first moment after it; above `from`.
    public init(from: Date, to: Date) {
        self.from = from
        self.to = to
    }

    /// Makes an interval of seconds since 1970 UTC.
    init(from: Int64, to: Int64) {
        self.init(from: Date(milliseconds: from * 1000), to: Date(milliseconds: to * 1000))
    }

    /// Whether a moment lies within.
    public func contains(_ moment: Date) -> Bool { moment >= from && moment < to }

    /// The part of it that lies within another one, whose ends may be open; all of it where there
    /// is none.
    func clipped(from lower: Date?, to upper: Date?) -> BatchInterval {
        let (from, to) = (max(from, lower ?? from), min(to, upper ?? to))
        return from < to ? BatchInterval(from: from, to: to) : self
    }
}

extension BatchInterval: CustomStringConvertible {
    /// The ends in UTC, such as `2026-01-01T00:00:00Z to 2026-01-01T01:00:00Z`.
    public var description: String {
        "\(from.utcText) to \(to.utcText)".replacing(".000Z", with: "Z")
    }
}
