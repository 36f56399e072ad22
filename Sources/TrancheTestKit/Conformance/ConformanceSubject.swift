public import Tranche

/// A store to be checked, empty and on its own, with the means to make sources for it.
public struct ConformanceSubject: Sendable {
    /// The clock that drives the store.
    public let clock: ManualClock
    /// The store; its `StoreConfiguration.now` is `{ clock.date }`.
    public let store: any InventoryStore
    /// Whether the inventories let tasks that ask at once share a transaction; true by default.
    public var sharesTransactions = true
    private let sourceMaker: @Sendable ([SourceRow]) async throws -> any ConformanceSource
    private let uidSourceMaker: (@Sendable ([String]) async throws -> any ConformanceUIDSource)?
    private let finisher: @Sendable () async throws -> Void

    /// Makes a subject.
    ///
    /// - Parameters:
    ///   - clock: The clock that drives the store.
    ///   - store: An empty store.
    ///   - makeSource: Makes a source with these rows, each call another.
    ///   - makeUIDSource: Makes a source with these uids that are not integers, each call another;
    ///     `nil` (the default) where the store has none.
    ///   - finish: Removes what was made; called after the store was closed.
    public init(
        clock: ManualClock,
        store: any InventoryStore,
        makeSource: @escaping @Sendable ([SourceRow]) async throws -> any ConformanceSource,
        makeUIDSource: (@Sendable ([String]) async throws -> any ConformanceUIDSource)? = nil,
        finish: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.clock = clock
        self.store = store
        sourceMaker = makeSource
        uidSourceMaker = makeUIDSource
        finisher = finish
    }

    /// Makes a source with these rows, each call another.
    public func makeSource(_ rows: [SourceRow] = []) async throws -> any ConformanceSource {
        try await sourceMaker(rows)
    }

    /// Makes a source with these uids that are not integers, each call another; `nil` where the
    /// store has none.
    public func makeUIDSource(_ uids: [String]) async throws -> (any ConformanceUIDSource)? {
        try await uidSourceMaker?(uids)
    }

    /// Makes an inventory over the store, driven by the clock, without chance.
    ///
    /// - Parameters:
    ///   - worker: The name under which it holds batches.
    ///   - observers: The observers of events.
    /// - Returns: The inventory; the subject closes its store.
    public func makeInventory(
        worker: String = "worker",
        observers: [any InventoryObserver] = []
    ) -> Inventory {
        makeInventory(worker: worker, observers: observers, over: store)
    }

    /// Makes such an inventory over a store that stands before the subject's.
    func makeInventory(
        worker: String = "worker",
        observers: [any InventoryObserver] = [],
        over store: any InventoryStore
    ) -> Inventory {
        let clock = clock
        var configuration = Inventory.Configuration(
            store: StoreConfiguration(now: { clock.date }),
            worker: worker,
            clock: clock,
            randomness: { 0 }
        )
        // The same steps give the same answers, whatever time they take.
        configuration.auditsWhileWorking = false
        configuration.sharesTransactions = sharesTransactions
        configuration.observers = observers
        return Inventory(store: store, configuration: configuration)
    }

    /// Closes the store, and removes what was made.
    public func finish() async throws {
        await store.close()
        try await finisher()
    }
}

extension ConformanceSubject {
    /// The reference store with sources in memory.
    public static func reference() -> ConformanceSubject {
        let clock = ManualClock()
        let number = Counter()
        return ConformanceSubject(
            clock: clock,
            store: MemoryInventoryStore(clock: clock),
            makeSource: { rows in
                MemorySource("items_\(number.next())", items: rows.map(\.asItem), patience: 8)
            },
            makeUIDSource: { NumberedMemorySource("uids_\(number.next())", uids: $0) }
        )
    }
}

/// A source whose rows a check may change: a table with the columns `id`, `item` and `weight`.
public protocol ConformanceSource: Sendable {
    /// Describes the table as a source, its id in `id` and its payload in `item`.
    ///
    /// - Parameters:
    ///   - hasWeights: Whether the column `weight` is named.
    ///   - filter: The condition that rows must meet; `nil` for none.
    ///   - hasKeys: Whether `item` is the key column, too.
    /// - Returns: A description that opens beside the subject's store.
    func describe(
        hasWeights: Bool,
        filter: SourceFilter?,
        hasKeys: Bool
    ) -> any MetaSourceDescription

    /// Describes the table as a source without weights, whose column `weight` has times.
    ///
    /// - Parameter time: The column, how it is read, and the bounds.
    /// - Returns: A description that opens beside the subject's store.
    /// - Throws: `TrancheError` where the description cannot be made.
    func describe(by time: SourceTime) throws -> any MetaSourceDescription

    /// Adds rows with ids that are not there.
    func insert(_ rows: [SourceRow]) async throws

    /// Removes the rows with these ids; ids that are not there are ignored.
    func delete(_ ids: [Int64]) async throws
}

extension ConformanceSource {
    /// Describes the table as a source without keys.
    func describe(hasWeights: Bool, filter: SourceFilter?) -> any MetaSourceDescription {
        describe(hasWeights: hasWeights, filter: filter, hasKeys: false)
    }
}

/// A source whose rows a check may change: a table with texts as uids, each its own payload's end.
public protocol ConformanceUIDSource: Sendable {
    /// Describes the table as a source.
    ///
    /// - Returns: A description that opens beside the subject's store.
    func describe() -> any MetaSourceDescription

    /// Adds rows with uids that are not there.
    func insert(_ uids: [String]) async throws

    /// Removes the rows with these uids; those that are not there are ignored.
    func delete(_ uids: [String]) async throws
}

/// A row of a source's table.
public struct SourceRow: Sendable, Hashable {
    /// The column `id`: a 64-bit integer, the table's key.
    public var id: Int64
    /// The column `item`: text, or null.
    public var item: String?
    /// The column `weight`: a double, or null.
    public var weight: Double?

    /// Makes a row.
    ///
    /// - Parameters:
    ///   - id: The id.
    ///   - item: The payload; `item ID` by default.
    ///   - weight: The weight; 1 by default, `nil` for null.
    public init(_ id: Int64, item: String? = nil, weight: Double? = 1) {
        self.id = id
        self.item = item ?? "item \(id)"
        self.weight = weight
    }

    /// The row as an item of a source with weights.
    public var asItem: Item {
        Item(id: id, item: item.map { .text($0) } ?? .null, weight: weight ?? 0)
    }
}

extension MemorySource: ConformanceSource {
    /// Returns a view of the source.
    public func describe(
        hasWeights: Bool,
        filter: SourceFilter?,
        hasKeys: Bool
    ) -> any MetaSourceDescription {
        view(hasWeights: hasWeights, filter: filter, hasKeys: hasKeys)
    }

    /// Returns a view of the source.
    public func describe(by time: SourceTime) throws -> any MetaSourceDescription {
        try view(by: time)
    }

    /// Adds rows.
    public func insert(_ rows: [SourceRow]) async throws {
        insert(rows.map(\.asItem))
    }
}
