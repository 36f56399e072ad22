public import Tranche

/// A table that the writers of a ``Simulator`` write to.
///
/// It has a sequence of ids and the columns `id`, `item` and `weight`.
public protocol SimulatedTable: Sendable {
    /// Whether transactions of several writers may be open at the same time.
    var allowsConcurrentWriters: Bool { get }
    /// Whether the inventory has to wait while a transaction of a writer is open.
    var blocksInventory: Bool { get }

    /// Describes the table as a source with weights.
    ///
    /// - Parameter filter: The condition that rows must meet; `nil` for none.
    /// - Returns: A description that opens beside the inventory's store.
    func describe(filter: SourceFilter?) -> any MetaSourceDescription

    /// Draws ids outside of any transaction, ascending.
    func reserve(_ count: Int) async throws -> [Int64]

    /// Lends a transaction, on a connection of its own.
    ///
    /// - Parameter body: Writes, and returns whether to commit; when it throws, nothing is
    ///   committed.
    /// - Throws: What `body` throws, or the database's error.
    func withTransaction(
        _ body: @escaping @Sendable (any SimulatedTransaction) async throws -> Bool
    ) async throws
}

/// A transaction of a ``SimulatedTable``.
public protocol SimulatedTransaction: Sendable {
    /// Draws ids from the table's sequence, ascending; they stay used up when it is rolled back.
    func reserve(_ count: Int) async throws -> [Int64]

    /// Puts in rows.
    func insert(_ rows: [SourceRow]) async throws
}

extension MemoryTable: SimulatedTable {
    /// Transactions of several writers may be open at the same time.
    public var allowsConcurrentWriters: Bool { true }

    /// The inventory is somewhere else.
    public var blocksInventory: Bool { false }

    /// Returns a view of the table.
    public func describe(filter: SourceFilter?) -> any MetaSourceDescription {
        view(filter: filter)
    }

    /// Lends a transaction; see `SimulatedTable`.
    public func withTransaction(
        _ body: @escaping @Sendable (any SimulatedTransaction) async throws -> Bool
    ) async throws {
        let transaction = begin()
        do {
            if try await body(transaction) {
                try transaction.commit()
            } else {
                try transaction.rollback()
            }
        } catch {
            // What failed in the body is what is told; a transaction that has ended needs no
            // rollback.
            try? transaction.rollback()
            throw error
        }
    }
}

extension MemoryTransaction: SimulatedTransaction {
    /// Puts in rows.
    public func insert(_ rows: [SourceRow]) async throws {
        try insert(rows.map(\.asItem))
    }
}
