/// Where an audit of a run goes on.
public struct AuditPosition: Sendable, Hashable {
    /// How many times the run was gone through.
    public var pass: Int
    /// The id at which the tile ends that was looked at last; `nil` at the beginning of a pass.
    public var id: Int64?

    /// Where an audit of some ids goes on, when one ended before its end.
    public var part: Part?

    /// Makes a position.
    public init(pass: Int = 0, id: Int64? = nil, part: Part? = nil) {
        self.pass = pass
        self.id = id
        self.part = part
    }

    /// Where an audit of some ids goes on.
    public struct Part: Sendable, Hashable {
        /// The ids that it looks at.
        public var ids: IDBounds
        /// The id at which the tile ends that was looked at last.
        public var id: Int64

        /// Makes a position.
        public init(ids: IDBounds, id: Int64) {
            self.ids = ids
            self.id = id
        }
    }

    /// The position as text, such as `2:4711`, or `2:4711:20:80:55` with that of an audit of some
    /// ids.
    public var packed: String {
        var parts: [String?] = [String(pass), id.map(String.init)]
        if let part {
            parts += [part.ids.lower, part.ids.upper, part.id].map { $0.map { String($0) } }
        }
        return parts.map { $0 ?? "" }.joined(separator: ":")
    }

    /// Reads packed text.
    public init?(packed: String) {
        let parts = packed.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 5, let pass = Int(parts[0]),
            pass >= 0
        else { return nil }
        self.init(pass: pass, id: Int64(parts[1]))
        if parts.count == 5, let id = Int64(parts[4]) {
            part = Part(ids: IDBounds(lower: Int64(parts[2]), upper: Int64(parts[3])), id: id)
        }
    }
}

/// The part of the id space that a batch's row covers, with the ids that were handed out.
public struct Tile: Sendable, Hashable {
    /// The batch's number.
    public var batch: Int64
    /// The ids that it covers.
    public var range: ClosedRange<Int64>
    /// The ids that the batch was given; `nil` for an adopted row, which does not know.
    public var ids: IDRuns?
    /// How many items the batch had.
    public var count: Int

    /// Makes a tile.
    public init(batch: Int64, range: ClosedRange<Int64>, ids: IDRuns?, count: Int) {
        self.batch = batch
        self.range = range
        self.ids = ids
        self.count = count
    }
}

/// The count and sums of the ids of a range.
public struct IDChecksum: Sendable, Hashable {
    /// How many ids there are.
    public var count: Int
    /// The sum of their last 20 bits, so that one that came does not hide one that went.
    public var sum: Int64

    /// The bits of an id that count for ``sum``.
    public static let mask: Int64 = 0xF_FFFF

    /// Makes a tally.
    public init(count: Int = 0, sum: Int64 = 0) {
        self.count = count
        self.sum = sum
    }

    /// Adds an id.
    public mutating func add(_ id: Int64) {
        count = count.addingClamped(1)
        sum &+= id & Self.mask
    }

    /// The tally of a set of ids.
    public init(_ ids: IDRuns) {
        self.init()
        for run in ids.runs {
            count = count.addingClamped(run.clampedCount)
            sum &+= Self.sum(of: run)
        }
    }

    private static func sum(of run: ClosedRange<Int64>) -> Int64 {
        sum(through: run.upperBound) &- sum(through: run.lowerBound) &+ (run.lowerBound & mask)
    }

    /// What the ids from 0 to one add up to, which is as well as from any other place: two of them
    /// differ by the sum of the ids between.
    private static func sum(through id: Int64) -> Int64 {
        let low = id & mask
        let stretches = id >> mask.nonzeroBitCount
        return stretches &* (mask * (mask + 1) / 2) &+ low * (low + 1) / 2
    }
}
