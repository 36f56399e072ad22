import Synchronization
public import Tranche

/// A table in memory that is written in transactions, by hand.
///
/// Ids are drawn from the table's own sequence, and a row is seen once its transaction is
/// committed, so that ids may appear in another order than they were drawn. As in PostgreSQL, a
/// transaction that has drawn an id or put in a row is seen among the writers until it ends; who
/// draws an id outside of the transaction that puts in its row is not.
///
/// ```swift
/// let table = MemoryTable("events")
/// let slow = table.begin(), fast = table.begin()
/// let first = try slow.reserve(), second = try fast.reserve()
/// try fast.insert([Item(id: second)])
/// try fast.commit()
/// // Here `second` is seen, and `first` may still come.
/// ```
///
/// It is its own description: `inventory.acquireBatch(from: table, job: "job")`.
public final class MemoryTable: SettlingSource {
    /// The committed rows.
    private let rows: MemorySource
    private let writers: Writers

    /// Makes a table.
    ///
    /// - Parameters:
    ///   - name: The table's name.
    ///   - items: Committed rows, in any order, each id once; the sequence goes on after the
    ///     highest.
    ///   - hasWeights: Whether weights count; without, all are 0.
    ///   - filter: The condition that rows must meet; `nil` (the default) for none.
    ///   - patience: Left-out rows in a row after which a plan gives up; above 0.
    public convenience init(
        _ name: String = "items",
        items: [Item] = [],
        hasWeights: Bool = true,
        filter: SourceFilter? = nil,
        patience: Int = 1000
    ) {
        let rows = MemorySource(
            name,
            items: items,
            hasWeights: hasWeights,
            filter: filter,
            patience: patience
        )
        self.init(rows, Writers(lastID: max(0, rows.items.last?.id ?? 0)))
    }

    private init(_ rows: MemorySource, _ writers: Writers) {
        self.rows = rows
        self.writers = writers
    }

    /// The definition of the source; its database is `memory:` and the name.
    public var definition: SourceDefinition { rows.definition }

    /// The committed rows, ascending, filter or not.
    public var items: [Item] { rows.items }

    /// Returns another source over the same table.
    public func view(hasWeights: Bool = true, filter: SourceFilter? = nil) -> MemoryTable {
        MemoryTable(rows.view(hasWeights: hasWeights, filter: filter), writers)
    }

    // MARK: Writing

    /// Opens a transaction.
    public func begin() -> MemoryTransaction {
        MemoryTransaction(number: writers.begin(), table: self)
    }

    /// Draws ids outside of any transaction, ascending.
    ///
    /// - Parameter count: How many; at least 1.
    /// - Returns: The ids; nobody sees that their rows may come.
    public func reserve(_ count: Int) -> [Int64] {
        writers.draw(count)
    }

    /// Draws an id outside of any transaction; nobody sees that its row may come.
    public func reserve() -> Int64 {
        writers.draw(1)[0]
    }

    /// Adds committed rows, in a transaction of their own; one with an id that is there replaces
    /// it.
    public func insert(_ items: [Item]) {
        rows.insert(items)
    }

    /// Removes the committed rows with these ids.
    public func delete(_ ids: [Int64]) {
        rows.delete(ids)
    }

    /// Stops the server and starts it again: what is open is rolled back, but for what is prepared.
    ///
    /// The writers that are left go on under other names.
    public func restart() {
        writers.restart()
    }

    fileprivate func draw(_ count: Int, in transaction: Int) throws -> [Int64] {
        try writers.change(transaction) { $0.isWriter = true }
        return writers.draw(count)
    }

    fileprivate func insert(_ items: [Item], in transaction: Int) throws {
        let taken = Set(rows.items.map(\.id)).intersection(items.map(\.id))
        guard taken.isEmpty else {
            throw TrancheError(.sourceFailed, "the ids \(taken.sorted()) are there already")
        }
        try writers.change(transaction) { open in
            open.isWriter = true
            open.rows += items
        }
    }

    fileprivate func prepare(_ transaction: Int) throws {
        try writers.change(transaction) { $0.isPrepared = true }
    }

    fileprivate func end(_ transaction: Int, commits: Bool) throws {
        // The rows are seen before the writer is gone: who no longer sees it must see them.
        try writers.change(transaction) { if commits { rows.insert($0.rows) } }
        writers.end(transaction)
    }
}

// MARK: - Reading

extension MemoryTable {
    /// Reads the highest committed id and, after that, the writers whose transactions are open.
    public func observeWriters(lag: Duration) async throws -> WriterObservation {
        var observation = WriterObservation(highestID: try await rows.highestID())
        writers.describe(in: &observation)
        return observation
    }

