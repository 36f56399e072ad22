/// An ordered id space of items, open for reading.
///
/// A source is only ever read. It answers two questions: which range comes next, and which items
/// are under given ids. Both are asked in bounded steps, so that a source never keeps a
/// transaction open between them.
public protocol MetaSource: Sendable {
    /// The definition of the source, recorded with each run and compared when the run is used
    /// again.
    var definition: SourceDefinition { get }

    /// Plans the next ranges.
    ///
    /// - Parameters:
    ///   - cursor: The id after which to start; `nil` from the beginning.
    ///   - bounds: The ids that may be used.
    ///   - limit: How large a range may be.
    ///   - batches: Most ranges to cut; above 0.
    /// - Returns: The plan. A source may give up after a bounded number of left-out entries; the
    ///   plan then has no range, says how far it came, and ``RangePlan/reachedEnd`` is false.
    /// - Throws: ``TrancheError`` with `.invalidItem` for an entry that breaks the rules, naming
    ///   its id, or with the source's own failure.
    func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan

    /// Reads the entries of a range of ids, whatever the source's filter says now.
    ///
    /// - Parameters:
    ///   - range: The ids.
    ///   - limit: Most entries to read; above 0.
    /// - Returns: The entries, ascending.
    /// - Throws: The source's failure.
    func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item]

    /// Reads the entries with given ids, whatever the source's filter says now.
    ///
    /// - Parameter ids: Ascending ids.
    /// - Returns: Those that still exist, ascending.
    /// - Throws: The source's failure.
    func items(withIDs ids: [Int64]) async throws -> [Item]

    /// Returns the highest id of the source, filter or not; `nil` when it is empty.
    func highestID() async throws -> Int64?

    /// Reads the entries of ranges that meet the filter.
    ///
    /// - Parameters:
    ///   - ranges: Ascending ranges that do not overlap.
    ///   - limit: Most entries to read; above 0.
    /// - Returns: The entries, ascending.
    /// - Throws: The source's failure.
    func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item]

    /// Adds up the ids of entries that meet the filter.
    ///
    /// - Parameter ranges: Ascending ranges that do not overlap.
    /// - Returns: A tally for each range, in the same order.
    /// - Throws: The source's failure.
    func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum]

    /// Reads the id up to which entries were removed since nobody needs them: they are not missed.
    ///
    /// - Returns: The id; `nil` (the default) where none were.
    /// - Throws: The source's failure.
    func floor() async throws -> Int64?

    /// The reasons why ids may appear that no proof covers; empty when none is known.
    var risks: [SourceRisk] { get }

    /// The promise of the source about ids that are committed late; ``risks`` has the reasons for
    /// not promising more.
    var promise: SourcePromise { get }

    /// Whether the items lie side by side, as the records of a file do: an id plus the item's
    /// weight is the next id, so that none can appear between two others.
    ///
    /// Such batches are known by their first and last id alone, leave no gaps, and need no audit.
    var isSeamless: Bool { get }
}

extension MetaSource {
    /// Adds up the ids by reading the entries in steps.
    public func tallies(of ranges: [ClosedRange<Int64>]) async throws -> [IDChecksum] {
        var tallies: [IDChecksum] = []
        for range in ranges {
            var tally = IDChecksum()
            var reading = RangeReading(range, size: 4096)
            while let items = try await reading.next(
                { try await matchingItems(in: [$0], limit: $1) },
                id: { $0.id }
            ) {
                for item in items { tally.add(item.id) }
            }
            tallies.append(tally)
        }
        return tallies
    }

    /// Reads the entries of ranges, where no filter leaves any out: what
    /// ``matchingItems(in:limit:)`` is then.
    package func unfilteredItems(
        in ranges: [ClosedRange<Int64>],
        limit: Int
    ) async throws -> [Item] {
        var items: [Item] = []
        for range in ranges where items.count < limit {
            items += try await self.items(in: range, limit: limit - items.count)
        }
        return items
    }

    /// Nothing is removed.
    public func floor() async throws -> Int64? { nil }

    /// Reads the entries with given ids run by run, for sources whose ids leave little out: what
    /// ``items(withIDs:)`` is then.
    package func itemsInRuns(withIDs ids: [Int64]) async throws -> [Item] {
        var items: [Item] = []
        for run in IDRuns(ids).runs {
            items += try await self.items(in: run, limit: run.clampedCount)
        }
        return items
    }

    /// No risk is known.
    public var risks: [SourceRisk] { [] }

    /// Ids may appear between others.
    public var isSeamless: Bool { false }
}

/// A description from which a meta source is opened.
public protocol MetaSourceDescription: Sendable, Hashable {
    /// Opens and checks the source.
    ///
    /// - Parameter store: The inventory's store, whose database is meant where none is named.
    /// - Returns: The open source.
    /// - Throws: ``TrancheError`` with `.invalidSource` (permanent) when a table, column or filter
    ///   is not as it must be; `.sourceUnavailable` (transient) when it cannot be reached.
    func open(beside store: any InventoryStore) async throws -> any MetaSource
}
