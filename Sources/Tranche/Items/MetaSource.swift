/// An ordered id space of items, open for reading.
///
/// A source is only ever read. It answers two questions: which range comes next, and which items
/// are under given ids. Both are asked in bounded steps, so that a source never keeps a
/// transaction open between them.
public protocol MetaSource: Sendable {
    /// What the source is: recorded with each run, and compared when the run is used again.
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
    /// - Throws: ``TrancheError`` with `.invalidItem` for an entry that breaks the rules, naming its
    ///   id, or with the source's own failure.
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
}

/// A description from which a meta source is opened.
public protocol MetaSourceDescription: Sendable, Hashable {
    /// Opens and checks the source.
    ///
    /// - Parameter store: The inventory's store, whose database is meant where none is named.
    /// - Returns: The open source.
    /// - Throws: ``TrancheError`` with `.invalidSource` (permanent) when a table, column or filter is
    ///   not as it must be; `.sourceUnavailable` (transient) when it cannot be reached.
    func open(beside store: any InventoryStore) async throws -> any MetaSource
}
