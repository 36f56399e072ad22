public import FoundationEssentials

/// The column of a source that says when something happened, and how a run goes by it.
///
/// It belongs to a run: the runs of one job may have several bounds, steps and zones.
///
/// ```swift
/// let events = SQLSource("events", uid: "id", time: SourceTime("created_at", by: .hour))
/// ```
public struct SourceTime: Sendable, Hashable {
    /// The column.
    public var column: String
    /// How its values are read; `nil` (the default) as its type says, where that says it.
    public var reading: Reading?
    /// The IANA name of the time zone whose clocks count; `UTC` by default.
    public var zone: String
    /// At whose borders batches are cut; `nil` (the default) for none.
    public var step: TimeStep?
    /// The first moment of the run, on a full second; `nil` (the default) for no lower end.
    public var from: Date?
    /// The first moment behind the run, on a full second; `nil` (the default) for no upper end.
    public var to: Date?

    /// Describes a column of times.
    ///
    /// - Parameters:
    ///   - column: The column.
    ///   - reading: How its values are read; as its type says, by default.
    ///   - step: At whose borders batches are cut; none by default.
    ///   - zone: The time zone's IANA name; UTC by default.
    ///   - from: The first moment of the run, on a full second; no lower end by default.
    ///   - to: The first moment behind the run, on a full second; no upper end by default.
    public init(
        _ column: String,
        reading: Reading? = nil,
        by step: TimeStep? = nil,
        zone: String = "UTC",
        from: Date? = nil,
        to: Date? = nil
    ) {
        self.column = column
        self.reading = reading
        self.zone = zone
        self.step = step
        self.from = from
        self.to = to
    }

    /// Whether an end is set.
    public var isBounded: Bool { from != nil || to != nil }

    /// Whether no moment lies between the ends.
    package var isEmpty: Bool {
        guard let from, let to else { return false }
        return from >= to
    }

    /// How values are read.
    public enum Reading: String, Sendable, Hashable, Codable, CaseIterable {
        /// Moments, with a zone of their own: `timestamp with time zone`.
        case instant
        /// What clocks in UTC show; texts may name another zone.
        case utc
        /// What clocks in the run's zone show. What they show twice is the first, and what they
        /// skip the moment of the skip.
        case zone
        /// Seconds since 1970 UTC.
        case seconds
        /// Milliseconds since 1970 UTC.
        case milliseconds
    }

    /// Checks what can be checked without the source.
    ///
    /// - Throws: ``TrancheError`` `.invalidArgument`.
    package func validate() throws {
        func require(_ isTrue: Bool, _ words: String) throws {
            guard !isTrue else { return }
            throw TrancheError(.invalidArgument, words)
        }
        _ = try ZoneClock(zone)
        try require(
            !column.isEmpty,
            "times need a column that has them: name it with --time-column"
        )
        try require(
            step != nil || isBounded,
            "the time column '\(column)' is of no use: cut batches by hour, day or month, or bound "
                + "a named run by times"
        )
        for end in [from, to].compactMap({ $0 }) {
            try require(
                end.milliseconds % 1000 == 0,
                "\(end.utcText) is not a full second: a run begins and ends on one"
            )
            try require(
                TimeReader.years.contains(end.milliseconds),
                "\(end.utcText) lies outside the years 1 to 9999"
            )
        }
        if let from, let to {
            try require(
                !isEmpty,
                "no moment lies from \(words(from)) until before \(words(to)): the lower end is "
                    + "not below the upper"
            )
        }
    }

    /// The bounds in words, such as `2026-01-01T00:00:00+01:00 to 2026-01-03T00:00:00+01:00`; `nil`
    /// where there are none.
    package var bounds: String? {
        guard isBounded else { return nil }
        return "\(text(from) ?? "the beginning") to \(text(to) ?? "the end")"
    }

    /// The bounds by the zone's clocks as short as may be, such as
    /// `2026-01-01 to 2026-01-03T08:00`; `nil` where there are none.
    package var shortBounds: String? {
        guard isBounded else { return nil }
        do {
            let calendar = try ZoneCalendar(zone)
            let (from, to) = (from.map(calendar.shortText), to.map(calendar.shortText))
            return "\(from ?? "the beginning") to \(to ?? "the end")"
        } catch {
            // A zone that this program does not know.
            return bounds
        }
    }

    /// A moment by the zone's clocks; in UTC where this program does not know the zone.
    package func text(_ moment: Date?) -> String? {
        moment.map(words)
    }

    private func words(_ moment: Date) -> String {
        do {
            return try ZoneCalendar(zone).text(moment)
        } catch {
            // An inventory may come from a machine that knows more zones: the moment is the same.
            return moment.utcText
        }
    }

    /// All of it in words.
    package var words: String {
        let parts = [
            "time column \(column)", reading.map { "read as \($0.rawValue)" },
            step.map { "by \($0.rawValue)" }, "zone \(zone)", bounds,
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}

extension SourceTime: Codable {
    private enum CodingKeys: String, CodingKey {
        case column
        case reading = "as"
        case zone
        case step = "by"
        case from, to
    }

    /// Reads what ``encode(to:)`` writes.
    public init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            try members.decode(String.self, forKey: .column),
            reading: try members.decodeIfPresent(Reading.self, forKey: .reading),
            by: try members.decodeIfPresent(TimeStep.self, forKey: .step),
            zone: try members.decode(String.self, forKey: .zone),
            from: try members.decodeIfPresent(String.self, forKey: .from).map(Date.init(utcText:)),
            to: try members.decodeIfPresent(String.self, forKey: .to).map(Date.init(utcText:))
        )
    }

    /// Writes the parts that are set; moments in UTC.
    public func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        try members.encode(column, forKey: .column)
        try members.encodeIfPresent(reading, forKey: .reading)
        try members.encode(zone, forKey: .zone)
        try members.encodeIfPresent(step, forKey: .step)
        try members.encodeIfPresent(from?.utcText, forKey: .from)
        try members.encodeIfPresent(to?.utcText, forKey: .to)
    }
}