    /// Plans the next ranges; see `MetaSource`.
    public func nextRange(
        after cursor: Int64?,
        within bounds: IDBounds,
        limit: BatchLimit,
        batches: Int
    ) async throws -> RangePlan {
        try await rows.nextRange(after: cursor, within: bounds, limit: limit, batches: batches)
    }

    /// Reads the rows of a range of ids, filter or not.
    public func items(in range: ClosedRange<Int64>, limit: Int) async throws -> [Item] {
        try await rows.items(in: range, limit: limit)
    }

    /// Reads the rows with given ids, filter or not.
    public func items(withIDs ids: [Int64]) async throws -> [Item] {
        try await rows.items(withIDs: ids)
    }

    /// Returns the highest committed id, filter or not; `nil` when there is none.
    public func highestID() async throws -> Int64? {
        try await rows.highestID()
    }

    /// Reads the rows of ranges that meet the filter.
    public func matchingItems(in ranges: [ClosedRange<Int64>], limit: Int) async throws -> [Item] {
        try await rows.matchingItems(in: ranges, limit: limit)
    }
}

extension MemoryTable: MetaSourceDescription {
    /// Returns the table itself.
    public func open(beside store: any InventoryStore) async throws -> any MetaSource {
        self
    }

    /// Whether two are the same view of a table.
    public static func == (lhs: MemoryTable, rhs: MemoryTable) -> Bool {
        lhs === rhs
    }

    /// Hashes the view's identity.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ObjectIdentifier(self))
    }
}

// MARK: - Transactions

/// A transaction that writes to a ``MemoryTable``.
///
/// Every request throws `TrancheError` `.sourceFailed` once it has ended.
public struct MemoryTransaction: Sendable {
    fileprivate let number: Int
    private let table: MemoryTable

    fileprivate init(number: Int, table: MemoryTable) {
        self.number = number
        self.table = table
    }

    /// Draws ids from the table's sequence, ascending.
    ///
    /// - Parameter count: How many; at least 1.
    /// - Returns: The ids; they stay used up when the transaction is rolled back.
    /// - Throws: `TrancheError` `.sourceFailed`.
    public func reserve(_ count: Int) throws -> [Int64] {
        try table.draw(count, in: number)
    }

    /// Draws an id from the table's sequence.
    public func reserve() throws -> Int64 {
        try reserve(1)[0]
    }

    /// Puts in rows, wherever their ids come from.
    public func insert(_ items: [Item]) throws {
        try table.insert(items, in: number)
    }

    /// Makes the rows seen.
    public func commit() throws {
        try table.end(number, commits: true)
    }

    /// Gives the rows up.
    public func rollback() throws {
        try table.end(number, commits: false)
    }

    /// Prepares to commit in two phases: the transaction then outlives a restart of the server.
    public func prepare() throws {
        try table.prepare(number)
    }
}

/// The transactions of a table, and its sequence.
private final class Writers: Sendable {
    struct Open: Sendable {
        var name: String
        var rows: [Item] = []
        var isWriter = false
        var isPrepared = false
        var isSurvivor = false
    }

    private struct State: Sendable {
        var lastID: Int64
        var lastTransaction = 0
        var life = 1
        var open: [Int: Open] = [:]
    }

    private let state: Mutex<State>

    init(lastID: Int64) {
        state = Mutex(State(lastID: lastID))
    }

    func begin() -> Int {
        state.withLock { state in
            state.lastTransaction += 1
            let number = state.lastTransaction
            state.open[number] = Open(name: "\(state.life)/\(number)")
            return number
        }
    }

    func draw(_ count: Int) -> [Int64] {
        state.withLock { state in
            let first = state.lastID + 1
            state.lastID += Int64(count)
            return Array(first...state.lastID)
        }
    }

    func change(_ number: Int, _ body: (inout Open) -> Void) throws {
        try state.withLock { state in
            guard var open = state.open[number] else {
                throw TrancheError(.sourceFailed, "transaction \(number) has ended")
            }
            body(&open)
            state.open[number] = open
        }
    }

    func end(_ number: Int) {
        state.withLock { $0.open[number] = nil }
    }

    func restart() {
        state.withLock { state in
            state.life += 1
            state.open = state.open.filter { $0.value.isPrepared }
            for number in state.open.keys {
                state.open[number]?.name = "-1/\(number)"
                state.open[number]?.isSurvivor = true
            }
        }
    }

    func describe(in observation: inout WriterObservation) {
        state.withLock { state in
            let writers = state.open.values.filter(\.isWriter)
            observation.epoch = "life \(state.life)"
            observation.holders = Set(writers.map(\.name))
            observation.survivors = Set(writers.filter(\.isSurvivor).map(\.name))
        }
    }
}
