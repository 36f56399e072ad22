public import FoundationEssentials

/// The weight that the batches of a run have by their target time.
public struct BatchSizing: Sendable, Hashable {
    /// The weight.
    public var weight: Double
    /// When the last batch ended that it was found from; long ago where there was none.
    public var measuredTo: Date

    /// Makes a sizing.
    public init(weight: Double, measuredTo: Date = Date(timeIntervalSince1970: 0)) {
        self.weight = weight
        self.measuredTo = measuredTo
    }
}

/// How long a batch took that has ended.
public struct BatchTime: Sendable, Hashable {
    /// The weight of the batch.
    public var weight: Double
    /// How long its last attempt took, by the inventory's clock.
    public var time: Duration
    /// When that ended.
    public var endedAt: Date
    /// Whether it failed since its time was up; it succeeded otherwise.
    public var isTimeOut: Bool

    /// Makes a time.
    public init(weight: Double, time: Duration, endedAt: Date, isTimeOut: Bool = false) {
        self.weight = weight
        self.time = time
        self.endedAt = endedAt
        self.isTimeOut = isTimeOut
    }

    /// When the attempt began.
    var beganAt: Date { endedAt.addingTimeInterval(-time.seconds) }

    /// The weight that was done in a second; a batch that took no time counts as a millisecond.
    var weightPerSecond: Double { weight / max(time.seconds, 0.001) }
}

extension BatchTime {
    /// The time of a batch that has ended well or was too slow; `nil` of any other.
    package init?(_ batch: BatchRecord) {
        self.init(
            batch.status,
            weight: batch.weight,
            from: batch.startedAt,
            to: batch.endedAt,
            logging: batch.logging
        )
    }

    /// The time of a batch of a status, of which the logging begins so.
    package init?(
        _ status: BatchStatus?,
        weight: Double?,
        from start: Date,
        to end: Date?,
        logging: String?
    ) {
        let isTimeOut = status == .failed && logging?.hasPrefix(Self.timeOutMark) ?? false
        guard status == .succeeded || isTimeOut, let end else { return nil }
        self.init(
            weight: weight ?? 0,
            time: .seconds(max(end.timeIntervalSince(start), 0)),
            endedAt: end,
            isTimeOut: isTimeOut
        )
    }

    /// What the error of a batch begins with whose time was up.
    package static let timeOutMark = "timed out"
    /// How many of a run's latest batches are looked at.
    package static let mostLooked = 256
}
