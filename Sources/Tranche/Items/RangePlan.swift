/// A range of items that may become a batch.
public struct PlannedRange: Sendable, Hashable {
    /// The id up to which the range before it reaches, exclusive; `nil` from the source's start.
    public internal(set) var coverStart: Int64?
    /// The items' ids.
    public private(set) var ids = IDRuns()
    /// The items' total weight, added in order of id; the highest number where it is beyond.
    public private(set) var weight = 0.0
    /// The items, unless there are too many to keep.
    public private(set) var items: [Item]? = []
    /// The key of all its items; `nil` for NULL, and without a key column.
    public private(set) var key: String?
    /// The time of all its items; `nil` where the source has none.
    public private(set) var interval: BatchInterval?
    /// The weight without the last item.
    private var weightBefore = 0.0
    /// How many items there are, where the ids do not say.
    private var knownCount: Int?

    /// Makes an empty range.
    public init() {}

    /// Makes a range of a seamless source, which is known by its first and last id.
    ///
    /// - Parameters:
    ///   - ids: From the first item's id to the last's.
    ///   - cursor: The id up to which the range before it reaches; `nil` from the source's start.
    ///   - count: How many items there are; above 0.
    ///   - weight: Their total weight.
    public init(
        seamless ids: ClosedRange<Int64>,
        after cursor: Int64?,
        count: Int,
        weight: Double
    ) {
        self.ids = IDRuns(ids)
        self.weight = weight
        coverStart = cursor
        knownCount = count
        items = nil
    }

    /// Makes a range of items that nobody has read; each counts as one.
    init(unread ids: ClosedRange<Int64>) {
        self.ids = IDRuns(ids)
        weight = Double(self.ids.count)
        items = nil
    }

    /// How many items there are.
    public var count: Int { knownCount ?? ids.count }

    /// Takes out the last item.
    mutating func removeLast() {
        ids.removeLast()
        weight = weightBefore
        items?.removeLast()
    }

    mutating func add(_ item: Item, keeping most: Int) {
        if ids.count == 0 { (key, interval) = (item.key, item.interval) }
        ids.append(item.id)
        weightBefore = weight
        weight = weight.addingClamped(item.weight)
        if ids.count > most { items = nil }
        items?.append(item)
    }
}

/// The next range that a source would hand out after a cursor.
public struct RangePlan: Sendable, Hashable {
    /// The cursor that the plan was made from; it holds only while the run's cursor is the same.
    public let cursor: Int64?
    /// The ranges in order of id; empty when nothing was found.
    public let ranges: [PlannedRange]
    /// Where nothing was found: the last id looked at, when there was one.
    public let scannedTo: Int64?
    /// Whether the source had nothing more after the ranges.
    public let reachedEnd: Bool
    /// The source's highest id, asked for only when there was nothing after the cursor.
    public var highestID: Int64?
    /// How far ids may be handed out after this plan's look at the writers; `nil` when it made
    /// none.
    package var settling: SettlingState?
    /// Whether there are entries behind the ranges that may not be handed out yet.
    public var isUnsettled = false
    /// Whether no id can appear in what the plan passes over.
    public var isSeamless = false
    /// Where the source ends without saying that it does; `nil` where it has ended, or goes on.
    package var openEnd: OpenEnd?

    /// Makes a plan.
    public init(
        cursor: Int64?,
        ranges: [PlannedRange],
        scannedTo: Int64?,
        reachedEnd: Bool,
        highestID: Int64? = nil
    ) {
        self.cursor = cursor
        self.ranges = ranges
        self.scannedTo = scannedTo
        self.reachedEnd = reachedEnd
        self.highestID = highestID
    }

    /// A source's last entry, which is not known to be the last.
    package struct OpenEnd: Sendable, Hashable {
        /// Its id.
        package var id: Int64
        /// What stands in the way, and the way out.
        package var reason: String
    }
}
