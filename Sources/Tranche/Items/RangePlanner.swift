/// Cuts a stream of items into the ranges of the next batches.
///
/// The rule: the longest run of items whose total weight and count are within the limit; an item
/// heavier than the limit is a range by itself, and a range ends before the first item of another
/// key or time. It does no I/O; sources feed it.
public struct RangePlanner: Sendable {
    private let cursor: Int64?
    private let limit: BatchLimit
    private let wanted: Int
    private let keptItems: Int
    private var ranges: [PlannedRange] = []
    private var current = PlannedRange()
    private var lastID: Int64?
    private var scannedTo: Int64?
    private var isFull = false

    /// Makes a planner.
    ///
    /// - Parameters:
    ///   - cursor: The id after which planning starts; `nil` for the beginning.
    ///   - limit: How large a range may be.
    ///   - batches: How many ranges to cut; above 0.
    ///   - keptItems: Most items whose payload a range keeps; a larger range is read again later.
    public init(after cursor: Int64?, limit: BatchLimit, batches: Int = 1, keptItems: Int = 10_000)
    {
        self.cursor = cursor
        self.limit = limit
        self.wanted = batches
        self.keptItems = keptItems
        lastID = cursor
    }

    /// Whether a range of this size would still keep its items' payload.
    public var keepsItems: Bool { current.items != nil }

    /// The id after which the next item is expected.
    public var position: Int64? { lastID }

    /// Offers the next item.
    ///
    /// - Parameter item: The item; its id above all before it.
    /// - Returns: Whether more items are wanted. `false` means that all ranges are cut and this
    ///   item is in none of them: because they are as many as were wanted, or because the item
    ///   breaks a rule and there are others before it.
    /// - Throws: ``TrancheError`` `.invalidItem` (permanent) for an id that is not above the one
    ///   before it, or a weight that is negative, infinite or not a number; only when nothing
    ///   before it can be handed out.
    public mutating func offer(_ item: Item) throws -> Bool {
        if let lastID, item.id <= lastID {
            // Which of the rows is meant nobody knows: none of them is handed out.
            if current.ids.last == item.id { current.removeLast() }
            return try end(
                before: TrancheError(
                    .invalidItem,
                    "id \(item.id) stands more than once in the source; ids must be unique. Give "
                        + "the rows ids of their own, or delete all but one; 'tranche redefine' "
                        + "with --where leaves them out"
                )
            )
        }
        guard item.weight >= 0, item.weight.isFinite else {
            return try end(
                before: TrancheError(
                    .invalidItem,
                    "\(item.words) has the weight \(item.weight); weights must be 0 or more and "
                        + "finite. Mend it; or 'tranche redefine' with --where leaves it out, with "
                        + "another --weight-column counts it otherwise"
                )
            )
        }
        let isBehindBorder =
            current.ids.count > 0
            && (item.interval != current.interval || ItemKey(item.key) != ItemKey(current.key))
        if isBehindBorder
            || !limit.admits(item, besides: current.ids.count, weighing: current.weight)
        {
            close()
            if isFull { return false }
        }
        lastID = item.id
        current.add(item, keeping: keptItems)
        return true
    }

    /// Ends before an item that breaks a rule, so that what comes before it is handed out.
    ///
    /// - Parameter fault: The fault; callers that ask for a further range get it.
    /// - Returns: `false`, as of an item in none of the ranges.
    /// - Throws: The fault, when there is nothing before it.
    package mutating func end(before fault: TrancheError) throws -> Bool {
        close()
        guard !ranges.isEmpty else { throw fault }
        isFull = true
        return false
    }

    /// Cuts a range of items that the worker which gets them reads.
    ///
    /// - Parameter ids: Their ids, above all before.
    /// - Returns: Whether all ranges are cut.
    package mutating func cutUnread(_ ids: ClosedRange<Int64>) -> Bool {
        close()
        guard !isFull else { return true }
        current = PlannedRange(unread: ids)
        lastID = ids.upperBound
        close()
        return isFull
    }

    /// Notes that entries up to an id were looked at and left out.
    public mutating func passOver(to id: Int64) {
        if let lastID, id <= lastID { return }
        lastID = id
    }

    /// Ends the planning.
    ///
    /// - Parameter reachedEnd: Whether the source has nothing after the last item offered. When it
    ///   may have more, a range that has begun is dropped: a source goes on while ``isOpen``, and
    ///   gives up early only when nothing was found.
    /// - Returns: The ranges.
    public mutating func finish(reachedEnd: Bool) -> RangePlan {
        let hasMore = isFull || !reachedEnd
        if !hasMore { close() }
        return RangePlan(
            cursor: cursor,
            ranges: ranges,
            scannedTo: ranges.isEmpty && current.ids.count == 0 ? lastID : nil,
            reachedEnd: !hasMore
        )
    }

    /// Whether no item was offered yet.
    package var isEmpty: Bool { ranges.isEmpty && !isOpen }

    /// Whether a range has begun and is not cut yet.
    public var isOpen: Bool { current.ids.count > 0 }

    private mutating func close() {
        guard current.ids.count > 0 else { return }
        current.coverStart = ranges.last?.ids.last ?? cursor
        ranges.append(current)
        current = PlannedRange()
        isFull = ranges.count == wanted
    }
}
